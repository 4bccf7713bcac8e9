/* SPDX-License-Identifier: Apache-2.0 */
/* One checker for each kind of need that is judged in the guest. */
#include "guest/need.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "guest/kit/kernel_config.h"
#include "guest/kit/systemd_version.h"

#define FILE_MAX (8U << 20)

/* True when the need is met. Else `why` may say more than that it is not. */
typedef bool need_checker(const struct need *need, struct tree *tree, struct text *why);

static bool exists(struct tree *tree, const char *path)
{
	struct tree_stat st;

	return tree_stat(tree, path, &st) == 0;
}

static bool needs_root(const struct need *need UNUSED, struct tree *tree UNUSED,
		       struct text *why UNUSED)
{
	return geteuid() == 0;
}

static bool needs_systemd(const struct need *need, struct tree *tree, struct text *why)
{
	if (!exists(tree, "/run/systemd/system")) {
		(void)text_adds(why, "the guest was not booted by systemd");
		return false;
	}
	long long version = need->at_least > 0 ? systemd_version(tree) : 0;
	if (version < need->at_least)
		(void)text_addf(why, "the guest has systemd %lld", version);
	return version >= need->at_least;
}

static bool needs_cloud_init(const struct need *need UNUSED, struct tree *tree,
			     struct text *why UNUSED)
{
	return exists(tree, "/usr/bin/cloud-init");
}

/* Compares names of modules, for which - and _ are the same, up to the dot. */
static bool is_module(const char *file, const char *name)
{
	for (; *name; file++, name++) {
		char a = *file == '-' ? '_' : *file, b = *name == '-' ? '_' : *name;
		if (a != b)
			return false;
	}
	return strncmp(file, ".ko", 3) == 0;
}

static bool has_module(struct tree *tree, const char *name)
{
	CLEAN_TEXT struct text list = TEXT_INIT(FILE_MAX);
	struct utsname uts;
	char path[256];

	(void)uname(&uts);
	(void)snprintf(path, sizeof path, "/lib/modules/%.64s/modules.dep", uts.release);
	(void)tree_read(tree, path, &list);
	for (const char *line = list.buf; *line;) {
		size_t length = strcspn(line, ":\n");
		const char *slash = memrchr(line, '/', length);
		if (is_module(slash ? slash + 1 : line, name))
			return true;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

static bool needs_kmod(const struct need *need, struct tree *tree, struct text *why UNUSED)
{
	return has_module(tree, need->name);
}

/* A kernel may be split into packages, and not all of its modules be installed. What an option builds as a module, where a case
 * fails without it. */
static const struct option_module {
	const char *option, *module;
} option_modules[] = {
	{"BLK_DEV_MD", "md_mod"},
	{"BLK_DEV_NVME", "nvme"},
	{"BLK_DEV_SD", "sd_mod"},
	{"BLK_DEV_SR", "sr_mod"},
	{"BONDING", "bonding"},
	{"BRIDGE", "bridge"},
	{"CRYPTO_USER_API_HASH", "algif_hash"},
	{"EXT4_FS", "ext4"},
	{"INET_DIAG", "inet_diag"},
	{"KEYBOARD_ATKBD", "atkbd"},
	{"MD_RAID1", "raid1"},
	{"NF_TABLES", "nf_tables"},
	{"NFT_MASQ", "nft_masq"},
	{"NFT_NAT", "nft_nat"},
	{"OVERLAY_FS", "overlay"},
	{"PVPANIC_PCI", "pvpanic_pci"},
	{"SCSI_VIRTIO", "virtio_scsi"},
	{"TCP_CONG_BBR", "tcp_bbr"},
	{"VETH", "veth"},
	{"VIRTIO_BALLOON", "virtio_balloon"},
	{"VIRTIO_CONSOLE", "virtio_console"},
	{"VIRTIO_MEM", "virtio_mem"},
	{"VLAN_8021Q", "8021q"},
	{"VMGENID", "vmgenid"},
	{"VMWARE_PVSCSI", "vmw_pvscsi"},
	{"VXLAN", "vxlan"},
};

/* Such a one need not be in the image: the initrd may have brought it. */
static bool is_loaded(struct tree *tree, const char *module)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/sys/module/%s", module);
	return exists(tree, path);
}

static bool has_module_of(const char *option, struct tree *tree, struct text *why)
{
	for (size_t i = 0; i < ARRAY_LEN(option_modules); i++) {
		const char *module = option_modules[i].module;
		if (strcmp(option_modules[i].option, option) != 0)
			continue;
		if (has_module(tree, module) || is_loaded(tree, module))
			return true;
		(void)text_addf(why, "its module %s is not installed", module);
		return false;
	}
	return true;
}

static bool needs_kconfig(const struct need *need, struct tree *tree, struct text *why)
{
	CLEAN_TEXT struct text config = TEXT_INIT(FILE_MAX);
	char value[16];
	int r = kernel_config_read(tree, &config);

	if (r < 0) {
		(void)text_adds(why, "the kernel's configuration is not to be had");
		return false;
	}
	if (!kernel_config_value(config.buf, need->name, value, sizeof value))
		return false;
	if (strcmp(value, "m") == 0)
		return has_module_of(need->name, tree, why);
	return strcmp(value, "y") == 0;
}

static bool needs_cmd(const struct need *need, struct tree *tree, struct text *why UNUSED)
{
	static const char *const folders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
					      "/usr/bin",	 "/sbin",	   "/bin"};
	struct tree_stat st;
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folders[i], need->name);
		if (tree_stat(tree, path, &st) == 0 && S_ISREG(st.mode) && (st.mode & 0111))
			return true;
	}
	return false;
}

