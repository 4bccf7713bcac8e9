#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Good images of all sorts ship: every selected case has a result, and none but pass and skip.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

# What two machines do on a cable is the kernel's own: once is enough here. What is driven from outside has
# one image of each kernel; 41_good_images_more.sh has the rest.
pairs=$("$ASSAY" list --need 'vms>=2' --json | jq -r '.[] | "--case !" + .id')

for name in debian-12-uefi debian-12-bios debian-13-uefi debian-12-uefi-plain; do
	path=$(image "$name") || {
		report 1 "$name can be built"
		continue
	}
	before=$(sha256sum <"$path")
	# Without the cases that boot the machine again and again: `make prove` has them. What is driven from outside is the
	# same with and without cloud-init.
	kinds=
	[[ $name = debian-12-uefi ]] || kinds=$pairs
	[[ $name != *-bios ]] || kinds="--kind audit --kind guest"
	[[ $name != *-plain ]] || kinds="--kind audit --kind guest --case !time.jump_is_corrected"
	# shellcheck disable=SC2086
	check_exit 0 "$name ships" "$ASSAY" run "$path" --suite one-boot $kinds --out "$work/$name"
	"$ASSAY" report "$work/$name" --format json >"$work/$name.json"
	jq -r '.cases[] | select(.outcome != "pass" and .outcome != "skip") | "\(.id): \(.outcome): \(.message)"' \
		"$work/$name.json" >"$work/out"
	report $(($(wc -l <"$work/out") > 0)) "$name: nothing failed, broke or was lost" "$work/out"
	jq -e '[.cases[] | select(.outcome == "pass")] | length >= 200' "$work/$name.json" >"$work/out" 2>&1
	report $? "$name: at least 200 cases passed" "$work/out"
	jq -e '[.cases[] | select(.outcome == "skip" and ((.need // "") == ""))] | length == 0' "$work/$name.json" >"$work/out"
	report $? "$name: every skip names its need" "$work/out"
	[ "$before" = "$(sha256sum <"$path")" ]
	report $? "$name: the image file is as it was"
	rm -rf "${work:?}/$name"
done
finish
