/* SPDX-License-Identifier: Apache-2.0 */
/* What is on a disk: system, architecture, ways to boot, ways in. */
#include "host/image/describe.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/vec.h"
#include "guest/kit/elf.h"
#include "guest/kit/line.h"

#define SMALL_FILE_MAX (256U << 10)

/* ---- writing ---- */

static void put(struct text *out, const char *key, const char *value)
{
	(void)text_addf(out, "%s=", key);
	for (; *value; value++)
		(void)text_add(out, (unsigned char)*value < ' ' ? "?" : value, 1);
	(void)text_adds(out, "\n");
}

static void put_number(struct text *out, const char *key, long long value)
{
	(void)text_addf(out, "%s=%lld\n", key, value);
}

static bool exists(struct tree *tree, const char *path)
{
	struct tree_stat stat;

	return tree_stat(tree, path, &stat) == 0;
}

/* ---- the system ---- */

/* Finds "KEY=value" and gives the value without quotes; false when it is not there. */
static bool find_value(const char *content, const char *key, char *out, size_t size)
{
	char line[LINE_SIZE];
	size_t length = strlen(key);
	struct words words;

	for (const char *at = content; line_next(&at, line, sizeof line, NULL);) {
		if (strncmp(line, key, length) != 0 || line[length] != '=')
			continue;
		words_split(line + length + 1, &words);
		(void)snprintf(out, size, "%s", words.count ? words.at[0] : "");
		return true;
	}
	return false;
}

static void describe_os(struct tree *tree, struct text *out)
{
	static const char *const keys[][2] = {
		{"ID", "os_id"},
		{"VERSION_ID", "os_version"},
		{"PRETTY_NAME", "os_name"},
	};
	CLEAN_TEXT struct text content = TEXT_INIT(SMALL_FILE_MAX);
	char value[128];

	if (tree_read(tree, "/etc/os-release", &content) < 0) {
		text_clear(&content);
		(void)tree_read(tree, "/usr/lib/os-release", &content);
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (find_value(content.buf, keys[i][0], value, sizeof value))
			put(out, keys[i][1], value);
}

/* The machine that the shell, or else another program that every system has, is made for. */
static void describe_arch(struct tree *tree, struct text *out)
{
	static const char *const programs[] = {"/bin/sh", "/usr/bin/bash", "/bin/busybox",
					       "/sbin/init", "/usr/lib/systemd/systemd"};
	unsigned char head[20];

	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (tree_pread(tree, programs[i], 0, head, sizeof head) != (ssize_t)sizeof head ||
		    memcmp(head, "\177ELF", 4) != 0)
			continue;
		unsigned machine = head[5] == 2 ? (unsigned)head[18] << 8 | head[19]
						: head[18] | (unsigned)head[19] << 8;
		const char *name = elf_machine_name(machine);
		if (name)
			put(out, "arch", name);
		return;
	}
}

/* ---- systemd ---- */

/* "libsystemd-shared-252.so", "libsystemd-shared-252-14.el9.so": the version. */
static int take_version(void *arg, const char *name, const struct tree_stat *stat UNUSED)
{
	static const char prefix[] = "libsystemd-shared-";
	long long *version = arg;
	char digits[8];

	if (!has_prefix(name, prefix))
		return 0;
	name += sizeof prefix - 1;
	size_t length = strspn(name, "0123456789");
	if (length == 0 || length >= sizeof digits)
		return 0;
	(void)snprintf(digits, sizeof digits, "%.*s", (int)length, name);
	return number_parse(digits, 1, 9999, version) == 0;
}

/* /usr/lib/x86_64-linux-gnu/systemd, on Debian since 13. */
struct multiarch {
	struct tree *tree;
	long long version;
};

static int look_in_multiarch(void *arg, const char *name, const struct tree_stat *stat)
{
	struct multiarch *search = arg;
	char folder[300];

	if (!S_ISDIR(stat->mode) || !strstr(name, "-linux-"))
		return 0;
	(void)snprintf(folder, sizeof folder, "/usr/lib/%s/systemd", name);
	return tree_list(search->tree, folder, take_version, &search->version);
}

static long long find_systemd(struct tree *tree)
{
	struct multiarch search = {.tree = tree};

	if (tree_list(tree, "/usr/lib/systemd", take_version, &search.version) == 1 ||
	    tree_list(tree, "/lib/systemd", take_version, &search.version) == 1)
		return search.version;
	(void)tree_list(tree, "/usr/lib", look_in_multiarch, &search);
	return search.version;
}

/* ---- cloud-init ---- */

struct datasources {
	struct tree *tree;
	bool excludes_no_cloud;
};

/* Takes a YAML comment off the line. */
static void cut_comment(char *line)
{
	char *at = line;

	while ((at = strchr(at, '#')) != NULL) {
		if (at == line || strchr(" \t", at[-1])) {
			*at = '\0';
			return;
		}
		at++;
	}
}

/* A file that lists the sources of data decides anew; the last one that does is right. The list may go on over lines that are
 * indented or begin with a dash. */
static void look_at_datasources(struct datasources *sources, const char *path)
{
	CLEAN_TEXT struct text content = TEXT_INIT(SMALL_FILE_MAX);
	char line[LINE_SIZE];
	bool within = false;

	if (tree_read(sources->tree, path, &content) < 0)
		return;
	for (const char *at = content.buf; line_next(&at, line, sizeof line, NULL);) {
		cut_comment(line);
		if (has_prefix(line, "datasource_list:"))
			within = sources->excludes_no_cloud = true;
		else if (line[0] && !strchr(" \t-]", line[0]))
			within = false;
		if (within && strstr(line, "NoCloud"))
			sources->excludes_no_cloud = false;
	}
}

#define CLOUD_FOLDER "/etc/cloud/cloud.cfg.d"

