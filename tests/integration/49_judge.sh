#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Gates decide: a regression is blocked for its reason, waived, expired and proposed for removal; what was judged is signed, by
# who may, and verified against the gate.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires openssl "package openssl"

good=$(image debian-12-uefi) && bad=$(image history-left) || exit 1
cd "$work" || exit 1
export XDG_STATE_HOME=$work/state
check_exit 0 "the release before" "$ASSAY" audit "$good" --out good
check_exit 1 "the candidate" "$ASSAY" audit "$bad" --out bad
leak=image.no_shell_history
far=$(date -u -d '+60 days' +%F) near=$(date -u -d '+2 days' +%F) later=$(date -u -d '+5 days' +%F)
today=$(date -u +%F)

# ---- without a gate ----

check_exit 1 "the built-in rules block it" "$ASSAY" judge bad
check_says "by which rules" '^  by the built-in rules: no gate was given$'
check_says "the case" "^  fail  $leak\$"
check_says "what it says" '^      because  .*history'
check_exit 0 "and let the other ship" "$ASSAY" judge good

# ---- a gate ----

cat >gate.yaml <<YAML
title: What ships of our images
cover:
  - cases: [suite=audit]
    outcome: block
rules:
  - when: new-fail
    outcome: block
  - when: fail
    outcome: tell
age: 30d
YAML
check_exit 1 "a new failure blocks" "$ASSAY" judge bad --gate gate.yaml --baseline good
check_says "as new" "^  new fail  $leak\$"
check_says "with the rule and its place" '^      rule +gate.yaml:6:5$'
check_says "and what was before" '^      baseline pass$'
check_exit 0 "an old one is told" "$ASSAY" judge bad --gate gate.yaml --baseline bad
check_says "with its rule" '^      rule +gate.yaml:8:5$'
check_exit 2 "without a baseline nothing ships" "$ASSAY" judge good --gate gate.yaml
check_says "that is the reason" '^  no baseline  '
check_exit 0 "with one it does" "$ASSAY" judge good --gate gate.yaml --baseline good
check_exit 2 "in two months the run is too old" "$ASSAY" judge good --gate gate.yaml --baseline good --at "$far"
check_says "by how much" '^  too old  the run began [0-9]+d.* ago, and the gate allows 30d'

"$ASSAY" judge bad --gate gate.yaml --baseline good --json --at "$today" >one
"$ASSAY" judge bad --gate gate.yaml --baseline good --json --at "$today" >other
cmp one other >out 2>&1
report $? "the same input is the same judgement" out
jq -e --arg id $leak '.verdict == "block" and .gate.sha256 and .baseline and (.reasons[0] | .kind == "new fail" and
	.effect == "block" and .id == $id and .rule.line == 6 and .baseline.outcome == "pass" and .outcome == "fail")' one >out
report $? "JSON has the reason and its evidence" one
before=$(wc -l <bad/judgements.jsonl)
check_exit 1 "each judgement" "$ASSAY" judge bad
report $(($(wc -l <bad/judgements.jsonl) != before + 1)) "is added to the run's own list" bad/judgements.jsonl
tail -n 1 bad/judgements.jsonl | jq -e '.verdict == "block" and .run' >out
report $? "as one object a line" bad/judgements.jsonl

check_exit 0 "a run with few cases" "$ASSAY" audit "$good" --case 'image.*' --out few
check_exit 1 "does not cover the suite" "$ASSAY" judge few --gate gate.yaml --baseline few
check_says "how many are missing" 'not covered  image debian-12-uefi.qcow2: [0-9]+ of [0-9]+ cases have no result'
printf 'cover:\n  - firmwares: [bios, uefi]\n    sizes: [size.cpus >= 64]\n' >wide.yaml
check_exit 2 "nor does an audit what wants machines" "$ASSAY" judge good --gate wide.yaml
check_says "each corner is told" 'firmware bios, size size.cpus >= 64: 0 cells, and the gate wants 1'

# ---- slips ----

printf 'rules:\n  - {when: fale, outcome: block}\ncover:\n  - cases: [suite=audits]\n' >slips.yaml
check_exit 64 "a gate with slips" "$ASSAY" judge bad --gate slips.yaml
check_says "has its places told" '^slips.yaml:2:12: '
check_says "all of them" "^slips.yaml:4:13: .*did you mean 'audit'"
printf 'cover:\n  - cases: [image.no_shel_history]\n' >slips.yaml
check_exit 64 "a case that there is not" "$ASSAY" judge bad --gate slips.yaml
check_says "has the nearest told" "^slips.yaml:2:13: .*did you mean 'image.no_shell_history'"
check_exit 64 "a gate that is not there" "$ASSAY" judge bad --gate nowhere.yaml
check_exit 64 "a time that is none" "$ASSAY" judge bad --at soon

