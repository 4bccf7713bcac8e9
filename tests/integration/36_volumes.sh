#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# suite: long
# Systems on logical volumes: audited as others are, with ext4 in process and with XFS through a micro-VM; and what is said
# when a part of the group is not there.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires qemu-img "package qemu-utils"
requires qemu-io "package qemu-utils"
requires sfdisk "package fdisk"
requires perl "package perl"

# ---- ext4 ---------------------------------------------------------------------------------------------------------------
path=$(image debian-12-lvm) || exit 77
before=$(sha256sum <"$path")
check_exit 0 "a system on logical volumes passes the audit" "$ASSAY" audit "$path" --out "$work/run"
ids_with "$work/run" pass >"$work/passed"
for case in boot.initrd_has_boot_drivers boot.root_argument_resolves image.fstab_entries_resolve \
	image.fstab_uses_stable_names image.root_fs_has_headroom security.setuid_files_match_allowlist; do
	grep -qxF "$case" "$work/passed"
	report $? "$case passed: it was not skipped" "$work/passed"
done
rm -rf "$work/run"

check_exit 0 "volumes that are named wrongly are found" "$ASSAY" prove "$path" --out "$work/run" \
	--case boot.root_argument_resolves --case boot.volume_arguments_resolve --case image.fstab_entries_resolve
check_says "each of the cases bites" "2 of 2 cases proven, 1 skipped"
rm -rf "$work/run"

# The second physical volume has lost its label: the root has its last piece there.
qemu-img create -q -f qcow2 -b "$path" -F qcow2 "$work/torn.qcow2"
qemu-io -c "write -z $((384 * 1024 * 1024)) 4096" "$work/torn.qcow2" >"$work/out" 2>&1
check_exit 2 "half of a volume is not judged" "$ASSAY" audit "$work/torn.qcow2" --allow-outside-backing --out "$work/run"
check_says "the volume is named" "the logical volume debian-lvm/root lies on the physical volume [0-9a-f-]*, which is not"
rm -rf "$work/run" "$work/torn.qcow2"

# ---- XFS ----------------------------------------------------------------------------------------------------------------
# The same system twice, in a partition and in a volume of several pieces, one of them striped. It could not boot from
# there: no boot code is brought along, and nothing in its initrd activates a volume.
outcomes() {
	"$ASSAY" audit "$1" --out "$work/run" >"$work/out" 2>&1
	"$ASSAY" report "$work/run" --format json |
		jq -r '.cases[] | select(.id != "image.bios_loader_is_embedded" and .id != "image.container_format_is_intact") |
			"\(.id) \(.outcome)"' | sort
	rm -rf "${work:?}/run"
}

# Places are those of tests/images/assemble, in MiB: the EFI system partition is at 4, the root at 128.
put_on_lvm() {	# IMAGE DISK
	qemu-img convert -O raw "$1" "$work/plain.raw"
	dd if="$work/plain.raw" of="$work/root.fs" bs=1M skip=128 count=2943 conv=sparse status=none
	truncate -s 3600M "$2"
	sfdisk --quiet "$2" <<-TEXT
		label: gpt
		start=4MiB, size=124MiB, type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b
		start=128MiB, size=1100MiB, type=e6d6d379-f507-44c2-a23c-238f2a3df928
		start=1228MiB, size=2300MiB, type=e6d6d379-f507-44c2-a23c-238f2a3df928
	TEXT
	dd if="$work/plain.raw" of="$2" bs=1M skip=4 seek=4 count=124 conv=notrunc,sparse status=none
	"$images/lvm-volumes" "$2" vg-0 <<-TEXT
		pv 1228 2300
		pv 128 1100
		lv root $work/root.fs 0:100:400 0:0:40+1:10:40 1:60:200 0:50:60
		lv data - 0:40:5
	TEXT
	rm "$work/plain.raw" "$work/root.fs"
}

path_of_xfs=$(image debian-12-xfs) || {
	report 1 "debian-12-xfs can be built"
	finish
}
outcomes "$path_of_xfs" >"$work/partition"
report $(($(grep -c ' pass$' "$work/partition") < 45)) "XFS in a partition: at least 45 cases passed" "$work/out"
put_on_lvm "$path_of_xfs" "$work/disk.raw"
outcomes "$work/disk.raw" >"$work/volume"
diff "$work/partition" "$work/volume" >"$work/out"
report $? "XFS in a volume: the outcomes are those of XFS in a partition" "$work/out"

[ "$before" = "$(sha256sum <"$path")" ]
report $? "the image file is as it was"
finish
