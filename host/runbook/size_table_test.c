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