# ---- waivers ----

waive() { "$ASSAY" waive bad "$leak" --reason 'the build host is being cleaned' --owner kim --until "$near" "$@"; }
check_exit 64 "a waiver without a reason" "$ASSAY" waive bad $leak --owner kim --until "$near"
check_says "is none" 'needs --reason'
check_exit 64 "one until yesterday" waive --until "$(date -u -d yesterday +%F)"
check_exit 64 "one of a case that passed" "$ASSAY" waive good $leak --reason r --owner kim --until "$near"
check_says "has nothing to waive" 'there is nothing to waive'
check_exit 64 "one of a case that there is not" "$ASSAY" waive bad image.no_shel_history --reason r --owner kim --until "$near"
check_says "has the nearest told" "did you mean 'image.no_shell_history'"
[ ! -e waivers.yaml ]
report $? "nothing was written yet"
printf '# ours\nwaivers: [] # none so far\n' >waivers.yaml
chmod 640 waivers.yaml
check_exit 0 "a waiver is written" waive --tracker https://example.org/17
check_says "and shown" '^  - case: "image.no_shell_history"$'
[ "$(sed -n 1,2p waivers.yaml)" = $'# ours\nwaivers: # none so far' ]
report $? "the comments stay" waivers.yaml
[ "$(stat -c %a waivers.yaml)" = 640 ]
report $? "and who may read it" waivers.yaml
check_exit 64 "not twice" waive
check_says "where it is" 'the waiver at waivers.yaml:3 is for the same'

check_exit 0 "a waived failure ships" "$ASSAY" judge bad --waivers waivers.yaml
check_says "and is told" '^  waived \(fail\)  image.no_shell_history$'
check_says "with its reason and owner" 'until .*: the build host is being cleaned \(kim, https://example.org/17\)$'
check_exit 0 "a run goes by it as well" env XDG_STATE_HOME="$work/aside" "$ASSAY" audit "$bad" --case $leak --case image.* --waivers waivers.yaml --out known
check_says "and shows what is known apart" "^  Known, and let through:\$"
check_says "with its reason" '^ +the build host is being cleaned \(waiver w-[0-9a-f]+, until 20'
cat >known.yaml <<YAML
waivers:
  - {case: $leak, arch: x86_64, filesystem: ext4, reason: r, owner: kim, expires: $near}
YAML
check_exit 0 "a waiver for an architecture and a filesystem" "$ASSAY" judge bad --waivers known.yaml
sed -i s/ext4/xfs/ known.yaml
check_exit 1 "is for these alone" "$ASSAY" judge bad --waivers known.yaml
sed -i "s/filesystem: xfs/kernel: '>= 6.1'/" known.yaml
check_exit 1 "which kernel an image brings is not known" "$ASSAY" judge bad --waivers known.yaml
sed -i "s/>= 6.1/new/" known.yaml
check_exit 64 "slips are told before a run begins" "$ASSAY" audit "$bad" --waivers known.yaml --out none
check_says "with their place" "^known.yaml:2:[0-9]+: .kernel.: 'new' is no range of kernels"
[ ! -e none ]
report $? "and nothing is run"
check_exit 1 "it blocks again when the waiver has expired" "$ASSAY" judge bad --waivers waivers.yaml --at "$later"
check_says "which is told" '^  waiver expired  the waiver w-[0-9a-f]+ for image.no_shell_history has expired'
check_exit 0 "where it is not needed" "$ASSAY" judge good --waivers waivers.yaml
check_says "nothing is waived" '^  waiver unused  .*passed [0-9]+ times in a row, removal is proposed after 10'
sed 's/expires:/propose_removal_after: 2\n    expires:/' waivers.yaml >soon.yaml
check_exit 0 "a second pass in a row" "$ASSAY" audit "$good" --out again
check_exit 0 "when it has passed often enough" "$ASSAY" judge again --waivers soon.yaml
check_says "its removal is proposed" '^  remove waiver  .*has passed at least [2-9] times in a row$'

# ---- who may let through, sign, and sign off ----

for name in release security other; do
	openssl genpkey -algorithm ed25519 -out $name.key && openssl pkey -in $name.key -pubout -out $name.pub
