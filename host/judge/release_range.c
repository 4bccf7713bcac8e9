/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel releases compared with bounds. */
#include "host/judge/release_range.h"

#include <limits.h>
#include <string.h>

#define NUMBERS_MAX 8
#define NO_RC	    UINT_MAX /* a release comes after all its candidates */

struct release {
	unsigned numbers[NUMBERS_MAX];
	unsigned count;
	unsigned rc;
};

/* Reads digits; false: there are none, or too many. */
static bool read_number(const char **at, unsigned *ret)
{
	size_t length = strspn(*at, "0123456789");
	long long number;
	char digits[10];

	if (length == 0 || length >= sizeof digits)
		return false;
	memcpy(digits, *at, length);
	digits[length] = '\0';
	/* number_parse takes 0x too, and here is none. */
	if (number_parse(digits, 0, INT_MAX, &number) < 0)
		return false;
	*ret = (unsigned)number;
	*at += length;
	return true;
}

/* As far as it is numbers: "6.1.0-25-amd64" is 6 1 0 25, "6.13.0-rc3-next" 6 13 0 and its candidate 3. Gives where that ends. */
static const char *read_release(const char *at, struct release *ret)
{
	*ret = (struct release){.rc = NO_RC};
	while (ret->count < NUMBERS_MAX && read_number(&at, &ret->numbers[ret->count])) {
		ret->count++;
		bool goes_on = (at[0] == '.' || at[0] == '-') && at[1] >= '0' && at[1] <= '9';
		if (!goes_on)
			break;
		at++;
	}
	if (ret->count > 0 && has_prefix(at, "-rc")) {
		const char *number = at + strlen("-rc");
		unsigned rc;
		if (read_number(&number, &rc)) {
			ret->rc = rc;
			at = number;
		}
	}
	return at;
}

/* A candidate's numbers say which release it comes before. */
static int compare(const struct release *release, const struct release *bound)
{
	for (unsigned i = 0; i < bound->count; i++) {
		unsigned number = i < release->count ? release->numbers[i] : 0;
		if (number != bound->numbers[i])
			return number < bound->numbers[i] ? -1 : 1;
	}
	if (bound->rc == NO_RC || release->rc == bound->rc)
		return 0;
	return release->rc < bound->rc ? -1 : 1;
}

enum how { HOW_LESS, HOW_AT_MOST, HOW_MORE, HOW_AT_LEAST, HOW_IS };

static const struct {
	const char *word;
	enum how how;
} hows[] = {
	{"<=", HOW_AT_MOST}, {">=", HOW_AT_LEAST}, {"<", HOW_LESS}, {">", HOW_MORE}, {"=", HOW_IS}};

struct bound {
	enum how how;
	struct release release;
};

/* Reads the next bound and what separates it from another; NULL: it is none. */
static const char *read_bound(const char *at, struct bound *ret)
{
	ret->how = HOW_IS;
	at += strspn(at, " ");
	for (size_t i = 0; i < ARRAY_LEN(hows); i++) {
		if (!has_prefix(at, hows[i].word))
			continue;
		ret->how = hows[i].how;
		at += strlen(hows[i].word);
		break;
	}
	at += strspn(at, " ");
	at = read_release(at, &ret->release);
	if (ret->release.count == 0)
		return NULL;
	at += strspn(at, " ");
	if (*at == ',' && at[1 + strspn(at + 1, " ")] != '\0')
		return at + 1;
	return *at == '\0' ? at : NULL;
}

bool release_range_is_right(const char *range, struct text *why)
{
	struct bound bound;
	const char *at = range;

	if (strlen(range) > RELEASE_RANGE_MAX) {
		(void)text_addf(why, "it has more than %d bytes", RELEASE_RANGE_MAX);
		return false;
	}
	do {
		const char *next = read_bound(at, &bound);
		if (!next) {
			(void)text_addf(why,
					"'%.60s' is no range of kernels such as '>= 6.1, < 6.12'",
					range);
			return false;
		}
		at = next;
	} while (*at);
	return true;
}

static bool holds(const struct bound *bound, const struct release *release)
{
	int order = compare(release, &bound->release);

	switch (bound->how) {
	case HOW_LESS:
		return order < 0;
	case HOW_AT_MOST:
		return order <= 0;
	case HOW_MORE:
		return order > 0;
	case HOW_AT_LEAST:
		return order >= 0;
	case HOW_IS:
		return order == 0;
	}
	return false;
}

bool release_range_has(const char *range, const char *release)
{
	struct release is;
	struct bound bound;
	const char *at = range;

	(void)read_release(release, &is);
	if (is.count == 0)
		return false;
	do {
		at = read_bound(at, &bound);
		if (!at || !holds(&bound, &is))
			return false;
	} while (*at);
	return true;
}
