/* SPDX-License-Identifier: Apache-2.0 */
/* Times and spans as people read them. */
#include "base/clock.h"

#include "base/scope.h"
#include "base/test.h"

TEST(clock, iso_is_utc_with_milliseconds)
{
	char buf[CLOCK_ISO_SIZE];

	EXPECT_TEXT(clock_iso(0, buf), "1970-01-01T00:00:00.000Z");
	EXPECT_TEXT(clock_iso(951825599999999999ULL, buf), "2000-02-29T11:59:59.999Z");
}

static const struct span_case {
	uint64_t ns;
	const char *text;
} span_cases[] = {
	{0, "0.00 s"},
	{80 * NS_PER_MS, "0.08 s"},
	{9994 * NS_PER_MS, "9.99 s"},
	{9999 * NS_PER_MS, "10.0 s"},
	{12300 * NS_PER_MS, "12.3 s"},
	{59990 * NS_PER_MS, "1 min 00 s"},
	{242 * NS_PER_S, "4 min 02 s"},
	{3900 * NS_PER_S, "1 h 05 min"},
	{359999 * NS_PER_S, "99 h 59 min"},
	{360000 * NS_PER_S, "4 d 04 h"},
	{30 * 86400 * NS_PER_S, "30 d 00 h"},
	{365 * 86400 * NS_PER_S, "365 d"},
	{UINT64_MAX, "213503 d"},
};

TEST(clock, spans_are_short)
{
	char buf[CLOCK_SPAN_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(span_cases); i++)
		EXPECT_TEXT(clock_span(span_cases[i].ns, buf), span_cases[i].text);
}

TEST(clock, monotonic_does_not_go_back)
{
	uint64_t before = clock_now_ns();

	EXPECT(before > 0);
	EXPECT(clock_now_ns() >= before);
	EXPECT(clock_wall_ns() > 1600000000ULL * NS_PER_S);
}
