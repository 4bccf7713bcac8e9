/* SPDX-License-Identifier: Apache-2.0 */
/* The functions on a PCI bus that each test makes. */
#include "guest/kit/pci.h"

#include <fcntl.h>

#include "base/test.h"
#include "guest/kit/trial.h"

CASE(pcitest, counts)
{
	CHECK_EQ(t, pci_count(t, "0x0200"), 2U);
	CHECK_EQ(t, pci_count(t, "0x010802"), 1U);
	CHECK_EQ(t, pci_class(t, "0000:00:1f.0"), ""); /* it is gone */
}

static void make_folder(const char *name)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	EXPECT(mkdir(path, 0755) == 0);
}

static void make_function(const char *address, const char *class)
{
	CLEAN_FREE char *name = xasprintf("sys/bus/pci/devices/%s", address);
	CLEAN_FREE char *path = xasprintf("%s/%s/class", test_folder(), name);

	make_folder(name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	EXPECT(write(fd, class, strlen(class)) == (ssize_t)strlen(class));
}

static void make_bus(void)
{
	static const char *const folders[] = {"sys", "sys/bus", "sys/bus/pci",
					      "sys/bus/pci/devices"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		make_folder(folders[i]);
	make_function("0000:00:02.0", "0x020000\n");
	make_function("0000:00:03.0", "0x020000\n");
	make_function("0000:00:04.0", "0x010802\n");
}

static void expect_outcome(const char *want)
{
	CLEANUP(tree) struct tree *tree = tree_of_folder(test_folder());
	CLEAN_DONE(result) struct result result;
	const struct trial_setup setup = {
		.def = cases_find("pcitest.counts"), .tree = tree, .parameters = ""};

	result_init(&result, "pcitest.counts");
	trial_execute(&setup, &result);
	EXPECT_TEXT(outcome_name(result.outcome), want);
}

TEST(pci, functions_are_counted_by_class)
{
	make_bus();
	expect_outcome("pass");
}

TEST(pci, a_class_that_is_none_breaks_the_case)
{
	make_bus();
	make_function("0000:00:05.0", "0x02\n");
	expect_outcome("broken");
}
