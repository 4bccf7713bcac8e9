/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins: what is held stays, what is not becomes smaller and says so; and the traits of a size. */
#include "host/runbook/size_fit.h"

#include <string.h>

#include "base/test.h"
#include "host/runbook/size_table.h"
#include "host/runbook/size_trait.h"

static const struct size_room room = {.cpus = 2, .memory_mib = 16000};

static void expect_fitted(struct size size, const char *stand_in, unsigned cpus, unsigned mem_mib)
{
	size_fit(&room, &size);
	EXPECT_TEXT(size.stand_in, stand_in);
	EXPECT_NUMBER(size.cpus, cpus);
	EXPECT_NUMBER(size.mem_mib, mem_mib);
}

TEST(size_fit, what_is_held_stays)
{
	expect_fitted((struct size){.cpus = 8, .mem_mib = 12000, .data_disks = 16, .numa_nodes = 2},
		      "", 8, 12000);
	struct size large = {.cpus = 500, .mem_mib = 1U << 24};
	size_fit(&(struct size_room){0}, &large);
	EXPECT_TEXT(large.stand_in, "");
}

TEST(size_fit, a_stand_in_says_what_it_lacks)
{
	expect_fitted((struct size){.cpus = 9, .mem_mib = 1024}, "4 of 9 CPUs", 4, 1024);
	expect_fitted((struct size){.cpus = 2, .mem_mib = 12001}, "2048 of 12001 MiB", 2, 2048);
	expect_fitted(
		(struct size){
			.cpus = 96,
			.mem_mib = 393216,
			.numa_nodes = 8,
			.data_disks = 20,
			.facts = {.gpus = 1, .rdma = true, .confidential = "tdx", .nic = "sriov"}},
		"4 of 96 CPUs, 2048 of 393216 MiB, 4 of 8 NUMA nodes, 16 of 20 disks, no GPU, no "
		"InfiniBand, no tdx, virtio for sriov",
		4, 2048);
	struct size elastic = {.cpus = 1, .mem_mib = 1024, .max_mem_mib = 32768};
	size_fit(&room, &elastic);
	EXPECT_TEXT(elastic.stand_in, "less memory to add");
	EXPECT_NUMBER(elastic.max_mem_mib, 2048);
}

/* Whatever ships can be made on a small host, and once it fits nothing is changed any more. */
TEST(size_fit, each_shipped_size_fits_a_small_host)
{
	static const struct size_room small = {.cpus = 1, .memory_mib = 2048};
	CLEANUP(size_table) struct size_table *table = size_table_new();
	struct err e = {0};

	EXPECT_NUMBER(size_table_add_shipped(table, &e), 0);
	for (size_t i = 0; i < size_table_count(table); i++) {
		struct size size = *size_table_at(table, i), before = size;
		size_fit(&small, &size);
		EXPECT(size.cpus >= 1 && size.cpus <= SIZE_CPUS_EACH);
		EXPECT(size.mem_mib >= 128 && size.mem_mib <= 1536);
		EXPECT(size.max_mem_mib == 0 || size.max_mem_mib > size.mem_mib);
		EXPECT(size.numa_nodes <= size.cpus && size.data_disks <= SIZE_DISKS_MAX);
		EXPECT(size.numa_nodes < 2 || size.mem_mib % size.numa_nodes == 0);
		bool is_smaller = before.cpus != size.cpus || before.mem_mib != size.mem_mib ||
				  before.numa_nodes != size.numa_nodes;
		EXPECT(!is_smaller || size.stand_in[0]);
		EXPECT(strlen(size.stand_in) < SIZE_STAND_IN_SIZE - 1);
	}
}

static void add(void *arg, const char *name, const char *value)
{
	(void)text_addf(arg, "%s=%s\n", name, value);
}

static void expect_own(void *arg, const char *name, const char *value)
{
	(void)arg;
	if (!size_trait_is_own(name))
		EXPECT_TEXT(name, value);
}

TEST(size_trait, own_ones_are_known)
{
	struct size size = {.cpus = 1,
			    .max_mem_mib = 1,
			    .data_disk_mib = 1,
			    .controller = "nvme",
			    .cpu_model = "max",
			    .facts = {.series = "s",
				      .arch = "a",
				      .nic = "n",
				      .gpu = "g",
				      .confidential = "c",
				      .generations = 3,
				      .disks_max = 1,
				      .disk_iops = 1,
				      .disk_mbps = 1,
				      .nics_max = 1,
				      .net_mbps = 1,
				      .queues = 1}};

	size_traits(&size, expect_own, NULL);
	EXPECT(!size_trait_is_own("zone"));
}

TEST(size_trait, all_that_is_said_is_told)
{
	CLEAN_TEXT struct text plain = TEXT_INIT(4096), said = TEXT_INIT(4096);
	struct size size = {.cpus = 5,
			    .mem_mib = 3584,
			    .nics = 1,
			    .tpm = true,
			    .controller = "nvme",
			    .facts = {.generations = SIZE_GENERATION_2,
				      .arch = "x86_64",
				      .disks_max = 8,
				      .traits = "zone=a\ntier=1\n"}};

	size_traits(&sizes_known()[0], add, &plain);
	EXPECT_TEXT(plain.buf, "cpus=2\nmemory=1GiB\ndisks=0\nnics=1\ngpus=0\nnuma=1\ntpm=no\n"
			       "secure_boot=no\nrdma=no\ncpu_class=2-4\nmemory_class=under-2GiB\n");
	size_traits(&size, add, &said);
	EXPECT_TEXT(said.buf,
		    "cpus=5\nmemory=3584MiB\ndisks=0\ndisks_max=8\nnics=1\ngpus=0\nnuma=1\n"
		    "controller=nvme\narch=x86_64\ntpm=yes\nsecure_boot=no\nrdma=no\n"
		    "generation=2\nbios=no\nuefi=yes\ncpu_class=5-16\nmemory_class=2-8GiB\n"
		    "zone=a\ntier=1\n");
}
