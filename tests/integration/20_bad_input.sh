#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Files that are no usable image: each gets its own clear error, and nothing is booted for them.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

bad=$(image bad) || exit 1

# refused FILE STATUS WORDS
refused() {
	check_exit "$2" "$1 is refused" "$ASSAY" run "$1"
	check_says "$(basename "$1"): the error tells why" "$3"
}

refused "$work/no-such-file.qcow2" 64 "no-such-file.qcow2.*(No such file|not there|does not exist)"
refused "$work" 64 "folder|directory"
refused "$bad/empty.img" 64 "empty"
refused "$bad/truncated.qcow2" 64 "truncated|cut off|shorter"
refused "$bad/text.img" 64 "(no|not a) (known )?disk"
refused "$bad/encrypted.img" 64 "encrypted"
refused "$bad/missing-backing.qcow2" 64 "backing"
refused "$bad/absolute-backing.qcow2" 64 "backing.*(outside|absolute)|--allow-outside-backing"
refused "$bad/gz.img" 64 "gzip|compressed"
refused "$bad/arm64.qcow2" 64 "aarch64|arm64"
refused "$bad/noway.qcow2" 64 "way in|--ssh-key"

# Disks without a system: one sentence, and no list of all that an empty disk does not have.
qemu-img create -q -f qcow2 "$work/blank.qcow2" 64M
qemu-img create -q -f raw "$work/blank.raw" 64M
truncate -s 64M "$work/data.raw"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 "$work/data.raw"
qemu-img convert -f raw -O qcow2 "$work/data.raw" "$work/data.qcow2"
for name in blank.qcow2 blank.raw data.raw data.qcow2; do
	for verb in run audit prove; do
		check_exit 64 "$verb of $name" "$ASSAY" $verb "$work/$name" --out "$work/none"
		check_says "$name: that there is no system" "no system was found on $name|nothing but zeros"
	done
done
check_says "what is there is named" "it holds ext4"
report $(($(find "$work/none" 2>/dev/null | wc -l) != 0)) "no run is kept of it"
check_exit 0 "what is asked of the file alone can be" "$ASSAY" run "$work/blank.qcow2" --case image.container_format_is_intact \
	--out "$work/file"
rm -r "$work/file"

# Names that mean something to QEMU, to a shell or to a terminal are names all the same; what is not UTF-8 it cannot be told.
odd=$work/$'a,b:c %s\n\u00e9 json:{}.qcow2'
cp --reflink=auto "$(image debian-12-uefi)" "$odd"
check_exit 0 "an image with an odd name is audited" "$ASSAY" audit "$odd" --case image --out "$work/odd"
"$ASSAY" report "$work/odd" --format json | jq -r '.cells[0].image' >"$work/out"
report $(($(printf '%s\n' "${odd##*/}" | cmp -s - "$work/out"; echo $?) != 0)) "the report has its name" "$work/out"
mv "$odd" "$work"/$'\xff.qcow2'
check_exit 64 "a name that is not UTF-8 is refused" "$ASSAY" audit "$work"/$'\xff.qcow2'
check_says "it says so" "is not UTF-8"

check_exit 64 "an unknown case is refused" "$ASSAY" run "$bad/text.img" --case time.clocksource_is_stabel
check_exit 64 "an unknown option is refused" "$ASSAY" run "$bad/text.img" --sise small
check_says "and the nearest one is named" "--size"
check_exit 64 "an unknown suite is refused" "$ASSAY" run "$bad/text.img" --suite smok
check_says "and the nearest one is named" "smoke"
check_exit 64 "an unknown verb is refused" "$ASSAY" rnu
check_says "and the nearest one is named" "run"
check_exit 70 "without QEMU it says what to install" env PATH="$work" "$ASSAY" run "$(image debian-12-uefi)" --accel tcg
check_says "QEMU is named" "[Qq][Ee][Mm][Uu]"
touch "$work/file"
check_exit 70 "an unwritable output folder is refused" "$ASSAY" run "$(image debian-12-uefi)" --out "$work/file/run"
finish
