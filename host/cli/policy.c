/* SPDX-License-Identifier: Apache-2.0 */
/* --policy and --profile: what a product promises of its image. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/shipped.h"
#include "host/cli/verb.h"

#define PROFILES_MAX 100
#define SUFFIX	     ".yaml"

/* ---- the profiles that ship ---- */

struct profiles {
	char folder[SHIPPED_PATH_MAX];
	char *names[PROFILES_MAX + 1]; /* sorted, without their suffix; NULL-terminated */
	size_t count;
};

static void profiles_done(struct profiles *profiles)
{
	for (size_t i = 0; i < profiles->count; i++)
		free(profiles->names[i]);
}
DEFINE_CLEAN_DONE(profiles);

static int is_profile(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && has_suffix(entry->d_name, SUFFIX);
}

static int find_profiles(struct profiles *ret, struct err *e)
{
	struct dirent **entries = NULL;
	int r = shipped_find("profiles", ret->folder, e);
	int n = r < 0 ? 0 : scandir(ret->folder, &entries, is_profile, alphasort);

	if (r < 0)
		return r;
	if (n < 0)
		return err_set(e, BLAME_HOST, errno, "read the folder %s: %m", ret->folder);
	for (int i = 0; i < n; i++) {
		int length = (int)(strlen(entries[i]->d_name) - strlen(SUFFIX));
		if (ret->count < PROFILES_MAX)
			ret->names[ret->count++] = xasprintf("%.*s", length, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static int profile_path(const struct profiles *profiles, const char *name, char **ret,
			struct err *e)
{
	for (size_t i = 0; i < profiles->count; i++) {
		if (strcmp(profiles->names[i], name) != 0)
			continue;
		*ret = xasprintf("%s/%s" SUFFIX, profiles->folder, name);
		return 0;
	}
	const char *near = nearest_word(name, (const char *const *)profiles->names);
	if (near)
		return err_set(e, BLAME_USER, EINVAL, "no profile '%.60s'; did you mean '%s'?",
			       name, near);
	return err_set(e, BLAME_USER, EINVAL,
		       "no profile '%.60s'; `assay list --profiles` shows them", name);
}

/* ---- reading ---- */

static int read_profiles(const struct text_list *names, struct policy *policy,
			 struct text *problems, struct err *e)
{
	CLEAN_DONE(profiles) struct profiles profiles = {.count = 0};
	int r = names->count > 0 ? find_profiles(&profiles, e) : 0;

	for (size_t i = 0; r == 0 && i < names->count; i++) {
		CLEAN_FREE char *path = NULL;
		r = profile_path(&profiles, names->items[i], &path, e);
		if (r == 0)
			(void)policy_read(policy, path, problems);
	}
	return r;
}

int load_policy(const struct policy_arguments *arguments, const struct catalog *catalog,
		struct policy **ret, struct err *e)
{
	CLEANUP(policy) struct policy *policy = policy_new();
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	int r = read_profiles(&arguments->profiles, policy, &problems, e);
	if (r < 0)
		return r;
	vec_each (&arguments->files, path)
		(void)policy_read(policy, *path, &problems);
	(void)policy_check_cases(policy, catalog, &problems);
	if (problems.length > 0)
		return print_problems(&problems, "the policy", e);
	*ret = STEAL_PTR(policy);
	return 0;
}

/* ---- listing ---- */

static int list_one(const char *name, const struct catalog *catalog, bool json, struct text *out,
		    struct err *e)
{
	struct policy_arguments arguments = {.profiles = VEC_INIT(1)};
	CLEANUP(policy) struct policy *policy = NULL;
	CLEAN_CASES struct case_list cases = VEC_INIT(CATALOG_CASES_MAX);

	(void)vec_add(&arguments.profiles, name);
	int r = load_policy(&arguments, catalog, &policy, e);
	vec_done(&arguments.profiles);
	if (r == 0 && policy_terms(policy))
		r = suite_pick(catalog, policy_terms(policy), &cases, e);
	if (r < 0)
		return r;
	if (!json) {
		text_addf(out, "%-12s %5zu  %s\n", name, cases.count, policy_title(policy));
		return 0;
	}
	json_open(out, '{');
	json_member(out, "name", name);
	json_member(out, "title", policy_title(policy));
	json_member(out, "terms", policy_terms(policy) ? policy_terms(policy) : "");
	json_member_number(out, "cases", (long long)cases.count);
	json_close(out, '}');
	return 0;
}

int list_profiles(const struct catalog *catalog, bool json, struct err *e)
{
	CLEAN_DONE(profiles) struct profiles profiles = {.count = 0};
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);

	int r = find_profiles(&profiles, e);
	if (json)
		json_open(&out, '[');
	for (size_t i = 0; r == 0 && i < profiles.count; i++)
		r = list_one(profiles.names[i], catalog, json, &out, e);
	if (json)
		text_adds(&out, "]\n");
	return r < 0 ? r : print_out(&out, e);
}
