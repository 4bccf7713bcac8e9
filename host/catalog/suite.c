/* SPDX-License-Identifier: Apache-2.0 */
/* The shipped suites, and the terms in which a suite is written. */
#include <fnmatch.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "host/catalog/select.h"

/* A run on an image asks of its host only what this run needs of it. */
#define BUT_THE_HOST                                                                               \
	"-area=host id=host.qemu_is_supported id=host.kvm_is_usable id=host.free_*_fits_plan "     \
	"id=host.firmware_files_are_present id=host.base_image_is_never_changed"

static const struct suite shipped[] = {
	{"all", "Every case, stress and performance too", "id=*"},
	{"audit", "What the disk shows without a boot", "kind=audit"},
	{"boot", "The boot, from firmware to ready, and its configuration", "area=boot area=power"},
	{"functional", "Everything but performance, stress and the state of the host",
	 "kind=audit kind=guest kind=host " BUT_THE_HOST},
	{"host", "The host, before its verdicts are trusted", "area=host"},
	{"image", "The image as a product: content, packages, users, provisioning",
	 "area=image area=packages area=provisioning area=users"},
	{"kernel", "The kernel, its memory, CPU and time",
	 "area=kernel area=cpu area=memory area=time"},
	{"network", "The network: one machine, its neighbours, and two machines on a cable",
	 "area=network"},
	{"one-boot", "All that one boot shows: no case that boots the machine again",
	 "kind=audit kind=guest kind=host " BUT_THE_HOST " -area=power -boots=again"},
	{"perf", "Performance: there are no such cases yet", "kind=perf"},
	{"security", "Hardening and exposure", "area=security area=users"},
	{"smoke", "A few minutes: what must never fail",
	 "kind=audit kind=guest kind=host priority<=P0"},
	{"storage", "Disks and filesystems", "area=storage area=filesystem"},
	{"stress", "Load over a long time: there are no such cases yet", "kind=stress"},
	{NULL, NULL, NULL},
};

#define TERMS_MAX 65536

const struct suite *suites_known(void)
{
	return shipped;
}

const struct suite *suite_find(const char *name)
{
	for (const struct suite *suite = shipped; suite->name; suite++)
		if (strcmp(suite->name, name) == 0)
			return suite;
	return NULL;
}

const char *suite_nearest(const char *name)
{
	const char *names[ARRAY_LEN(shipped)] = {NULL};

	for (size_t i = 0; shipped[i].name; i++)
		names[i] = shipped[i].name;
	return nearest_word(name, names);
}

void suite_add_term(const char *word, bool takes_away, struct text *out)
{
	const char *dash = takes_away ? "-" : "";

	if (has_prefix(word, "suite=")) {
		const struct suite *suite = suite_find(word + strlen("suite="));
		(void)text_addf(out, "%s ", suite ? suite->terms : "");
	} else if (strchr(word, '='))
		(void)text_addf(out, "%s%s ", dash, word);
	else
		(void)text_addf(out, "%s%s%s ", dash,
				strchr(word, '.') || strpbrk(word, "*?[") ? "id=" : "area=", word);
}

/* "kind=audit" cut into its parts. */
struct term {
	bool takes_away;
	char key[16];
	char value[CASE_ID_SIZE];
};

static int parse_term(const char *word, size_t length, struct term *ret, struct err *e)
{
	const char *end = word + length;

	*ret = (struct term){.takes_away = length > 0 && word[0] == '-'};
	if (ret->takes_away)
		word++;
	const char *equals = memchr(word, '=', (size_t)(end - word));
	size_t key = equals ? (size_t)(equals - word) : 0,
	       value = equals ? (size_t)(end - equals - 1) : 0;
	if (!equals || key == 0 || key >= sizeof ret->key || value == 0 ||
	    value >= sizeof ret->value)
		return err_set(
			e, BLAME_USER, EINVAL,
			"suite: '%.*s' is not a term; write kind=audit, area=boot, id=time.*, "
			"source=kola:* or priority<=P1",
			(int)(length < 64 ? length : 64), word);
	memcpy(ret->key, word, key);
	memcpy(ret->value, equals + 1, value);
	return 0;
}

/* Whether an entry of a list with commas is what the pattern says. */
static bool has_entry(const char *list, const char *pattern)
{
	for (const char *at = list; at && *(at += strspn(at, ", ")); at += strcspn(at, ",")) {
		CLEAN_FREE char *entry = xasprintf("%.*s", (int)strcspn(at, ","), at);
		if (fnmatch(pattern, entry, 0) == 0)
			return true;
	}
	return false;
}

