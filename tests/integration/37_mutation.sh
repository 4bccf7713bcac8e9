#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# No audit case passes over files that are empty, garbled, cut or gone, unless bench/mutation-accepted.tsv says why; and none
# crashes or hangs over them. Of the guest cases, whose trials need a machine, it is seen that damage is planted and told.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
mutation=${ASSAY_BUILD:-$source_folder/build}/bench/bench-mutation

path=$(image debian-12-uefi) || exit 77
"$mutation" --json "$path" >"$work/all.json" 2>"$work/err"
status=$?
jq -r '.cases[] | .id as $id | (.trials[] | select(.lost) | "lost: \($id) \(.path) \(.mutation): \(.lost)"),
	(.mutations | to_entries[] | select(.value.ok | not) | "unnoticed: \($id) \(.key)")' "$work/all.json" >>"$work/err"
report $status "every case notices what it should" "$work/err"
jq -e '[.cases[].trials | length] | add > 500' "$work/all.json" >"$work/out"
report $? "that was tried many times" "$work/out"

# Does it bite? Where there is no swap, a file that says so is no loss: unless that is written down, it must be told.
: >"$work/nothing.tsv"
check_exit 1 "a case that notices nothing is told" \
	"$mutation" --accepted "$work/nothing.tsv" --case image.no_swap_on_root_disk "$path"
check_says "by its name and the mutation" "^UNNOTICED  image.no_swap_on_root_disk  emptied"
printf 'image.no_swap\t*\t*\tfor a reason\n' >"$work/wrong.tsv"
check_exit 64 "a case that does not exist cannot be accepted" "$mutation" --accepted "$work/wrong.tsv" "$path"

# In a guest. What this case judges by it must notice, and what it reads besides is told unless the list has it.
check "a run leaves a template" "$ASSAY" run "$path" --case boot.reaches_ready --out "$work/run"
guest=("$mutation" --guest --accepted "$work/nothing.tsv" --case cpu.instruction_baseline_is_met "$path")
check_exit 1 "a file that a guest case passes over is told" "${guest[@]}"
check_says "by its path" "^UNNOTICED  cpu.instruction_baseline_is_met  emptied  /etc/os-release"
grep -q "/proc/cpuinfo" "$work/out"
report $((! $?)) "what is noticed is not" "$work/out"
printf 'cpu.instruction_baseline_is_met\t*\t/etc/os-*\tfor a reason\n' >"$work/nothing.tsv"
check "a pattern accepts it" "${guest[@]}"
printf 'cpu.instruction_baseline_is_met\t*\t/etc/%s\tfor a reason\n' 'os-*' gone >"$work/nothing.tsv"
check "a line more is no failure" "${guest[@]}"
check_says "but told" "^accepted, but not read here: cpu.instruction_baseline_is_met  /etc/gone"
finish
