#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# The agent can come in by SSH alone: an image with a key of ours and no seed, and a key that is not there is told before the boot.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"
requires debugfs "package e2fsprogs"
requires ssh-keygen "package openssh-client"

good=$(image debian-12-uefi) || exit 1
disk=$work/with-key.raw
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
qemu-img convert -O raw "$good" "$disk"
(
	DISK=$disk
	. "$images/edit.sh"
	put /root/.ssh/authorized_keys 0600 <"$work/key.pub"
	set_mode /root/.ssh 040700
) >"$work/out" 2>&1
report $? "a key is put into the image" "$work/out"

check_exit 64 "SSH wants a key and a user" "$ASSAY" run "$disk" --enter ssh
check_says "it is told which options" "--ssh-key and --ssh-user"
check_exit 64 "a key that is not there is named" "$ASSAY" run "$disk" --enter ssh --ssh-key "$work/none" --ssh-user root
check_says "by its path" "$work/none"

check_exit 0 "the image ships, entered by SSH" "$ASSAY" run "$disk" --ssh-key "$work/key" --ssh-user root \
	--case boot.reaches_ready --case systemd.no_failed_units --case users.no_empty_password --out "$work/run"
check "a case of the guest passed" test "$(outcome "$work/run" systemd.no_failed_units)" = pass
check_exit 0 "copies of the frozen machine are entered by SSH too" "$ASSAY" run "$disk" --ssh-key "$work/key" \
	--ssh-user root --case kernel.no_taint --out "$work/again"
check_says "and that takes no boot" "template reused"
check "a case of a copy passed" test "$(outcome "$work/again" kernel.no_taint)" = pass
finish
