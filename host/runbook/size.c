/* SPDX-License-Identifier: Apache-2.0 */
/* VM sizes: the shipped table, and the words in which the command line spells one. */
#include "host/runbook/size.h"

#include <ctype.h>
#include <string.h>

#include "base/json.h"
#include "base/option.h"

#define SIZE_TEXT_MAX	 256
#define CPUS_DOUBLED_MAX 64 /* kernels set memory apart for each */

static const struct size shipped[] = {
	{.name = "default", .cpus = 2, .mem_mib = 1024, .nics = 1},
	{.name = "small", .cpus = 1, .mem_mib = 1024, .nics = 1},
	{.name = "tiny", .cpus = 1, .mem_mib = 512, .nics = 1},
	{.name = "large", .cpus = 4, .mem_mib = 4096, .nics = 1},
	{.name = "data",
	 .cpus = 2,
	 .mem_mib = 1024,
	 .nics = 1,
	 .data_disks = 2,
	 .data_disk_mib = 1024},
	{.name = "network", .cpus = 2, .mem_mib = 1024, .nics = 3},
	{.name = "elastic", .cpus = 2, .mem_mib = 1024, .max_mem_mib = 3072, .nics = 1},
	{.name = "numa", .cpus = 4, .mem_mib = 2048, .nics = 1, .numa_nodes = 2},
	{.name = "secure", .cpus = 2, .mem_mib = 1024, .nics = 1, .tpm = true},
	{.name = ""},
};

/* What a spelt size can say. The unsigned ones are parsed by this table. */
static const struct size_word {
	const char *name;
	size_t offset;
	long long min, max;
	const char *unit; /* NULL: it is a count */
} size_words[] = {
	{"cpus", offsetof(struct size, cpus), 1, 512, NULL},
	{"disk_mib", offsetof(struct size, data_disk_mib), 16, 1 << 24, "MiB"},
	{"disks", offsetof(struct size, data_disks), 0, 24, NULL},
	{"maxmem", offsetof(struct size, max_mem_mib), 128, 1 << 24, "MiB"},
	{"mem", offsetof(struct size, mem_mib), 128, 1 << 24, "MiB"},
	{"nics", offsetof(struct size, nics), 0, 8, NULL},
	{"numa", offsetof(struct size, numa_nodes), 0, 8, NULL},
};

static const char *const word_names[] = {"cpu_model", "cpus", "disk_mib", "disks", "maxmem",
					 "mem",	      "nics", "numa",	  "tpm",   NULL};

const struct size *sizes_known(void)
{
	return shipped;
}

static const struct size *find_shipped(const char *name)
{
	for (const struct size *size = shipped; size->name[0]; size++)
		if (strcmp(size->name, name) == 0)
			return size;
	return NULL;
}

bool size_is_built_in(const char *name)
{
	return find_shipped(name) != NULL;
}

static int refuse_name(const char *name, struct err *e)
{
	const char *names[ARRAY_LEN(shipped)] = {NULL};

	for (size_t i = 0; shipped[i].name[0]; i++)
		names[i] = shipped[i].name;
	const char *near = nearest_word(name, names);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no size '%.64s'; did you mean '%s'?", name,
			       near);
	return err_set(e, BLAME_USER, EINVAL,
		       "no size '%.64s'; `assay list --sizes` shows them, or spell one: "
		       "cpus=2,mem=2048",
		       name);
}

static int refuse_word(const char *word, struct err *e)
{
	const char *near = nearest_word(word, word_names);

	if (near)
		return err_set(e, BLAME_USER, EINVAL, "size: no word '%.32s'; did you mean '%s'?",
			       word, near);
	return err_set(
		e, BLAME_USER, EINVAL,
		"size: no word '%.32s'; there are cpu_model, cpus, disk_mib, disks, maxmem, mem, "
		"nics, numa and tpm",
		word);
}

