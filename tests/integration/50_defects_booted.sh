#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
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

blocked panic-in-initramfs boot.reaches_ready "[Kk]ernel panic|the kernel panicked"
blocked wrong-root-uuid boot.reaches_ready "initramfs"
blocked emergency-mode boot.reaches_ready "emergency"
blocked no-bootloader boot.reaches_ready "boot loader" --firmware bios
blocked failed-unit systemd.no_failed_units "[.]service"
finish
