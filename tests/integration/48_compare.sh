#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Two runs side by side: what got worse, better, came and went, told in three formats.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

good=$(image debian-12-uefi) && bad=$(image history-left) || exit 1
check_exit 0 "an audit that ships" "$ASSAY" audit "$good" --out "$work/good"
check_exit 1 "one that blocks" "$ASSAY" audit "$bad" --out "$work/bad"
check_exit 0 "fewer cases" "$ASSAY" audit "$good" --case 'image.*' --out "$work/fewer"
cd "$work" || exit 1

check_exit 0 "a run is as itself" "$ASSAY" compare good good
check_says "all is the same" '^[0-9]+-[0-9]+-debian-12-uefi.* against .*: [0-9]+ same$'
check_exit 1 "a candidate that got worse" "$ASSAY" compare good bad
check_says "is told so" ': [1-9][0-9]* worse, '
check_says "with the case" '^  image.no_shell_history$'
check_says "what it says now" '^      is     fail: .*history'
check_says "and what it said before" '^      was    pass$'
check_exit 0 "the other way it got better" "$ASSAY" compare bad good
check_says "and that is told" '^Passes now \([0-9]+\)$'
check_exit 0 "bad as before is not worse" "$ASSAY" compare bad bad
check_says "but is told" '^Fails as before \([0-9]+\)$'
check_exit 2 "cases that are gone leave it undecided" "$ASSAY" compare good fewer
check_says "they are counted" '[1-9][0-9]* vanished'

check_exit 1 "for machines" "$ASSAY" compare good bad --format json --out changes.json
jq -e '.schema == 1 and .counts.worse >= 1 and (.changes | map(select(.id == "image.no_shell_history")) |
	length == 1 and .[0].change == "worse" and .[0].now.outcome == "fail" and .[0].before.outcome == "pass")' changes.json >out
report $? "JSON has the change" changes.json
check_exit 1 "for a comment" "$ASSAY" compare good bad --format markdown
check_says "Markdown has it in a table" '^\| `image.no_shell_history` \| fail: .* \| pass \|$'

check_exit 64 "a run that is not there" "$ASSAY" compare good nowhere/at/all
check_exit 64 "no run at all" "$ASSAY" compare
check_exit 64 "a format that there is not" "$ASSAY" compare good bad --format xml
finish
