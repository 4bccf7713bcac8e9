/* SPDX-License-Identifier: Apache-2.0 */
/* assay cache: what is kept between runs: templates, kernels, and what was found out about images. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "host/cli/verb.h"
#include "host/image/memory.h"
#include "host/kernel/subject.h"
#include "host/machine/template.h"
#include "host/report/escape.h"
#include "host/run/template_cache.h"
#include "host/store/folder.h"

#define LOOKS_UNUSED_NS (30ULL * 24 * 3600 * NS_PER_S)

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
	.title = "show or remove what is kept between runs",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"Kept are templates (frozen machines), kernels that were tried, unpacked, and small files with what was\n"
		"found out by looking at an image. prune removes the first two, and those of the last that no run has used\n"
		"for 30 days. What is in use by a run is never removed. Runs keep the templates below 8 GiB and the kernels\n"
		"below 4 GiB by themselves.",
};

static void add_size(struct text *out, uint64_t bytes)
{
	text_addf(out, "%llu MiB", (unsigned long long)((bytes + (1 << 20) - 1) >> 20));
}

static void add_kib(struct text *out, uint64_t bytes)
{
	text_addf(out, "%llu KiB", (unsigned long long)((bytes + 1023) >> 10));
}

/* ---- listing ---- */

static void read_about(const char *templates, const struct template_entry *entry,
		       struct template_about *ret)
{
	CLEAN_FREE char *folder = xasprintf("%s/%s", templates, entry->key);

	template_about(folder, ret);
}

/* "debian-12.qcow2, uefi, 2 CPUs, 1024 MiB, Secure Boot, booted 2026-01-31T12:00:00Z" */
static void add_about(const char *templates, const struct template_entry *entry, struct text *out)
{
	struct template_about about;

	read_about(templates, entry, &about);
	escape_terminal(out, about.image[0] ? about.image : "(of an image that is not known)",
			false);
	if (about.firmware[0])
		text_addf(out, ", %s", about.firmware);
	if (about.cpus)
		text_addf(out, ", %u CPU%s", about.cpus, about.cpus == 1 ? "" : "s");
	if (about.mem_mib)
		text_addf(out, ", %u MiB", about.mem_mib);
	if (about.make[0])
		text_addf(out, ", %s", about.make);
	if (about.booted[0])
		text_addf(out, ", booted %.19sZ", about.booted);
}

struct listing {
	const char *cache, *templates; /* folders */
	struct template_entries entries;
	struct memory_size looks;
	struct kernels_size kernels;
};

static void add_text(const struct listing *listing, struct text *out)
{
	size_t count = listing->entries.count;
	char iso[CLOCK_ISO_SIZE];
	uint64_t total = 0;

	vec_each (&listing->entries, entry) {
		total += entry->bytes;
		add_about(listing->templates, entry, out);
		text_addf(out, "\n  %s  last used %.19sZ  ", entry->key,
			  clock_iso(entry->used_ns, iso));
		add_size(out, entry->bytes);
		text_adds(out, entry->in_use ? "  in use\n" : "\n");
	}
	text_addf(out, "%zu look%s at images, ", listing->looks.files,
		  listing->looks.files == 1 ? "" : "s");
	add_kib(out, listing->looks.bytes);
	text_addf(out, " in %s/looks\n%zu kernel%s, ", listing->cache, listing->kernels.count,
		  listing->kernels.count == 1 ? "" : "s");
	add_size(out, listing->kernels.bytes);
	text_addf(out, " in %s/kernels\n%zu template%s, ", listing->cache, count,
		  count == 1 ? "" : "s");
	add_size(out, total);
	text_addf(out, " in %s\n", listing->templates);
}

static void add_about_json(const char *templates, const struct template_entry *entry,
			   struct text *out)
{
	struct template_about about;

	read_about(templates, entry, &about);
	json_member(out, "image", about.image[0] ? about.image : NULL);
	json_member(out, "firmware", about.firmware[0] ? about.firmware : NULL);
	json_member_number(out, "cpus", about.cpus);
	json_member_number(out, "mem_mib", about.mem_mib);
	json_member(out, "make", about.make[0] ? about.make : NULL);
	json_member(out, "booted", about.booted[0] ? about.booted : NULL);
}

