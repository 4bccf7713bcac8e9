// SPDX-License-Identifier: Apache-2.0
// The initrd: its modules are the kernel's, find the disk of any machine, and it gives nothing away.
#include "guest/kit/boot.h"
#include "guest/kit/initrd.h"
#include "guest/kit/kernels.h"
#include "guest/kit/line.h"

/* The kernel that the default entry boots, and its last initrd (those before it hold microcode). */
struct pair {
	struct kernel *kernel;
	const char *initrd; /* NULL: it boots without one */
};

static struct pair default_pair(struct trial *t)
{
	struct boot_menu *menu = boot_menu_read(t);
	struct pair pair = {NULL, NULL};

	if (!menu->chosen) {
		/* A loader that Assay cannot read boots the newest kernel, as far as anybody can say. */
		pair.kernel = kernels_newest(t);
		pair.initrd = pair.kernel->initrd;
		return pair;
	}
	const char *path = boot_path(t, menu->chosen->kernel);
	unsigned count = menu->chosen->initrd_count;
	pair.kernel = path ? kernels_by_image(t, path) : NULL;
	if (!pair.kernel)
		case_skip(t, "kernel", "the default entry's kernel %s is not found",
			  menu->chosen->kernel);
	pair.initrd = count > 0 ? boot_path(t, menu->chosen->initrds[count - 1]) : NULL;
	return pair;
}

/* What finds the root disk on every size that is promised, as modules. */
static const char *promised_drivers(struct trial *t)
{
	return plan_text(t, "boot_drivers", "virtio_pci virtio_blk virtio_scsi nvme");
}

/* A fact of the root filesystem; "" when it is not known. */
static const char *root_fact(struct trial *t, const char *key)
{
	struct text facts = TEXT_INIT(4096);
	const char *copy = case_format(
		t, "%s", tree_filesystem(case_tree(t), 0, &facts) == 0 ? facts.buf : "");

	text_done(&facts);
	const char *value = text_value(t, copy, key);
	return value ? value : "";
}

/* The module of the root's filesystem; NULL when it is not known. */
static const char *root_type(struct trial *t)
{
	const char *name = root_fact(t, "type");

	if (strcmp(name, "ext2") == 0 || strcmp(name, "ext3") == 0)
		return "ext4"; /* which drives them all */
	return name[0] ? name : NULL;
}

static void check_driver(struct trial *t, struct kernel *kernel, const char *names,
			 const char *driver)
{
	if (kernel_has_builtin(t, kernel, driver) || module_is_in(names, driver))
		check_passed(t);
	else
		FAIL(t, "neither the initrd nor the kernel %s itself has the driver %s",
		     kernel->release, driver);
}

AUDIT(boot, initrd_has_boot_drivers,
      .title = "The initrd or kernel holds every driver needed for promised controllers",
      .priority = P0,
      .sources = "LISA:verify_initrd_modules,CIV:test_dracut_conf_xen,"
		 "imgproof:test_sles_ec2_dracut_conf,AZCERT:ms-prep/hv-modules-in-initramfs,"
		 "AZCERT:ms-prep/nvme-in-initramfs,AZCERT:lisa-std/p1-hv-modules,"
		 "AZCERT:aws-mp/drivers-ena-nvme,AZCERT:gcp/virtio-drivers,"
		 "AZCERT:openstack/paravirt",
      .why = "A machine whose disk controller has no driver in the initrd never finds its "
	     "root filesystem.",
      .remedy = "Build the initrd with MODULES=most (initramfs-tools), or add_drivers (dracut); "
		"the policy's boot_drivers lists others.")
{
	struct pair pair = default_pair(t);
	const char *names = pair.initrd ? initrd_read(t, pair.initrd)->names : "";
	struct words drivers = {.count = 0};

	if (!pair.kernel->modules)
		case_skip(t, "kernel", "the modules of kernel %s are not there",
			  pair.kernel->release);
	words_split(promised_drivers(t), &drivers);
	for (unsigned i = 0; i < drivers.count; i++)
		check_driver(t, pair.kernel, names, drivers.at[i]);
	const char *type = root_type(t);
	if (type)
		check_driver(t, pair.kernel, names, type);
	if (root_fact(t, "volume")[0])
		check_driver(t, pair.kernel, names, "dm_mod");
}

SABOTAGE(boot, initrd_has_boot_drivers, "the initrd has no virtio_scsi and nvme")
{
	struct pair pair = default_pair(t);
	const char *prefix =
		case_format(t, "usr/lib/modules/%s/kernel/drivers", pair.kernel->release);
	const struct initrd_file files[] = {
		{case_format(t, "%s/virtio/virtio_pci.ko", prefix), "module"},
		{case_format(t, "%s/block/virtio_blk.ko", prefix), "module"},
		{"init", "#!/bin/sh\n"},
	};

	if (!pair.initrd)
		case_skip(t, "initrd", "the default entry boots without an initrd");
	initrd_sabotage(t, pair.initrd, files, ARRAY_LEN(files));
}

/* The folder behind "/lib/modules/" in a name; NULL when the name is none of a module folder. */
static const char *release_of(struct trial *t, const char *name)
{
	const char *at = strstr(name, "/lib/modules/");

	if (!at)
		return NULL;
	at += strlen("/lib/modules/");
	size_t length = strcspn(at, "/\n");
	return length > 0 && at[length] == '/' ? case_format(t, "%.*s", (int)length, at) : NULL;
}

