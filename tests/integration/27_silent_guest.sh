#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# A guest that never says a word is given up at the limit of silence: under emulation that takes more than three minutes, and it is
# tried a second time once another boot has shown that the host can.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/own_image.sh"
requires jq "package jq"

own_cache
boot_sector silent faf4ebfd # cli, hlt
begin=$(date +%s)
check_exit 1 "a guest that hangs in silence blocks" "$ASSAY" run "$work/silent.img" --firmware bios \
	--case boot.reaches_ready --case cpu.count_matches_size --out "$work/silent"
span=$(($(date +%s) - begin))
report $((span > 600)) "it is given up at the limit of silence, twice, after $span s"
check_says "it is told how far it came" "the firmware never started a boot loader: the console shows firmware output or nothing"
"$ASSAY" report "$work/silent" --format json | jq -r '.cases[] | "\(.id) \(.outcome)"' >"$work/out"
check_says "the boot has failed" "^boot.reaches_ready fail"
check_says "what needs it is skipped" "^cpu.count_matches_size skip"
finish
