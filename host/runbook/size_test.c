/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes: what can be spelt, what is refused and how. */
#include "host/runbook/size.h"

#include <string.h>

#include "base/test.h"

TEST(size, known_names)
{
	struct size size;
	struct err e = {0};

	for (const struct size *known = sizes_known(); known->name[0]; known++) {
		EXPECT(size_parse(known->name, &size, &e) == 0);
		EXPECT(memcmp(&size, known, sizeof size) == 0);
		EXPECT(known->cpus > 0 && known->mem_mib >= 128);
	}
	EXPECT_TEXT(sizes_known()->name, "default");
}

TEST(size, spelt_size_starts_from_default)
{
	struct size size;
	struct err e = {0};

	EXPECT(size_parse("cpus=4,mem=4096", &size, &e) == 0);
	EXPECT_NUMBER(size.cpus, 4);
	EXPECT_NUMBER(size.mem_mib, 4096);
	EXPECT_NUMBER(size.nics, 1);
	EXPECT_TEXT(size.name, "4c-4096m");
	EXPECT(size_parse("web:cpus=1,disks=2,tpm=1,cpu_model=qemu64", &size, &e) == 0);
	EXPECT_TEXT(size.name, "web");
	EXPECT_NUMBER(size.data_disk_mib, 1024);
	EXPECT(size.tpm);
	EXPECT_TEXT(size.cpu_model, "qemu64");
}

static const struct refused {
	const char *text, *names; /* a part of the sentence */
} refused[] = {
	{"smal", "did you mean 'small'"},
	{"cpus=0", "between 1 and 512"},
	{"cpus=two", "not 'two'"},
	{"cpu=2", "did you mean 'cpus'"},
	{"cpus=2,", "has no value"},
	{"cpus=1,numa=2", "at least as many CPUs"},
	{"mem=2G", "mem is a number of MiB between"},
	{"disks=2,cpus=1,disks=3", "disks is given twice"},
	{"mem=1024,maxmem=1024", "leaves nothing to add"},
	{"a/b:cpus=1", "is not a name"},
	{"cpu_model=host,x", "has no value"},
	{"cpu_model=a b", "is not a CPU model"},
	{"", "no size"},
};

TEST(size, refuses_with_a_sentence)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		struct size size = {.cpus = 77};
		struct err e = {0};
		EXPECT_NUMBER(size_parse(row->text, &size, &e), -EINVAL);
		EXPECT_NUMBER(e.blame, BLAME_USER);
		EXPECT(strstr(e.text, row->names) != NULL);
		EXPECT_NUMBER(size.cpus, 77); /* untouched */
	}
}

TEST(size, parameters_tell_cases)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1024);

	size_parameters(sizes_known(), &out);
	EXPECT(strstr(out.buf, "cpus=2\n") != NULL);
	EXPECT(strstr(out.buf, "disks=0\n") != NULL);
	EXPECT(strstr(out.buf, "numa=1\n") != NULL);
}
