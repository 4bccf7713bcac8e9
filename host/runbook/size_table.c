/* SPDX-License-Identifier: Apache-2.0 */
/* The table of sizes: its files, and what a size says in them. */
#include "host/runbook/size_table.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"
#include "base/shipped.h"
#include "base/yaml_schema.h"
#include "host/runbook/size_trait.h"

#define SUFFIX	   ".yaml"
#define FREE_MAX   16 /* free traits of a size */
#define MEMORY_MIN (128LL << 20)
#define MEMORY_MAX (16LL << 40)
#define RATE_MAX   100000000

/* ---- what a size says ---- */

static const char *const archs[] = {"aarch64", "x86_64", NULL};
static const char *const controllers[] = {"nvme", "sata", "scsi", "virtio", NULL};
static const char *const generations[] = {"1", "2", NULL};

static void check_name(const char *text, struct text *why)
{
	if (!is_size_name(text))
		(void)text_addf(why,
				"'%.64s' is not a name: letters, digits, '-', '_' and '.', at most "
				"%d",
				text, SIZE_NAME_SIZE - 1);
}

/* A runbook names several at once. */
static void check_name_or_glob(const char *text, struct text *why)
{
	if (strlen(text) >= SIZE_NAME_SIZE ||
	    text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*"
			      "?")] != '\0')
		(void)text_addf(why, "'%.64s' is neither the name of a size nor a glob over names",
				text);
}

static void check_cpu_model(const char *text, struct text *why)
{
	if (!is_cpu_model(text))
		(void)text_addf(why, "'%.64s' is not a CPU model", text);
}

/* Traits are compared with words of constraints, and told in lines name=value. */
static void check_word(const char *text, struct text *why)
{
	if (strlen(text) >= SIZE_WORD_SIZE)
		(void)text_addf(why, "it has more than %d bytes", SIZE_WORD_SIZE - 1);
	else if (text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "._+-")] != '\0')
		(void)text_addf(why, "'%.60s' has others than letters, digits and ._+- in it",
				text);
}

static void check_trait(const char *text, struct text *why)
{
	if (text[0] < 'a' || text[0] > 'z' ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
	    strlen(text) >= SIZE_WORD_SIZE)
		(void)text_addf(why, "'%.60s' is not of a-z, 0-9 and _, a letter first, at most %d",
				text, SIZE_WORD_SIZE - 1);
	else if (size_trait_is_own(text))
		(void)text_addf(why, "'%.60s' is a trait that sizes have by themselves", text);
}

#define WORD_PATTERN  "^[A-Za-z0-9._+-]{1,31}$"
#define NAME_PATTERN  "^[A-Za-z0-9._-]{1,63}$"
#define TRAIT_PATTERN "^[a-z][a-z0-9_]{0,30}$"

#define AT(member) offsetof(struct size_words, member)
#define WORD_OF(member, text)                                                                      \
	{                                                                                          \
		.key = #member, .type = YAML_TEXT, .offset = AT(member), .check = check_word,      \
		.pattern = WORD_PATTERN, .help = (text)                                            \
	}
#define COUNT_OF(member, least, most, text)                                                        \
	{                                                                                          \
		.key = #member, .type = YAML_NUMBER, .offset = AT(member), .min = (least),         \
		.max = (most), .help = (text)                                                      \
	}
#define AMOUNT_OF(member, least, text)                                                             \
	{                                                                                          \
		.key = #member, .type = YAML_AMOUNT, .offset = AT(member), .min = (least),         \
		.max = MEMORY_MAX, .help = (text)                                                  \
	}
#define CHOICE_OF(member, list, text)                                                              \
	{                                                                                          \
		.key = #member, .type = YAML_WORD, .offset = AT(member), .words = (list),          \
		.help = (text)                                                                     \
	}
#define TRUTH_OF(member, text)                                                                     \
	{                                                                                          \
		.key = #member, .type = YAML_BOOL, .offset = AT(member), .help = (text)            \
	}

