// SPDX-License-Identifier: Apache-2.0
// Where partitions begin.
#include "guest/kit/case.h"
#include "guest/kit/disk.h"

#define MIB (1ULL << 20)

AUDIT(storage, partitions_are_aligned, .title = "Every partition starts on a mebibyte boundary",
      .priority = P3, .sources = "AZCERT:ms-faq/first-mib-empty,AZCERT:hygiene/partition-alignment",
      .why = "A partition that begins in the middle of a block makes every write two.",
      .remedy = "Begin partitions at whole mebibytes.")
{
	const struct disk_table *table = disk_table_require(t);

	for (unsigned i = 0; i < table->count; i++) {
		const struct disk_partition *one = &table->partitions[i];
		/* Boot loaders' own small partition may fill the first mebibyte. */
		if (one->start % MIB == 0 || strcmp(one->type, DISK_TYPE_BIOS) == 0)
			check_passed(t);
		else
			FAIL(t, "partition %u begins at byte %llu", one->number,
			     (unsigned long long)one->start);
	}
	REQUIRE(t, table->count > 0);
}

SABOTAGE(storage, partitions_are_aligned, "a partition begins at sector 63")
{
	unsigned char entry[16] = {0x80, 0, 0, 0, 0x83, 0, 0, 0, 63, 0, 0, 0, 0, 8, 0, 0};
	static const unsigned char nothing[512];

	/* An MBR disk: the protective entry and the GPT are taken away. */
	tree_plant_disk(case_tree(t), 512, nothing, sizeof nothing);
	tree_plant_disk(case_tree(t), 446, nothing, 64);
	tree_plant_disk(case_tree(t), 446, entry, sizeof entry);
	tree_plant_disk(case_tree(t), 510, "\x55\xaa", 2);
}
