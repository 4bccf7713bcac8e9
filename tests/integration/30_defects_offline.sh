#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# protocol: tap
# Defects that can be seen on the disk: the audit alone blocks each image, for the right reason and no other.
. "$(dirname "$0")/lib.sh"
requires jq "package jq"

# audited DEFECT CASE...: the audit of that image must fail in exactly these cases.
audited() {
	local name=$1 path
	shift
	path=$(image "$name") || {
		report 1 "$name can be built"
		return
	}
	check_exit 1 "$name is blocked" "$ASSAY" audit "$path" --out "$work/$name"
	ids_with "$work/$name" fail >"$work/failed"
	printf '%s\n' "$@" | sort >"$work/wanted"
	diff -u "$work/wanted" "$work/failed" >"$work/out"
	report $? "$name is blocked by $*" "$work/out"
	rm -rf "${work:?}/$name"
}

good=$(image debian-12-uefi) || exit 1
check_exit 0 "the image without a defect passes the audit" "$ASSAY" audit "$good"

audited host-keys-left-in image.no_ssh_host_keys
audited root-without-password users.no_empty_password users.root_password_is_locked
audited password-login security.sshd_password_login_is_off
audited history-left image.no_shell_history
audited world-writable security.no_world_writable_files
audited uid0-twice users.only_root_has_uid_zero
audited machine-id-baked image.machine_id_is_not_baked
audited fstab-unknown-uuid image.fstab_entries_resolve
audited logs-left image.no_build_logs
audited cloud-init-disabled provisioning.cloud_init_is_enabled
audited setuid-shell security.setuid_files_match_allowlist
finish
