/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted together, and what is not. */
#include "host/judge/flake.h"

#include <math.h>
#include <string.h>

#include "base/test.h"

static const struct store_cell old_image = {.sha256 = "aa",
					    .size = "small",
					    .firmware = "uefi",
					    .accel = "tcg",
					    .make = "cpu=host",
					    .assay = "1",
					    .image = "os.qcow2",
					    .os = "OS 1"};

static void add(struct flakes *flakes, const struct store_cell *cell, const char *outcomes)
{
	static const struct {
		char letter;
		enum outcome outcome;
	} letters[] = {{'p', OUTCOME_PASS},
		       {'f', OUTCOME_FAIL},
		       {'b', OUTCOME_BROKEN},
		       {'i', OUTCOME_INFRA}};

	for (size_t at = 0; outcomes[at]; at++)
		for (size_t i = 0; i < ARRAY_LEN(letters); i++) {
			char run[8];
			(void)snprintf(run, sizeof run, "r%zu", at + 1);
			const struct store_execution it = {.id = "a.one",
							   .cell = *cell,
							   .run = run,
							   .message = run,
							   .outcome = letters[i].outcome,
							   .ended_ns = at + 1};
			if (letters[i].letter == outcomes[at])
				EXPECT(flakes_add(flakes, &it));
		}
}

TEST(flake, pass_and_fail_make_the_rate)
{
	CLEAN_FLAKES struct flakes flakes = VEC_INIT(10);
	struct rate_interval interval;

	add(&flakes, &old_image, "ppfpbippi");
	EXPECT_NUMBER(flakes.count, 1);
	const struct flake *it = flakes.items;
	EXPECT_NUMBER(it->passed, 5);
	EXPECT_NUMBER(it->failed, 1);
	EXPECT_NUMBER(it->broken, 1);
	EXPECT_NUMBER(it->infra, 2);
	EXPECT_NUMBER(flake_state(it), FLAKE_DIFFERS);
	EXPECT_NUMBER(it->first_ns, 1);
	EXPECT_NUMBER(it->last_ns, 8);
	EXPECT_NUMBER(it->differed_ns, 4); /* it passed again */
	EXPECT_TEXT(it->differed_run, "r4");
	EXPECT_TEXT(it->message, "r3");
	flake_interval(it, &interval);
	EXPECT(fabs(interval.low - 0.3587654) < 1e-6 && fabs(interval.high - 0.9957893) < 1e-6);
}

TEST(flake, states)
{
	static const struct {
		const char *outcomes;
		enum flake_state state;
	} rows[] = {{"p", FLAKE_PASSES},   {"pipp", FLAKE_PASSES}, {"ff", FLAKE_FAILS},
		    {"pf", FLAKE_DIFFERS}, {"ppb", FLAKE_BREAKS},  {"bf", FLAKE_BREAKS},
		    {"b", FLAKE_UNKNOWN},  {"ii", FLAKE_UNKNOWN},  {"pfb", FLAKE_DIFFERS}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_FLAKES struct flakes flakes = VEC_INIT(10);
		add(&flakes, &old_image, rows[i].outcomes);
		EXPECT_TEXT(flake_state_name(flake_state(flakes.items)),
			    flake_state_name(rows[i].state));
	}
}

TEST(flake, another_image_or_machine_is_another_population)
{
	CLEAN_FLAKES struct flakes flakes = VEC_INIT(10);
	struct store_cell cells[6];

	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		cells[i] = old_image;
	cells[0].sha256 = "bb";
	cells[1].size = "large";
	cells[2].firmware = "bios";
	cells[3].accel = "kvm";
	cells[4].make = "cpu=host\npolicy=b";
	cells[5].assay = "2";
	add(&flakes, &old_image, "pp");
	for (size_t i = 0; i < ARRAY_LEN(cells); i++)
		add(&flakes, &cells[i], "f");
	EXPECT_NUMBER(flakes.count, 7);
	vec_each (&flakes, it)
		EXPECT(flake_state(it) != FLAKE_DIFFERS);
	/* The name is no part of it. */
	cells[5].image = "renamed.qcow2";
	add(&flakes, &cells[5], "p");
	EXPECT_NUMBER(flakes.count, 7);
	EXPECT_NUMBER(flake_state(&flakes.items[6]), FLAKE_DIFFERS);
	flakes_sort(&flakes);
	for (size_t i = 1; i < flakes.count; i++)
		EXPECT(!flake_is_same_cell(&flakes.items[i - 1], &flakes.items[i]));
}

TEST(flake, has_a_maximum)
{
	CLEAN_FLAKES struct flakes flakes = VEC_INIT(1);
	struct store_cell other = old_image;
	struct store_execution it = {.id = "a.one", .cell = other, .run = "r", .message = ""};

	add(&flakes, &old_image, "p");
	it.cell.sha256 = "cc";
	EXPECT(!flakes_add(&flakes, &it));
	EXPECT_NUMBER(flakes.count, 1);
}