static const struct yaml_field generation_field = {
	.key = "generations", .type = YAML_WORD, .offset = 0, .words = generations};
static const struct yaml_field trait_field = {.key = "traits",
					      .type = YAML_TEXT,
					      .offset = offsetof(struct size_trait_words, value),
					      .check = check_word,
					      .pattern = WORD_PATTERN};

/* assay-sizes(5) has them in this order. */
const struct yaml_field size_word_fields[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = AT(name),
	 .is_required = true,
	 .check = check_name_or_glob,
	 .pattern = "^[A-Za-z0-9._*?-]{1,63}$",
	 .help = "what the size is called"},
	{.key = "like",
	 .type = YAML_TEXT,
	 .offset = AT(like),
	 .check = check_name,
	 .pattern = NAME_PATTERN,
	 .help = "the size from which all comes that is not said here; else the default"},
	COUNT_OF(cpus, 1, 512, "vCPUs"),
	AMOUNT_OF(memory, MEMORY_MIN, "memory"),
	AMOUNT_OF(max_memory, MEMORY_MIN, "memory with what can be added while it runs"),
	COUNT_OF(numa, 0, 8, "NUMA nodes; 0: one, which is not described"),
	COUNT_OF(disks, 0, 24, "disks beside the root disk"),
	{.key = "disk_size",
	 .type = YAML_AMOUNT,
	 .offset = AT(disk_size),
	 .min = 16LL << 20,
	 .max = MEMORY_MAX,
	 .help = "how large each of these is"},
	COUNT_OF(disks_max, 0, 256, "disks that can be attached"),
	COUNT_OF(disk_iops, 0, RATE_MAX, "what all disks do together: operations per second"),
	COUNT_OF(disk_mbps, 0, RATE_MAX, "what all disks do together: megabytes per second"),
	CHOICE_OF(controller, controllers, "what the disks are behind"),
	COUNT_OF(nics, 0, 8, "NICs"),
	COUNT_OF(nics_max, 0, 64, "NICs that it can have"),
	COUNT_OF(net_mbps, 0, RATE_MAX, "what all NICs do together: megabits per second"),
	COUNT_OF(queues, 0, 256, "queues of each NIC"),
	WORD_OF(nic, "the kind of NIC"),
	TRUTH_OF(tpm, "it has a TPM"),
	TRUTH_OF(secure_boot, "it can start what is signed alone"),
	{.key = "generations",
	 .type = YAML_EACH,
	 .offset = AT(generations),
	 .fields = &generation_field,
	 .item_size = sizeof(struct yaml_number),
	 .min = 1,
	 .max = 2,
	 .help = "1: it boots by BIOS, 2: by UEFI"},
	CHOICE_OF(arch, archs, "the architecture"),
	{.key = "cpu_model",
	 .type = YAML_TEXT,
	 .offset = AT(cpu_model),
	 .check = check_cpu_model,
	 .pattern = NAME_PATTERN,
	 .help = "QEMU's word for the CPU; else the best that there is"},
	WORD_OF(series, "the family of sizes"),
	WORD_OF(gpu, "the kind of GPU"),
	COUNT_OF(gpus, 0, 64, "GPUs"),
	TRUTH_OF(rdma, "it has InfiniBand or the like"),
	WORD_OF(confidential, "what its memory is encrypted by"),
	{.key = "traits",
	 .type = YAML_KEYED,
	 .offset = AT(traits),
	 .fields = &trait_field,
	 .item_size = sizeof(struct size_trait_words),
	 .max = FREE_MAX,
	 .check = check_trait,
	 .pattern = TRAIT_PATTERN,
	 .help = "what else is to be told of it"},
	{.key = NULL},
};

/* ---- a file ---- */

DEFINE_YAML_ITEMS(size_file_entries, struct size_words);
struct size_file {
	struct yaml_text title;
	struct size_file_entries sizes;
};

static const struct yaml_field entry_field = {
	.key = "a size", .type = YAML_MAP, .offset = YAML_NO_PLACE, .fields = size_word_fields + 1};

