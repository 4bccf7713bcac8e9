// SPDX-License-Identifier: Apache-2.0
// Boot menus of GRUB, of boot loader specification files and of extlinux; and sshd's configuration, which is found alike.
#include "guest/kit/boot.h"

#include "base/test.h"
#include "guest/kit/sshd_config.h"
#include "guest/kit/trial.h"

/* Plants a file in the trial's tree. */
static void plant(struct trial *t, const char *path, const char *content)
{
	tree_plant_file(case_tree(t), path, content, strlen(content), 0644, 0);
}

/* Runs a body over an empty tree; EXPECT works inside of it. */
static void run_body(void (*body)(struct trial *t, const void *row))
{
	const struct case_def def = {.info = {.area = "test", .name = "boot"}, .body = body};
	struct tree *tree = tree_of_folder(test_folder());
	const struct trial_setup setup = {.def = &def, .tree = tree, .parameters = ""};
	CLEAN_DONE(result) struct result result;

	result_init(&result, "test.boot");
	trial_execute(&setup, &result);
	EXPECT_TEXT(result.message, "");
	EXPECT(result.outcome == OUTCOME_PASS);
	tree_free(tree);
}

static void read_submenu(struct trial *t, const void *row UNUSED)
{
	plant(t, "/boot/grub/grub.cfg",
	      "set default=\"1>advanced-old\"\n"
	      "function gfxmode {\n\tset gfxpayload=\"${1}\"\n}\n"
	      "menuentry 'New' --class x $menuentry_id_option 'simple' {\n"
	      "\tif [ x$grub_platform = xxen ]; then insmod xzio; fi\n"
	      "\tlinux\t/vmlinuz-2 root=UUID=2 quiet\n\tinitrd\t/initrd-2\n}\n"
	      "submenu 'More' $menuentry_id_option 'advanced' {\n"
	      "\tmenuentry 'Old' $menuentry_id_option 'advanced-old' {\n"
	      "\t\tlinuxefi ($root)/@/boot/vmlinuz-1 root=UUID=1 ro \n\t\tinitrdefi /ucode /initrd-1\n\t}\n}\n");
	plant(t, "/boot/vmlinuz-1", "kernel");
	const struct boot_menu *menu = boot_menu_read(t);
	EXPECT_TEXT(menu->loader, "grub");
	EXPECT_NUMBER(menu->count, 2);
	EXPECT_TEXT(menu->entries[0].place, "0");
	EXPECT_TEXT(menu->entries[1].place, "1>0");
	const struct boot_entry *chosen = boot_default(t);
	EXPECT_TEXT(chosen->title, "Old");
	EXPECT_TEXT(chosen->arguments, "root=UUID=1 ro");
	EXPECT_TEXT(chosen->kernel, "/@/boot/vmlinuz-1");
	EXPECT_TEXT(boot_path(t, chosen->kernel), "/boot/vmlinuz-1");
	EXPECT(boot_path(t, "/nowhere") == NULL);
	EXPECT_NUMBER(chosen->initrd_count, 2);
	EXPECT_TEXT(chosen->initrds[1], "/initrd-1");
	EXPECT_TEXT(boot_argument(t, chosen, "root"), "UUID=1");
	EXPECT_TEXT(boot_argument(t, chosen, "ro"), "");
	EXPECT(boot_argument(t, chosen, "roo") == NULL);
	check_passed(t);
}

TEST(boot, grub_chooses_in_a_submenu)
{
	run_body(read_submenu);
}

static void read_saved(struct trial *t, const void *row UNUSED)
{
	plant(t, "/boot/grub/grub.cfg",
	      "if [ \"${next_entry}\" ] ; then\n   set default=\"${next_entry}\"\nelse\n   set default=\"${saved_entry}\"\n"
	      "fi\nmenuentry A --id=a {\nlinux /a one\n}\nmenuentry B --id b {\nlinux /b two\n}\n");
	plant(t, "/boot/grub/grubenv", "# GRUB Environment Block\nsaved_entry=b\n####");
	EXPECT_TEXT(boot_default(t)->title, "B");
	check_passed(t);
}

TEST(boot, grub_takes_the_saved_entry)
{
	run_body(read_saved);
}

static void read_cut(struct trial *t, const void *row)
{
	plant(t, "/boot/grub/grub.cfg", *(const char *const *)row);
	EXPECT_NUMBER(boot_menu_read(t)->count, 2);
	check_passed(t);
}

/* The first is whole; of the others GRUB shows no menu, or another one than was meant. */
TEST(boot, grub_is_not_read_when_it_is_cut_off)
{
	static const char *const scripts[] = {
		"### BEGIN x ###\nmenuentry A { linux /a; }\nmenuentry B {\nlinux /b\n}\n### END x ###\n",
		"menuentry A {\nlinux /a\n}\nmenuentry B {\nlinux /b\n",
		"submenu A {\nmenuentry B {\nlinux /b\n}\nmenuentry C {\n}",
		"### BEGIN x ###\nmenuentry A {\nlinux /a\n}\n",
	};
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
		const struct case_def def = {.info = {.area = "test", .name = "boot"},
					     .body = read_cut,
					     .rows = &scripts[i],
					     .row_size = sizeof scripts[i],
					     .row_count = 1};
		const struct trial_setup setup = {.def = &def, .tree = tree, .parameters = ""};
		CLEAN_DONE(result) struct result result;
		result_init(&result, "test.boot");
		trial_execute(&setup, &result);
		EXPECT_TEXT(outcome_name(result.outcome), i == 0 ? "pass" : "broken");
	}
}