static bool needs_arch(const struct need *need, struct tree *tree UNUSED, struct text *why)
{
	static const char *const aliases[][2] = {
		{"amd64", "x86_64"},
		{"x86-64", "x86_64"},
		{"arm64", "aarch64"},
	};
	const char *wanted = need->name;
	struct utsname uts;

	(void)uname(&uts);
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (strcmp(wanted, aliases[i][0]) == 0)
			wanted = aliases[i][1];
	}
	(void)text_addf(why, "the guest is %s", uts.machine);
	return strcmp(wanted, uts.machine) == 0;
}

/* True when `word` is one of the words in `line` up to its end. */
static bool has_word(const char *line, const char *word)
{
	size_t length = strlen(word);

	while (*line && *line != '\n') {
		line += strspn(line, " \t\"'");
		size_t n = strcspn(line, " \t\"'\n");
		if (n == length && n > 0 && memcmp(line, word, n) == 0)
			return true;
		line += n;
	}
	return false;
}

static bool needs_cpuflag(const struct need *need, struct tree *tree, struct text *why UNUSED)
{
	CLEAN_TEXT struct text info = TEXT_INIT(FILE_MAX);

	(void)tree_read(tree, "/proc/cpuinfo", &info);
	const char *flags = strstr(info.buf, "\nflags"), *features = strstr(info.buf, "\nFeatures");
	const char *line = flags ? flags : features;
	return line && has_word(line + 1, need->name);
}