/* QEMU's own separator and anything it would read as an option stay out. */
bool is_cpu_model(const char *model)
{
	size_t length =
		strspn(model, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return length > 0 && model[length] == '\0' && length < sizeof((struct size *)0)->cpu_model;
}

static int set_word(struct size *size, const char *name, const char *value, struct err *e)
{
	long long number;

	if (strcmp(name, "cpu_model") == 0) {
		if (!is_cpu_model(value))
			return err_set(e, BLAME_USER, EINVAL, "size: '%.64s' is not a CPU model",
				       value);
		(void)snprintf(size->cpu_model, sizeof size->cpu_model, "%s", value);
		return 0;
	}
	if (strcmp(name, "tpm") == 0) {
		if (number_parse(value, 0, 1, &number) < 0)
			return err_set(e, BLAME_USER, EINVAL, "size: tpm is 0 or 1, not '%.32s'",
				       value);
		size->tpm = number == 1;
		return 0;
	}
	for (const struct size_word *word = size_words; word < size_words + ARRAY_LEN(size_words);
	     word++) {
		if (strcmp(word->name, name) != 0)
			continue;
		if (number_parse(value, word->min, word->max, &number) < 0)
			return err_set(
				e, BLAME_USER, EINVAL,
				"size: %s is a number%s%s between %lld and %lld, not '%.32s'", name,
				word->unit ? " of " : "", word->unit ? word->unit : "", word->min,
				word->max, value);
		*(unsigned *)((char *)size + word->offset) = (unsigned)number;
		return 0;
	}
	return refuse_word(name, e);
}

/* Of two values for one word nobody knows which is meant. */
static int note_word(const char *name, bool *said, struct err *e)
{
	for (size_t i = 0; word_names[i]; i++) {
		if (strcmp(word_names[i], name) != 0)
			continue;
		if (said[i])
			return err_set(e, BLAME_USER, EINVAL, "size: %s is given twice", name);
		said[i] = true;
	}
	return 0;
}

/* What no machine can have: more nodes than CPUs, disks without room. */
int size_complete(struct size *size, struct err *e)
{
	if (size->numa_nodes > size->cpus)
		return err_set(e, BLAME_USER, EINVAL,
			       "size: %u NUMA nodes need at least as many CPUs, not %u",
			       size->numa_nodes, size->cpus);
	if (size->max_mem_mib > 0 && size->max_mem_mib <= size->mem_mib)
		return err_set(e, BLAME_USER, EINVAL,
			       "size: maxmem=%u leaves nothing to add to mem=%u", size->max_mem_mib,
			       size->mem_mib);
	if (size->data_disks > 0 && size->data_disk_mib == 0)
		size->data_disk_mib = 1024;
	if (size->name[0] == '\0')
		(void)snprintf(size->name, sizeof size->name, "%uc-%um", size->cpus, size->mem_mib);
	return 0;
}

static int parse_words(char *words, struct size *size, struct err *e)
{
	bool said[ARRAY_LEN(word_names)] = {false};

	for (char *word; (word = strsep(&words, ","));) {
		char *value = strchr(word, '=');
		if (!value)
			return err_set(e, BLAME_USER, EINVAL,
				       "size: '%.32s' has no value; write it as %.32s=1", word,
				       word);
		*value++ = '\0';
		int r = note_word(word, said, e);
		if (r == 0)
			r = set_word(size, word, value, e);
		if (r < 0)
			return r;
	}
	return size_complete(size, e);
}

bool is_size_name(const char *name)
{
	size_t length =
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return length > 0 && name[length] == '\0' && length < SIZE_NAME_SIZE;
}

static int take_name(const char *name, struct size *size, struct err *e)
{
	if (!is_size_name(name))
		return err_set(
			e, BLAME_USER, EINVAL,
			"size: '%.64s' is not a name: letters, digits, '-', '_' and '.', at most %zu",
			name, sizeof size->name - 1);
	(void)snprintf(size->name, sizeof size->name, "%s", name);
	return 0;
}

int size_parse(const char *text, struct size *ret, struct err *e)
{
	struct size size = shipped[0];

	if (strlen(text) > SIZE_TEXT_MAX)
		return err_set(e, BLAME_USER, EINVAL, "size: more than %d characters",
			       SIZE_TEXT_MAX);
	if (!strchr(text, '=')) {
		const struct size *known = find_shipped(text);
		if (!known)
			return refuse_name(text, e);
		*ret = *known;
		return 0;
	}
	CLEAN_FREE char *copy = xstrdup(text);
	char *words = strchr(copy, ':');
	size.name[0] = '\0';
	if (words) {
		*words++ = '\0';
		int r = take_name(copy, &size, e);
		if (r < 0)
			return r;
	}
	int r = parse_words(words ? words : copy, &size, e);
	if (r == 0)
		*ret = size;
	return r;
}

/* The topology has room for a second socket like the first; a machine with nodes is full. */
unsigned size_cpus_max(const struct size *size)
{
	return size->numa_nodes > 1 || size->cpus > CPUS_DOUBLED_MAX ? size->cpus : 2 * size->cpus;
}

void size_parameters(const struct size *size, struct text *out)
{
	text_addf(out, "cpus=%u\nmem_mib=%u\nnuma=%u\ndisks=%u\ndisk_mib=%u\nnics=%u\ntpm=%d\n",
		  size->cpus, size->mem_mib, size->numa_nodes ? size->numa_nodes : 1,
		  size->data_disks, size->data_disks ? size->data_disk_mib : 0, size->nics,
		  size->tpm);
}

void size_json(const struct size *size, struct text *out)
{
	json_member(out, "name", size->name);
	json_member_number(out, "cpus", size->cpus);
	json_member_number(out, "mem_mib", size->mem_mib);
	json_member_number(out, "max_mem_mib", size->max_mem_mib);
	json_member_number(out, "numa_nodes", size->numa_nodes);
	json_member_number(out, "data_disks", size->data_disks);
	json_member_number(out, "data_disk_mib", size->data_disk_mib);
	json_member_number(out, "nics", size->nics);
	json_key(out, "tpm");
	json_bool(out, size->tpm);
}
