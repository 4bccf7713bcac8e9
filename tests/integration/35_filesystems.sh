#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# The same system audited offline on other filesystems (through a micro-VM) and in other formats gives the same outcomes.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires qemu-img "package qemu-utils"

# The system differs in nothing but the filesystem or the file around it: outcomes of all cases but those that are told by
# their names to look at one of the two.
outcomes() {
	"$ASSAY" audit "$1" --out "$work/run" >"$work/out" 2>&1
	"$ASSAY" report "$work/run" --format json |
		jq -r '.cases[] | "\(.id) \(.outcome)"' | grep -vE "^($of_the_file|image.root_fs_has_headroom) " | sort
	rm -rf "${work:?}/run"
}

of_the_file=$("$ASSAY" list --need 'image:qcow2' --need 'image:vhd' --json | jq -r '.[].id' | paste -sd '|')
report $(($(tr '|' '\n' <<<"$of_the_file" | grep -c '^image\.') < 2)) "cases of the file's format are known by their needs"
reference=$(image debian-12-uefi-plain) || exit 77
outcomes "$reference" >"$work/ext4"
report $(($(grep -c ' pass$' "$work/ext4") < 45)) "ext4: at least 45 cases passed" "$work/out"
for name in debian-12-xfs debian-12-btrfs; do
	path=$(image "$name") || {
		report 1 "$name can be built"
		continue
	}
	before=$(sha256sum <"$path")
	outcomes "$path" >"$work/other"
	diff "$work/ext4" "$work/other" >"$work/out"
	report $? "$name: the outcomes are those of ext4" "$work/out"
	[ "$before" = "$(sha256sum <"$path")" ]
	report $? "$name: the image file is as it was"
done
[ -z "$(find "${XDG_CACHE_HOME:-$HOME/.cache}/assay" -maxdepth 1 -name 'micro-*' -newer "$work/ext4")" ]
report $? "the micro-VMs have left nothing behind"

# Without force_size a VHD is rounded up to whole cylinders, and a GPT's backup no longer stands at the disk's end.
for format in raw "vpc -o force_size=on" vhdx vmdk "qcow2 -c"; do
	# shellcheck disable=SC2086 # options are words of their own
	qemu-img convert -O $format "$reference" "$work/disk"
	outcomes "$work/disk" >"$work/other"
	diff "$work/ext4" "$work/other" >"$work/out"
	report $? "$format: the outcomes are those of qcow2" "$work/out"
	rm -f "$work/disk"
done
finish
