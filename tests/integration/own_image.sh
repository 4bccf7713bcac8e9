# SPDX-License-Identifier: Apache-2.0
# A disk image of a few MiB that boots within seconds and runs what a test wants; sourced after lib.sh.
#
#	own_image calm "$agent"                     (boots under UEFI, its first process is the agent: $work/calm.img)
#	own_image wild "$hostile" "$agent:agent"    (another first process, and a file /agent beside it)
#	boot_sector flood baf803b078eeebfd          (BIOS runs these bytes: $work/flood.img)

export PATH=$PATH:/usr/sbin:/sbin
agent=${ASSAY_GUEST:-$(dirname "$ASSAY")/guest/assay-guest}
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub

requires mformat "package mtools"
requires objcopy "package binutils"
requires cpio "package cpio"
requires sfdisk "package fdisk"
requires mke2fs "package e2fsprogs"
[ -r $stub ] || {
	echo "1..0 # SKIP needs $stub (package systemd-boot-efi)"
	exit 77
}
kernel=$("$images/kernel" 2>"$work/kernel.log" | tail -n 1)
[ -r "$kernel/vmlinuz" ] || {
	sed 's/^/# /' "$work/kernel.log"
	echo "1..0 # SKIP needs the micro-VM's kernel (tests/images/kernel)"
	exit 77
}

# A cache of the test's own, that knows already which accelerator works: proving it takes seconds.
own_cache() {
	local known=${ASSAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/assay}
	export ASSAY_CACHE=$work/cache ASSAY_KERNEL=$kernel/vmlinuz
	mkdir -p "$ASSAY_CACHE"
	cp "$known"/accelerator-*.json "$ASSAY_CACHE" 2>/dev/null || true
}

# The module and what it stands on, deepest first, as paths below the folder of modules.
module_with_needs() {
	sed -n "s|^\(.*/$1\.ko\): *\(.*\)|\1 \2|p" "$kernel/modules/modules.dep" | tr ' ' '\n' | grep . | tac
}

# initramfs INIT [FILE:NAME...]: to stdout
initramfs() {
	local tree=$work/initramfs path number=100 module
	rm -rf "$tree"
	mkdir -p "$tree"/{dev,etc,mnt,modules,proc,run,sys,tmp}
	cp "$1" "$tree/init"
	shift
	for path; do
		cp "${path%:*}" "$tree/${path##*:}"
	done
	for module in $(for path in virtio_pci virtio_console virtio_blk; do module_with_needs $path; done); do
		compgen -G "$tree/modules/*-$(basename "$module")" >/dev/null && continue
		number=$((number + 1))
		cp "$kernel/modules/$module" "$tree/modules/$number-$(basename "$module")"
	done
	(cd "$tree" && find . | cpio --quiet -o -H newc)
}

# The EFI program that is kernel, initramfs and command line in one.
unified_kernel() {
	initramfs "$@" >"$work/initrd"
	printf 'console=ttyS0 panic=-1' >"$work/cmdline"
	objcopy --add-section .cmdline="$work/cmdline" --change-section-vma .cmdline=0x30000 \
		--add-section .initrd="$work/initrd" --change-section-vma .initrd=0x2000000 \
		--add-section .linux="$kernel/vmlinuz" --change-section-vma .linux=0x3000000 "$stub" "$work/boot.efi"
}

# What an audit finds: a Linux for x86-64 that cloud-init would provision.
system_tree() {
	local tree=$work/system
	rm -rf "$tree"
	mkdir -p "$tree"/{etc,bin,usr/bin,usr/lib/systemd/system}
	printf 'PRETTY_NAME="Own Linux"\nNAME="Own Linux"\nID=own\nVERSION_ID=1\n' >"$tree/etc/os-release"
	cp "$agent" "$tree/bin/sh"
	touch "$tree/usr/bin/cloud-init" "$tree/usr/lib/systemd/system/cloud-init.service"
	truncate -s 8M "$work/root.fs"
	mke2fs -q -t ext4 -O ^metadata_csum_seed,^orphan_file -d "$tree" "$work/root.fs"
}

# own_image NAME INIT [FILE:NAME...]; $disk_mib is its virtual size
own_image() {
	local disk=$work/$1.img
	shift
	unified_kernel "$@"
	rm -f "$work/esp.fs" "$work/root.fs"
	mformat -i "$work/esp.fs" -C -F -T 81920 -h 16 -s 63 ::
	mmd -i "$work/esp.fs" ::EFI ::EFI/BOOT
	mcopy -i "$work/esp.fs" "$work/boot.efi" ::EFI/BOOT/BOOTX64.EFI
	system_tree
	truncate -s "${disk_mib:-50}M" "$disk"
	sfdisk -q "$disk" <<-'TEXT'
		label: gpt
		start=1MiB, size=40MiB, type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b
		start=41MiB, size=8MiB, type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709
	TEXT
	dd if="$work/esp.fs" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$work/root.fs" of="$disk" bs=1M seek=41 conv=notrunc,sparse status=none
	rm -rf "$work"/{esp.fs,root.fs,boot.efi,initrd,cmdline,initramfs,system}
}

# boot_sector NAME HEX: real-mode code at 0x7c00
boot_sector() {
	perl -e 'my $code = pack "H*", $ARGV[0]; print $code, "\0" x (510 - length $code), "\x55\xaa"' "$2" >"$work/$1.img"
	truncate -s 1M "$work/$1.img"
}
