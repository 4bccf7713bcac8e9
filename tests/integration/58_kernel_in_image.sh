#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# suite: long
# protocol: tap
# Another kernel in an image, in place of the image's own: proved from inside, with its modules, and nothing written to the image.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires depmod "package kmod"

kernel=$("$images/kernel-package" cloud-6.12 2>"$work/build.log") || {
	cat "$work/build.log" >&2
	echo "1..0 # SKIP the kernel cannot be fetched"
	exit 77
}
path=$(image debian-12-uefi) && btrfs=$(image debian-12-btrfs) || exit 1
before=$(sha256sum "$path")

check_exit 0 "a kernel of another series ships in Debian 12" "$ASSAY" kernel "$kernel" --image "$path" \
	--case kernel.given_release_runs --case kernel.no_taint --case kernel.module_autoload_works --case kernel.log_has_no_oops \
	--case systemd.no_failed_units --out "$work/run"
for id in kernel.given_release_runs kernel.module_autoload_works systemd.no_failed_units boot.reaches_ready; do
	outcome "$work/run" $id >"$work/out"
	grep -qx pass "$work/out"
	report $? "$id passes" "$work/out"
done
"$ASSAY" report "$work/run" --format json >"$work/run.json"
jq -e --arg sum "$(sha256sum "$kernel" | cut -d' ' -f1)" '.cells[0] | .image == "debian-12-uefi.qcow2" and .kernel.sha256 == $sum and
	(.kernel.release | startswith("6.12."))' "$work/run.json" >"$work/out" 2>&1
report $? "the report names image and kernel" "$work/run.json"
[ "$before" = "$(sha256sum "$path")" ]
report $? "the image is as it was"
openssl genpkey -algorithm ed25519 -out "$work/key.pem" 2>/dev/null && openssl pkey -in "$work/key.pem" -pubout -out "$work/public.pem"
check_exit 0 "the run is signed" "$ASSAY" sign "$work/run" --key "$work/key.pem" --out "$work/hallmark"
check_exit 0 "for the kernel" "$ASSAY" verify "$kernel" "$work/hallmark" --key "$work/public.pem"
check_exit 64 "and not for the image, whose own kernel was not tried" "$ASSAY" verify "$path" "$work/hallmark" --key "$work/public.pem"
check_exit 64 "a root that our initramfs does not know is refused" "$ASSAY" kernel "$kernel" --image "$btrfs" --case kernel.no_taint
check_says "with what it is" 'its root has to be an ext4 or XFS with a UUID, and it is btrfs'

# ---- the example of a runbook, with all its cells ----

mkdir "$work/kernels" "$work/images"
ln -s "$kernel" "$work/kernels/linux-image-new.deb"
ln -s "$path" "$work/images/debian-12-uefi.qcow2"
check_exit 0 "kernels alone, in an image, and its own ship" "$ASSAY" run "$source_folder/examples/6-kernels.yaml" \
	-D "images=$work/images" -D "kernels=$work/kernels" --out "$work/book"
"$ASSAY" report "$work/book" --format json >"$work/book.json"
jq -e '[.cells[] | [.called, .kernel.called]] == [[null, "linux-image-new"], ["debian-12", null], ["debian-12", "linux-image-new"]] and
	.counts.holes == 0' "$work/book.json" >"$work/out" 2>&1
report $? "each cell has its image and its kernel" "$work/book.json"
[ "$before" = "$(sha256sum "$path")" ]
report $? "the image is as it was"

# ---- the gate for tuned kernels, as it ships: nothing without its owner's consent ----

mkdir "$work/rules" && cp "$source_folder/runbooks/kernels/tuned-kernel.gate.yaml" "$work/rules/" && cp "$work/public.pem" "$work/rules/kernel-owner.pem"
gate=$work/rules/tuned-kernel.gate.yaml
check_exit 0 "the runbook for tuned kernels" "$ASSAY" run "$source_folder/runbooks/kernels/tuned-kernel.yaml" -D "kernel=$kernel" -D "image=$path" \
	--profile kernel-cloud --profile kernel-hardened --out "$work/tuned"
check_exit 2 "its gate wants a sign-off" "$ASSAY" judge "$work/tuned" --gate "$gate"
check_says "of whom" '^  no sign-off  kernel-owner has not signed it off'
openssl genpkey -algorithm ed25519 -out "$work/other.pem" 2>/dev/null
check_exit 64 "another's key is none" "$ASSAY" sign "$work/tuned" --gate "$gate" --sign-off kernel-owner --key "$work/other.pem"
check_exit 2 "the owner's is, and no leave to ship" "$ASSAY" sign "$work/tuned" --gate "$gate" --sign-off kernel-owner --key "$work/key.pem"
check_exit 0 "with it the kernel ships" "$ASSAY" judge "$work/tuned" --gate "$gate"
finish