static const struct yaml_field file_fields[] = {
	{.key = "title",
	 .type = YAML_TEXT,
	 .offset = offsetof(struct size_file, title),
	 .help = "one line that says whose sizes these are"},
	{.key = "sizes",
	 .type = YAML_KEYED,
	 .offset = offsetof(struct size_file, sizes),
	 .is_required = true,
	 .fields = &entry_field,
	 .item_size = sizeof(struct size_words),
	 .min = 1,
	 .max = SIZE_TABLE_MAX,
	 .check = check_name,
	 .pattern = NAME_PATTERN,
	 .help = "name: what the size has"},
	{.key = NULL},
};

void size_table_schema(struct text *out)
{
	yaml_schema(&(struct yaml_schema){.title = "Sizes of virtual machines, assay-sizes(5)",
					  .fields = file_fields},
		    out);
}

/* ---- the table ---- */

struct size_table {
	DEFINE_VEC(, struct size) all;
};

struct size_table *size_table_new(void)
{
	struct size_table *table = xnew(sizeof *table);

	table->all.maximum = SIZE_TABLE_MAX;
	for (const struct size *size = sizes_known(); size->name[0]; size++)
		(void)vec_add(&table->all, *size);
	return table;
}

void size_table_free(struct size_table *table)
{
	if (!table)
		return;
	vec_done(&table->all);
	free(table);
}

const struct size *size_table_at(const struct size_table *table, size_t at)
{
	return at < table->all.count ? &table->all.items[at] : NULL;
}

size_t size_table_count(const struct size_table *table)
{
	return table->all.count;
}

static struct size *find(const struct size_table *table, const char *name)
{
	vec_each (&table->all, size)
		if (strcmp(size->name, name) == 0)
			return size;
	return NULL;
}

const struct size *size_table_find(const struct size_table *table, const char *name)
{
	return find(table, name);
}

const char *size_table_nearest(const struct size_table *table, const char *name)
{
	CLEAN_FREE const char **names = xnew((table->all.count + 1) * sizeof *names);

	for (size_t i = 0; i < table->all.count; i++)
		names[i] = table->all.items[i].name;
	return nearest_word(name, names);
}

int size_table_choose(const struct size_table *table, const char *name, struct size *ret,
		      struct err *e)
{
	const struct size *known = find(table, name);

	if (known) {
		*ret = *known;
		return 0;
	}
	const char *near = size_table_nearest(table, name);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no size '%.64s'; did you mean '%s'?", name,
			       near);
	return err_set(e, BLAME_USER, EINVAL,
		       "no size '%.64s'; `assay list --sizes` shows them, or spell one: "
		       "cpus=2,mem=2048",
		       name);
}

/* ---- words to a size ---- */

bool size_words_spell(const struct size_words *words)
{
	struct size_words bare = {.name = words->name};

	return memcmp(words, &bare, sizeof bare) != 0;
}

/* Numbers and truths: where they are in the words and in the size, and how many of the words' are one of the size's. */
static const struct copied {
	size_t from, to;
	unsigned unit;
} copied[] = {
	{AT(cpus), offsetof(struct size, cpus), 1},
	{AT(memory), offsetof(struct size, mem_mib), 1U << 20},
	{AT(max_memory), offsetof(struct size, max_mem_mib), 1U << 20},
	{AT(numa), offsetof(struct size, numa_nodes), 1},
	{AT(disks), offsetof(struct size, data_disks), 1},
	{AT(disk_size), offsetof(struct size, data_disk_mib), 1U << 20},
	{AT(disks_max), offsetof(struct size, facts.disks_max), 1},
	{AT(disk_iops), offsetof(struct size, facts.disk_iops), 1},
	{AT(disk_mbps), offsetof(struct size, facts.disk_mbps), 1},
	{AT(nics), offsetof(struct size, nics), 1},
	{AT(nics_max), offsetof(struct size, facts.nics_max), 1},
	{AT(net_mbps), offsetof(struct size, facts.net_mbps), 1},
	{AT(queues), offsetof(struct size, facts.queues), 1},
	{AT(gpus), offsetof(struct size, facts.gpus), 1},
};

