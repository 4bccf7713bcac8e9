/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. */
#include "base/quantity.h"

#include <stdio.h>

#include "base/test.h"

static const struct known {
	const char *text;
	enum quantity_kind kind;
	uint64_t amount;
} known[] = {
	{"0", QUANTITY_PLAIN, 0},
	{"1024", QUANTITY_PLAIN, 1024},
	{"0B", QUANTITY_BYTES, 0},
	{"1B", QUANTITY_BYTES, 1},
	{"4 KiB", QUANTITY_BYTES, 4096},
	{"8GiB", QUANTITY_BYTES, 8ULL << 30},
	{"1.5GiB", QUANTITY_BYTES, 3ULL << 29},
	{"0.5TiB", QUANTITY_BYTES, 1ULL << 39},
	{"2GB", QUANTITY_BYTES, 2000000000},
	{"1.0000000019kB", QUANTITY_BYTES, 1000},
	{"500ms", QUANTITY_TIME, 500000000},
	{"1.5s", QUANTITY_TIME, 1500000000},
	{"2m", QUANTITY_TIME, 120000000000},
	{"2h", QUANTITY_TIME, 7200000000000},
	{"0.25d", QUANTITY_TIME, 21600000000000},
	{"9223372036854775807ns", QUANTITY_TIME, INT64_MAX},
};

TEST(quantity, is_read_with_its_unit)
{
	for (const struct known *row = known; row < known + ARRAY_LEN(known); row++) {
		struct quantity got = {0};
		EXPECT(quantity_parse(row->text, &got) == 0);
		EXPECT_NUMBER(got.kind, row->kind);
		EXPECT_NUMBER((long long)got.amount, (long long)row->amount);
	}
}

static const struct refused {
	const char *text;
	int code;
} refused[] = {
	{"", -EINVAL},		 {"GiB", -EINVAL},     {"-1", -EINVAL},
	{"1.5", -EINVAL},	 {"1.GiB", -EINVAL},   {".5GiB", -EINVAL},
	{"1 ", -EINVAL},	 {"1  GiB", -EINVAL},  {"1gib", -EINVAL},
	{"2hours", -EINVAL},	 {"1h30m", -EINVAL},   {"0x10", -EINVAL},
	{"8388608TiB", -ERANGE}, {"106752d", -ERANGE}, {"99999999999999999999", -ERANGE},
};

TEST(quantity, refuses_what_is_none)
{
	for (const struct refused *row = refused; row < refused + ARRAY_LEN(refused); row++) {
		struct quantity got = {.amount = 77};
		EXPECT_NUMBER(quantity_parse(row->text, &got), row->code);
		EXPECT_NUMBER((long long)got.amount, 77);
	}
}

TEST(quantity, what_is_told_reads_back)
{
	for (uint64_t amount = 0; amount < 1ULL << 60; amount = amount * 3 + 1) {
		CLEAN_TEXT struct text time = TEXT_INIT(64), bytes = TEXT_INIT(64);
		struct quantity quantity = {QUANTITY_PLAIN, 7};
		quantity_add(&time, QUANTITY_TIME, amount);
		EXPECT_NUMBER(quantity_parse(time.buf, &quantity), 0);
		EXPECT(quantity.kind == QUANTITY_TIME && quantity.amount == amount);
		quantity_add(&bytes, QUANTITY_BYTES, amount);
		EXPECT_NUMBER(quantity_parse(bytes.buf, &quantity), 0);
		EXPECT(quantity.kind == QUANTITY_BYTES && quantity.amount == amount);
	}
	CLEAN_TEXT struct text out = TEXT_INIT(100);
	quantity_add(&out, QUANTITY_TIME, 90 * 1000000000ULL);
	quantity_add(&out, QUANTITY_TIME, 2 * 86400 * 1000000000ULL);
	quantity_add(&out, QUANTITY_BYTES, 3584ULL << 20);
	quantity_add(&out, QUANTITY_BYTES, 1000);
	quantity_add(&out, QUANTITY_BYTES, 0);
	EXPECT_TEXT(out.buf, "90s2d3584MiB1000B0B");
}
