#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# What blocked is run again on the next version: mended, still bad, on the same image; and what a pass on another image is worth.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires openssl "package openssl"

export XDG_STATE_HOME=$work/state
good=$(image debian-12-uefi) && bad=$(image history-left) || exit 1
cd "$work" || exit 1
openssl genpkey -algorithm ed25519 -out ours.key && openssl pkey -in ours.key -pubout -out ours.pub

# json FILTER DESCRIPTION FILE
json() {
	jq -e "$1" "$3" >out 2>&1
	report $? "$2" out
}
digest() {
	sha256sum <"$1" | cut -d ' ' -f 1
}
# disk FILE SIZE: an image without a system, on which the cases of the file itself decide.
disk() {
	qemu-img create -q -f qcow2 "$1" "$2"
}
file_cases='--case image.virtual_size_is_aligned --case image.container_format_is_intact'
good_sha=$(digest "$good")

check_exit 1 "the candidate is blocked" "$ASSAY" audit "$bad" --out one
id=$(jq -r .run one/plan.json)
bad_sha=$(jq -r '.cells[0].image.sha256' one/plan.json) # of all files that the image lies in

# ---- the next version ----

check_exit 2 "its next version is retested" "$ASSAY" retest one "$good" --out two
check_says "only where it was blocked" "A retest of $id: 2 run again, [1-9][0-9]+ carried over from another image"
check_says "what passed before is no pass of this one" 'not run on this image \(SHA-256 '
check_says "and it is told how to go on" 'assay retest [0-9].* runs what is left on this image'
json '.retests == "'"$id"'" and .verdict == "undecided" and .reasons[0].kind == "carried" and
	.counts.carried == .counts.other_image and .counts.holes == 0' "for machines too" two/report.json
json '[.cases[] | select(.carried | not) | select(.outcome != "skip") | .id] | sort ==
	["host.base_image_is_never_changed", "image.no_shell_history"]' "these were run" two/report.json
json '[.cases[] | select(.carried) | .carried.sha256] | unique == ["'"$bad_sha"'"]' "each says on which image it passed" two/report.json
json '.cells[0].sha256 == "'"$good_sha"'"' "the run is of the new image" two/report.json
[ "$(jq -r 'select(.type == "result") | .id' two/journal.jsonl | grep -c no_shell_history)" = 1 ] &&
	! grep -q '"id":"users.no_empty_password"' two/journal.jsonl
report $? "the journal has what was run, and no more"
grep -q 'skipped message="not run on this image; pass in run ' two/junit.xml
report $? "in JUnit they are skipped"
"$ASSAY" runs >out && grep -q "retests $id" out
report $? "the history is shown" out
"$ASSAY" runs --json | jq -e 'map(select(.retests == "'"$id"'")) | length == 1' >out
report $? "to machines as well" out

check_exit 2 "its verdict is signed as it is" "$ASSAY" sign two --key ours.key --out two.json
check_exit 2 "and verified" "$ASSAY" verify "$good" two.json --key ours.pub
check_says "with what it rests on" '[1-9][0-9]+ of its results are not of this image, but of an earlier one'
jq -r .payload two.json | base64 -d >statement
json '.predicate.assay | .retests == "'"$id"'" and (.carried | length == 1) and
	.carried[0].image.sha256 == "'"$bad_sha"'" and .carried[0].cases == .counts.other_image' "the hallmark names the earlier image" statement

# ---- a gate may take it for enough ----

cat >carry.yaml <<YAML
rules:
  - {when: carried, cases: ["!users.no_empty_password"], outcome: tell}
YAML
check_exit 2 "a gate takes some of what is carried over for enough" "$ASSAY" judge two --gate carry.yaml
check_says "not all" '1 case of debian-12-uefi.qcow2 was not run on this image'
sed -i 's/, cases: [^]]*]//' carry.yaml
check_exit 0 "or all of it" "$ASSAY" judge two --gate carry.yaml
check_says "and tells it" '^To be told'
check_says "with the rule" 'carry.yaml:2:[0-9]+'
check_exit 0 "such a verdict is signed" "$ASSAY" sign two --gate carry.yaml --key ours.key --out carried.json
check_exit 0 "and verified" "$ASSAY" verify "$good" carried.json --key ours.pub
check_says "with what it rests on" '[1-9][0-9]+ of its results are not of this image, but of an earlier one'
cat >cover.yaml <<YAML
cover:
  - {cases: [users.no_empty_password]}
rules:
  - {when: carried, outcome: undecided}
YAML
check_exit 2 "what was not run on the image is not covered" "$ASSAY" judge two --gate cover.yaml
check_says "so it is said" 'have no result that says anything: users.no_empty_password'

# ---- the rest, on the same image ----

check_exit 0 "the rest is run on the same image, and it ships" "$ASSAY" retest two --out three
check_says "the mended case is not run a third time" '1 carried over$'
json '[.cases[] | select(.carried) | .id] == ["image.no_shell_history"] and .verdict == "ship" and .counts.other_image == 0' \
	"it counts: it is the same image" three/report.json
