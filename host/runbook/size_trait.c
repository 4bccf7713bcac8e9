/* SPDX-License-Identifier: Apache-2.0 */
/* The traits of a size, by a table. */
#include "host/runbook/size_trait.h"

#include <stdio.h>
#include <string.h>

#include "base/quantity.h"

static const struct class
{
	unsigned below;
	const char *name;
} cpu_classes[] = {{2, "1"}, {5, "2-4"}, {17, "5-16"}, {65, "17-64"}, {0, "over-64"}},
  memory_classes[] = {{2048, "under-2GiB"},
		      {8193, "2-8GiB"},
		      {65537, "8-64GiB"},
		      {524289, "64-512GiB"},
		      {0, "over-512GiB"}};

static const char *class_of(const struct class *classes, unsigned value)
{
	while (classes->below > 0 && value >= classes->below)
		classes++;
	return classes->name;
}

const char *size_cpu_class(const struct size *size)
{
	return class_of(cpu_classes, size->cpus);
}

const char *size_memory_class(const struct size *size)
{
	return class_of(memory_classes, size->mem_mib);
}

#define AT(member) offsetof(struct size, member)

/* Numbers; of those that are only said (not made) 0 is "nothing is said". */
static const struct counted {
	const char *name;
	size_t offset;
	bool is_mib, is_made;
} counted[] = {
	{"cpus", AT(cpus), false, true},
	{"memory", AT(mem_mib), true, true},
	{"max_memory", AT(max_mem_mib), true, false},
	{"disks", AT(data_disks), false, true},
	{"disk_size", AT(data_disk_mib), true, false},
	{"disks_max", AT(facts.disks_max), false, false},
	{"disk_iops", AT(facts.disk_iops), false, false},
	{"disk_mbps", AT(facts.disk_mbps), false, false},
	{"nics", AT(nics), false, true},
	{"nics_max", AT(facts.nics_max), false, false},
	{"net_mbps", AT(facts.net_mbps), false, false},
	{"queues", AT(facts.queues), false, false},
	{"gpus", AT(facts.gpus), false, true},
};

static const struct worded {
	const char *name;
	size_t offset;
} worded[] = {
	{"controller", AT(controller)},
	{"nic", AT(facts.nic)},
	{"arch", AT(facts.arch)},
	{"cpu_model", AT(cpu_model)},
	{"series", AT(facts.series)},
	{"gpu", AT(facts.gpu)},
	{"confidential", AT(facts.confidential)},
};

bool size_trait_is_own(const char *name)
{
	static const char *const others[] = {"numa", "tpm",	   "secure_boot",
					     "rdma", "generation", "bios",
					     "uefi", "cpu_class",  "memory_class"};

	for (const struct counted *row = counted; row < counted + ARRAY_LEN(counted); row++)
		if (strcmp(row->name, name) == 0)
			return true;
	for (const struct worded *row = worded; row < worded + ARRAY_LEN(worded); row++)
		if (strcmp(row->name, name) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(others[i], name) == 0)
			return true;
	return false;
}

static const char *truth(bool is_so)
{
	return is_so ? "yes" : "no";
}

static void tell_number(const struct counted *row, unsigned number, size_trait_fn *on_trait,
			void *arg)
{
	CLEAN_TEXT struct text value = TEXT_INIT(64);

	if (row->is_mib)
		quantity_add(&value, QUANTITY_BYTES, (uint64_t)number << 20);
	else
		(void)text_addf(&value, "%u", number);
	on_trait(arg, row->name, value.buf);
}

static void tell_generations(unsigned generations, size_trait_fn *on_trait, void *arg)
{
	static const char *const names[] = {NULL, "1", "2", "1+2"};

	if (generations == 0)
		return;
	on_trait(arg, "generation", names[generations & 3]);
	on_trait(arg, "bios", truth(generations & SIZE_GENERATION_1));
	on_trait(arg, "uefi", truth(generations & SIZE_GENERATION_2));
}

static void tell_free(const char *lines, size_trait_fn *on_trait, void *arg)
{
	while (*lines) {
		size_t name = strcspn(lines, "="), line = strcspn(lines, "\n");
		CLEAN_FREE char *left = xasprintf("%.*s", (int)name, lines);
		CLEAN_FREE char *right =
			xasprintf("%.*s", (int)(line - name - 1), lines + name + 1);
		on_trait(arg, left, right);
		lines += line + 1;
	}
}

void size_traits(const struct size *size, size_trait_fn *on_trait, void *arg)
{
	for (const struct counted *row = counted; row < counted + ARRAY_LEN(counted); row++) {
		unsigned number = *(const unsigned *)((const char *)size + row->offset);
		if (number > 0 || row->is_made)
			tell_number(row, number, on_trait, arg);
	}
	on_trait(arg, "numa",
		 size->numa_nodes == 0 ? "1" : (char[]){(char)('0' + size->numa_nodes % 10), '\0'});
	for (const struct worded *row = worded; row < worded + ARRAY_LEN(worded); row++) {
		const char *word = (const char *)size + row->offset;
		if (word[0])
			on_trait(arg, row->name, word);
	}
	on_trait(arg, "tpm", truth(size->tpm));
	on_trait(arg, "secure_boot", truth(size->facts.secure_boot));
	on_trait(arg, "rdma", truth(size->facts.rdma));
	tell_generations(size->facts.generations, on_trait, arg);
	on_trait(arg, "cpu_class", size_cpu_class(size));
	on_trait(arg, "memory_class", size_memory_class(size));
	tell_free(size->facts.traits, on_trait, arg);
}
