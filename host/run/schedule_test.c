/* SPDX-License-Identifier: Apache-2.0 */
/* Which job comes next, and how many go on at once. */
#include "host/run/schedule.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"

#define JOBS 5

struct shop {
	struct plan_cell cell;
	struct job made[JOBS];
	struct jobs jobs;
	struct schedule *schedule;
};

/* Forks that take 1 s, 2 s, …; "w" mostly waits, "2" has two machines. */
static void shop_open(struct shop *shop, const char *kinds, const struct room *room)
{
	const struct schedule_limits limits = {.room = *room};

	*shop = (struct shop){.jobs = VEC_INIT(JOBS_MAX)};
	for (size_t i = 0; i < JOBS; i++) {
		shop->made[i] = (struct job){.kind = JOB_FORK,
					     .cell = &shop->cell,
					     .machines = kinds[i] == '2' ? 2 : 1,
					     .waits = kinds[i] == 'w',
					     .expected_ns = (i + 1) * NS_PER_S};
		EXPECT(vec_add(&shop->jobs, &shop->made[i]));
	}
	shop->schedule = schedule_new(&shop->jobs, 1, &limits);
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

	shop_open(
		&shop, "-----",
		&(struct room){.cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX, .working = JOBS});
	for (long i = JOBS - 1; i >= 0; i--)
		EXPECT_NUMBER(take(&shop), i);
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, cases_that_wait_go_beside_those_that_work)
{
	struct shop shop;

	shop_open(&shop, "www--",
		  &(struct room){.cpus = ROOM_CPUS_MAX,
				 .mem_mib = ROOM_MEMORY_MAX,
				 .working = 1,
				 .waiting = 2});
	EXPECT_NUMBER(take(&shop), 4); /* works */
	EXPECT_NUMBER(take(&shop), 2); /* wait beside it */
	EXPECT_NUMBER(take(&shop), 1);
	(void)schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 0); /* not the one that works: its lane is taken */
	(void)schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 3);
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, without_room_beside_all_take_their_turn)
{
	struct shop shop;

	shop_open(&shop, "w-w--",
		  &(struct room){.cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX, .working = 1});
	for (long i = JOBS - 1; i >= 0; i--) {
		EXPECT_NUMBER(take(&shop), i);
		(void)schedule_end(shop.schedule, &shop.made[i]);
	}
	EXPECT_NUMBER(take(&shop), -1);
	shop_close(&shop);
}

TEST(schedule, two_machines_take_two_lanes)
{
	struct shop shop;

	shop_open(&shop, "--2-2",
		  &(struct room){.cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX, .working = 2});
	EXPECT_NUMBER(take(&shop), 4);
	(void)schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 3);
	EXPECT_NUMBER(take(&shop), 1); /* the pair would not fit in */
	(void)schedule_end(shop.schedule, &shop.made[3]);
	(void)schedule_end(shop.schedule, &shop.made[1]);
	EXPECT_NUMBER(take(&shop), 2);
	(void)schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 0);
	shop_close(&shop);
}

TEST(schedule, two_machines_wait_until_both_lanes_are_free)
{
	struct shop shop;

	shop_open(&shop, "-22--",
		  &(struct room){.cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX, .working = 2});
	EXPECT_NUMBER(take(&shop), 4);
	EXPECT_NUMBER(take(&shop), 3);
	(void)schedule_end(shop.schedule, &shop.made[4]);
	EXPECT_NUMBER(take(&shop), 0); /* one lane is free: the pairs do not fit in */
	(void)schedule_end(shop.schedule, &shop.made[3]);
	(void)schedule_end(shop.schedule, &shop.made[0]);
	EXPECT_NUMBER(take(&shop), 2);
	(void)schedule_end(shop.schedule, &shop.made[2]);
	EXPECT_NUMBER(take(&shop), 1);
	shop_close(&shop);
}

