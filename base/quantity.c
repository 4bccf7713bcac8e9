/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. */
#include "base/quantity.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define AMOUNT_MAX INT64_MAX

/* Fractions have a meaning as far as nine digits: a nanosecond of a second. */
#define FRACTION_DIGITS 9
#define FRACTION_WHOLE	1000000000U

static const struct unit {
	const char *name;
	enum quantity_kind kind;
	uint64_t factor;
} units[] = {
	{"B", QUANTITY_BYTES, 1},
	{"KiB", QUANTITY_BYTES, 1ULL << 10},
	{"MiB", QUANTITY_BYTES, 1ULL << 20},
	{"GiB", QUANTITY_BYTES, 1ULL << 30},
	{"TiB", QUANTITY_BYTES, 1ULL << 40},
	{"kB", QUANTITY_BYTES, 1000},
	{"MB", QUANTITY_BYTES, 1000000},
	{"GB", QUANTITY_BYTES, 1000000000},
	{"TB", QUANTITY_BYTES, 1000000000000},
	{"ns", QUANTITY_TIME, 1},
	{"us", QUANTITY_TIME, 1000},
	{"ms", QUANTITY_TIME, 1000000},
	{"s", QUANTITY_TIME, 1000000000},
	{"m", QUANTITY_TIME, 60 * 1000000000ULL},
	{"h", QUANTITY_TIME, 3600 * 1000000000ULL},
	{"d", QUANTITY_TIME, 86400 * 1000000000ULL},
};

const char *quantity_units(enum quantity_kind kind)
{
	return kind == QUANTITY_TIME	? "ns, us, ms, s, m, h or d"
	       : kind == QUANTITY_BYTES ? "B, KiB, MiB, GiB, TiB, kB, MB, GB or TB"
					: "";
}

static const struct unit *find_unit(const char *name)
{
	for (const struct unit *unit = units; unit < units + ARRAY_LEN(units); unit++)
		if (strcmp(unit->name, name) == 0)
			return unit;
	return NULL;
}

/* Digits at *at, moved behind them; false: none, or too many. */
static bool take_whole(const char **at, uint64_t *ret)
{
	const char *begin = *at;

	for (*ret = 0; isdigit((unsigned char)**at); ++*at) {
		uint64_t digit = (uint64_t)(**at - '0');
		if (*ret > (AMOUNT_MAX - digit) / 10)
			return false;
		*ret = *ret * 10 + digit;
	}
	return *at > begin;
}

/* The digits behind the point, as billionths. */
static uint64_t take_fraction(const char **at)
{
	uint64_t billionths = 0;
	unsigned digits = 0;

	for (; isdigit((unsigned char)**at); ++*at) {
		if (digits == FRACTION_DIGITS)
			continue;
		billionths = billionths * 10 + (uint64_t)(**at - '0');
		digits++;
	}
	while (digits++ < FRACTION_DIGITS)
		billionths *= 10;
	return billionths;
}

static int scale(uint64_t whole, uint64_t billionths, const struct unit *unit, uint64_t *ret)
{
	/* The factor is cut into its billions and the rest, so that nothing overflows. */
	uint64_t part = billionths * (unit->factor / FRACTION_WHOLE) +
			billionths * (unit->factor % FRACTION_WHOLE) / FRACTION_WHOLE;

	if (whole > (AMOUNT_MAX - part) / unit->factor)
		return -ERANGE;
	*ret = whole * unit->factor + part;
	return 0;
}

int quantity_parse(const char *text, struct quantity *ret)
{
	const char *at = text;
	uint64_t whole, billionths = 0, amount;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	if (!take_whole(&at, &whole))
		return -ERANGE;
	bool has_point = at[0] == '.' && isdigit((unsigned char)at[1]);
	if (has_point) {
		at++;
		billionths = take_fraction(&at);
	}
	if (*at == '\0' && !has_point) {
		*ret = (struct quantity){QUANTITY_PLAIN, whole};
		return 0;
	}
	if (*at == ' ')
		at++;
	const struct unit *unit = find_unit(at);
	if (!unit)
		return -EINVAL;
	int r = scale(whole, billionths, unit, &amount);
	if (r == 0)
		*ret = (struct quantity){unit->kind, amount};
	return r;
}

void quantity_add(struct text *out, enum quantity_kind kind, uint64_t amount)
{
	const struct unit *best = NULL;

	/* Those by thousands are left out: they stand behind those that people mean. */
	for (const struct unit *unit = units; unit < units + ARRAY_LEN(units); unit++)
		if (unit->kind == kind && (!best || unit->factor > best->factor) &&
		    amount % unit->factor == 0 && (amount > 0 || !best) &&
		    (kind == QUANTITY_TIME || unit->factor % 1024 == 0 || unit->factor == 1))
			best = unit;
	(void)text_addf(out, "%llu%s", (unsigned long long)(best ? amount / best->factor : amount),
			best ? best->name : "");
}
