// SPDX-License-Identifier: Apache-2.0
// Installed kernels: they are complete, and built with what a guest needs.
#include "guest/kit/kernels.h"
#include "guest/kit/boot.h"
#include "guest/kit/line.h"

/* Distributions that ship a symbol map beside each kernel. */
static bool ships_symbol_maps(struct trial *t)
{
	static const char *const families[] = {
		"debian", "ubuntu",    "fedora", "rhel", "centos",     "suse",	 "opensuse",
		"sles",	  "almalinux", "rocky",	 "amzn", "azurelinux", "mariner"};
	const char *text = file_text(t, "/etc/os-release");
	const char *id = text ? text_value(t, text, "ID") : NULL,
		   *like = text ? text_value(t, text, "ID_LIKE") : NULL;
	const char *all = case_format(t, "%s %s", id ? id : "", like ? like : "");

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (list_has(all, families[i], " "))
			return true;
	return false;
}

/* Whether some boot entry starts this kernel without an initrd: then none is missing. */
static bool boots_without_initrd(struct trial *t, const struct boot_menu *menu,
				 const struct kernel *kernel)
{
	for (unsigned i = 0; i < menu->count; i++) {
		const char *path =
			menu->entries[i].kernel ? boot_path(t, menu->entries[i].kernel) : NULL;
		if (path && strcmp(path, kernel->image) == 0)
			return menu->entries[i].initrd_count == 0;
	}
	return false;
}

/* The initrd may have another name, known to the boot entry only. */
static bool has_initrd(struct trial *t, const struct boot_menu *menu, const struct kernel *kernel)
{
	for (unsigned i = 0; !kernel->initrd && i < menu->count; i++) {
		const struct boot_entry *entry = &menu->entries[i];
		const char *path = entry->kernel ? boot_path(t, entry->kernel) : NULL;
		if (path && strcmp(path, kernel->image) == 0 && entry->initrd_count > 0)
			return boot_path(t, entry->initrds[entry->initrd_count - 1]) != NULL;
	}
	return kernel->initrd != NULL;
}

AUDIT(image, kernels_are_complete,
      .title = "Each installed kernel has its initrd, module tree and symbol map", .priority = P0,
      .why = "A kernel without its modules or initrd does not boot, or boots without network "
	     "and disks.",
      .remedy = "Install the kernel's package again, or remove what is left of it.")
{
	struct kernel *kernels;
	size_t count = kernels_find(t, &kernels), judged = 0;
	const struct boot_menu *menu = boot_menu_read(t);
	bool wants_map = ships_symbol_maps(t);

	for (size_t i = 0; i < count; i++) {
		const struct kernel *kernel = &kernels[i];
		if (kernel->is_rescue)
			continue;
		judged++;
		const char *problem = kernel_image_problem(t, kernel);
		if (problem)
			FAIL(t, "%s %s", kernel->image, problem);
		if (!kernel->modules)
			FAIL(t, "kernel %s has no modules in /lib/modules", kernel->release);
		else if (!file_exists(t, case_format(t, "%s/modules.dep", kernel->modules)))
			FAIL(t, "kernel %s has modules without an index (modules.dep)",
			     kernel->release);
		else
			check_passed(t);
		if (!has_initrd(t, menu, kernel) && !boots_without_initrd(t, menu, kernel))
			FAIL(t, "kernel %s has no initrd", kernel->release);
		if (wants_map && !kernel->symbols)
			FAIL(t, "kernel %s has no System.map", kernel->release);
	}
	if (judged == 0)
		case_skip(t, "kernel", "no kernel is found in /boot or /usr/lib/modules");
}

SABOTAGE(image, kernels_are_complete, "the newest kernel's modules were removed")
{
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->modules)
		case_broken(t, "the modules are not there already");
	tree_plant_absence(case_tree(t), kernel->modules);
}

static const struct guest_driver {
	const char *name, *option, *module;
} guest_drivers[] = {
	{"pci", "CONFIG_VIRTIO_PCI", "virtio_pci"},
	{"disk", "CONFIG_VIRTIO_BLK", "virtio_blk"},
	{"network", "CONFIG_VIRTIO_NET", "virtio_net"},
	{"scsi", "CONFIG_SCSI_VIRTIO", "virtio_scsi"},
	{"console", "CONFIG_VIRTIO_CONSOLE", "virtio_console"},
	{"randomness", "CONFIG_HW_RANDOM_VIRTIO", "virtio_rng"},
	{"nvme", "CONFIG_BLK_DEV_NVME", "nvme"},
};

AUDIT_EACH(
	kernel, config_has_guest_drivers, guest_drivers,
	.title = "The kernel is built with every virtio and platform driver promised",
	.priority = P0,
	.sources = "AZCERT:ms-policy/200.5d-synthetic-nic,AZCERT:ms-prep/hv-kernel-config,"
		   "AZCERT:ms-prep/mana-mlx-drivers,AZCERT:aws-mp/drivers-ena-nvme",
	.why = "A machine of a size whose device has no driver does not boot, or has no "
	       "network.",
	.remedy = "Install the distribution's kernel for virtual machines, or build the option in.")
{
	struct kernel *kernel = kernels_newest(t);
	const char *config = kernel_config_text(t, kernel);

	if (!config)
		case_skip(t, "kconfig", "the configuration of kernel %s is not in the image",
			  kernel->release);
	const char *value = text_value(t, config, c->option);
	if (value && strcmp(value, "m") == 0 && kernel->modules)
		CHECK(t, kernel_has_driver(t, kernel, c->module));
	else
		CHECK_ONE_OF(t, value, "y", "m");
}