TEST(schedule, two_machines_run_alone_where_there_is_one_lane)
{
	struct shop shop;

	shop_open(&shop, "--2--",
		  &(struct room){.cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX, .working = 1});
	for (long i = JOBS - 1; i >= 0; i--) {
		EXPECT_NUMBER(take(&shop), i);
		(void)schedule_end(shop.schedule, &shop.made[i]);
	}
	shop_close(&shop);
}

/* ---- cells of several sizes on one host ---- */

#define CELLS 4

/* Cells with a boot and a fork each; those of one letter are the same machine, of that many MiB: 'a' 1024, 'b' 2048, … */
struct hall {
	char words[2]; /* what the cells do not differ in */
	struct plan_cell cells[CELLS];
	struct job boots[CELLS], forks[CELLS];
	struct jobs jobs;
	struct schedule *schedule;
};

static void hall_open(struct hall *hall, const char *makes, const struct schedule_limits *limits)
{
	*hall = (struct hall){.jobs = VEC_INIT(JOBS_MAX)};
	for (unsigned i = 0; makes[i]; i++) {
		struct plan_cell *cell = &hall->cells[i];
		unsigned mem_mib = (unsigned)(makes[i] - 'a' + 1) * 1024;
		*cell = (struct plan_cell){.index = i,
					   .size = {.cpus = 2, .mem_mib = mem_mib},
					   .image_digest = hall->words,
					   .firmware = hall->words,
					   .accel = hall->words,
					   .entry = hall->words,
					   .qemu = hall->words,
					   .machine = hall->words};
		hall->boots[i] = (struct job){.kind = JOB_TEMPLATE,
					      .cell = cell,
					      .machines = 1,
					      .expected_ns = (60 - i) * NS_PER_S};
		hall->forks[i] = (struct job){.kind = JOB_FORK,
					      .cell = cell,
					      .machines = 1,
					      .expected_ns = (20 - i) * NS_PER_S};
		EXPECT(vec_add(&hall->jobs, &hall->boots[i]));
		EXPECT(vec_add(&hall->jobs, &hall->forks[i]));
	}
	hall->schedule = schedule_new(&hall->jobs, CELLS, limits);
}

static void hall_close(struct hall *hall)
{
	schedule_free(hall->schedule);
	vec_done(&hall->jobs);
}

/* "b0": the boot of cell 0 comes next, "f2": the fork of cell 2; with a "!" where it is refused. */
static const char *next(struct hall *hall, char name[4])
{
	const struct job *job = schedule_take(hall->schedule);

	(void)snprintf(name, 4, "%s", "-");
	for (unsigned i = 0; job && i < CELLS; i++)
		if (job == &hall->boots[i] || job == &hall->forks[i])
			(void)snprintf(name, 4, "%c%u%s", job == &hall->boots[i] ? 'b' : 'f', i,
				       job->refusal[0] ? "!" : "");
	return name;
}

static void booted(struct hall *hall, unsigned cell, enum template_state state)
{
	schedule_set_template(hall->schedule, cell, state, "");
	(void)schedule_end(hall->schedule, &hall->boots[cell]);
}

static const struct schedule_limits wide = {
	.room = {.working = 100, .cpus = ROOM_CPUS_MAX, .mem_mib = ROOM_MEMORY_MAX},
	.templates_mib = 100000,
};

TEST(schedule, cells_are_packed_by_memory)
{
	struct schedule_limits limits = wide;
	struct hall hall;
	char name[4], other[] = "y";

	/* 1024 and 2048 MiB with 256 each for QEMU; the third has to wait, and the fourth may not delay it. */
	limits.room.mem_mib = 3584;
	hall_open(&hall, "abac", &limits);
	hall.cells[2].image_digest = other;
	schedule_free(hall.schedule);
	hall.schedule = schedule_new(&hall.jobs, CELLS, &limits);
	EXPECT_TEXT(next(&hall, name), "b0");
	EXPECT_TEXT(next(&hall, name), "b1");
	booted(&hall, 0, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "b2");
	booted(&hall, 1, TEMPLATE_READY);
	booted(&hall, 2, TEMPLATE_READY);
	/* 3072 + 256 go now; beside it no copy, which takes half of its memory and 256, has room. */
	EXPECT_TEXT(next(&hall, name), "b3");
	booted(&hall, 3, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "f0");
	EXPECT_TEXT(next(&hall, name), "f1");
	EXPECT_TEXT(next(&hall, name), "f2");
	hall_close(&hall);
}

