/* SPDX-License-Identifier: Apache-2.0 */
/* Which job comes next, and how many go on at once. */
#include "base/test.h"
#include "host/run/schedule.h"

#define JOBS 5

struct shop {
	struct plan_cell cell;
	struct job made[JOBS];
	struct jobs jobs;
	struct schedule *schedule;
};

/* Forks that take 1 s, 2 s, …; "w" mostly waits, "2" has two machines. */
static void shop_open(struct shop *shop, const char *kinds, const struct schedule_lanes *lanes)
{
	*shop = (struct shop){.jobs = VEC_INIT(JOBS_MAX)};
	for (size_t i = 0; i < JOBS; i++) {
		shop->made[i] = (struct job){.kind = JOB_FORK,
					     .cell = &shop->cell,
					     .machines = kinds[i] == '2' ? 2 : 1,
					     .waits = kinds[i] == 'w',
					     .expected_ns = (i + 1) * NS_PER_S};
		EXPECT(vec_add(&shop->jobs, &shop->made[i]));
	}
	shop->schedule = schedule_new(&shop->jobs, 1, lanes);
	schedule_set_template(shop->schedule, 0, TEMPLATE_READY, "");
}

static void shop_close(struct shop *shop)
{
	schedule_free(shop->schedule);
	vec_done(&shop->jobs);
}

static long take(struct shop *shop)
{
	const struct job *job = schedule_take(shop->schedule);

	return job ? job - shop->made : -1;
}

TEST(schedule, longest_first)
{
	struct shop shop;

	shop_open(&shop, "-----", &(struct schedule_lanes){.working = JOBS});
	for (long i = JOBS - 1; i >= 0; i--)
		EXPECT_NUMBER(take(&shop), i);
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, cases_that_wait_go_beside_those_that_work)
{
	struct shop shop;

	shop_open(&shop, "www--", &(struct schedule_lanes){.working = 1, .waiting = 2});
	EXPECT_NUMBER(take(&shop), 4); /* works */
	EXPECT_NUMBER(take(&shop), 2); /* wait beside it */
	EXPECT_NUMBER(take(&shop), 1);
	schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 0); /* not the one that works: its lane is taken */
	schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 3);
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, without_room_beside_all_take_their_turn)
{
	struct shop shop;

	shop_open(&shop, "w-w--", &(struct schedule_lanes){.working = 1});
	for (long i = JOBS - 1; i >= 0; i--) {
		EXPECT_NUMBER(take(&shop), i);
		schedule_end(shop.schedule, &shop.made[i]);
	}
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, two_machines_take_two_lanes)
{
	struct shop shop;

	shop_open(&shop, "--2-2", &(struct schedule_lanes){.working = 2});
	EXPECT_NUMBER(take(&shop), 4);
	schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 3);
	EXPECT_NUMBER(take(&shop), 1); /* the pair would not fit in */
	schedule_end(shop.schedule, &shop.made[3]);
	schedule_end(shop.schedule, &shop.made[1]);
	EXPECT_NUMBER(take(&shop), 2);
	schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 0);
	shop_close(&shop);
}

TEST(schedule, two_machines_wait_until_both_lanes_are_free)
{
	struct shop shop;

	shop_open(&shop, "-22--", &(struct schedule_lanes){.working = 2});
	EXPECT_NUMBER(take(&shop), 4);
	EXPECT_NUMBER(take(&shop), 3);
	schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 0); /* one lane is free: the pairs do not fit in */
	schedule_end(shop.schedule, &shop.made[3]);
	schedule_end(shop.schedule, &shop.made[0]);
	EXPECT_NUMBER(take(&shop), 2);
	schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 1);
	shop_close(&shop);
}

TEST(schedule, two_machines_run_alone_where_there_is_one_lane)
{
	struct shop shop;

	shop_open(&shop, "--2--", &(struct schedule_lanes){.working = 1});
	for (long i = JOBS - 1; i >= 0; i--) {
		EXPECT_NUMBER(take(&shop), i);
		schedule_end(shop.schedule, &shop.made[i]);
	}
	shop_close(&shop);
}
