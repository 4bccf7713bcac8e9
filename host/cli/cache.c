/* SPDX-License-Identifier: Apache-2.0 */
/* assay cache: the templates that are kept between runs. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/cli/verb.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

struct arguments {
	bool json;
	long long keep_mib;
};

static const struct option_line options[] = {
	OPTION_FLAG("json", 0, struct arguments, json, "print JSON"),
	OPTION_NUMBER("keep", 0, struct arguments, keep_mib, "MIB", 0, 1LL << 30,
		      "of prune: keep the last used ones up to that size (default 0: remove all)"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_cache = {
	.name = "cache",
	.operands = "[list|prune]",
	.title = "show or remove the templates that are kept between runs",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"Templates in use by a run are never removed. Runs keep the cache below 8 GiB by themselves.",
};

static void add_size(struct text *out, uint64_t bytes)
{
	text_addf(out, "%llu MiB", (unsigned long long)((bytes + (1 << 20) - 1) >> 20));
}

static int list(const char *folder, bool json, struct err *e)
{
	struct template_entries entries = VEC_INIT(10000);
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);
	char iso[CLOCK_ISO_SIZE];
	uint64_t total = 0;
	int r = template_cache_list(folder, &entries, e);

	if (json)
		json_open(&out, '[');
	vec_each (&entries, entry) {
		total += entry->bytes;
		if (!json) {
			text_addf(&out, "%s  last used %.19sZ  ", entry->key,
				  clock_iso(entry->used_ns, iso));
			add_size(&out, entry->bytes);
			text_adds(&out, entry->in_use ? "  in use\n" : "\n");
			continue;
		}
		json_open(&out, '{');
		json_member(&out, "key", entry->key);
		json_member_number(&out, "bytes", (long long)entry->bytes);
		json_member(&out, "used", clock_iso(entry->used_ns, iso));
		json_key(&out, "in_use");
		json_bool(&out, entry->in_use);
		json_close(&out, '}');
	}
	if (json) {
		text_adds(&out, "]\n");
	} else {
		text_addf(&out, "%zu template%s, ", entries.count, entries.count == 1 ? "" : "s");
		add_size(&out, total);
		text_addf(&out, " in %s\n", folder);
	}
	vec_done(&entries);
	return r == 0 ? print_out(&out, e) : r;
}

static int prune(const char *folder, long long keep_mib, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(256);
	uint64_t freed = 0;
	int r = template_cache_prune(folder, (uint64_t)keep_mib << 20, &freed, e);

	if (r < 0)
		return r;
	text_adds(&out, "freed ");
	add_size(&out, freed);
	text_adds(&out, "\n");
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	static const char *const words[] = {"list", "prune", NULL};
	struct arguments arguments = {0};
	CLEAN_FREE char *folder = NULL;

	int r = verb_parse(&verb_cache, &argc, argv, 0, 1, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = cache_folder("templates", &folder, e);
	if (r < 0)
		return r;
	if (argc < 2 || strcmp(argv[1], "list") == 0)
		return list(folder, arguments.json, e);
	if (strcmp(argv[1], "prune") == 0)
		return prune(folder, arguments.keep_mib, e);
	const char *near = nearest_word(argv[1], words);
	return err_set(e, BLAME_USER, EINVAL, "assay cache: no '%.40s'; %s%s", argv[1],
		       near ? "did you mean " : "there are list and prune", near ? near : "");
}
