#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Runbooks: the examples are planned, and the one with three images on four sizes is run, stopped, and gone on with.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

# Under the names of the examples lie the images that boot quickest: without cloud-init.
mkdir "$work/images"
for name in debian-12-uefi debian-13-uefi debian-12-bios; do
	path=$(image "$name-plain") || {
		report 1 "$name-plain can be built"
		finish
	}
	ln -s "$path" "$work/images/$name.qcow2"
done

# ---- planning ----

for book in "$source_folder"/examples/*.yaml "$source_folder"/examples/team/4-*.yaml; do
	name=${book##*/}
	[ "$name" != 6-kernels.yaml ] || continue # 59_kernel_runbook.sh has the kernels for it
	images="images=$work/images"
	[ "$name" != 4-candidate.yaml ] || images="candidate=$work/images/debian-12-uefi.qcow2"
	check_exit 0 "$name can be planned" "$ASSAY" plan "$book" -D "$images"
	check_says "$name: its cells are told" '^ +[0-9]+ cells?, [0-9]+ cases to run'
	"$ASSAY" plan "$book" -D "$images" --json >"$work/$name.json" 2>"$work/out"
	report $? "$name: for machines too" "$work/out"
	jq -e '.schema == 1 and (.cells | length) > 0' "$work/$name.json" >"$work/out" 2>&1
	report $? "$name: as JSON with its cells" "$work/out"
done
grep -q none-in-this-example "$work/4-candidate.yaml.json"
report $(($? == 0)) "a secret is not in the plan"
jq -e '(.cells | length) == 12' "$work/3-debian-on-sizes.yaml.json" >"$work/out"
report $? "24 combinations are covered by 12 cells" "$work/out"

# ---- what is wrong ----

book=$source_folder/examples/3-debian-on-sizes.yaml
sed 's/^sizes: .*/sizes: [tiny, smal, default, data]/; s/^combine:/combin:/' "$book" >"$work/wrong.yaml"
check_exit 64 "a runbook with two slips" "$ASSAY" run "$work/wrong.yaml" -D "images=$work/images"
check_says "the first, with its place and the nearest word" 'wrong.yaml:[0-9]+:[0-9]+: .*smal.*small'
check_says "the second too" 'wrong.yaml:[0-9]+:1: .*combin.*combine'
check_exit 64 "a runbook whose images are not there" "$ASSAY" plan "$book" -D "images=$work/nowhere"
check_exit 64 "a runbook that is not there" "$ASSAY" plan "$work/none.yaml"

# ---- running, stopped in the middle, and gone on with ----

"$ASSAY" run "$book" -D "images=$work/images" --json --out "$work/run" >"$work/lines" 2>"$work/said" &
runner=$!
for ((i = 0; i < 6000; i++)); do
	[ "$(grep -c '"type":"result"' "$work/lines")" -lt 20 ] || break
	kill -0 $runner 2>/dev/null || break
	sleep 0.1
done
kill -INT $runner
wait $runner
status=$?
[ $status = 2 ]
report $? "a runbook that is stopped is undecided (exit status $status)" "$work/said"
"$ASSAY" report "$work/run" --format json | jq -e '.counts.holes > 0 and .counts.pass > 0 and .counts.fail == 0' >"$work/out"
report $? "it has kept what was finished, and tells what is missing" "$work/out"
kept=$("$ASSAY" report "$work/run" --format json | jq .counts.pass)
check_exit 0 "gone on with it ships" "$ASSAY" run --resume "$work/run"
"$ASSAY" report "$work/run" --format json >"$work/run.json"
jq -e --argjson kept "$kept" '(.cells | length) == 12 and .counts.holes == 0 and .counts.fail == 0 and .counts.infra == 0 and
	.counts.broken == 0 and .counts.pass > $kept and .resumed == 1' "$work/run.json" >"$work/out"
report $? "every case of every cell has its result" "$work/out"
jq -e '[.cells[] | [.image, .size, .firmware]] | unique | length == 12' "$work/run.json" >"$work/out"
report $? "no cell is there twice" "$work/out"
jq -e '[.cells[].sha256] | unique | length == 3' "$work/run.json" >"$work/out"
report $? "three images were run" "$work/out"
finish
