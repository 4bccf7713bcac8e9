/* SPDX-License-Identifier: Apache-2.0 */
/* Judging needs, over a tree that stands for a guest's root. */
#include "guest/need.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/test.h"

static void plant(struct tree *tree, const char *path, const char *content, unsigned mode)
{
	tree_plant_file(tree, path, content, strlen(content), mode, 0);
}

static struct tree *make_guest(void)
{
	struct tree *tree = tree_of_folder(test_folder());
	char path[256];
	struct utsname uts;

	(void)uname(&uts);
	plant(tree, "/run/systemd/system/x", "", 0644);
	plant(tree, "/usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so", "", 0644);
	plant(tree, "/usr/bin/tool", "", 0755);
	plant(tree, "/usr/bin/no-tool", "", 0644);
	plant(tree, "/etc/os-release", "ID=ubuntu\nID_LIKE=\"debian other\"\n", 0644);
	plant(tree, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu avx avx2\n", 0444);
	plant(tree, "/proc/self/mounts",
	      "rootfs / rootfs rw 0 0\n/dev/vda1 / ext4 rw 0 0\n/dev/vdb /data xfs rw 0 0\n", 0444);
	plant(tree, "/proc/swaps", "Filename Type Size Used Priority\n", 0444);
	plant(tree, "/sys/module/apparmor/parameters/enabled", "Y\n", 0444);
	(void)snprintf(path, sizeof path, "/lib/modules/%.64s/modules.dep", uts.release);
	plant(tree, path,
	      "kernel/net/foo-bar.ko.xz: kernel/net/base.ko.xz\nkernel/lib/other.ko:\n"
	      "kernel/net/bonding.ko.xz:\n",
	      0644);
	plant(tree, "/sys/module/vxlan/refcnt", "0\n", 0444);
	(void)snprintf(path, sizeof path, "/boot/config-%.64s", uts.release);
	plant(tree, path,
	      "CONFIG_BPF=y\nCONFIG_MOD=m\nCONFIG_HZ=250\n# CONFIG_OFF is not set\n"
	      "CONFIG_EXT4_FS=y\nCONFIG_BONDING=m\nCONFIG_VXLAN=m\nCONFIG_VETH=m\n",
	      0644);
	return tree;
}

TEST(guest_need, each_kind)
{
	static const char *const met[] = {
		"systemd",
		"systemd>=252",
		"cmd:tool",
		"distro:ubuntu",
		"distro:debian",
		"cpuflag:avx",
		"fs:ext4",
		"apparmor",
		"kmod:foo_bar",
		"kmod:foo-bar",
		"kmod:other",
		"kconfig:BPF",
		"kconfig:MOD",
		"kconfig:EXT4_FS",
		"kconfig:BONDING",
		"kconfig:VXLAN",
		"cpus>=2,nics>=1",
		"image:pristine",
		"",
		"-",
	};
	static const char *const not_met[] = {
		"systemd>=253", "cmd:no-tool", "cmd:other",   "distro:deb",
		"cpuflag:av",	"fs:xfs",      "selinux",     "swap",
		"kmod:foo",	"kmod:base2",  "kconfig:OFF", "kconfig:HZ",
		"kconfig:VETH", "cloud-init",  "arch:mips",   "cpus>=2,cmd:none",
	};
	CLEANUP(tree) struct tree *tree = make_guest();

	for (size_t i = 0; i < ARRAY_LEN(met); i++) {
		CLEAN_DONE(result) struct result result;
		result_init(&result, "a.b");
		EXPECT(needs_are_met(met[i], tree, &result));
		EXPECT_TEXT(result.message, "");
	}
	for (size_t i = 0; i < ARRAY_LEN(not_met); i++) {
		CLEAN_DONE(result) struct result result;
		result_init(&result, "a.b");
		EXPECT(!needs_are_met(not_met[i], tree, &result));
		EXPECT_NUMBER(result.outcome, OUTCOME_SKIP);
		EXPECT(strstr(not_met[i], result.need) != NULL && result.need[0]);
	}
}

TEST(guest_need, says_why_not)
{
	CLEANUP(tree) struct tree *tree = make_guest();
	CLEAN_DONE(result) struct result result;

	result_init(&result, "a.b");
	EXPECT(!needs_are_met("fs:btrfs", tree, &result));
	EXPECT_TEXT(result.message, "it needs fs:btrfs; the guest's root is ext4");
	EXPECT_TEXT(result.need, "fs:btrfs");
}

TEST(guest_need, tells_which_module_is_not_installed)
{
	CLEANUP(tree) struct tree *tree = make_guest();
	CLEAN_DONE(result) struct result result;

	result_init(&result, "a.b");
	EXPECT(!needs_are_met("kconfig:VETH", tree, &result));
	EXPECT_TEXT(result.message, "it needs kconfig:VETH; its module veth is not installed");
}

TEST(guest_need, what_nobody_knows_is_broken)
{
	CLEANUP(tree) struct tree *tree = make_guest();
	CLEAN_DONE(result) struct result result;

	result_init(&result, "a.b");
	EXPECT(!needs_are_met("cmd:tool,sysetmd", tree, &result));
	EXPECT_NUMBER(result.outcome, OUTCOME_BROKEN);
}

TEST(guest_need, every_kind_has_one_judge)
{
	static const char *const guest_kinds[] = {
		"apparmor", "arch", "cloud-init", "cmd",     "cpuflag", "distro", "fs",
		"kconfig",  "kmod", "root",	  "selinux", "swap",	"systemd"};

	for (size_t i = 0; i < ARRAY_LEN(guest_kinds); i++) {
		const char *at = guest_kinds[i];
		struct need need;
		EXPECT(need_next(&at, &need) && need_is_known(&need) && !need_is_of_plan(&need));
		EXPECT(need_has_checker(guest_kinds[i]));
	}
}
