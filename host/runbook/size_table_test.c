/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of sizes: those that ship, what a file says of one, and every way in which it is refused. */
#include "host/runbook/size_table.h"

#include <string.h>

#include "base/test.h"

TEST(size_table, those_that_ship_are_well)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	size_t built_in = size_table_count(table), big = 0;
	struct err e = {0};

	EXPECT_NUMBER(size_table_add_shipped(table, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT(size_table_count(table) >= built_in + 30);
	for (size_t i = built_in; i < size_table_count(table); i++) {
		const struct size *size = size_table_at(table, i);
		EXPECT(size->facts.arch[0] && size->controller[0]);
		EXPECT(size->facts.generations > 0 && size->facts.nics_max >= size->nics);
		EXPECT_TEXT(size->stand_in, "");
		big += size->cpus > 64;
	}
	EXPECT(big > 0);
	const struct size *size = size_table_find(table, "Standard_D1_v2");
	EXPECT(size && size->mem_mib == 3584 && size->cpus == 1 && !size->tpm);
	EXPECT(size && size->facts.generations == SIZE_GENERATION_1);
	EXPECT(size && strstr(size->facts.traits, "premium=no\n"));
}

static const char one[] =
	"title: Ours\n"
	"sizes:\n"
	"  web: {cpus: 4, memory: 2048, nics: 2, controller: nvme, generations: [2], tpm: true}\n"
	"  web-data: {like: web, disks: 2, disk_size: 2GiB, traits: {zone: a, tier: 1}}\n";

TEST(size_table, a_file_is_read)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(size_table_parse(table, "s.yaml", one, strlen(one), &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	const struct size *web = size_table_find(table, "web");
	const struct size *data = size_table_find(table, "web-data");
	EXPECT(web && web->cpus == 4 && web->mem_mib == 2048 && web->nics == 2 && web->tpm);
	EXPECT(web && web->facts.generations == SIZE_GENERATION_2);
	EXPECT(data && data->cpus == 4 && data->data_disks == 2 && data->data_disk_mib == 2048);
	EXPECT_TEXT(data ? data->facts.traits : "", "zone=a\ntier=1\n");
	EXPECT_TEXT(data ? data->controller : "", "nvme");
}

static const struct refused {
	const char *yaml, *problems;
} refused[] = {
	{"sizes: {}\n", "s.yaml:1:1: `sizes` has 0 entries, but 1 to 4000 are possible\n"},
	{"title: x\n", "s.yaml:1:1: the file lacks the key `sizes`\n"},
	{"sizes: {a b: {cpus: 1}}\n",
	 "s.yaml:1:9: `sizes`: 'a b' is not a name: letters, digits, '-', '_' and '.', at most 63\n"},
	{"sizes: {a: {cpu: 1, serie: b}}\n",
	 "s.yaml:1:13: there is no key `cpu`; did you mean `cpus`?\n"
	 "s.yaml:1:21: there is no key `serie`; did you mean `series`?\n"},
	{"sizes:\n  a: {cpus: 513, memory: 1MiB, controller: ide, arch: arm, tpm: 1}\n",
	 "s.yaml:2:13: `cpus` is a number from 1 to 512, not '513'\n"
	 "s.yaml:2:26: `memory` is from 128MiB to 16TiB, not '1MiB'\n"
	 "s.yaml:2:44: `controller` is nvme, sata, scsi or virtio, not 'ide'\n"
	 "s.yaml:2:55: `arch` is aarch64 or x86_64, not 'arm'\n"
	 "s.yaml:2:65: `tpm` is false or true, not '1'\n"},
	{"sizes:\n  a: {generations: [3], cpu_model: 'x,y', series: a b, traits: {Zone: x, y: a b, tpm: no}}\n",
	 "s.yaml:2:21: `generations` is 1 or 2, not '3'; did you mean '1'?\n"
	 "s.yaml:2:37: `cpu_model`: 'x,y' is not a CPU model\n"
	 "s.yaml:2:51: `series`: 'a b' has others than letters, digits and ._+- in it\n"
	 "s.yaml:2:65: `traits`: 'Zone' is not of a-z, 0-9 and _, a letter first, at most 31\n"
	 "s.yaml:2:77: `traits`: 'a b' has others than letters, digits and ._+- in it\n"
	 "s.yaml:2:82: `traits`: 'tpm' is a trait that sizes have by themselves\n"},
	{"sizes: {a: {like: b}, b: {like: smal}}\n",
	 "s.yaml:1:19: `like`: there is no size 'b' before this one\n"
	 "s.yaml:1:33: `like`: there is no size 'smal' before this one; did you mean 'small'?\n"},
	{"sizes: {a: {memory: 2GiB, max_memory: 1GiB}, b: {cpus: 1, numa: 2}, c: {disk_size: 1GB}}\n",
	 "s.yaml:1:9: size: maxmem=1024 leaves nothing to add to mem=2048\n"
	 "s.yaml:1:46: size: 2 NUMA nodes need at least as many CPUs, not 1\n"
	 "s.yaml:1:84: this is no whole number of MiB\n"},
	{"sizes: [small]\n", "s.yaml:1:9: `sizes` is a mapping, lines \"key: value\"\n"},
};

TEST(size_table, is_refused_with_all_places)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		CLEANUP(size_table) struct size_table *table = size_table_new();
		CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
		EXPECT(size_table_parse(table, "s.yaml", row->yaml, strlen(row->yaml), &problems) >
		       0);
		EXPECT_TEXT(problems.buf, row->problems);
	}
}

TEST(size_table, names_are_chosen)
{
	CLEANUP(size_table) struct size_table *table = size_table_new();
	struct size size = {.cpus = 77};
	struct err e = {0};

	EXPECT_NUMBER(size_table_choose(table, "smal", &size, &e), -EINVAL);
	EXPECT_TEXT(e.text, "no size 'smal'; did you mean 'small'?");
	EXPECT_NUMBER(size_table_choose(table, "zebra", &size, &e), -EINVAL);
	EXPECT(strstr(e.text, "`assay list --sizes` shows them") != NULL);
	EXPECT_NUMBER(size.cpus, 77);
	EXPECT_NUMBER(size_table_choose(table, "large", &size, &e), 0);
	EXPECT_NUMBER(size.cpus, 4);
}