static const struct copied_truth {
	size_t from, to;
} copied_truths[] = {
	{AT(tpm), offsetof(struct size, tpm)},
	{AT(secure_boot), offsetof(struct size, facts.secure_boot)},
	{AT(rdma), offsetof(struct size, facts.rdma)},
};

static const struct copied_text {
	size_t from, to, room;
} copied_texts[] = {
	{AT(series), offsetof(struct size, facts.series), SIZE_WORD_SIZE},
	{AT(nic), offsetof(struct size, facts.nic), SIZE_WORD_SIZE},
	{AT(gpu), offsetof(struct size, facts.gpu), SIZE_WORD_SIZE},
	{AT(confidential), offsetof(struct size, facts.confidential), SIZE_WORD_SIZE},
	{AT(cpu_model), offsetof(struct size, cpu_model), sizeof((struct size *)0)->cpu_model},
};

static const struct yaml_number *number_at(const struct size_words *words, size_t offset)
{
	return (const struct yaml_number *)((const char *)words + offset);
}

static void copy_choice(const struct yaml_number *from, const char *const *list, char *to)
{
	if (from->place.line > 0)
		(void)snprintf(to, SIZE_WORD_SIZE, "%s", list[from->number]);
}

static void copy_all(const struct size_words *words, struct size *size)
{
	for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
		const struct yaml_number *from = number_at(words, copied[i].from);
		if (from->place.line > 0)
			*(unsigned *)((char *)size + copied[i].to) =
				(unsigned)(from->number / copied[i].unit);
	}
	for (size_t i = 0; i < ARRAY_LEN(copied_truths); i++) {
		const struct yaml_number *from = number_at(words, copied_truths[i].from);
		if (from->place.line > 0)
			*(bool *)((char *)size + copied_truths[i].to) = from->number == 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(copied_texts); i++) {
		const struct yaml_text *from =
			(const struct yaml_text *)((const char *)words + copied_texts[i].from);
		if (from->text)
			(void)snprintf((char *)size + copied_texts[i].to, copied_texts[i].room,
				       "%s", from->text);
	}
	copy_choice(&words->arch, archs, size->facts.arch);
	copy_choice(&words->controller, controllers, size->controller);
	if (words->generations.place.line > 0)
		size->facts.generations = 0;
	vec_each (&words->generations, generation)
		size->facts.generations |=
			generation->number == 0 ? SIZE_GENERATION_1 : SIZE_GENERATION_2;
}

/* Amounts of which machines know only whole MiB. */
static unsigned check_amounts(const struct size_words *words, const char *path,
			      struct text *problems)
{
	const struct yaml_number *amounts[] = {&words->memory, &words->max_memory,
					       &words->disk_size};
	unsigned count = 0;

	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		if (amounts[i]->number % (1 << 20) == 0)
			continue;
		yaml_problem(problems, path, amounts[i]->place, "this is no whole number of MiB");
		count++;
	}
	return count;
}

static unsigned add_traits(const struct size_words *words, const char *path, struct size *size,
			   struct text *problems)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(sizeof size->facts.traits - 1);

	if (words->traits.place.line == 0)
		return 0;
	vec_each (&words->traits, trait)
		(void)text_addf(&lines, "%s=%s\n", trait->name.text ? trait->name.text : "",
				trait->value.text ? trait->value.text : "");
	if (lines.overflowed) {
		yaml_problem(problems, path, words->traits.place,
			     "`traits` have together more than %zu bytes", lines.maximum);
		return 1;
	}
	memcpy(size->facts.traits, lines.buf, lines.length + 1);
	return 0;
}

