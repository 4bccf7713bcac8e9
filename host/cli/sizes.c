/* SPDX-License-Identifier: Apache-2.0 */
/* --size and --size-file: which virtual hardware a machine gets, and what this host can hold of it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/cli/verb.h"
#include "host/driver/resources.h"
#include "host/runbook/size_fit.h"
#include "host/runbook/size_trait.h"

#define MACHINE_ARCH "x86_64" /* of all machines that the driver makes */

int load_sizes(const struct text_list *files, struct size_table **ret, struct err *e)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	int r = size_table_add_shipped(table, e);
	if (r < 0)
		return r;
	vec_each (files, path)
		(void)size_table_read(table, *path, &problems);
	if (problems.length > 0)
		return print_problems(&problems, "the sizes", e);
	*ret = STEAL_PTR(table);
	return 0;
}

struct size_room find_size_room(void)
{
	return (struct size_room){.cpus = resources_cpus(""),
				  .memory_mib = resources_memory_total("") >> 20};
}

static bool is_of_here(const struct size *size)
{
	return size->facts.arch[0] == '\0' || strcmp(size->facts.arch, MACHINE_ARCH) == 0;
}

int check_size_arch(const struct size *size, struct err *e)
{
	if (is_of_here(size))
		return 0;
	return err_set(e, BLAME_USER, EINVAL,
		       "size %s is one of %s, and machines here are " MACHINE_ARCH, size->name,
		       size->facts.arch);
}

int choose_size(const char *text, const struct text_list *files, struct size *ret, struct err *e)
{
	CLEANUP(size_table) struct size_table *table = NULL;
	struct size_room room = find_size_room();
	bool is_spelt = strchr(text, '=') != NULL;
	int r;

	/* What is built in is there without any file. */
	if (is_spelt || (files->count == 0 && size_is_built_in(text)))
		r = size_parse(text, ret, e);
	else if ((r = load_sizes(files, &table, e)) == 0)
		r = size_table_choose(table, text, ret, e);
	if (r == 0)
		r = check_size_arch(ret, e);
	if (r == 0 && !is_spelt) /* who spells a size means just that */
		size_fit(&room, ret);
	return r;
}

/* ---- listing ---- */

static void add_line(const struct size *size, const struct size *fitted, struct text *out)
{
	text_addf(out, "%-22s %u CPU%s, %u MiB, %u NIC%s", size->name, size->cpus,
		  size->cpus == 1 ? "" : "s", size->mem_mib, size->nics,
		  size->nics == 1 ? "" : "s");
	if (size->max_mem_mib)
		text_addf(out, ", %u MiB with what is added", size->max_mem_mib);
	if (size->numa_nodes)
		text_addf(out, ", %u NUMA nodes", size->numa_nodes);
	if (size->data_disks)
		text_addf(out, ", %u data disk%s of %u MiB", size->data_disks,
			  size->data_disks == 1 ? "" : "s", size->data_disk_mib);
	if (size->controller[0])
		text_addf(out, ", root disk on %s", size->controller);
	text_adds(out, size->tpm ? ", TPM" : "");
	if (strcmp(size->facts.arch, "") != 0)
		text_addf(out, ", %s", size->facts.arch);
	if (!is_of_here(size))
		text_adds(out, " (not here: machines are " MACHINE_ARCH ")");
	else if (fitted->stand_in[0])
		text_addf(out, " (stand-in here: %s)", fitted->stand_in);
	text_adds(out, "\n");
}

static void add_trait(void *arg, const char *name, const char *value)
{
	json_member(arg, name, value);
}

static void add_json(const struct size *size, const struct size *fitted, struct text *out)
{
	json_open(out, '{');
	size_json(size, out);
	if (fitted->stand_in[0])
		json_member(out, "stand_in", fitted->stand_in);
	json_key(out, "traits");
	json_open(out, '{');
	size_traits(size, add_trait, out);
	json_close(out, '}');
	json_close(out, '}');
}

int list_sizes(const struct text_list *files, bool json, struct err *e)
{
	CLEANUP(size_table) struct size_table *table = NULL;
	CLEAN_TEXT struct text out = TEXT_INIT(16U << 20);
	struct size_room room = find_size_room();

	int r = load_sizes(files, &table, e);
	if (r < 0)
		return r;
	if (json)
		json_open(&out, '[');
	for (size_t i = 0; i < size_table_count(table); i++) {
		const struct size *size = size_table_at(table, i);
		struct size fitted = *size;
		size_fit(&room, &fitted);
		if (json)
			add_json(size, &fitted, &out);
		else
			add_line(size, &fitted, &out);
	}
	if (json)
		text_adds(&out, "]\n");
	return print_out(&out, e);
}
