// SPDX-License-Identifier: Apache-2.0
// The default boot entry: what it names is there, and its arguments fit the platform.
#include "guest/kit/boot.h"
#include "guest/kit/filesystems.h"
#include "guest/kit/line.h"
#include "guest/kit/volume_name.h"

#define LVM_ARGUMENT "rd.lvm.lv="

AUDIT(boot, default_entry_files_exist,
      .title = "The default boot entry names an existing kernel and initrd", .priority = P0,
      .why = "The machine does not boot.",
      .remedy = "Regenerate the boot loader's configuration after the last change of kernels "
		"and initrds.")
{
	const struct boot_entry *entry = boot_default(t);

	note(t, "the default is \"%s\" in %s", entry->title, entry->source);
	if (boot_path(t, entry->kernel))
		check_passed(t);
	else
		FAIL(t, "the kernel %s of the default entry \"%s\" is not there", entry->kernel,
		     entry->title);
	for (unsigned i = 0; i < entry->initrd_count; i++) {
		if (boot_path(t, entry->initrds[i]))
			check_passed(t);
		else
			FAIL(t, "the initrd %s of the default entry \"%s\" is not there",
			     entry->initrds[i], entry->title);
	}
	/* An entry that the configuration names but does not have: the loader takes another, or asks. */
	const struct boot_menu *menu = boot_menu_read(t);
	if (menu->wanted[0] == '\0' || menu->chosen == NULL)
		return;
	note(t, "the configuration names \"%s\"", menu->wanted);
}

SABOTAGE(boot, default_entry_files_exist, "the default entry's kernel was removed")
{
	const char *path = boot_path(t, boot_default(t)->kernel);

	if (!path)
		case_broken(t, "the kernel is not there already");
	tree_plant_absence(case_tree(t), path);
}

/* The console of the policy's platform, else that of the machine's architecture. */
static const char *serial_console(struct trial *t)
{
	const char *arch = plan_text(t, "arch", "");

	if (strcmp(arch, "") == 0 && file_exists(t, "/lib/ld-linux-aarch64.so.1"))
		arch = "aarch64";
	return plan_text(t, "console",
			 strcmp(arch, "aarch64") == 0 ? "ttyAMA0 ttyS0" : "ttyS0 hvc0");
}

AUDIT(boot, serial_console_is_on_cmdline,
      .title = "The boot entry names the platform's serial console", .priority = P0,
      .sources = "LISA:verify_serial_console_is_enabled,CIV:test_cmdline_console_and_params,"
		 "kola:files/console-config,imgproof:test_sles_azure_kernel_cmdline,"
		 "AZCERT:ms-selftest/40a-console-ttys0,AZCERT:gcp/serial-console,"
		 "AZCERT:openstack/console",
      .why = "Without it the platform's console shows nothing of a boot that fails, and "
	     "there is no way in to repair it.",
      .remedy = "Add console=ttyS0 (arm64: ttyAMA0) to the kernel's arguments; the policy's "
		"console names another.")
{
	const struct boot_entry *entry = boot_default(t);
	const char *wanted = serial_console(t);
	bool found = false;

	for (const char *at = entry->arguments, *word;
	     !found && (word = boot_argument_next(t, &at));) {
		const char *name = has_prefix(word, "console=") ? word + strlen("console=") : NULL;
		if (name)
			found = list_has(wanted,
					 case_format(t, "%.*s", (int)strcspn(name, ","), name),
					 " ,");
	}
	if (found)
		check_passed(t);
	else
		FAIL(t, "the arguments of \"%s\" name none of the consoles %s: \"%s\"",
		     entry->title, wanted, entry->arguments);
}

SABOTAGE(boot, serial_console_is_on_cmdline, "the boot entry names no serial console")
{
	const struct boot_entry *entry = boot_default(t);
	const char *fewer = "";

	for (const char *at = entry->arguments, *word; (word = boot_argument_next(t, &at));)
		if (!has_prefix(word, "console="))
			fewer = case_format(t, "%s%s%s", fewer, fewer[0] ? " " : "", word);
	sabotage_replace(t, entry->source, entry->arguments, fewer);
}

AUDIT(boot, forbidden_arguments_are_absent,
      .title = "No argument that disables optical drives or reserves I/O ports is set",
      .priority = P1, .sources = "AZCERT:ms-prep/atapi-not-disabled,AZCERT:lisa-std/p1-grub",
      .why = "Provisioning data comes on a virtual optical drive: without its driver the "
	     "machine is never set up.",
      .remedy = "Remove the argument from the boot loader's defaults and regenerate its "
		"configuration.")
{
	static const char *const forbidden[] = {"libata.atapi_enabled=0",
						"ata_piix.disable_driver",
						"reserve=",
						"noapic",
						"acpi=off",
						"pci=off"};
	const struct boot_entry *entry = boot_default(t);

	for (const char *at = entry->arguments, *word; (word = boot_argument_next(t, &at));)
		for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
			if (has_suffix(forbidden[i], "=") ? has_prefix(word, forbidden[i])
							  : strcmp(word, forbidden[i]) == 0)
				FAIL(t, "the default entry has the argument %s", word);
	check_passed(t);
}