AUDIT(boot, initrd_modules_match_kernel,
      .title = "The initrd holds modules built for exactly the kernel it is paired with",
      .priority = P0,
      .why = "A kernel refuses modules of another build: the root disk is not found.",
      .remedy = "Build the initrd for this kernel: update-initramfs -u -k VERSION, dracut "
		"--force --kver VERSION.")
{
	struct pair pair = default_pair(t);
	char line[LINE_SIZE];
	unsigned right = 0;

	if (!pair.initrd)
		case_skip(t, "initrd", "the default entry boots without an initrd");
	for (const char *at = initrd_read(t, pair.initrd)->names;
	     line_next(&at, line, sizeof line, NULL);) {
		const char *release = strstr(line, "/lib/modules/") ? release_of(t, line) : NULL;
		if (!release)
			continue;
		if (strcmp(release, pair.kernel->release) == 0) {
			right++;
			continue;
		}
		FAIL(t, "%s holds %s, built for %s; its kernel is %s", pair.initrd, line, release,
		     pair.kernel->release);
		return;
	}
	if (right == 0)
		case_skip(t, "initrd", "%s holds no modules", pair.initrd);
	check_passed(t);
}

SABOTAGE(boot, initrd_modules_match_kernel, "the initrd was built for another kernel")
{
	struct pair pair = default_pair(t);
	static const struct initrd_file files[] = {
		{"usr/lib/modules/1.2.3-planted/kernel/drivers/block/virtio_blk.ko", "module"},
		{"init", "#!/bin/sh\n"},
	};

	if (!pair.initrd)
		case_skip(t, "initrd", "the default entry boots without an initrd");
	initrd_sabotage(t, pair.initrd, files, ARRAY_LEN(files));
}

AUDIT(boot, initrd_has_no_secrets,
      .title = "The initrd contains no private key, password or authorized key", .priority = P1,
      .why = "The initrd lies unencrypted on every disk and every copy of the image.",
      .remedy = "Find the hook that copies the file, remove it and build the initrd anew.")
{
	struct pair pair = default_pair(t);
	char line[LINE_SIZE];

	if (!pair.initrd)
		case_skip(t, "initrd", "the default entry boots without an initrd");
	const struct initrd *initrd = initrd_read(t, pair.initrd);
	REQUIRE(t, initrd->count > 0);
	for (const char *at = initrd->secrets; line_next(&at, line, sizeof line, NULL);)
		FAIL(t, "in %s is %s", pair.initrd, line);
}

SABOTAGE(boot, initrd_has_no_secrets, "the initrd holds a private key")
{
	struct pair pair = default_pair(t);
	static const struct initrd_file files[] = {
		{"etc/dropbear/id_build", "-----BEGIN OPENSSH PRIVATE KEY-----\nplanted\n"},
		{"init", "#!/bin/sh\n"},
	};

	if (!pair.initrd)
		case_skip(t, "initrd", "the default entry boots without an initrd");
	initrd_sabotage(t, pair.initrd, files, ARRAY_LEN(files));
}

/* ---- how it is built ---- */

/* The last KEY=value of a configuration file and of the files in its folder, in their order. */
static const char *last_setting(struct trial *t, const char *value, const char *file,
				const char *key)
{
	const char *text = file_text(t, file);

	for (const char *line; text && (line = text_line(t, &text));) {
		const char *found = line[0] == '#' ? NULL : text_value(t, line, key);
		value = found ? found : value;
	}
	return value;
}

static const char *last_setting_in(struct trial *t, const char *value, const char *folder,
				   const char *key)
{
	for (const char *const *name = file_text_names(t, folder); *name; name++)
		value = last_setting(t, value, case_format(t, "%s/%s", folder, *name), key);
	return value;
}

#define INITRAMFS_TOOLS "/etc/initramfs-tools"

static void check_initramfs_tools(struct trial *t)
{
	const char *modules = last_setting(t, "most", INITRAMFS_TOOLS "/initramfs.conf", "MODULES");

	modules = last_setting_in(t, modules, INITRAMFS_TOOLS "/conf.d", "MODULES");
	CHECK_NE(t, modules, "dep");
}

/* dracut reads the names of both folders in one order; a file in /etc hides the one of its name in /usr. */
static void check_dracut(struct trial *t)
{
	const char *mode = last_setting_in(t, "no", "/usr/lib/dracut/dracut.conf.d", "hostonly");

	mode = last_setting(t, mode, "/etc/dracut.conf", "hostonly");
	mode = last_setting_in(t, mode, "/etc/dracut.conf.d", "hostonly");
	CHECK_NE(t, mode, "yes");
}

AUDIT(boot, initrd_is_generic,
      .title = "The initrd is built for any machine, not only for the build host", .priority = P1,
      .sources = "AZCERT:ms-prep/initramfs-host-only-off",
      .why = "An initrd for the build host's hardware does not find the disk of another "
	     "machine.",
      .remedy = "Set MODULES=most in initramfs.conf, or hostonly=no for dracut, and build the "
		"initrd anew.")
{
	bool has_tools = file_exists(t, INITRAMFS_TOOLS "/initramfs.conf");
	bool has_dracut = file_exists(t, "/usr/bin/dracut") || file_exists(t, "/usr/sbin/dracut");

	if (!has_tools && !has_dracut)
		case_skip(t, "initrd", "neither initramfs-tools nor dracut is installed");
	if (has_tools)
		check_initramfs_tools(t);
	if (has_dracut)
		check_dracut(t);
}

SABOTAGE(boot, initrd_is_generic, "initrds are built for one machine only")
{
	if (file_exists(t, INITRAMFS_TOOLS "/initramfs.conf"))
		sabotage_file(t, INITRAMFS_TOOLS "/conf.d/zz-planted", "MODULES=dep\n");
	else
		sabotage_file(t, "/etc/dracut.conf.d/zz-planted.conf", "hostonly=\"yes\"\n");
}