static void read_bls(struct trial *t, const void *row UNUSED)
{
	plant(t, "/boot/grub2/grub.cfg", "set kernelopts=\"root=UUID=9 ro\"\nblscfg\n");
	plant(t, "/boot/loader/entries/id-5.9.conf",
	      "title Nine\nlinux /vmlinuz-5.9\ninitrd /initramfs-5.9.img $tuned_initrd\noptions $kernelopts $tuned_params x=1\n");
	plant(t, "/boot/loader/entries/id-5.10.conf",
	      "title Ten\r\nlinux /vmlinuz-5.10\r\noptions a\noptions b\n");
	const struct boot_menu *menu = boot_menu_read(t);
	EXPECT_TEXT(menu->loader, "bls");
	EXPECT_NUMBER(menu->count, 2);
	EXPECT_TEXT(boot_default(t)->title, "Ten"); /* 5.10 is newer than 5.9 */
	EXPECT_TEXT(boot_default(t)->arguments, "a b");
	EXPECT_TEXT(menu->entries[1].arguments, "root=UUID=9 ro x=1");
	EXPECT_NUMBER(menu->entries[1].initrd_count, 1);
	plant(t, "/boot/grub2/grubenv", "saved_entry=id-5.9\nkernelopts=root=UUID=8\n");
	EXPECT_TEXT(boot_default(t)->title, "Nine");
	EXPECT_TEXT(boot_default(t)->arguments, "root=UUID=8 x=1");
	check_passed(t);
}

TEST(boot, grub_reads_boot_loader_specification_files)
{
	run_body(read_bls);
}

static void read_systemd_boot(struct trial *t, const void *row UNUSED)
{
	plant(t, "/efi/loader/loader.conf", "timeout 3\ndefault arch-*\n");
	plant(t, "/efi/loader/entries/arch-1.conf",
	      "title Arch\nlinux /vmlinuz-linux\noptions root=LABEL=a\n");
	plant(t, "/efi/loader/entries/zz.conf", "title Other\nlinux /vmlinuz-other\n");
	EXPECT_TEXT(boot_menu_read(t)->loader, "systemd-boot");
	EXPECT_TEXT(boot_default(t)->title, "Arch");
	check_passed(t);
}

TEST(boot, systemd_boot_takes_a_pattern)
{
	run_body(read_systemd_boot);
}

static void read_extlinux(struct trial *t, const void *row UNUSED)
{
	plant(t, "/boot/extlinux.conf",
	      "DEFAULT virt\nLABEL lts\n  LINUX vmlinuz-lts\nLABEL virt\n  MENU LABEL Linux virt\n  LINUX vmlinuz-virt\n"
	      "  INITRD a.img,b.img\n  APPEND root=UUID=7 quiet\n");
	plant(t, "/boot/vmlinuz-virt", "kernel");
	const struct boot_entry *chosen = boot_default(t);
	EXPECT_TEXT(chosen->id, "virt");
	EXPECT_NUMBER(chosen->initrd_count, 2);
	EXPECT_TEXT(boot_path(t, chosen->kernel), "/boot/vmlinuz-virt");
	check_passed(t);
}

TEST(boot, extlinux_takes_its_label)
{
	run_body(read_extlinux);
}

static void count_match(struct trial *t UNUSED, void *arg, const char *criteria, const char *value)
{
	EXPECT_TEXT(value, "yes");
	EXPECT(strstr(criteria, "User x") != NULL);
	(*(unsigned *)arg)++;
}

static void read_sshd(struct trial *t, const void *row UNUSED)
{
	unsigned matches = 0;

	plant(t, "/usr/sbin/sshd", "program");
	plant(t, "/etc/ssh/sshd_config",
	      "# PermitRootLogin no\nInclude /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n"
	      "Match User x\n\tPermitRootLogin yes\n\tUsePAM no\nMatch all\nUsePAM yes\n");
	plant(t, "/etc/ssh/sshd_config.d/20.conf",
	      "PermitRootLogin=prohibit-password\nMatch User y\nUsePAM no\n");
	plant(t, "/etc/ssh/sshd_config.d/30.conf", "PermitRootLogin yes\n");
	plant(t, "/etc/ssh/sshd_config.d/10.off", "PermitRootLogin yes\n");
	EXPECT_TEXT(sshd_setting(t, "permitrootlogin", "?"), "prohibit-password");
	EXPECT_TEXT(sshd_setting(t, "UsePAM", "?"), "yes");
	EXPECT_TEXT(sshd_setting(t, "Port", "22"), "22");
	sshd_each_match(t, "PermitRootLogin", count_match, &matches);
	EXPECT_NUMBER(matches, 1);
	check_passed(t);
}

TEST(sshd_config, the_first_value_wins_and_matches_end_with_their_file)
{
	run_body(read_sshd);
}