SABOTAGE(kernel, config_has_guest_drivers, "the kernel was built without virtio-blk")
{
	struct kernel *kernel = kernels_newest(t);
	const char *config = kernel_config_text(t, kernel);
	const char *value = config ? text_value(t, config, "CONFIG_VIRTIO_BLK") : NULL;

	if (!value)
		case_skip(t, "kconfig", "the configuration of kernel %s does not say it",
			  kernel->release);
	sabotage_replace(t, kernel->config, case_format(t, "CONFIG_VIRTIO_BLK=%s", value),
			 "# CONFIG_VIRTIO_BLK is not set");
}

static const struct media_filesystem {
	const char *name, *what_for;
} media_filesystems[] = {
	{"isofs", "configuration drives and NoCloud media"},
	{"vfat", "the EFI system partition"},
	{"udf", "some clouds' provisioning drives"},
};

/* A line "install NAME /bin/false" or the like takes a module away; blacklist only stops it from loading by itself. */
static const char *find_install_line(struct trial *t, const char *module)
{
	static const char *const folders[] = {"/etc/modprobe.d", "/usr/lib/modprobe.d",
					      "/lib/modprobe.d"};
	struct words words;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			const char *text = has_suffix(*name, ".conf") ? file_text(t, path) : NULL;
			for (const char *line; text && (line = text_line(t, &text));) {
				words_split(line, &words);
				if (words.count > 2 && strcmp(words.at[0], "install") == 0 &&
				    strcmp(words.at[1], module) == 0 &&
				    (has_suffix(words.at[2], "/false") ||
				     has_suffix(words.at[2], "/true")))
					return case_format(t, "\"%s\" in %s", line, path);
			}
		}
	return NULL;
}

AUDIT_EACH(kernel, provisioning_filesystems_are_available, media_filesystems,
	   .title = "UDF, ISO 9660 and FAT can be mounted, for provisioning media", .priority = P1,
	   .sources = "AZCERT:ms-prep/udf-and-vfat-modules,AZCERT:ms-prep/iso-only-mode",
	   .why = "Provisioning data that cannot be mounted is not read: the machine has no user, "
		  "key or name.",
	   .remedy = "Remove the modprobe.d line of the hardening guide, or install the kernel's "
		     "extra modules.")
{
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->modules)
		case_skip(t, "kernel", "the modules of kernel %s are not there", kernel->release);
	const char *line = find_install_line(t, c->name);
	if (line)
		FAIL(t, "%s (for %s) cannot be loaded: %s", c->name, c->what_for, line);
	else if (kernel_has_driver(t, kernel, c->name))
		check_passed(t);
	else
		FAIL(t, "kernel %s has no %s, for %s", kernel->release, c->name, c->what_for);
}

SABOTAGE(kernel, provisioning_filesystems_are_available, "udf is switched off in modprobe.d")
{
	sabotage_file(t, "/etc/modprobe.d/planted.conf", "install udf /bin/false\n");
}

static const char *const debug_options[] = {"CONFIG_PROVE_LOCKING",
					    "CONFIG_LOCKDEP",
					    "CONFIG_KASAN",
					    "CONFIG_KMEMLEAK",
					    "CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT",
					    "CONFIG_DEBUG_KMEMLEAK",
					    "CONFIG_KCSAN",
					    "CONFIG_UBSAN_TRAP",
					    "CONFIG_DEBUG_SPINLOCK",
					    "CONFIG_DEBUG_MUTEXES",
					    "CONFIG_KCOV"};

AUDIT(kernel, config_has_no_debug_features,
      .title = "A production kernel has no lockdep, KASAN or page-debug options", .priority = P2,
      .why = "Such a kernel is slow by a factor and takes far more memory.",
      .remedy = "Install the distribution's production kernel.")
{
	struct kernel *kernel = kernels_newest(t);
	const char *config = kernel_config_text(t, kernel);

	if (!config)
		case_skip(t, "kconfig", "the configuration of kernel %s is not in the image",
			  kernel->release);
	for (size_t i = 0; i < ARRAY_LEN(debug_options); i++) {
		const char *value = text_value(t, config, debug_options[i]);
		if (value && strcmp(value, "y") == 0)
			FAIL(t, "kernel %s was built with %s", kernel->release, debug_options[i]);
		else
			check_passed(t);
	}
}

SABOTAGE(kernel, config_has_no_debug_features, "the kernel was built with lock checking")
{
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->config)
		case_skip(t, "kconfig", "the configuration of kernel %s is not in the image",
			  kernel->release);
	sabotage_append(t, kernel->config, "CONFIG_PROVE_LOCKING=y");
}
