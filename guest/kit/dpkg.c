// SPDX-License-Identifier: Apache-2.0
// dpkg's status file and the order of its version numbers (deb-version(7)).
#include "guest/kit/dpkg.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static void copy(char *out, size_t size, const char *from, size_t length)
{
	if (length >= size)
		length = size - 1;
	memcpy(out, from, length);
	out[length] = '\0';
}

static void copy_field(const struct dpkg_package *package, const char *name, char *out, size_t size)
{
	const char *value;
	size_t length;

	out[0] = '\0';
	if (dpkg_field(package, name, &value, &length))
		copy(out, size, value, length);
}

/* Takes the next word of the line into `out`. */
static const char *copy_word(const char *at, char *out, size_t size)
{
	at += strspn(at, " \t");
	size_t length = strcspn(at, " \t");
	copy(out, size, at, length);
	return at + length;
}

bool dpkg_next(const char **at, struct dpkg_package *ret)
{
	char status[96];
	const char *begin = *at + strspn(*at, "\n");

	if (*begin == '\0')
		return false;
	const char *end = strstr(begin, "\n\n");
	*ret = (struct dpkg_package){.begin = begin, .end = end ? end + 1 : begin + strlen(begin)};
	*at = ret->end;
	copy_field(ret, "Package", ret->name, sizeof ret->name);
	copy_field(ret, "Architecture", ret->arch, sizeof ret->arch);
	copy_field(ret, "Version", ret->version, sizeof ret->version);
	copy_field(ret, "Status", status, sizeof status);
	const char *word = copy_word(status, ret->want, sizeof ret->want);
	word = copy_word(word, ret->flag, sizeof ret->flag);
	(void)copy_word(word, ret->state, sizeof ret->state);
	return true;
}

bool dpkg_is_installed(const struct dpkg_package *package)
{
	return strcmp(package->state, "installed") == 0;
}

/* The end of a field that begins at `at`: a line that does not begin with white space ends it. */
static const char *field_end(const char *at, const char *end)
{
	do {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		at = line_end ? line_end + 1 : end;
	} while (at < end && (*at == ' ' || *at == '\t'));
	return at;
}

bool dpkg_field(const struct dpkg_package *package, const char *name, const char **ret,
		size_t *ret_length)
{
	size_t length = strlen(name);

	for (const char *at = package->begin, *next; at < package->end; at = next) {
		next = field_end(at, package->end);
		if ((size_t)(next - at) <= length || at[length] != ':' ||
		    strncasecmp(at, name, length) != 0)
			continue;
		at += length + 1;
		while (at < next && (*at == ' ' || *at == '\t'))
			at++;
		while (next > at && isspace((unsigned char)next[-1]))
			next--;
		*ret = at;
		*ret_length = (size_t)(next - at);
		return true;
	}
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

/* Copies up to one of the stops and steps to it. */
static const char *copy_until(const char *at, const char *end, const char *stops, char *out,
			      size_t size)
{
	const char *from = at;

	while (at < end && *at && !strchr(stops, *at))
		at++;
	copy(out, size, from, (size_t)(at - from));
	return at;
}

static const char *parse_version(const char *at, const char *end, struct dpkg_relation *ret)
{
	at = skip_spaces(at + 1, end);
	for (size_t i = 0; at < end && strchr("<>=", *at) && *at; at++)
		if (i < sizeof ret->how - 1)
			ret->how[i++] = *at;
	at = skip_spaces(at, end);
	at = copy_until(at, end, " \t\n)", ret->version, sizeof ret->version);
	while (at < end && *at != ')')
		at++;
	return at < end ? at + 1 : end;
}

bool dpkg_relation_next(const char **at, const char *end, struct dpkg_relation *ret)
{
	const char *here = *at;

	while (here < end && (is_space(*here) || *here == ',' || *here == '|'))
		here++;
	*ret = (struct dpkg_relation){.is_last_or = true};
	here = copy_until(here, end, " \t\n(,|[<:", ret->name, sizeof ret->name);
	if (ret->name[0] == '\0') {
		*at = end;
		return false;
	}
	/* ":any", architectures in brackets and build profiles do not matter for what is installed. */
	while (here < end && *here != ',' && *here != '|')
		here = *here == '(' ? parse_version(here, end, ret) : here + 1;
	ret->is_last_or = here >= end || *here == ',';
	*at = here;
	return true;
}

/* The order of one character: a tilde before the end, the end before letters, letters before all else. */
static int order(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? c : (unsigned char)c + 256;
}

static int compare_part(const char *a, const char *b)
{
	while (*a || *b) {
		while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
			if (order(*a) != order(*b))
				return order(*a) - order(*b);
			a += *a != '\0';
			b += *b != '\0';
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		size_t left = strspn(a, "0123456789"), right = strspn(b, "0123456789");
		if (left != right)
			return left < right ? -1 : 1;
		int r = memcmp(a, b, left);
		if (r != 0)
			return r;
		a += left;
		b += right;
	}
	return 0;
}

/* Splits [epoch:]upstream[-revision]. */
struct version {
	char epoch[32], upstream[128], revision[128];
};

static void split_version(const char *text, struct version *ret)
{
	const char *colon = strchr(text, ':');
	const char *upstream = colon ? colon + 1 : text;
	const char *dash = strrchr(upstream, '-');

	copy(ret->epoch, sizeof ret->epoch, text, colon ? (size_t)(colon - text) : 0);
	copy(ret->upstream, sizeof ret->upstream, upstream,
	     dash ? (size_t)(dash - upstream) : strlen(upstream));
	copy(ret->revision, sizeof ret->revision, dash ? dash + 1 : "",
	     dash ? strlen(dash + 1) : 0);
}

int dpkg_version_compare(const char *a, const char *b)
{
	struct version left, right;

	split_version(a, &left);
	split_version(b, &right);
	int r = compare_part(left.epoch, right.epoch);
	if (r == 0)
		r = compare_part(left.upstream, right.upstream);
	return r != 0 ? r : compare_part(left.revision, right.revision);
}

bool dpkg_version_fits(const char *version, const char *how, const char *wanted)
{
	int r = how[0] ? dpkg_version_compare(version, wanted) : 0;

	if (how[0] == '\0')
		return true;
	if (how[0] == '=')
		return r == 0;
	/* The old single < and > mean "or equal". */
	bool strict = how[1] == how[0];
	if (how[0] == '<')
		return strict ? r < 0 : r <= 0;
	return strict ? r > 0 : r >= 0;
}