check_exit 0 "signed" "$ASSAY" sign three --key ours.key --out three.json
check_exit 0 "and verified" "$ASSAY" verify "$good" three.json --key ours.pub
"$ASSAY" compare one three >out 2>&1
grep -q 'image.no_shell_history' out
report $? "the two ends of the loop compare" out
check_exit 64 "nothing is left to retest" "$ASSAY" retest three
check_says "and that is said" 'nothing of run .* is to be retested: all its cases passed or were skipped'

# ---- other ways ----

check_exit 0 "all at once" "$ASSAY" retest one "$good" --all --quiet --out all
json '.verdict == "ship" and .counts.carried == 0 and .retests == "'"$id"'"' "carries nothing over" all/report.json
check_exit 1 "not mended is blocked again" "$ASSAY" retest one --quiet --out same
json '.verdict == "block" and .counts.other_image == 0 and ([.reasons[].id] == ["image.no_shell_history"])' \
	"on the same image what passed counts" same/report.json
check_exit 1 "a retest that was mended turns bad again" "$ASSAY" retest same --image "history-left.qcow2=$bad" --quiet --out named
check_exit 1 "by the first digits of its digest" "$ASSAY" retest same --image "${bad_sha:0:10}=$bad" --quiet --out digits

# The new file in place of the old one.
disk candidate.qcow2 67109376
check_exit 1 "a candidate of odd size" "$ASSAY" run candidate.qcow2 $file_cases --quiet --out old
disk next.qcow2 64M && mv next.qcow2 candidate.qcow2
check_exit 2 "that was built anew in its place" "$ASSAY" retest old --quiet --out new
json '.cells[0].sha256 == "'"$(digest candidate.qcow2)"'" and .counts.other_image == 1' "is found there" new/report.json
check_exit 0 "and ships when the rest was run on it" "$ASSAY" retest new --quiet --out newer
rm candidate.qcow2
check_exit 64 "one that is gone" "$ASSAY" retest old
check_says "is named" 'the next version of candidate.qcow2: .*candidate.qcow2 does not exist'

# Stopped before its journal began: the plan has all that is carried over.
"$ASSAY" retest one "$good" --quiet --out stopped >out 2>&1
rm stopped/journal.jsonl
check_exit 2 "a retest that was killed is gone on with" "$ASSAY" run --resume stopped --quiet
json '.counts.holes == 0 and .verdict == "undecided" and .resumed == 0 and (.counts.carried > 100)' "as it was begun" stopped/report.json

# ---- a runbook's cells ----

disk first.qcow2 67109376
disk second.qcow2 64M
disk third.qcow2 65M
cat >book.yaml <<YAML
images:
  - path: first.qcow2
  - path: second.qcow2
sizes: [small, default]
combine: all
cases:
  include: [image.virtual_size_is_aligned, image.container_format_is_intact]
  overrides: [{cases: image.virtual_size_is_aligned, timeout: 7s}]
YAML
check_exit 1 "a runbook is blocked" "$ASSAY" run book.yaml --quiet --out book
check_exit 64 "which image is meant has to be told" "$ASSAY" retest book third.qcow2
check_says "with what there is" 'say --image OLD=NEW; run .* has first.qcow2, second.qcow2'
check_exit 2 "its run is retested" "$ASSAY" retest book --image first.qcow2=third.qcow2 --out book2
check_says "cell by cell" '  [24] cells$'
json '[.cells[] | .image] | unique == ["second.qcow2", "third.qcow2"]' "one image is another, one is as it was" book2/report.json
json '.counts.other_image > 0 and .counts.carried > .counts.other_image and .counts.holes == 0' "and each counts as such" book2/report.json
for folder in book book2; do
	jq -c '[.cells[] | [.size.name, .firmware, [.cases[] | [.id, .timeout_s]]]]' $folder/plan.json >$folder.cells
done
[ -s book.cells ] && cmp book.cells book2.cells >out 2>&1
report $? "sizes and limits are those of the plan" out

# ---- what cannot be retested ----

check_exit 64 "no run" "$ASSAY" retest
check_exit 64 "a run that is not there" "$ASSAY" retest nowhere/at/all
check_exit 64 "an image that is not there" "$ASSAY" retest one nowhere.qcow2
check_exit 64 "an image that the run does not have" "$ASSAY" retest one --image "other.qcow2=$good"
check_says "is told with those it has" "there is no image 'other.qcow2'; run .* has history-left.qcow2"
check_exit 64 "half a word" "$ASSAY" retest one --image "$good"
"$ASSAY" prove "$good" --case image.no_shell_history --quiet --out proof >out 2>&1
check_exit 64 "a proof" "$ASSAY" retest proof
check_says "has no image to retest" 'is a proof, which tells of the cases and not of the image'
sed -i '$d' one/journal.jsonl
{
	flock 9
	check_exit 64 "one that is going on" "$ASSAY" retest one "$good"
	check_says "is to end first" 'is still going on'
} 9<>one/journal.jsonl
finish