done
mkdir -p rules && cp waivers.yaml rules/ && cp release.pub security.pub rules/
cat >rules/gate.yaml <<'YAML'
waivers: [waivers.yaml]
signers: [release.pub]
sign_off:
  - {name: security, key: security.pub, within: 30d}
YAML
printf 'waivers:\n- {case: "*", reason: r, owner: me, expires: 2999-12-31}\n' >mine.yaml
check_exit 64 "waivers that the gate does not name" "$ASSAY" judge bad --gate rules/gate.yaml --waivers mine.yaml
check_says "do not count" 'mine.yaml is not among the waivers that count'
check_exit 2 "without the sign-off nothing ships" "$ASSAY" judge bad --gate rules/gate.yaml
check_says "whose it is" '^  no sign-off  security has not signed it off: there is no bad/sign-offs/security.json'
check_exit 64 "another's key is no sign-off" "$ASSAY" sign bad --gate rules/gate.yaml --sign-off security --key other.key
check_exit 64 "nor is a role that the gate does not know" "$ASSAY" sign bad --gate rules/gate.yaml --sign-off securty --key security.key
check_says "the nearest is told" "did you mean 'security'"
check_exit 2 "the sign-off is no leave to ship" "$ASSAY" sign bad --gate rules/gate.yaml --sign-off security --key security.key
check_exit 0 "but with it the image ships" "$ASSAY" judge bad --gate rules/gate.yaml
check_exit 64 "another's key does not sign" "$ASSAY" sign bad --gate rules/gate.yaml --key other.key
check_says "who may is the gate's to say" 'is not among those that may sign'
check_exit 0 "the release's key does" "$ASSAY" sign bad --gate rules/gate.yaml --key release.key --out bad.json
check_exit 0 "its hallmark holds by the gate" "$ASSAY" verify "$bad" bad.json --gate rules/gate.yaml
check_says "what was waived is told" '^  waived until .* by w-[0-9a-f]+: the build host is being cleaned'
check_says "it does not outlive the waiver" "holds until $(date -u -d "$near +1 day" +%F)T00:00:00Z"
key_id() {
	echo "sha256:$(openssl pkey -pubin -in "$1" -outform DER | sha256sum | cut -d ' ' -f 1)"
}
gate_digest() {
	{ sha256sum <rules/gate.yaml | cut -d ' ' -f 1; key_id rules/release.pub; key_id rules/security.pub; } | sha256sum | cut -d ' ' -f 1
}
jq -r '.payload | @base64d' bad.json | jq -e --arg gate "$(gate_digest)" \
	'.predicate | .policy.digest.sha256 == $gate and .assay.gate.sha256 == $gate and (.assay.waivers | length) == 1 and
	.assay.waivers[0].used == 1 and .assay.plan.sha256 and .assay.counts.fail == 1 and .verifier.version.assay' >out 2>&1
report $? "gate, waivers, plan and counts are in it" out
check_exit 64 "no sign-off is taken for it" "$ASSAY" verify "$bad" bad/sign-offs/security.json --gate rules/gate.yaml --key release.pub
"$ASSAY" sign bad --gate rules/gate.yaml --key release.key >bad.json 2>/dev/null
cp rules/security.pub kept.pub && cp other.pub rules/security.pub
check_exit 64 "a gate with another key behind a name is another" "$ASSAY" verify "$bad" bad.json --gate rules/gate.yaml
check_says "which is told as well" 'by another gate'
rm rules/security.pub
check_exit 64 "without the key it is none" "$ASSAY" judge bad --gate rules/gate.yaml
check_says "where it is named" 'rules/gate.yaml:4: the key of a sign-off: read the key rules/security.pub'
mv kept.pub rules/security.pub
check_exit 0 "with the keys that it had it is the same again" "$ASSAY" verify "$bad" bad.json --gate rules/gate.yaml
echo '# changed' >>rules/gate.yaml
check_exit 64 "a changed gate is another" "$ASSAY" verify "$bad" bad.json --gate rules/gate.yaml
check_says "which is told" 'by another gate'
check_exit 2 "and wants its sign-off anew" "$ASSAY" judge bad --gate rules/gate.yaml
check_says "that is told too" 'by another gate, or the gate has changed since'

# ---- proofs ----

check_exit 64 "no gate judges a proof" bash -c 'sed "s/\"proves\":false/\"proves\":true/" good/plan.json >p && cp -r good proof && cp p proof/plan.json &&
	grep -q "\"proves\":true" p && "$0" judge proof --gate wide.yaml' "$ASSAY"
finish