static void add_json(const struct listing *listing, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	json_open(out, '[');
	vec_each (&listing->entries, entry) {
		json_open(out, '{');
		json_member(out, "kind", "template");
		json_member(out, "key", entry->key);
		add_about_json(listing->templates, entry, out);
		json_member_number(out, "bytes", (long long)entry->bytes);
		json_member(out, "used", clock_iso(entry->used_ns, iso));
		json_key(out, "in_use");
		json_bool(out, entry->in_use);
		json_close(out, '}');
	}
	json_open(out, '{');
	json_member(out, "kind", "looks");
	json_member_number(out, "files", (long long)listing->looks.files);
	json_member_number(out, "bytes", (long long)listing->looks.bytes);
	json_close(out, '}');
	json_open(out, '{');
	json_member(out, "kind", "kernels");
	json_member_number(out, "files", (long long)listing->kernels.count);
	json_member_number(out, "bytes", (long long)listing->kernels.bytes);
	json_close(out, '}');
	text_adds(out, "]\n");
}

static int list(const char *cache, const char *templates, bool json, struct err *e)
{
	struct listing listing = {cache, templates, VEC_INIT(10000), {0}, {0}};
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);
	int r = template_cache_list(templates, &listing.entries, e);

	kernels_measure(cache, &listing.kernels);
	if (r == 0)
		r = memory_measure(cache, &listing.looks, e);
	if (r == 0) {
		(json ? add_json : add_text)(&listing, &out);
		r = print_out(&out, e);
	}
	vec_done(&listing.entries);
	return r;
}

/* ---- pruning ---- */

static int prune(const char *cache, const char *templates, long long keep_mib, struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(256);
	uint64_t freed = 0, kernels = 0, now_ns = clock_wall_ns();
	struct memory_size looks = {0};
	int r = template_cache_prune(templates, (uint64_t)keep_mib << 20, &freed, e);

	if (r == 0)
		r = kernels_prune(cache, 0, &kernels, e);
	if (r == 0 && now_ns > LOOKS_UNUSED_NS)
		r = memory_forget(cache, now_ns - LOOKS_UNUSED_NS, &looks, e);
	if (r < 0)
		return r;
	text_adds(&out, "freed ");
	add_size(&out, freed);
	text_addf(&out, " of templates, ");
	add_size(&out, kernels);
	text_adds(&out, " of kernels, ");
	add_kib(&out, looks.bytes);
	text_addf(&out, " of %zu look%s at images\n", looks.files, looks.files == 1 ? "" : "s");
	return print_out(&out, e);
}

static int run(int argc, char **argv, struct err *e)
{
	static const char *const words[] = {"list", "prune", NULL};
	struct arguments arguments = {.keep_mib = -1};
	CLEAN_FREE char *cache = NULL, *templates = NULL;

	int r = verb_parse(&verb_cache, &argc, argv, 0, 1, &arguments, e);
	if (r != 0)
		return r < 0 ? r : 0;
	r = cache_folder("", &cache, e);
	if (r == 0)
		r = cache_folder("templates", &templates, e);
	if (r < 0)
		return r;
	bool lists = argc < 2 || strcmp(argv[1], "list") == 0;
	if (lists && arguments.keep_mib >= 0)
		return err_set(e, BLAME_USER, EINVAL, "--keep is an option of `assay cache prune`");
	if (lists)
		return list(cache, templates, arguments.json, e);
	if (strcmp(argv[1], "prune") == 0)
		return prune(cache, templates, arguments.keep_mib < 0 ? 0 : arguments.keep_mib, e);
	const char *near = nearest_word(argv[1], words);
	return err_set(e, BLAME_USER, EINVAL, "assay cache: no '%.40s'; %s%s", argv[1],
		       near ? "did you mean " : "there are list and prune", near ? near : "");
}