static bool boots_again(const struct case_info *info)
{
	return info->boots_again || info->isolation == ISOLATION_REBOOT;
}

/* What a term says of a case; its value was checked by check_term. */
static bool term_matches(const struct term *term, const struct catalog_case *it)
{
	enum case_kind kind;
	enum case_priority priority;

	if (strcmp(term->key, "kind") == 0)
		return case_kind_parse(term->value, &kind) == 0 && it->info.kind == kind;
	if (strcmp(term->key, "area") == 0)
		return strcmp(it->info.area, term->value) == 0;
	if (strcmp(term->key, "id") == 0)
		return fnmatch(term->value, it->id, 0) == 0;
	if (strcmp(term->key, "source") == 0)
		return has_entry(it->info.sources, term->value);
	if (strcmp(term->key, "need") == 0)
		return has_entry(it->info.needs, term->value);
	if (strcmp(term->key, "boots") == 0)
		return boots_again(&it->info) == (strcmp(term->value, "again") == 0);
	return case_priority_parse(term->value, &priority) == 0 && it->info.priority <= priority;
}

static int check_term(const struct term *term, struct err *e)
{
	static const char *const keys[] = {"area", "boots",	"id",	  "kind",
					   "need", "priority<", "source", NULL};
	enum case_kind kind;
	enum case_priority priority;

	if (strcmp(term->key, "kind") == 0 && case_kind_parse(term->value, &kind) < 0)
		return err_set(e, BLAME_USER, EINVAL, "suite: no kind '%s'", term->value);
	if (strcmp(term->key, "boots") == 0 && strcmp(term->value, "once") != 0 &&
	    strcmp(term->value, "again") != 0)
		return err_set(e, BLAME_USER, EINVAL, "suite: boots=once or boots=again, not '%s'",
			       term->value);
	if (strcmp(term->key, "priority<") == 0 && case_priority_parse(term->value, &priority) < 0)
		return err_set(e, BLAME_USER, EINVAL, "suite: no priority '%s'", term->value);
	if (strcmp(term->key, "priority<") == 0 && term->takes_away)
		return err_set(e, BLAME_USER, EINVAL, "suite: '-priority<=' is not a term");
	for (const char *const *key = keys; *key; key++)
		if (strcmp(*key, term->key) == 0)
			return 0;
	return err_set(
		e, BLAME_USER, EINVAL,
		"suite: no term '%s'; there are area, boots, id, kind, need, priority and source",
		term->key);
}

static int no_match(const struct catalog *catalog, const struct term *term, struct err *e)
{
	bool is_name = strcmp(term->key, "id") == 0 || strcmp(term->key, "area") == 0;
	const char *near = is_name ? catalog_nearest(catalog, term->value) : NULL;

	return err_set(e, BLAME_USER, EINVAL, "no case matches '%s=%.100s'%s%s%s", term->key,
		       term->value, near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

int suite_check(const struct catalog *catalog, const char *word, struct err *e)
{
	struct term term;
	int r = parse_term(word, strlen(word), &term, e);

	if (r == 0)
		r = check_term(&term, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < catalog->count; i++)
		if (term_matches(&term, &catalog->cases[i]))
			return 0;
	return no_match(catalog, &term, e);
}

static void apply_term(const struct term *term, const struct catalog *catalog, bool *picked)
{
	bool narrows = strcmp(term->key, "priority<") == 0;

	for (size_t i = 0; i < catalog->count; i++) {
		bool matches = term_matches(term, &catalog->cases[i]);
		if (narrows)
			picked[i] = picked[i] && matches;
		else if (matches)
			picked[i] = !term->takes_away;
	}
}

int suite_pick(const struct catalog *catalog, const char *terms, struct case_list *ret,
	       struct err *e)
{
	CLEAN_FREE bool *picked = xnew(catalog->count + 1);

	if (strlen(terms) > TERMS_MAX)
		return err_set(e, BLAME_USER, EINVAL, "suite: more than %d characters", TERMS_MAX);
	for (const char *at = terms; *(at += strspn(at, " \t\n")); at += strcspn(at, " \t\n")) {
		struct term term;
		int r = parse_term(at, strcspn(at, " \t\n"), &term, e);
		if (r == 0)
			r = check_term(&term, e);
		if (r < 0)
			return r;
		apply_term(&term, catalog, picked);
	}
	for (size_t i = 0; i < catalog->count; i++)
		if (picked[i] && !vec_add(ret, &catalog->cases[i]))
			return err_set(e, BLAME_USER, E2BIG, "more than %zu cases", ret->maximum);
	return 0;
}