static unsigned take_base(const struct size_table *table, const struct size_words *words,
			  const char *path, struct size *ret, struct text *problems)
{
	const char *like = words->like.text;
	const struct size *base = find(table, like ? like : "default");
	const char *near = base ? NULL : size_table_nearest(table, like);

	if (base) {
		*ret = *base;
		return 0;
	}
	yaml_problem(problems, path, words->like.place,
		     "`like`: there is no size '%.64s' before this one%s%s%s", like,
		     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	*ret = sizes_known()[0];
	return 1;
}

unsigned size_table_spell(const struct size_table *table, const struct size_words *words,
			  const char *name, const char *path, struct yaml_place place,
			  struct size *ret, struct text *problems)
{
	struct err e = {0};
	struct size size;
	unsigned count = take_base(table, words, path, &size, problems);

	if (!is_size_name(name)) {
		yaml_problem(problems, path, place, "a size that is spelt has a name, not a glob");
		count++;
	}
	count += check_amounts(words, path, problems);
	copy_all(words, &size);
	count += add_traits(words, path, &size, problems);
	(void)snprintf(size.name, sizeof size.name, "%s", name);
	if (count == 0 && size_complete(&size, &e) < 0) {
		yaml_problem(problems, path, place, "%s", e.text);
		count++;
	}
	*ret = size;
	return count;
}

/* ---- reading ---- */

static unsigned put(struct size_table *table, const struct size *size, const char *path,
		    struct yaml_place place, struct text *problems)
{
	struct size *found = find(table, size->name);

	if (found) {
		*found = *size;
		return 0;
	}
	if (vec_add(&table->all, *size))
		return 0;
	yaml_problem(problems, path, place, "there are more than %d sizes", SIZE_TABLE_MAX);
	return 1;
}

static unsigned add_entries(struct size_table *table, const char *path,
			    const struct size_file *file, struct text *problems)
{
	unsigned count = 0;

	vec_each (&file->sizes, entry) {
		struct size size;
		if (!entry->name.text)
			continue;
		unsigned wrong = size_table_spell(table, entry, entry->name.text, path,
						  entry->name.place, &size, problems);
		if (wrong == 0)
			wrong = put(table, &size, path, entry->name.place, problems);
		count += wrong;
	}
	return count;
}

unsigned size_table_parse(struct size_table *table, const char *path, const char *bytes,
			  size_t length, struct text *problems)
{
	struct size_file file = {0};
	CLEANUP(yaml_node)
	struct yaml_node *root = yaml_parse(path, bytes, length, SIZE_FILE_MAX, false, problems);

	if (!root)
		return 1;
	unsigned count = yaml_read_tree(path, root, file_fields, &file, problems);
	if (count == 0)
		count = add_entries(table, path, &file, problems);
	yaml_free(file_fields, &file);
	return count;
}

unsigned size_table_read(struct size_table *table, const char *path, struct text *problems)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(SIZE_FILE_MAX + 1);
	int r = text_read_file(&bytes, path);

	if (r == 0)
		return size_table_parse(table, path, bytes.buf, bytes.length, problems);
	errno = -r;
	yaml_problem(problems, path, (struct yaml_place){0}, "it cannot be read: %m");
	return 1;
}

static int is_size_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && has_suffix(entry->d_name, SUFFIX);
}

int size_table_add_shipped(struct size_table *table, struct err *e)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
	char folder[SHIPPED_PATH_MAX];
	struct dirent **entries = NULL;

	int r = shipped_find("sizes", folder, e);
	if (r < 0)
		return r;
	int n = scandir(folder, &entries, is_size_file, alphasort);
	if (n < 0)
		return err_set(e, BLAME_HOST, errno, "read the folder %s: %m", folder);
	for (int i = 0; i < n; i++) {
		CLEAN_FREE char *path = xasprintf("%s/%s", folder, entries[i]->d_name);
		(void)size_table_read(table, path, &problems);
		free(entries[i]);
	}
	free(entries);
	if (problems.length > 0)
		return err_set(e, BLAME_HOST, EINVAL, "%.*s", (int)strcspn(problems.buf, "\n"),
			       problems.buf);
	return 0;
}
