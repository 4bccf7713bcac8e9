/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sizes that can be named: the built-in ones, those of the files in runbooks/sizes/, and those of the user's own files
 * (assay-sizes(5)). A later file goes before an earlier one.
 *
 *	CLEANUP(size_table) struct size_table *table = size_table_new();
 *	r = size_table_add_shipped(table, &problems, e);
 *	if (size_table_read(table, "my-sizes.yaml", &problems) > 0)
 *		fputs(problems.buf, stderr);
 *	const struct size *size = size_table_find(table, "Standard_D2s_v5");
 */
#ifndef ASSAY_HOST_RUNBOOK_SIZE_TABLE_H
#define ASSAY_HOST_RUNBOOK_SIZE_TABLE_H

#include "base/yaml.h"
#include "host/runbook/size.h"

#define SIZE_TABLE_MAX 4000
#define SIZE_FILE_MAX  (1U << 20)

struct size_table;
struct size_table *size_table_new(void);
void size_table_free(struct size_table *table);
DEFINE_CLEANUP(size_table);

/* Each adds a line per problem and returns how many there were; the table then has what was well. */
unsigned size_table_read(struct size_table *table, const char *path, struct text *problems)
	NONNULL(1, 2, 3);
unsigned size_table_parse(struct size_table *table, const char *path, const char *bytes,
			  size_t length, struct text *problems) NONNULL(1, 2, 5);

/* The files that ship. Problems in them are errors (blame host). */
int size_table_add_shipped(struct size_table *table, struct err *e) NONNULL(1, 2);

/* In the order in which they were read; NULL beyond the last. */
const struct size *size_table_at(const struct size_table *table, size_t at) NONNULL(1);
size_t size_table_count(const struct size_table *table) NONNULL(1);
/* NULL: there is none. */
const struct size *size_table_find(const struct size_table *table, const char *name) NONNULL(1, 2);
const char *size_table_nearest(const struct size_table *table, const char *name) NONNULL(1, 2);

/* The size of that name; -EINVAL (blame user) says which is the nearest. */
int size_table_choose(const struct size_table *table, const char *name, struct size *ret,
		      struct err *e) NONNULL(1, 2, 3, 4);

/* A size as a file spells it: what it says is laid over the size that it is `like`, else over the default. */
DEFINE_YAML_ITEMS(size_generations, struct yaml_number);
struct size_trait_words {
	struct yaml_text name, value;
};
DEFINE_YAML_ITEMS(size_traits_words, struct size_trait_words);
struct size_words {
	struct yaml_text name; /* in a table that is the key */
	struct yaml_text like;
	struct yaml_text series, nic, gpu, confidential, cpu_model;
	struct yaml_number arch, controller;
	struct yaml_number cpus, memory, max_memory, numa, disks, disk_size, disks_max, disk_iops,
		disk_mbps, nics, nics_max, net_mbps, queues, gpus;
	struct yaml_number tpm, secure_boot, rdma;
	struct size_generations generations;
	struct size_traits_words traits;
};

/* The keys of such a size, `name` first; in a table it is left out. */
extern const struct yaml_field size_word_fields[];
/* Adds the JSON Schema of such a file. */
void size_table_schema(struct text *out) NONNULL(1);

/* True when they say more than a name. */
bool size_words_spell(const struct size_words *words) NONNULL(1);

/* Makes a size of them. `path` and `place` are for what is wrong with the whole; returns how many problems there were. */
unsigned size_table_spell(const struct size_table *table, const struct size_words *words,
			  const char *name, const char *path, struct yaml_place place,
			  struct size *ret, struct text *problems) NONNULL(1, 2, 3, 4, 6, 7);

#endif