TEST(schedule, what_is_too_large_for_the_host_is_refused)
{
	struct schedule_limits limits = wide;
	struct hall hall;
	char name[4];

	limits.room.mem_mib = 2000;
	hall_open(&hall, "ab", &limits);
	EXPECT_TEXT(next(&hall, name), "b0");
	EXPECT_TEXT(next(&hall, name), "b1!");
	EXPECT(strstr(hall.boots[1].refusal, "2304 MiB") != NULL);
	EXPECT(strstr(hall.boots[1].refusal, "2000 MiB") != NULL);
	hall_close(&hall);
}

TEST(schedule, the_large_one_is_not_starved_by_small_ones)
{
	struct job small[3], large;
	struct plan_cell cells[2] = {{.size = {.cpus = 2, .mem_mib = 768}},
				     {.index = 1, .size = {.cpus = 2, .mem_mib = 2048 - 256}}};
	struct schedule_limits limits = wide;
	struct jobs jobs = VEC_INIT(JOBS_MAX);

	/* Two lanes' worth of memory: first the long one; then the large one waits, and only what ends before that may go. */
	limits.room.mem_mib = 2048;
	for (unsigned i = 0; i < ARRAY_LEN(small); i++) {
		static const unsigned span_s[] = {100, 30, 200};
		small[i] = (struct job){.kind = JOB_COLD,
					.cell = &cells[0],
					.machines = 1,
					.expected_ns = span_s[i] * NS_PER_S};
		EXPECT(vec_add(&jobs, &small[i]));
	}
	large = small[0];
	large.cell = &cells[1];
	large.expected_ns = 150 * NS_PER_S;
	EXPECT(vec_add(&jobs, &large));
	small[0].chain_ns = 1000 * NS_PER_S; /* goes first */
	small[2].expected_ns = 120 * NS_PER_S;
	struct schedule *schedule = schedule_new(&jobs, 2, &limits);
	EXPECT(schedule_take(schedule) == &small[0]);
	/* 120 s would be longer than the 100 s after which there is room; 30 s are not. */
	EXPECT(schedule_take(schedule) == &small[1]);
	(void)schedule_end(schedule, &small[1]);
	(void)schedule_end(schedule, &small[0]);
	EXPECT(schedule_take(schedule) == &large);
	(void)schedule_end(schedule, &large);
	EXPECT(schedule_take(schedule) == &small[2]);
	EXPECT(schedule_take(schedule) == NULL);
	schedule_free(schedule);
	vec_done(&jobs);
}

TEST(schedule, cells_of_one_make_boot_once)
{
	struct hall hall;
	char name[4];

	hall_open(&hall, "aba", &wide);
	EXPECT_NUMBER(schedule_leader(hall.schedule, 2), 0);
	EXPECT_NUMBER(schedule_leader(hall.schedule, 1), 1);
	EXPECT_TEXT(next(&hall, name), "b0");
	EXPECT_TEXT(next(&hall, name), "b1");
	booted(&hall, 1, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "f1"); /* the third waits for the first one's template */
	booted(&hall, 0, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "b2");
	booted(&hall, 2, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "f0");
	EXPECT_TEXT(next(&hall, name), "f2");
	EXPECT(!schedule_end(hall.schedule, &hall.forks[0])); /* the other one still wants it */
	EXPECT(schedule_end(hall.schedule, &hall.forks[2]));
	EXPECT(schedule_end(hall.schedule, &hall.forks[1]));
	hall_close(&hall);
}

