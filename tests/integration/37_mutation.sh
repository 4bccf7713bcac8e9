#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# No audit case passes over files that are empty, garbled, cut or gone, unless bench/mutation-accepted.tsv says why; and none
# crashes or hangs over them.
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
printf 'image.no_swap\t*\tfor a reason\n' >"$work/wrong.tsv"
check_exit 64 "a case that does not exist cannot be accepted" "$mutation" --accepted "$work/wrong.tsv" "$path"
finish
