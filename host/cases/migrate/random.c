/* SPDX-License-Identifier: Apache-2.0 */
/* What two copies of a saved state have of their own. */
#include <string.h>

#include "host/cases/host_order.h"

#define FORK_S 600 /* a boot, where no such machine is kept yet */
#define BLOCKS "2000"

/* What a copy draws first. It has been told nothing by Assay: what it knows, its kernel was told by the machine. */
static const char *draw_in_copy(struct host_trial *t)
{
	const struct host_order order = {.keeps_random = true};

	HOST_REQUIRE(t, host_fork_ordered(t, &order, FORK_S));
	if (!machine_template(host_machine(t)))
		host_skip(t, "template", "the machine cannot be saved here: it was booted");
	const char *blocks = host_ask(t, "probe", "draw_random", BLOCKS, NULL);
	HOST_REQUIRE(t, blocks != NULL);
	return blocks;
}

/* Others draw meanwhile: what one copy has got the other one may get a little later. */
static unsigned count_common(struct host_trial *t, const char *blocks, const char *others)
{
	unsigned count = 0;

	for (size_t length; *blocks; blocks += length) {
		length = strcspn(blocks, "\n") + 1;
		const char *block = host_format(t, "%.*s", (int)length, blocks);
		count += strstr(others, block) != NULL;
	}
	return count;
}

HOST_CASE(migrate, restored_copies_draw_different_random,
	  .title = "Two restores of one saved state give different random numbers", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "dev:vmgenid,kconfig:VMGENID", .timeout_s = 700,
	  .why = "Copies that draw the same make the same keys, and one gives the other's away.",
	  .remedy = "Build the kernel with CONFIG_VMGENID, or load vmgenid when it starts.",
	  .sources = "own")
{
	const char *first = draw_in_copy(t), *second = draw_in_copy(t);

	HOST_CHECK_EQ(t, count_common(t, first, second), 0);
}

HOST_SABOTAGE(migrate, restored_copies_draw_different_random,
	      "no device tells the kernel that it is a copy")
{
	static const struct case_sabotage no_device =
		DROP_DEVICE("no device tells the kernel that it is a copy", "vmgenid");

	host_plant(t, &no_device);
}
