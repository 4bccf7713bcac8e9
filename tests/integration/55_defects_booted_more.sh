#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# Defects that only show when the image is booted: each is blocked, for the right reason.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

# blocked DEFECT CASE WORDS [OPTION...]: the run must block, with that case among the failed ones, and say so in these
# words. Cases that boot anew or change much are left to others: one boot for each image.
blocked() {
	local name=$1 case=$2 words=$3 path
	shift 3
	path=$(image "$name") || {
		report 1 "$name can be built"
		return
	}
	check_exit 1 "$name is blocked" "$ASSAY" run "$path" $quick_cases --case "$case" "$@" --out "$work/$name"
	cp "$work/out" "$work/printed"
	ids_with "$work/$name" fail >"$work/out"
	grep -qxF "$case" "$work/out"
	report $? "$name is blocked by $case" "$work/out"
	cp "$work/printed" "$work/out"
	check_says "$name: it is told in words" "$words"
	"$ASSAY" report "$work/$name" --format json | jq -e '.counts.holes == 0 and .counts.infra == 0' >"$work/out" 2>&1
	report $? "$name: no hole, and the host is not blamed" "$work/out"
	rm -rf "${work:?}/$name"
}

# cloud-init cannot write, so nothing brings the agent up; the console has the reason.
blocked root-readonly boot.reaches_ready "[Rr]ead-only|agent"
blocked oops-at-boot kernel.log_has_no_oops "BUG|Oops"
blocked clock-far-off time.wall_clock_matches_host "."
finish
