#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# A release from end to end, on booted machines: a regression against the release before is blocked for the right reason, waived
# for a time, mended, retested where it was blocked, shipped, signed and verified; and the waiver is to go.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"
requires openssl "package openssl"

good=$(image debian-12-uefi) && bad=$(image failed-unit) || exit 1
export XDG_STATE_HOME=$work/state
cd "$work" || exit 1
cases="--suite one-boot --case systemd.* --case boot.reaches_ready --case users.* --case time.clocksource_is_stable --case !systemd.killed_service_restarts"
day=$(date -u +%F)
later=$(date -u -d '+40 days' +%F)
openssl genpkey -algorithm ed25519 -out release.key && openssl pkey -in release.key -pubout -out release.pub
openssl genpkey -algorithm ed25519 -out other.key && openssl pkey -in other.key -pubout -out other.pub

# is FILTER DESCRIPTION FILE
is() {
	jq -e "$1" "$3" >out 2>&1
	report $? "$2" out
}
# judged STATUS DESCRIPTION ARGUMENT...: a judgement, for people and for machines.
judged() {
	local want=$1 what=$2
	shift 2
	"$ASSAY" judge "$@" --json --out judgement.json >out 2>&1
	check_exit "$want" "$what" "$ASSAY" judge "$@"
}

cat >release.yaml <<'YAML'
title: A release of the image
cover:
  - {cases: [systemd.no_failed_units, boot.reaches_ready], firmwares: [uefi], proven: true}
rules:
  - {when: new-fail, outcome: block}
  - {when: fail, priority: P1, outcome: block}
  - {when: fail, outcome: tell}
  - {when: vanished, outcome: undecided}
age: 2d
signers: [release.pub]
YAML

# ---- the release before, and the candidate ----

check_exit 0 "the release before ships" "$ASSAY" run "$good" $cases --quiet --out before
judged 0 "also by the gate" before --gate release.yaml --baseline before
check_exit 1 "the candidate is blocked" "$ASSAY" run "$bad" $cases --quiet --out candidate
judged 1 "by the gate as well" candidate --gate release.yaml --baseline before
check_says "for the right reason" 'systemd.no_failed_units'
check_says "by a rule with its place" 'release.yaml:[0-9]+:[0-9]+'
is '.verdict == "block" and ([.reasons[] | select(.effect == "block") | .id] | unique == ["systemd.no_failed_units"])' \
	"and for no other" judgement.json
cp judgement.json first.json
judged 1 "judged again" candidate --gate release.yaml --baseline before --at "$(jq -r .as_of first.json)"
cmp first.json judgement.json >out 2>&1
report $? "it is the same to the last byte" out

# ---- a waiver ----

check_exit 0 "a waiver is written" "$ASSAY" waive candidate systemd.no_failed_units --reason "the unit goes with the next build" \
	--owner "release team" --tracker https://example.org/17 --until "$later" --file waivers.yaml
judged 0 "it lets the candidate through" candidate --gate release.yaml --baseline before --waivers waivers.yaml
check_says "and is told" 'the unit goes with the next build'
judged 1 "when it has expired it is blocked again" candidate --gate release.yaml --baseline before --waivers waivers.yaml \
	--at "$(date -u -d '+41 days' +%F)"
check_says "and the waiver is named" "$later"

# ---- the fix ----

check_exit 2 "the next version is retested where the candidate was blocked" "$ASSAY" retest candidate "$good" --quiet --out fixed
jq -r 'select(.type == "result") | .id' fixed/journal.jsonl | sort -u >ran
grep -qx systemd.no_failed_units ran && ! grep -qx users.no_empty_password ran
report $? "and nowhere else" ran
"$ASSAY" report fixed --format json | jq -r '.cases[] | select(.id == "systemd.no_failed_units") | .outcome' >out
grep -qx pass out
report $? "what was blocked is mended" out
check_exit 0 "the rest is run on it too" "$ASSAY" retest fixed --quiet --out whole
judged 0 "the gate lets it through" whole --gate release.yaml --baseline before
check_exit 0 "it is signed" "$ASSAY" sign whole --gate release.yaml --baseline before --key release.key --out hallmark.json
check_exit 0 "and verified by the gate" "$ASSAY" verify "$good" hallmark.json --gate release.yaml
check_exit 64 "the candidate does not have it" "$ASSAY" verify "$bad" hallmark.json --gate release.yaml
check_exit 64 "nor holds it by another key" "$ASSAY" verify "$good" hallmark.json --key other.pub
check_exit 64 "who may not sign by the gate does not" "$ASSAY" sign whole --gate release.yaml --baseline before --key other.key --out no.json
"$ASSAY" runs >out
grep -q "retests $(jq -r .run candidate/plan.json)" out
report $? "the history says what was retested" out

# ---- the waiver is to go ----

sed -i 's/^\( *\)expires:.*/&\n\1propose_removal_after: 2/' waivers.yaml
check_exit 0 "the mended image runs once more" "$ASSAY" run "$good" --case systemd.no_failed_units --quiet --out again
judged 0 "what has passed twice needs no waiver" whole --gate release.yaml --baseline before --waivers waivers.yaml
check_says "so its removal is proposed" '[Rr]emov'
[ "$day" = "$(date -u +%F)" ] || echo "# midnight has passed: ages are of yesterday"
finish
