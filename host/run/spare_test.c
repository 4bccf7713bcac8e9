/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that is made ahead, by the null driver. */
#include "host/run/spare.h"

#include <unistd.h>

#include "base/test.h"
#include "host/driver/driver.h"
#include "host/run/internal.h"

struct stable {
	struct size size;
	struct engine_setup setup;
	struct engine engine;
	struct cell_run cell, other;
	struct machine_spec spec;
	struct spare *spare;
};

/* Cells with a template each. */
static void stable_open(struct stable *stable)
{
	CLEANUP(machine) struct machine *machine = NULL;
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct boot_report report;
	struct err e = {0};

	*stable = (struct stable){.size = {.name = "s", .cpus = 1, .mem_mib = 64}};
	stable->setup.folder = test_folder();
	stable->engine = (struct engine){.setup = &stable->setup, .cancel_fd = -1};
	stable->spec = (struct machine_spec){.driver = &driver_null,
					     .driver_options = "",
					     .size = &stable->size,
					     .accel = ACCEL_KVM,
					     .entry = ENTRY_INIT,
					     .folder = test_folder()};
	stable->cell.template_folder = xasprintf("%s/template", test_folder());
	stable->other.template_folder = xasprintf("%s/nothing", test_folder());
	EXPECT_NUMBER(machine_boot(&stable->spec, &p, &machine, &report, &e), 0);
	boot_report_done(&report);
	EXPECT_NUMBER(machine_freeze(machine, stable->cell.template_folder, &p, &e), 0);
	stable->spare = spare_new(&stable->engine);
	EXPECT(stable->spare != NULL);
}

static void stable_close(struct stable *stable)
{
	spare_free(stable->spare);
	free(stable->cell.template_folder);
	free(stable->other.template_folder);
}

static unsigned count_folders(void)
{
	unsigned count = 0;

	for (unsigned i = 1; i < 10; i++) {
		CLEAN_FREE char *path = xasprintf("%s/m%04u-fork", test_folder(), i);
		count += access(path, F_OK) == 0;
	}
	return count;
}

TEST(spare, is_taken_once_and_runs)
{
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	struct spare_machine made = {0};
	struct stable stable;
	struct err e = {0};

	stable_open(&stable);
	EXPECT(!spare_take(stable.spare, &stable.cell, &made));
	spare_order(stable.spare, &stable.cell, &stable.spec);
	spare_order(stable.spare, &stable.cell, &stable.spec); /* one is under way */
	EXPECT(spare_take(stable.spare, &stable.cell, &made));
	EXPECT(!machine_is_alive(made.machine)); /* it stands still */
	EXPECT_NUMBER(template_wake(made.machine, &p, &e), 0);
	EXPECT(machine_is_alive(made.machine));
	EXPECT(has_suffix(made.folder, made.name));
	EXPECT_NUMBER(count_folders(), 1);
	machine_free(made.machine);
	free(made.folder);
	EXPECT(!spare_take(stable.spare, &stable.cell, &made));
	stable_close(&stable);
}

TEST(spare, nobody_takes_it_and_nothing_is_left)
{
	struct stable stable;

	stable_open(&stable);
	spare_order(stable.spare, &stable.cell, &stable.spec);
	stable_close(&stable);
	EXPECT_NUMBER(count_folders(), 0);
}

TEST(spare, another_cells_machine_is_not_given_away)
{
	struct spare_machine made = {0};
	struct stable stable;

	stable_open(&stable);
	spare_order(stable.spare, &stable.cell, &stable.spec);
	EXPECT(!spare_take(stable.spare, &stable.other, &made));
	EXPECT(spare_take(stable.spare, &stable.cell, &made));
	machine_free(made.machine);
	free(made.folder);
	stable_close(&stable);
}

TEST(spare, what_cannot_be_made_is_none)
{
	struct spare_machine made = {0};
	struct stable stable;

	stable_open(&stable);
	spare_order(stable.spare, &stable.other, &stable.spec);
	EXPECT(!spare_take(stable.spare, &stable.other, &made));
	EXPECT_NUMBER(count_folders(), 0);
	/* The next one can. */
	spare_order(stable.spare, &stable.cell, &stable.spec);
	EXPECT(spare_take(stable.spare, &stable.cell, &made));
	machine_free(made.machine);
	free(made.folder);
	stable_close(&stable);
}
