/* SPDX-License-Identifier: Apache-2.0 */
/* os-release, dates, and until when something is supported. */
#include "guest/kit/release.h"

#include <time.h>

#include "guest/kit/policy.h"

const char *release_text(struct trial *t)
{
	const char *text = file_text(t, "/etc/os-release");

	return text ? text : file_text(t, "/usr/lib/os-release");
}

long long date_number(const char *text)
{
	int year, month, day, end = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || text[end] != '\0')
		return -1;
	return year * 10000LL + month * 100LL + day;
}

long long date_today(struct trial *t)
{
	const char *text = plan_text(t, "today", NULL);
	time_t now = time(NULL);
	struct tm date;

	if (text)
		return date_number(text);
	(void)gmtime_r(&now, &date);
	return (date.tm_year + 1900) * 10000LL + (date.tm_mon + 1) * 100LL + date.tm_mday;
}

/* What follows "PRODUCT-" in a row's name; NULL when the row is another product's. */
static const char *branch_of(const char *name, const char *product)
{
	size_t length = strlen(product);

	return has_prefix(name, product) && name[length] == '-' && !strchr(name + length + 1, '-')
		       ? name + length + 1
		       : NULL;
}

/* The version begins with the branch, and what follows begins no longer number. */
static bool is_of_branch(const char *version, const char *branch)
{
	size_t length = strlen(branch);

	return has_prefix(version, branch) && !(version[length] >= '0' && version[length] <= '9');
}

const char *policy_end_of_life(struct trial *t, const char *product, const char *version)
{
	bool is_known = false;

	for (const char *const *row = policy_lines(t, "eol"); *row; row++) {
		struct policy_pair pair = policy_pair(t, *row, ' ');
		const char *branch = branch_of(pair.name, product);
		is_known = is_known || branch;
		if (branch && is_of_branch(version, branch))
			return pair.value;
	}
	if (!is_known)
		case_skip(t, "policy:eol", "the policy's eol has no branch of %s", product);
	return NULL;
}

void policy_check_end_of_life(struct trial *t, const char *product, const char *version)
{
	const char *end = policy_end_of_life(t, product, version);

	if (!end)
		FAIL(t, "%s %s belongs to no branch that the policy knows", product, version);
	else if (date_number(end) < date_today(t))
		FAIL(t, "the support of %s %s ended on %s", product, version, end);
	else
		check_passed(t);
}
