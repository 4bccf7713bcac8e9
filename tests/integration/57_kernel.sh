#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Kernels as subjects: two of Debian's alone in a machine, with every case's defect for some of them; and what is refused.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires depmod "package kmod"

cases="--case kernel.* --case cpu.* --case memory.* --case security.modules_are_signed"
old=$("$images/kernel-package" cloud 2>"$work/build.log") && new=$("$images/kernel-package" cloud-6.12 2>>"$work/build.log") || {
	cat "$work/build.log" >&2
	echo "1..0 # SKIP the kernels cannot be fetched"
	exit 77
}
export ASSAY_CACHE=$work/cache

# ---- packages ----

check_exit 0 "Debian's kernel ships" "$ASSAY" kernel "$old" $cases --out "$work/old"
check_exit 0 "and its backport of another series" "$ASSAY" kernel "$new" $cases --out "$work/new"
for run in old new; do
	"$ASSAY" report "$work/$run" --format json >"$work/$run.json"
	jq -e '.counts.fail == 0 and .counts.broken == 0 and .counts.infra == 0 and .counts.holes == 0 and .counts.pass > 35' \
		"$work/$run.json" >"$work/out" 2>&1
	report $? "$run: all was decided" "$work/$run.json"
	for id in kernel.given_release_runs kernel.module_autoload_works kernel.log_has_no_warnings kernel.no_taint \
		security.modules_are_signed boot.reaches_ready host.base_image_is_never_changed; do
		outcome "$work/$run" $id >"$work/out"
		grep -qx pass "$work/out"
		report $? "$run: $id passes" "$work/out"
	done
done
jq -e --arg sum "$(sha256sum "$new" | cut -d' ' -f1)" '.cells[0].sha256 == $sum and (.cells[0].os | startswith("6.12."))' \
	"$work/new.json" >"$work/out" 2>&1
report $? "the subject is the package, by its digest" "$work/new.json"
jq -e '.cells[0].kernel | .release != null and .sha256 != null' "$work/new/plan.json" >"$work/out" 2>&1
report $? "the plan names the kernel" "$work/out"
check_exit 0 "a kernel is compared with its baseline" "$ASSAY" compare "$work/old" "$work/new"
check_exit 0 "its cases can fail" "$ASSAY" kernel "$new" --prove --case kernel.given_release_runs --case kernel.no_taint \
	--case kernel.log_has_no_warnings --out "$work/proof"
check_exit 64 "a retest is of images" "$ASSAY" retest "$work/new"
check_says "and that is said" 'a retest is of images: try the next kernel'
check_exit 64 "what has ended is not gone on with" "$ASSAY" run --resume "$work/new"

for profile in kernel-cloud kernel-hardened; do
	check_exit 0 "it holds against the profile $profile" "$ASSAY" kernel "$new" --profile $profile --out "$work/$profile"
	outcome "$work/$profile" security.kernel_config_is_hardened >"$work/out"
	grep -qx pass "$work/out"
	report $? "$profile: its options were looked at" "$work/out"
done
printf 'title: impossible\nkernel_config: [CONFIG_HZ=1]\n' >"$work/hz.yaml"
check_exit 1 "a promise that it breaks blocks it" "$ASSAY" kernel "$new" --policy "$work/hz.yaml" --case security.kernel_config_is_hardened
check_says "with the option" 'CONFIG_HZ is "250", not "1"'

# ---- packages of the other kind: real ones, in both packings and with the kernel in both places ----

if command -v rpmbuild >/dev/null; then
	for kind in "w1.zstdio modules" "w1.xzdio boot"; do
		check "an RPM is made ($kind)" "$images/kernel-rpm" "$new" $kind "$work/kernel.rpm"
		check_exit 0 "it ships ($kind)" "$ASSAY" kernel "$work/kernel.rpm" --case kernel.given_release_runs --case kernel.module_autoload_works
	done
	truncate -s 9000000 "$work/kernel.rpm"
	check_exit 64 "half an RPM is refused" "$ASSAY" kernel -q "$work/kernel.rpm"
	check_says "it says why" 'kernel.rpm cannot be unpacked: it is damaged, cut short'
	rm "$work/kernel.rpm"
