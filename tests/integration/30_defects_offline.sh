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
check_exit 0 "the image without a defect passes the audit" "$ASSAY" audit "$good" --out "$work/audit"

# As if it had been killed: the end and some results are not in the journal.
sed -i '50,$d' "$work/audit/journal.jsonl"
check_exit 2 "half an audit is undecided" "$ASSAY" report "$work/audit"
check_exit 0 "an audit can be resumed" "$ASSAY" run --resume "$work/audit"

# A proof stays one: no other verb goes on with it.
check_exit 0 "a proof of audit cases" "$ASSAY" prove "$good" --case image.no_shell_history --out "$work/proof"
sed -i '/"sabotaged":true/s/"fail"/"pass"/; /"type":"end"/d' "$work/proof/journal.jsonl"
check_exit 64 "another verb does not go on with it" "$ASSAY" run --resume "$work/proof"
check_says "the verb that does is named" "assay prove --resume"
check_exit 1 "a case that missed its defect is no success" "$ASSAY" prove --resume "$work/proof"
check_says "it is told as a proof" "1 missed"

# A reader of --json who does not read: the run goes on without him, and he gets all when he is back.
export work
mkfifo "$work/lines"
(
	exec 3<"$work/lines"
	for ((i = 0; i < 300; i++)); do
		grep -qs '"type":"end"' "$work/slow/journal.jsonl" && break
		sleep 0.2
	done
	echo "$i" >"$work/waited"
	cat <&3 >"$work/json"
) &
check_exit 0 "a proof whose reader sleeps" bash -c '"$0" "$@" >"$work/lines"' "$ASSAY" prove "$good" --kind audit \
	--json --out "$work/slow"
wait
report $(($(cat "$work/waited") == 300)) "the journal had its end before anything was read"
report $(($(stat -c %s "$work/json") <= 65536)) "what was printed is more than a pipe holds"
report $(($(wc -l <"$work/json") != $(wc -l <"$work/slow/journal.jsonl") + 1)) "he has got all records, and the verdict"
exec 3<>"$work/lines"
check_exit 70 "a reader who never comes back" bash -c '"$0" "$@" >"$work/lines"' "$ASSAY" prove "$good" --kind audit \
	--json --out "$work/stuck"
check_says "it says so, and where all is" "takes nothing any more"
exec 3>&-
check_exit 0 "its results are there" "$ASSAY" report "$work/stuck"

audited agent-state-left image.no_cloud_init_state
audited authorized-key-left image.no_authorized_keys image.root_ssh_dir_is_clean
audited backup-table-broken image.partition_table_is_valid
audited broken-dns image.no_build_nameserver
audited build-hostname image.no_build_hostname
audited cloud-init-disabled provisioning.cloud_init_is_enabled
audited dirty-filesystem image.filesystems_are_clean
audited emergency-mode image.fstab_entries_resolve
audited fstab-unknown-uuid image.fstab_entries_resolve
audited full-disk image.root_fs_has_headroom
audited history-left image.no_shell_history
audited host-keys-left-in image.no_ssh_host_keys provisioning.no_installer_overrides
audited logs-left image.no_build_logs
audited machine-id-baked image.machine_id_is_not_baked
audited no-bootloader image.bios_loader_is_embedded
audited no-dhcp network.default_profile_is_dhcp provisioning.no_installer_overrides
audited no-fallback-loader image.esp_has_fallback_loader
audited no-kernel boot.default_entry_files_exist
audited no-serial-console boot.serial_console_is_on_cmdline
audited password-login security.sshd_password_login_is_off security.sshd_root_login_is_limited
audited proxy-left image.no_proxy_settings
audited random-seed-left image.no_saved_random_seed
audited root-readonly filesystem.root_is_writable
audited root-without-password users.no_empty_password users.root_password_is_locked
audited setuid-shell packages.no_stray_files_in_system_paths security.setuid_files_match_allowlist
audited ssh-disabled systemd.ssh_server_is_enabled
audited static-network image.no_static_network_leftovers provisioning.no_installer_overrides
audited tmp-not-sticky security.shared_directories_are_sticky
audited uid0-twice users.no_duplicate_ids users.only_root_has_uid_zero
audited unsigned-packages packages.repositories_demand_signatures
audited world-writable security.no_world_writable_files
audited wrong-root-uuid boot.root_argument_resolves
finish
