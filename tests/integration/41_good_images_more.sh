#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# What the good images have beyond 40_good_images.sh: two machines with another kernel, what is driven from outside below a
# BIOS, and images without cloud-init of another release and behind a BIOS.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

ships() {	# IMAGE OPTION-OF-RUN...
	local name=$1 path
	shift
	path=$(image "$name") || {
		report 1 "$name can be built"
		return
	}
	check_exit 0 "$name ships" "$ASSAY" run "$path" "$@" --out "$work/$name"
	"$ASSAY" report "$work/$name" --format json |
		jq -r '.cases[] | select(.outcome != "pass" and .outcome != "skip") | "\(.id): \(.outcome): \(.message)"' >"$work/out"
	report $(($(wc -l <"$work/out") > 0)) "$name: nothing failed, broke or was lost" "$work/out"
	rm -rf "${work:?}/$name"
}

ships debian-13-uefi --suite one-boot --need 'vms>=2'
ships debian-12-bios --suite one-boot --kind host
ships debian-12-bios-plain --suite one-boot --kind audit --kind guest
ships debian-13-uefi-plain --suite one-boot --kind audit --kind guest --case "!time.jump_is_corrected"
finish
