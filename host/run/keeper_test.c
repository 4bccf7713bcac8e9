/* SPDX-License-Identifier: Apache-2.0 */
/* Two cases that order the same machine of the null driver at once. */
#include "host/run/keeper.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/driver.h"
#include "host/run/internal.h"

#define ORDERS 2

struct order {
	pthread_t thread;
	struct keeper keeper;
	struct machine_spec spec;
	char *machine_folder, *template_folder;
	int r;
	char error[512];
};

static const struct size size = {.name = "s", .cpus = 1, .mem_mib = 64};

static void *order_main(void *arg)
{
	struct order *order = arg;
	const struct machine_keeper *machines = &order->keeper.machines;
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	struct boot_report report = {.console_tail = TEXT_INIT(0)};
	struct err e = {0};

	order->r = machines->template_of(machines->arg, &order->spec, &p, &order->template_folder,
					 &report, &e);
	(void)snprintf(order->error, sizeof order->error, "%s", e.text);
	boot_report_done(&report);
	return NULL;
}

static void order_begin(struct order *order, unsigned number, struct engine *engine,
			unsigned cables)
{
	*order = (struct order){
		.spec = {.driver = &driver_null,
			 .driver_options = "boot_ms=300",
			 .size = &size,
			 .accel = ACCEL_KVM,
			 .entry = ENTRY_INIT},
		.machine_folder = xasprintf("%s/order%u", test_folder(), number),
	};
	order->spec.folder = order->machine_folder;
	order->spec.make.cables = cables;
	EXPECT_NUMBER(mkdir(order->machine_folder, 0755), 0);
	keeper_init(&order->keeper, engine);
	EXPECT_NUMBER(pthread_create(&order->thread, NULL, order_main, order), 0);
}

static bool has_booted(const struct order *order)
{
	CLEAN_FREE char *path = xasprintf("%s/boot", order->machine_folder);

	return access(path, F_OK) == 0;
}

static void order_end(struct order *order)
{
	keeper_done(&order->keeper);
	free(order->machine_folder);
	free(order->template_folder);
}

/* It is made of a copy of the machine without them: a boot would not have them in the agent's hands. */
TEST(keeper, machine_with_nics_for_cables_is_never_booted)
{
	CLEAN_FREE char *templates = xasprintf("%s/templates", test_folder());
	struct engine_setup setup = {
		.folder = test_folder(), .templates = templates, .templates_max = UINT64_MAX};
	struct engine engine = {.setup = &setup, .cancel_fd = -1};
	struct order order;

	order_begin(&order, 0, &engine, 2);
	pthread_join(order.thread, NULL);
	EXPECT_NUMBER(order.r, -ENOTSUP);
	EXPECT_NUMBER(order.keeper.count, 0);
	EXPECT(!has_booted(&order));
	order_end(&order);
}

/* Both hold it until both have it. */
TEST(keeper, one_makes_what_two_order)
{
	CLEAN_FREE char *templates = xasprintf("%s/templates", test_folder());
	struct engine_setup setup = {
		.folder = test_folder(), .templates = templates, .templates_max = UINT64_MAX};
	struct engine engine = {.setup = &setup, .cancel_fd = -1};
	struct order orders[ORDERS];
	unsigned booted = 0;

	for (unsigned i = 0; i < ORDERS; i++)
		order_begin(&orders[i], i, &engine, 0);
	for (unsigned i = 0; i < ORDERS; i++)
		pthread_join(orders[i].thread, NULL);
	for (unsigned i = 0; i < ORDERS; i++) {
		EXPECT_TEXT(orders[i].error, "");
		EXPECT_NUMBER(orders[i].r, 0);
		EXPECT_NUMBER(orders[i].keeper.count, 1);
		booted += has_booted(&orders[i]);
	}
	EXPECT_NUMBER(booted, 1);
	EXPECT_TEXT(orders[0].template_folder, orders[1].template_folder);
	for (unsigned i = 0; i < ORDERS; i++)
		order_end(&orders[i]);
}
