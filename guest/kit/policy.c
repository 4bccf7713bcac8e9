/* SPDX-License-Identifier: Apache-2.0 */
/* What the product's policy promises. */
#include "guest/kit/policy.h"

#include <fnmatch.h>
#include <limits.h>

const char *policy_text(struct trial *t, const char *key)
{
	const char *value = plan_text(t, key, NULL);

	if (!value)
		case_skip(t, case_format(t, "policy:%s", key), "the policy does not say %s", key);
	return value;
}

static const char *const *split(struct trial *t, const char *list, char separator)
{
	size_t count = 1;

	for (const char *at = list; *at; at++)
		count += *at == separator;
	const char **items = case_alloc(t, (count + 1) * sizeof *items);
	count = 0;
	while (*list) {
		const char *end = strchrnul(list, separator);
		if (end > list)
			items[count++] = case_format(t, "%.*s", (int)(end - list), list);
		list = *end ? end + 1 : end;
	}
	return items;
}

static const char *const *entries(struct trial *t, const char *key, char separator)
{
	const char *const *list = split(t, policy_text(t, key), separator);

	if (!list[0])
		case_skip(t, case_format(t, "policy:%s", key), "the policy's %s is an empty list",
			  key);
	return list;
}

const char *const *policy_words(struct trial *t, const char *key)
{
	return entries(t, key, ' ');
}

const char *const *policy_lines(struct trial *t, const char *key)
{
	return entries(t, key, '\t');
}

const char *const *policy_words_if_any(struct trial *t, const char *key)
{
	return split(t, plan_text(t, key, ""), ' ');
}

bool policy_is_on(struct trial *t, const char *key)
{
	const char *value = policy_text(t, key);

	return strcmp(value, "on") == 0 || strcmp(value, "yes") == 0;
}

struct policy_pair policy_pair(struct trial *t, const char *entry, char separator)
{
	const char *at = strchr(entry, separator);

	if (!at)
		case_broken(t, "the policy's entry \"%s\" has no '%c'", entry, separator);
	const char *end = at, *value = at + 1 + strspn(at + 1, " ");
	while (end > entry && end[-1] == ' ')
		end--;
	return (struct policy_pair){case_format(t, "%.*s", (int)(end - entry), entry),
				    case_format(t, "%s", value)};
}

bool policy_value_fits(const char *value, const char *wanted)
{
	const char *dots = strstr(wanted, "..");
	long long number, low = LLONG_MIN, high = LLONG_MAX;
	char head[24] = "";

	if (strcmp(value, wanted) == 0)
		return true;
	if (!dots || (size_t)(dots - wanted) >= sizeof head ||
	    number_parse(value, LLONG_MIN, LLONG_MAX, &number) < 0)
		return false;
	memcpy(head, wanted, (size_t)(dots - wanted));
	if ((head[0] && number_parse(head, LLONG_MIN, LLONG_MAX, &low) < 0) ||
	    (dots[2] && number_parse(dots + 2, LLONG_MIN, LLONG_MAX, &high) < 0))
		return false;
	return number >= low && number <= high;
}

bool policy_list_has(const char *const *globs, const char *word)
{
	for (; *globs; globs++)
		if (fnmatch(*globs, word, 0) == 0)
			return true;
	return false;
}

bool policy_has_alternative(struct trial *t, const char *alternatives, policy_has_fn *has,
			    void *arg)
{
	for (const char *const *word = split(t, alternatives, '|'); *word; word++)
		if (has(t, arg, *word))
			return true;
	return false;
}

void policy_check_setting(struct trial *t, const char *where, const struct policy_pair *wanted,
			  const char *value)
{
	if (value && policy_value_fits(value, wanted->value))
		check_passed(t);
	else if (value)
		FAIL(t, "%s: %s is \"%s\", not \"%s\"", where, wanted->name, value, wanted->value);
	else
		FAIL(t, "%s: %s is not set; the policy wants \"%s\"", where, wanted->name,
		     wanted->value);
}