SABOTAGE(boot, forbidden_arguments_are_absent, "the boot entry disables optical drives")
{
	boot_sabotage_argument(t, "libata.atapi_enabled=0");
}

AUDIT(boot, root_argument_uses_stable_id,
      .title = "The boot entry names the root filesystem by UUID or label", .priority = P1,
      .sources = "AZCERT:ms-prep/root-by-uuid",
      .why = "With one disk more, or another controller, /dev/vda1 is another disk, or none.",
      .remedy = "Boot with root=UUID=…, and regenerate the boot loader's configuration.")
{
	static const char *const stable[] = {
		"UUID=",	 "PARTUUID=",	       "LABEL=",   "PARTLABEL=",
		"/dev/disk/by-", "/dev/mapper/",       "gpt-auto", "ZFS=",
		"zfs:",		 "/dev/gpt-auto-root", "tmpfs",	   "fstab"};
	const struct boot_entry *entry = boot_default(t);
	const char *root = boot_argument(t, entry, "root");

	if (!root)
		case_skip(
			t, "bootloader",
			"the default entry has no root argument: the root is found in another way");
	for (size_t i = 0; i < ARRAY_LEN(stable); i++)
		if (strncasecmp(root, stable[i], strlen(stable[i])) == 0) {
			check_passed(t);
			return;
		}
	/* /dev/VG/LV is a stable name too: a second slash. */
	if (has_prefix(root, "/dev/") && strchr(root + 5, '/'))
		check_passed(t);
	else
		FAIL(t, "the default entry has root=%s", root);
}

SABOTAGE(boot, root_argument_uses_stable_id, "the boot entry names /dev/vda1")
{
	boot_sabotage_argument(t, "root=/dev/vda1");
}

/* The tag of root=TAG=value, and the fact that must have the value. */
static const struct root_tag {
	const char *tag;
	size_t fact;
} root_tags[] = {
	{"UUID=", offsetof(struct filesystem, uuid)},
	{"PARTUUID=", offsetof(struct filesystem, part_uuid)},
	{"LABEL=", offsetof(struct filesystem, label)},
	{"PARTLABEL=", offsetof(struct filesystem, part_label)},
};

/* What stands behind the tag, "" for other roots. */
static const char *root_value(const char *root, const struct root_tag **ret)
{
	for (size_t i = 0; i < ARRAY_LEN(root_tags); i++)
		if (strncasecmp(root, root_tags[i].tag, strlen(root_tags[i].tag)) == 0) {
			*ret = &root_tags[i];
			return root + strlen(root_tags[i].tag);
		}
	return "";
}

static bool has_fact(const struct filesystem *all, size_t count, const struct root_tag *tag,
		     const char *value)
{
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(*(const char *const *)((const char *)&all[i] + tag->fact), value) ==
		    0)
			return true;
	return false;
}

AUDIT(boot, root_argument_resolves,
      .title = "The root filesystem that the default boot entry names is in the image",
      .priority = P0,
      .why = "The machine waits for a disk that never comes, and ends in the initrd's shell.",
      .remedy =
	      "Regenerate the boot loader's configuration after the root filesystem was made anew.")
{
	const struct boot_entry *entry = boot_default(t);
	const char *root = boot_argument(t, entry, "root"), *value;
	const struct root_tag *tag = NULL;
	char volume[VOLUME_NAME_SIZE];
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);

	value = root ? root_value(root, &tag) : "";
	/* Only offline are all volumes known, and not those alone that are mounted. */
	bool is_volume =
		root && tree_is_offline(case_tree(t)) && volume_name_of_device(root, volume);
	if (value[0] == '\0' && !is_volume)
		case_skip(t, "bootloader",
			  "the default entry names no root by UUID, label or volume");
	if (is_volume ? filesystems_have_volume(all, count, volume)
		      : has_fact(all, count, tag, value))
		check_passed(t);
	else if (filesystems_hide_some(all, count))
		case_skip(t, "image",
			  "the root may lie in a volume that cannot be seen from outside");
	else
		FAIL(t, "the default entry has root=%s, and no filesystem of this image has it",
		     root);
}

SABOTAGE(boot, root_argument_resolves, "the boot entry names a filesystem that is not there")
{
	boot_sabotage_argument(t, "root=UUID=deadbeef-0000-4000-8000-000000000000");
}