TEST(schedule, templates_in_use_are_limited)
{
	struct schedule_limits limits = wide;
	struct hall hall;
	char name[4];

	limits.templates_mib = 2500;
	hall_open(&hall, "aba", &limits);
	EXPECT_TEXT(next(&hall, name), "b0");
	booted(&hall, 0, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name),
		    "b2"); /* that of cell 1 would be too much; this one is there */
	booted(&hall, 2, TEMPLATE_READY);
	EXPECT_TEXT(next(&hall, name), "f0");
	EXPECT_TEXT(next(&hall, name), "f2");
	EXPECT(!schedule_end(hall.schedule, &hall.forks[0]));
	EXPECT(schedule_end(hall.schedule, &hall.forks[2]));
	EXPECT_TEXT(next(&hall, name), "b1");
	hall_close(&hall);
}

/* ---- memory as it really is ---- */

static void read_memory(struct hall *hall, uint64_t at_s, uint64_t available_mib, bool is_pressed)
{
	const struct memory_reading reading = {at_s * NS_PER_S, available_mib, is_pressed};

	schedule_set_memory(hall->schedule, &reading);
}

static void *take_on_thread(void *arg)
{
	struct hall *hall = arg;

	return schedule_take(hall->schedule);
}

TEST(schedule, new_machines_wait_while_memory_is_short)
{
	struct hall hall;
	pthread_t thread;
	void *job = NULL;
	char name[4];

	hall_open(&hall, "abc", &wide);
	read_memory(&hall, 1000, 4000, false);
	EXPECT_TEXT(next(&hall, name),
		    "b0"); /* 1280 of it are spoken for, though nobody sees them yet */
	EXPECT_TEXT(next(&hall, name), "b1");
	EXPECT(!schedule_is_held(hall.schedule));
	EXPECT_NUMBER(pthread_create(&thread, NULL, take_on_thread, &hall), 0);
	while (!schedule_is_held(hall.schedule))
		(void)usleep(1000);
	read_memory(&hall, 1030, 9000, true); /* there is enough by now, but all stand still */
	read_memory(&hall, 1031, 3000, false);
	EXPECT(schedule_is_held(hall.schedule));
	read_memory(&hall, 1032, 4000, false);
	EXPECT_NUMBER(pthread_join(thread, &job), 0);
	EXPECT(job == &hall.boots[2]);
	EXPECT(!schedule_is_held(hall.schedule));
	hall_close(&hall);
}

TEST(schedule, pressure_that_is_not_ours_stops_nothing)
{
	struct hall hall;
	char name[4];

	hall_open(&hall, "ab", &wide);
	read_memory(&hall, 1000, 4000, true);
	EXPECT_TEXT(next(&hall, name), "b0");
	hall_close(&hall);
}

TEST(schedule, who_never_gets_memory_is_told)
{
	struct hall hall;
	pthread_t thread;
	void *job = NULL;
	char name[4];

	hall_open(&hall, "a", &wide);
	read_memory(&hall, 1000, 500, false);
	EXPECT_NUMBER(pthread_create(&thread, NULL, take_on_thread, &hall), 0);
	while (!schedule_is_held(hall.schedule))
		(void)usleep(1000);
	read_memory(&hall, 1599, 500, false);
	EXPECT(hall.boots[0].refusal[0] == '\0');
	read_memory(&hall, 1600, 500, false);
	EXPECT_NUMBER(pthread_join(thread, &job), 0);
	EXPECT(job == &hall.boots[0]);
	EXPECT(strstr(hall.boots[0].refusal, "other programs") != NULL);
	booted(&hall, 0, TEMPLATE_NO_HOST);
	EXPECT_TEXT(next(&hall, name),
		    "f0"); /* where there is no template that is all that is told */
	hall_close(&hall);
}