static bool needs_fs(const struct need *need, struct tree *tree, struct text *why)
{
	CLEAN_TEXT struct text mounts = TEXT_INIT(FILE_MAX);
	char point[256], type[64] = "";

	(void)tree_read(tree, "/proc/self/mounts", &mounts);
	for (const char *line = mounts.buf; *line;) {
		char this_type[64];
		if (sscanf(line, "%*s %255s %63s", point, this_type) == 2 &&
		    strcmp(point, "/") == 0)
			(void)snprintf(type, sizeof type, "%s",
				       this_type); /* the last one is on top */
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	(void)text_addf(why, "the guest's root is %s", type[0] ? type : "unknown");
	return strcmp(type, need->name) == 0;
}

static bool needs_distro(const struct need *need, struct tree *tree, struct text *why)
{
	CLEAN_TEXT struct text release = TEXT_INIT(65536);
	const char *id;

	if (tree_read(tree, "/etc/os-release", &release) < 0)
		(void)tree_read(tree, "/usr/lib/os-release", &release);
	for (const char *line = release.buf; *line;) {
		bool is_id = has_prefix(line, "ID="), is_like = has_prefix(line, "ID_LIKE=");
		id = strchr(line, '=');
		if ((is_id || is_like) && has_word(id + 1, need->name))
			return true;
		if (is_id)
			(void)text_addf(why, "the guest is %.*s", (int)strcspn(id + 1, "\n"),
					id + 1);
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

static bool needs_selinux(const struct need *need UNUSED, struct tree *tree,
			  struct text *why UNUSED)
{
	return exists(tree, "/sys/fs/selinux/enforce");
}

static bool needs_apparmor(const struct need *need UNUSED, struct tree *tree,
			   struct text *why UNUSED)
{
	CLEAN_TEXT struct text enabled = TEXT_INIT(64);

	return tree_read(tree, "/sys/module/apparmor/parameters/enabled", &enabled) == 0 &&
	       enabled.buf[0] == 'Y';
}

static bool needs_swap(const struct need *need UNUSED, struct tree *tree, struct text *why UNUSED)
{
	CLEAN_TEXT struct text swaps = TEXT_INIT(65536);

	return tree_read(tree, "/proc/swaps", &swaps) == 0 && strstr(swaps.buf, "\n/");
}

/* It is judged on the disk before the first boot, and here the boot has been. */
static bool needs_image(const struct need *need, struct tree *tree, struct text *why)
{
	if (strcmp(need->name, "pristine") != 0)
		return true; /* the plan's business */
	if (!tree_is_offline(tree))
		(void)text_adds(why, "it is judged on the disk, before the first boot");
	return tree_is_offline(tree);
}

/* Sorted by kind; a unit test says so. */
static const struct need_line {
	const char *kind;
	need_checker *check;
} need_lines[] = {
	{"apparmor", needs_apparmor},
	{"arch", needs_arch},
	{"cloud-init", needs_cloud_init},
	{"cmd", needs_cmd},
	{"cpuflag", needs_cpuflag},
	{"distro", needs_distro},
	{"fs", needs_fs},
	{"image", needs_image},
	{"kconfig", needs_kconfig},
	{"kmod", needs_kmod},
	{"root", needs_root},
	{"selinux", needs_selinux},
	{"swap", needs_swap},
	{"systemd", needs_systemd},
};

static need_checker *find_checker(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(need_lines); i++) {
		if (strcmp(need_lines[i].kind, kind) == 0)
			return need_lines[i].check;
	}
	return NULL;
}

bool need_has_checker(const char *kind)
{
	return find_checker(kind) != NULL;
}

static void say_not_met(const struct need *need, const struct text *why, struct result *result)
{
	result_set(result, OUTCOME_SKIP, "it needs %s%s%s", need->text, why->length > 0 ? "; " : "",
		   why->buf);
	(void)snprintf(result->need, sizeof result->need, "%s", need->text);
}

bool needs_are_met(const char *needs, struct tree *tree, struct result *result)
{
	struct need need;

	for (const char *at = needs; need_next(&at, &need);) {
		CLEAN_TEXT struct text why = TEXT_INIT(256);
		need_checker *check = find_checker(need.kind);

		if (!check && need_is_of_plan(&need))
			continue;
		if (!check) {
			result_set(result, OUTCOME_BROKEN,
				   "nobody knows how to judge its need \"%s\"", need.text);
			return false;
		}
		if (!check(&need, tree, &why)) {
			say_not_met(&need, &why, result);
			return false;
		}
	}
	return true;
}
