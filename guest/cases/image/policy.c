/* SPDX-License-Identifier: Apache-2.0 */
/* What the product's policy says of the image's files, volumes and accounts. */
#include "guest/kit/accounts.h"
#include "guest/kit/filesystems.h"
#include "guest/kit/fstab.h"
#include "guest/kit/line.h"
#include "guest/kit/policy.h"

/* ---- files ---- */

AUDIT(image, build_record_is_present,
      .title = "The image records its own build id and source version", .priority = P2,
      .needs = "policy:present_files", .sources = "kola:files/aleph-version",
      .why = "Without it nobody can tell from which build a machine came.",
      .remedy = "Write the file in the image's build, or correct present_files in the policy.")
{
	for (const char *const *path = policy_words(t, "present_files"); *path; path++) {
		struct tree_stat stat;
		if (!file_stat(t, *path, &stat))
			FAIL(t, "there is no %s", *path);
		else if (S_ISREG(stat.mode) && stat.size == 0)
			FAIL(t, "%s is empty", *path);
		else
			check_passed(t);
	}
}

SABOTAGE(image, build_record_is_present, "a file of the policy was removed")
{
	sabotage_remove(t, policy_words(t, "present_files")[0]);
}

AUDIT(image, build_leftovers_are_absent,
      .title = "Kernel headers and build manifests the design removes are not in the image",
      .priority = P3, .needs = "policy:absent_files",
      .sources = "kola:files/kernel-headers,kola:files/remove-manifest",
      .why = "What only the build needed takes space, and tells of the build.",
      .remedy = "Remove the file in the image's build, or correct absent_files in the policy.")
{
	struct tree_stat stat;

	for (const char *const *path = policy_words(t, "absent_files"); *path; path++)
		if (file_lstat(t, *path, &stat))
			FAIL(t, "%s is there", *path);
		else
			check_passed(t);
}

SABOTAGE(image, build_leftovers_are_absent, "a file that the policy excludes was left")
{
	sabotage_file(t, policy_words(t, "absent_files")[0], "planted\n");
}

/* ---- volumes ---- */

/* The system's own folders: a filesystem of its own on one of them does not grow with the root. */
static const char *const system_folders[] = {"/home",	   "/opt", "/tmp",     "/usr",
					     "/usr/local", "/var", "/var/log", "/var/tmp"};

AUDIT(image, single_root_partition,
      .title = "One root partition holds everything where the platform asks for it", .priority = P3,
      .needs = "policy:single_root",
      .sources = "AZCERT:ms-selftest/42-root-partition,AZCERT:openstack/single-partition",
      .why = "Only the root grows with the disk: the other partition fills up.",
      .remedy = "Make the image with one filesystem besides the boot and EFI partitions.")
{
	const char *text = file_text(t, "/etc/fstab");
	struct fstab_line line;

	if (!policy_is_on(t, "single_root"))
		case_skip(t, "policy:single_root", "the policy does not ask for it");
	while (text && fstab_next(&text, &line)) {
		const char *problem = fstab_line_problem(&line);
		if (problem)
			case_broken(t, "a line of /etc/fstab %s: %.80s", problem, line.what);
		for (size_t i = 0; i < ARRAY_LEN(system_folders); i++)
			if (strcmp(line.where, system_folders[i]) == 0 &&
			    strcmp(line.type, "tmpfs") != 0)
				FAIL(t, "/etc/fstab mounts %s on %s", line.what, line.where);
	}
	check_passed(t);
}

SABOTAGE(image, single_root_partition, "/var is a partition of its own")
{
	sabotage_append(t, "/etc/fstab", "LABEL=planted /var ext4 defaults 0 2");
}

/* What is on the disk for LVM: a volume, or the label of a physical volume that is not read. */
static const char *find_lvm(struct trial *t)
{
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);

	for (size_t i = 0; i < count; i++) {
		if (all[i].volume[0])
			return case_format(t, "the logical volume %s", all[i].volume);
		if (strcmp(all[i].type, "LVM2_member") == 0)
			return case_format(t, "the physical volume on %s", all[i].device);
	}
	return NULL;
}

AUDIT(storage, lvm_is_present_exactly_where_designed,
      .title = "LVM tools and volumes exist on LVM images only", .priority = P2,
      .needs = "policy:lvm",
      .sources = "CIT:lvmvalidation.TestLVMPackage,CIT:lvmvalidation.TestLVMExists,"
		 "AZCERT:ms-prep/no-lvm-on-os-disk",
      .why = "Two disks with groups of one name cannot be repaired side by side; and an LVM image "
	     "without its tools does not boot.",
      .remedy = "Make the image as the policy's lvm says, or correct it there.")
{
	bool is_wanted = policy_is_on(t, "lvm");
	bool has_tools = file_exists(t, "/sbin/lvm") || file_exists(t, "/usr/sbin/lvm") ||
			 file_exists(t, "/usr/bin/lvm");
	const char *found = find_lvm(t);

	if (found && !is_wanted)
		FAIL(t, "the disk has %s", found);
	else if (!found && is_wanted)
		FAIL(t, "the disk has no logical volume");
	else
		check_passed(t);
	if (is_wanted && !has_tools)
		FAIL(t, "the program lvm is not there");
}

SABOTAGE(storage, lvm_is_present_exactly_where_designed, "the disk is of the other kind")
{
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);
	bool is_wanted = policy_is_on(t, "lvm");

	for (size_t i = 0; i < count; i++)
		if (is_wanted)
			tree_plant_fact(case_tree(t), all[i].number, "volume", "");
	if (!is_wanted)
		tree_plant_fact(case_tree(t), all[0].number, "volume", "planted-root");
}

/* ---- names ---- */

AUDIT(users, no_reserved_names,
      .title = "No account uses a name the platform rejects at provisioning", .priority = P2,
      .needs = "policy:reserved_names",
      .sources = "AZCERT:ms-policy/200.4i-no-restricted-user-names",
      .why = "The platform refuses to make a user of that name: the account cannot be reached.",
      .remedy = "Give the account another name.")
{
	const char *const *reserved = policy_words(t, "reserved_names");
	const char *text = accounts_text(t, ACCOUNTS_PASSWD);
	struct fields user;

	while (fields_next(&text, &user)) {
		long long uid = fields_number(&user, 2);
		if (user.count == 7 && uid >= 1000 && uid < 60000 &&
		    policy_list_has(reserved, user.at[0]))
			FAIL(t, "account \"%s\" (uid %lld) has a reserved name", user.at[0], uid);
		else
			check_passed(t);
	}
}

SABOTAGE(users, no_reserved_names, "an ordinary account has a reserved name")
{
	const char *name = policy_words(t, "reserved_names")[0];

	sabotage_append(t, "/etc/passwd",
			case_format(t, "%.*s:x:1000:1000::/home/planted:/bin/sh",
				    (int)strcspn(name, "*?["), name));
}
