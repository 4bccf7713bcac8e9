#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Defects that only show when the image is booted: each is blocked, for the right reason.
. "$(dirname "$0")/lib.sh"
set -f # the case patterns are not for the shell
requires jq "package jq"

# blocked DEFECT CASE [WORDS]: the run must block, with that case among the failed ones (and WORDS in its message).
blocked() {
	local name=$1 case=$2 words=${3:-} path
	path=$(image "$name") || {
		report 1 "$name can be built"
		return
	}
	check_exit 1 "$name is blocked" "$ASSAY" run "$path" $quick_cases --case "$case" --out "$work/$name"
	cp "$work/out" "$work/printed"
	ids_with "$work/$name" fail >"$work/out"
	grep -qxF "$case" "$work/out"
	report $? "$name is blocked by $case" "$work/out"
	if [ -n "$words" ]; then
		cp "$work/printed" "$work/out"
		check_says "$name: the summary tells it" "$words"
	fi
	rm -rf "${work:?}/$name"
}

blocked panic-in-initramfs boot.reaches_ready "[Kk]ernel panic"
blocked wrong-root-uuid boot.reaches_ready "initramfs"
blocked emergency-mode boot.reaches_ready "emergency"
blocked no-bootloader boot.reaches_ready "boot loader"
blocked failed-unit systemd.no_failed_units "service"
blocked root-readonly filesystem.no_unexpected_read_only_mount
blocked oops-at-boot kernel.log_has_no_oops
blocked clock-far-off time.clock_is_near_the_hosts
blocked broken-dns network.dns_resolves
blocked full-disk filesystem.root_has_free_space
finish