fi

# ---- a kernel's file and its modules ----

tree=$work/tree
mkdir "$tree" && (cd "$tree" && ar p "$old" data.tar.xz | tar -xJ ./boot ./lib/modules)
release=$(ls "$tree/lib/modules")
kernel=$tree/boot/vmlinuz-$release
some="--case kernel.given_release_runs --case kernel.module_autoload_works"
check_exit 0 "a bzImage with a folder of modules" "$ASSAY" kernel "$kernel" --modules "$tree" $some
check_exit 0 "with that release's own folder" "$ASSAY" kernel "$kernel" --modules "$tree/lib/modules/$release" $some
tar -C "$tree" -czf "$work/modules.tar.gz" lib/modules
check_exit 0 "with a tarball" "$ASSAY" kernel "$kernel" --modules "$work/modules.tar.gz" $some --out "$work/tarball"
openssl genpkey -algorithm ed25519 -out "$work/key.pem" 2>/dev/null && openssl pkey -in "$work/key.pem" -pubout -out "$work/public.pem"
check_exit 0 "a run of it is signed" "$ASSAY" sign "$work/tarball" --key "$work/key.pem" --out "$work/hallmark"
check_exit 0 "the kernel carries the verdict" "$ASSAY" verify "$kernel" "$work/hallmark" --key "$work/public.pem"
check_exit 64 "another kernel does not" "$ASSAY" verify "$new" "$work/hallmark" --key "$work/public.pem"

# ---- what is refused ----

refused() {
	check_exit 64 "$1 is refused" "$ASSAY" kernel -q "${@:3}"
	check_says "$1: it says why" "$2"
}
refused "a folder" 'is a folder, and a kernel is a file' "$tree"
refused "what is not there" 'No such file' "$work/nothing"
head -c 5000 /dev/urandom >"$work/rubbish"
refused "no kernel" 'rubbish is no kernel for x86_64' "$work/rubbish"
head -c 4000000 "$kernel" >"$work/cut"
refused "half a kernel" 'cut is cut short: it has 4000000 bytes' "$work/cut"
{ head -c 56 /dev/zero && printf 'ARM\144' && head -c 4096 /dev/zero; } >"$work/Image"
refused "a kernel for arm64" 'is a kernel for arm64, and machines here are x86_64' "$work/Image"
head -c 9000000 "$new" >"$work/cut.deb"
refused "half a package" 'cannot be unpacked: it is damaged, cut short' "$work/cut.deb"
refused "modules of another kernel" "are of kernel 6\.12.*, and vmlinuz-$release is kernel $release" "$kernel" --modules "$new"
(cd "$work" && echo x >x && tar -P --transform 's|^x|lib/modules/../../../x|' -cf evil.tar x)
refused "a tarball with path tricks" 'which leads out of the folder' "$kernel" --modules "$work/evil.tar"
refused "a package without a kernel" 'holds no kernel' "$work/modules.tar.gz"
refused "a kernel that needs its modules" 'CONFIG_VIRTIO_PCI is a module by .*: give its modules by --modules' "$kernel"
mkdir "$work/own" && cp "$kernel" "$work/own/" && printf 'x' >>"$work/own/vmlinuz-$release"
for option in VIRTIO_CONSOLE SERIAL_8250_CONSOLE; do
	sed "s/^CONFIG_$option=.*/# CONFIG_$option is not set/" "$tree/boot/config-$release" >"$work/own/config-$release"
	printf 'x' >>"$work/own/vmlinuz-$release"
	refused "a kernel without $option" "CONFIG_$option is not set by the config-RELEASE beside it" \
		"$work/own/vmlinuz-$release" --modules "$tree/lib/modules/$release"
done
ls -A "$work/cache/kernels" >"$work/out"
! grep -q '^\.new-' "$work/out"
report $? "nothing half-made stays in the cache" "$work/out"
finish