/* dracut's argument: it waits for each, and gives up when one does not come, be it the swap's. */
AUDIT(boot, volume_arguments_resolve,
      .title = "Every logical volume that the default boot entry waits for is in the image",
      .priority = P0,
      .why = "The initrd waits for a volume that never comes, and ends in its emergency shell.",
      .remedy = "Take the rd.lvm.lv argument of the volume that is gone out of the boot loader's "
		"defaults (grubby --update-kernel=ALL --remove-args=…).")
{
	const struct boot_entry *entry = boot_default(t);
	struct filesystem *all;
	size_t count = filesystems_read(t, &all);
	char volume[VOLUME_NAME_SIZE];
	unsigned judged = 0;

	if (!tree_is_offline(case_tree(t)))
		case_skip(t, "image", "of a running system only the mounted volumes are known");
	for (const char *at = entry->arguments, *word; (word = boot_argument_next(t, &at));) {
		if (!has_prefix(word, LVM_ARGUMENT))
			continue;
		if (judged++ == 0 && filesystems_hide_some(all, count))
			case_skip(t, "image", "there are volumes that cannot be seen from outside");
		if (volume_name_of_pair(word + strlen(LVM_ARGUMENT), volume) &&
		    filesystems_have_volume(all, count, volume))
			check_passed(t);
		else
			FAIL(t,
			     "the default entry has %s, and there is no such volume in this image",
			     word);
	}
	if (judged == 0)
		case_skip(t, "bootloader", "the default entry waits for no logical volume");
}

SABOTAGE(boot, volume_arguments_resolve, "the boot entry waits for a volume that is not there")
{
	boot_sabotage_argument(t, LVM_ARGUMENT "assay-sabotage/gone");
}

/* Arguments that take away what the kernel does for the machine's safety. */
AUDIT(boot, default_entry_keeps_protection,
      .title = "The default boot entry switches no protection of the kernel off", .priority = P1,
      .why = "An argument that helped to debug the build leaves every machine open to known attacks.",
      .remedy = "Remove the argument, or name it in the policy's allowed_arguments.")
{
	static const char *const unsafe[] = {"apparmor=0",
					     "audit=0",
					     "enforcing=0",
					     "init=/bin/bash",
					     "init=/bin/sh",
					     "init_on_alloc=0",
					     "lockdown=none",
					     "mitigations=off",
					     "nokaslr",
					     "nopti",
					     "nosmap",
					     "nosmep",
					     "nospectre_v1",
					     "nospectre_v2",
					     "pti=off",
					     "rd.break",
					     "selinux=0",
					     "single",
					     "slab_debug=-",
					     "spectre_v2=off",
					     "spec_store_bypass_disable=off",
					     "systemd.debug-shell",
					     "systemd.debug_shell",
					     "systemd.unit=emergency.target",
					     "systemd.unit=rescue.target",
					     "vsyscall=native"};
	const struct boot_entry *entry = boot_default(t);
	const char *allowed = plan_text(t, "allowed_arguments", "");

	for (const char *at = entry->arguments, *word; (word = boot_argument_next(t, &at));)
		for (size_t i = 0; i < ARRAY_LEN(unsafe); i++)
			if (strcmp(word, unsafe[i]) == 0 && !list_has(allowed, word, " ,"))
				FAIL(t, "the default entry has the argument %s", word);
	check_passed(t);
}

SABOTAGE(boot, default_entry_keeps_protection, "the boot entry switches mitigations off")
{
	boot_sabotage_argument(t, "mitigations=off");
}

AUDIT(image, grub_environment_is_clean,
      .title = "The saved GRUB environment has its exact size and no failed-boot mark",
      .priority = P2,
      .why = "GRUB refuses an environment of another size, and a failed-boot mark makes "
	     "every machine wait in the menu.",
      .remedy = "Write it anew: grub-editenv /boot/grub/grubenv create.")
{
	static const char *const paths[] = {"/boot/grub/grubenv", "/boot/grub2/grubenv"};
	static const char *const marks[] = {"recordfail", "boot_indeterminate", "prev_saved_entry",
					    "next_entry"};
	unsigned found = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *text = file_text(t, paths[i]);
		if (!text)
			continue;
		found++;
		CHECK_EQ(t, strlen(text), (size_t)1024);
		CHECK(t, has_prefix(text, "# GRUB Environment Block\n"));
		for (size_t k = 0; k < ARRAY_LEN(marks); k++) {
			const char *value = text_value(t, text, marks[k]);
			if (value && value[0] && strcmp(value, "0") != 0)
				FAIL(t, "%s has %s=%s", paths[i], marks[k], value);
		}
	}
	if (found == 0)
		case_skip(t, "cmd:grub", "there is no GRUB environment");
}

SABOTAGE(image, grub_environment_is_clean, "the environment says that the last boot failed")
{
	const char *path = file_exists(t, "/boot/grub2/grubenv") ? "/boot/grub2/grubenv"
								 : "/boot/grub/grubenv";
	char block[1025];
	static const char head[] = "# GRUB Environment Block\nrecordfail=1\n";

	memset(block, '#', sizeof block - 1);
	block[1024] = '\0';
	memcpy(block, head, sizeof head - 1);
	sabotage_file(t, path, block);
}