DEFINE_VEC(names, char *);

static int collect_cfg(void *arg, const char *name, const struct tree_stat *stat UNUSED)
{
	struct names *names = arg;

	if (has_suffix(name, ".cfg"))
		(void)vec_add(names, xstrdup(name));
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool has_cloud_init(struct tree *tree)
{
	struct datasources sources = {.tree = tree};
	struct names names = VEC_INIT(1000);

	if (!exists(tree, "/usr/bin/cloud-init") ||
	    exists(tree, "/etc/cloud/cloud-init.disabled") ||
	    !(exists(tree, "/lib/systemd/system/cloud-init.service") ||
	      exists(tree, "/usr/lib/systemd/system/cloud-init.service") ||
	      exists(tree, "/lib/systemd/system/cloud-init-main.service") ||
	      exists(tree, "/etc/init.d/cloud-init")))
		return false;
	look_at_datasources(&sources, "/etc/cloud/cloud.cfg");
	(void)tree_list(tree, CLOUD_FOLDER, collect_cfg, &names);
	if (names.count > 1)
		qsort(names.items, names.count, sizeof names.items[0], compare_names);
	vec_each (&names, name) {
		CLEAN_FREE char *path = xasprintf(CLOUD_FOLDER "/%s", *name);
		look_at_datasources(&sources, path);
		free(*name);
	}
	vec_done(&names);
	return !sources.excludes_no_cloud;
}

/* ---- booting ---- */

static bool has_boot_code(const struct disk_table *table)
{
	for (size_t i = 0; i < sizeof table->boot_code; i++)
		if (table->boot_code[i])
			return table->has_mbr_signature;
	return false;
}

static bool boots_bios(const struct disk_table *table)
{
	if (!has_boot_code(table))
		return false;
	if (table->kind != DISK_GPT || disk_partition_of_type(table, DISK_TYPE_BIOS))
		return true;
	for (unsigned i = 0; i < table->count; i++)
		if (table->partitions[i].is_bios_bootable)
			return true;
	return false;
}

static int is_efi_program(void *arg UNUSED, const char *name, const struct tree_stat *stat)
{
	size_t length = strlen(name);

	return S_ISREG(stat->mode) && length > 4 && strcasecmp(name + length - 4, ".efi") == 0;
}

static int has_efi_program(void *arg, const char *name, const struct tree_stat *stat)
{
	char folder[300];

	if (!S_ISDIR(stat->mode))
		return 0;
	(void)snprintf(folder, sizeof folder, "/EFI/%s", name);
	return tree_list(arg, folder, is_efi_program, NULL) == 1;
}

/* Firmware looks for BOOTX64.EFI by itself and remembers vendors' programs; either is a way to boot. */
static bool boots_uefi(struct offline *offline)
{
	const struct offline_filesystem *fs;

	for (unsigned n = 0; (fs = offline_filesystem(offline, n)) != NULL; n++) {
		bool is_system = strcmp(fs->partition.type, DISK_TYPE_ESP) == 0 ||
				 strcmp(fs->partition.type, "ef") == 0;
		CLEANUP(tree) struct tree *tree = is_system ? offline_tree_of(offline, n) : NULL;
		if (tree && tree_list(tree, "/EFI", has_efi_program, tree) == 1)
			return true;
	}
	return false;
}

/* ---- filesystems ---- */

static void put_filesystem(struct text *out, const struct offline_filesystem *fs)
{
	const char *const fields[] = {fs->type, fs->uuid, fs->label, fs->mount};
	CLEAN_TEXT struct text line = TEXT_INIT(1024);

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		for (const char *at = fields[i];; at++) {
			(void)text_add(&line, *at == '\0' ? "|" : *at == '|' ? "?" : at, 1);
			if (!*at)
				break;
		}
	(void)text_addf(&line, "%llu|%llu", (unsigned long long)fs->offset,
			(unsigned long long)fs->size);
	put(out, "filesystem", line.buf);
}

/* Where the root could not be read, the largest filesystem is most likely it. */
static const char *root_type(const struct offline *offline)
{
	const struct offline_filesystem *fs, *largest = NULL;

	if (offline_has_root(offline))
		return offline_filesystem(offline, 0)->type;
	if (!offline_needs_micro_vm(offline))
		return "";
	for (unsigned n = 0; (fs = offline_filesystem(offline, n)) != NULL; n++)
		if (!fs->is_readable && fs->type[0] && (!largest || fs->size > largest->size))
			largest = fs;
	return largest ? largest->type : "";
}

static void describe_system(struct tree *tree, struct text *out)
{
	describe_arch(tree, out);
	describe_os(tree, out);
	put_number(out, "has_cloud_init", has_cloud_init(tree));
	put_number(out, "has_sshd", exists(tree, "/usr/sbin/sshd"));
	put_number(out, "systemd_version", find_systemd(tree));
}

void describe(struct offline *offline, struct text *out)
{
	static const char *const kinds[] = {
		[DISK_NONE] = "none", [DISK_DOS] = "dos", [DISK_GPT] = "gpt"};
	const struct disk_table *table = offline_table(offline);
	const struct offline_filesystem *fs;
	struct tree *tree = offline_tree(offline);

	put(out, "table", kinds[table->kind]);
	put_number(out, "boots_bios", boots_bios(table));
	put_number(out, "boots_uefi", boots_uefi(offline));
	put(out, "root_type", root_type(offline));
	put_number(out, "needs_micro_vm", offline_needs_micro_vm(offline));
	put(out, "problem", offline_problem(offline));
	for (unsigned n = 0; (fs = offline_filesystem(offline, n)) != NULL; n++)
		put_filesystem(out, fs);
	if (!offline_has_root(offline))
		return;
	describe_system(tree, out);
}
