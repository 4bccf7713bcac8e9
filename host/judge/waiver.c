/* SPDX-License-Identifier: Apache-2.0 */
/* Reading waivers, and what they fit. */
#include "host/judge/waiver.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/yaml_schema.h"
#include "host/judge/release_range.h"

#define DAY_S 86400

static const char *const waives_words[] = {"fail", "broken", "infra",  "hole",
					   "skip", "value",  "missed", NULL};

const char *waives_name(enum waives what)
{
	return waives_words[what];
}

/* ---- what values may be ---- */

bool waiver_parse_date(const char *text, uint64_t *ret_end_ns)
{
	struct tm day = {0};
	char again[16];
	int end = 0;

	if (sscanf(text, "%4d-%2d-%2d%n", &day.tm_year, &day.tm_mon, &day.tm_mday, &end) != 3 ||
	    text[end] != '\0')
		return false;
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	time_t begin = timegm(&day);
	/* timegm makes 3 March of 31 February, and sscanf lets signs and single digits pass. */
	if (begin < 0 || !gmtime_r(&begin, &day) ||
	    strftime(again, sizeof again, "%Y-%m-%d", &day) == 0 || strcmp(again, text) != 0)
		return false;
	*ret_end_ns = ((uint64_t)begin + DAY_S) * NS_PER_S;
	return true;
}

static void check_date(const char *text, struct text *why)
{
	uint64_t end_ns;

	if (!waiver_parse_date(text, &end_ns))
		(void)text_addf(why, "'%.60s' is no day such as 2026-12-31", text);
}

static void check_id(const char *text, struct text *why)
{
	size_t length =
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");

	if (text[length] != '\0' || length > 64)
		(void)text_addf(why, "'%.60s' is not a name: letters, digits and ._+-, at most 64",
				text);
}

static void check_case(const char *text, struct text *why)
{
	if (strlen(text) >= CASE_ID_SIZE)
		(void)text_addf(why, "it has more than %d bytes, and no case's id has",
				CASE_ID_SIZE - 1);
	else if (text[0] == '\0' || strpbrk(text, " \t!"))
		(void)text_addf(why, "'%.60s' is neither a case's id nor a glob over ids", text);
}

static void check_kernel(const char *text, struct text *why)
{
	(void)release_range_is_right(text, why);
}

static void check_what(const char *text, struct text *why)
{
	for (int i = 0; i < WAIVES_COUNT; i++)
		if (strcmp(text, waives_words[i]) == 0)
			return;
	(void)text_addf(why,
			"'%.40s' cannot be waived; there are fail, broken, infra, hole, skip, "
			"value and missed",
			text);
}

/* ---- the keys ---- */

struct waiver_entry {
	struct yaml_map map;
	struct yaml_text id, cases, subject, size, arch, filesystem, kernel, message, reason, owner,
		tracker, expires;
	struct yaml_texts waives, subs;
	struct yaml_number removal_after;
};
DEFINE_YAML_ITEMS(waiver_entries, struct waiver_entry);

struct waivers_words {
	struct waiver_entries entries;
};

#define ENTRY(member) offsetof(struct waiver_entry, member)
#define TEXT_OF(k, member, needed, is_right, text)                                                 \
	{                                                                                          \
		.key = (k), .type = YAML_TEXT, .offset = ENTRY(member), .is_required = (needed),   \
		.check = (is_right), .help = (text)                                                \
	}

static const struct yaml_field what = {.key = "waives",
				       .type = YAML_TEXT,
				       .offset = 0,
				       .check = check_what,
				       .pattern = "^(fail|broken|infra|hole|skip|value|missed)$"};

static const struct yaml_field sub = {.key = "subs", .type = YAML_TEXT, .offset = 0};

static const struct yaml_field entry_fields[] = {
	TEXT_OF("case", cases, true, check_case, "the case's id, or a glob over ids"),
	TEXT_OF("subject", subject, false, NULL,
		"the image's name, system or SHA-256, or a glob over these; else any image"),
	TEXT_OF("size", size, false, NULL, "the size's name, or a glob; else any size"),
	TEXT_OF("arch", arch, false, NULL, "the architecture, as x86_64, or a glob; else any"),
	TEXT_OF("filesystem", filesystem, false, NULL,
		"the filesystem of the image's root, as ext4, or a glob; else any"),
	TEXT_OF("kernel", kernel, false, check_kernel,
		"the releases of the kernel that is tried, as '>= 6.1, < 6.12'; else any, or none"),
	{.key = "subs",
	 .type = YAML_EACH,
	 .offset = ENTRY(subs),
	 .fields = &sub,
	 .item_size = sizeof(struct yaml_text),
	 .min = 1,
	 .max = WAIVER_SUBS_MAX,
	 .help = "names of a program's own tests, or globs: no other may have failed; else any"},
	TEXT_OF("message", message, false, NULL,
		"a glob over what the case says, or a part of it; else whatever it says"),
	TEXT_OF("reason", reason, true, NULL, "why it may pass for now"),
	TEXT_OF("owner", owner, true, NULL, "who answers for it"),
	TEXT_OF("tracker", tracker, false, NULL, "where it is followed: a URL or a number"),
	{.key = "expires",
	 .type = YAML_TEXT,
	 .offset = ENTRY(expires),
	 .is_required = true,
	 .check = check_date,
	 .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
	 .help = "the last day on which it holds (UTC)"},
	{.key = "waives",
	 .type = YAML_EACH,
	 .offset = ENTRY(waives),
	 .fields = &what,
	 .item_size = sizeof(struct yaml_text),
	 .min = 1,
	 .max = WAIVES_COUNT,
	 .help = "what it lets through; else only fail"},
	{.key = "propose_removal_after",
	 .type = YAML_NUMBER,
	 .offset = ENTRY(removal_after),
	 .min = 1,
	 .max = WAIVER_REMOVAL_MAX,
	 .help = "propose to remove it when the case has passed so often in a row; else 10"},
	{.key = "id",
	 .type = YAML_TEXT,
	 .offset = ENTRY(id),
	 .check = check_id,
	 .pattern = "^[A-Za-z0-9._+-]{1,64}$",
	 .help = "what it is called in reports and hallmarks"},
	{.key = NULL},
};
static const struct yaml_field entry_field = {
	.key = "waivers", .type = YAML_MAP, .offset = ENTRY(map), .fields = entry_fields};

static const struct yaml_field file_fields[] = {
	{.key = "waivers",
	 .type = YAML_EACH,
	 .offset = offsetof(struct waivers_words, entries),
	 .is_required = true,
	 .fields = &entry_field,
	 .item_size = sizeof(struct waiver_entry),
	 .max = WAIVERS_MAX,
	 .help = "what is let through for a time"},
	{.key = NULL},
};

void waivers_schema(struct text *out)
{
	yaml_schema(&(struct yaml_schema){.title = "What Assay lets through, assay-waivers(5)",
					  .fields = file_fields},
		    out);
}

/* ---- life ---- */

static void waiver_done(struct waiver *waiver)
{
	char *const strings[] = {waiver->id,	waiver->cases,	    waiver->subject,
				 waiver->size,	waiver->message,    waiver->reason,
				 waiver->owner, waiver->tracker,    waiver->expires,
				 waiver->arch,	waiver->filesystem, waiver->kernel,
				 waiver->subs};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		free(strings[i]);
}

void waivers_done(struct waivers *waivers)
{
	vec_each (&waivers->list, waiver)
		waiver_done(waiver);
	vec_done(&waivers->list);
	vec_each (&waivers->files, file)
		free(file->path);
	vec_done(&waivers->files);
}

/* ---- reading ---- */

static char *copy(const struct yaml_text *text)
{
	return xstrdup(text->text ? text->text : "");
}

/* One after another, each with its NUL, and a NUL behind the last. */
static char *copy_subs(const struct yaml_texts *subs)
{
	CLEAN_TEXT struct text all = TEXT_INIT(WAIVERS_FILE_MAX + WAIVER_SUBS_MAX);

	vec_each (subs, it)
		(void)text_add(&all, it->text, strlen(it->text) + 1);
	return text_steal(&all);
}

/* Two that are for the same have the same, wherever they stand. What few have is in it only where it is. */
static char *make_id(const struct waiver *waiver)
{
	const struct {
		const char *key, *value;
	} others[] = {{"arch", waiver->arch},
		      {"filesystem", waiver->filesystem},
		      {"kernel", waiver->kernel}};
	CLEAN_TEXT struct text lines = TEXT_INIT(2 * WAIVERS_FILE_MAX);
	char digest[SHA256_SIZE];

	(void)text_addf(&lines, "%s\n%s\n%s\n%s", waiver->cases, waiver->subject, waiver->size,
			waiver->message);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].value[0])
			(void)text_addf(&lines, "\n%s=%s", others[i].key, others[i].value);
	for (const char *it = waiver->subs; *it; it += strlen(it) + 1)
		(void)text_addf(&lines, "\nsub=%s", it);
	return xasprintf("w-%.10s", sha256_text(lines.buf, lines.length, digest));
}

static void take_what(const struct waiver_entry *entry, struct waiver *waiver)
{
	waiver->waives[WAIVES_FAIL] = entry->waives.count == 0;
	vec_each (&entry->waives, word)
		for (int i = 0; i < WAIVES_COUNT; i++)
			if (strcmp(word->text, waives_words[i]) == 0)
				waiver->waives[i] = true;
}

static struct waiver take_entry(const struct waiver_entry *entry, char *path)
{
	struct waiver waiver = {
		.path = path,
		.place = entry->map.place,
		.cases = copy(&entry->cases),
		.subject = copy(&entry->subject),
		.size = copy(&entry->size),
		.arch = copy(&entry->arch),
		.filesystem = copy(&entry->filesystem),
		.kernel = copy(&entry->kernel),
		.subs = copy_subs(&entry->subs),
		.message = copy(&entry->message),
		.reason = copy(&entry->reason),
		.owner = copy(&entry->owner),
		.tracker = copy(&entry->tracker),
		.expires = copy(&entry->expires),
		.removal_after = entry->removal_after.place.line > 0
					 ? (unsigned)entry->removal_after.number
					 : WAIVER_REMOVAL_AFTER,
	};

	waiver.place.path = NULL;
	(void)waiver_parse_date(waiver.expires, &waiver.expires_ns);
	take_what(entry, &waiver);
	waiver.id = entry->id.text ? xstrdup(entry->id.text) : make_id(&waiver);
	return waiver;
}

static const struct waiver *find_id(const struct waivers *waivers, const char *id)
{
	vec_each (&waivers->list, waiver)
		if (strcmp(waiver->id, id) == 0)
			return waiver;
	return NULL;
}

/* Two of which one could be removed alone would only hide each other. */
static unsigned add_entry(struct waivers *waivers, const struct waiver_entry *entry, char *path,
			  struct text *problems)
{
	struct waiver waiver = take_entry(entry, path);
	const struct waiver *other = find_id(waivers, waiver.id);
	bool is_full = !other && !vec_add(&waivers->list, waiver);

	if (!other && !is_full)
		return 0;
	if (is_full)
		yaml_problem(problems, path, waiver.place, "there are more than %d waivers",
			     WAIVERS_MAX);
	else if (entry->id.text)
		yaml_problem(problems, path, entry->id.place,
			     "the waiver at %s:%u is called `%s` too", other->path,
			     other->place.line, other->id);
	else
		yaml_problem(
			problems, path, waiver.place,
			"the waiver at %s:%u is for the same: case, subject, size, message and all else",
			other->path, other->place.line);
	waiver_done(&waiver);
	return 1;
}

static unsigned add_entries(struct waivers *waivers, const struct waivers_words *words,
			    const char *path, const char *bytes, size_t length,
			    struct text *problems)
{
	struct waiver_file file = {.path = xstrdup(path)};
	size_t before = waivers->list.count;
	unsigned count = 0;

	(void)sha256_text(bytes, length, file.sha256);
	if (!vec_add(&waivers->files, file)) {
		free(file.path);
		yaml_problem(problems, path, (struct yaml_place){0},
			     "there are more than %d files of waivers", WAIVER_FILES_MAX);
		return 1;
	}
	vec_each (&words->entries, entry)
		count += add_entry(waivers, entry, file.path, problems);
	if (count == 0)
		return 0;
	while (waivers->list.count > before)
		waiver_done(&waivers->list.items[--waivers->list.count]);
	waivers->files.count--;
	free(file.path);
	return count;
}

unsigned waivers_parse(struct waivers *waivers, const char *path, const char *bytes, size_t length,
		       struct text *problems)
{
	struct waivers_words words = {0};
	CLEANUP(yaml_node)
	struct yaml_node *root = yaml_parse(path, bytes, length, WAIVERS_FILE_MAX, false, problems);

	if (!root)
		return 1;
	unsigned count = yaml_read_tree(path, root, file_fields, &words, problems);
	if (count == 0)
		count = add_entries(waivers, &words, path, bytes, length, problems);
	yaml_free(file_fields, &words);
	return count;
}

unsigned waivers_read(struct waivers *waivers, const char *path, struct text *problems)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(WAIVERS_FILE_MAX + 1);
	int r = text_read_file(&bytes, path);

	if (r == 0)
		return waivers_parse(waivers, path, bytes.buf, bytes.length, problems);
	errno = -r;
	yaml_problem(problems, path, (struct yaml_place){0}, "it cannot be read: %m");
	return 1;
}

/* ---- what it fits ---- */

static bool fits(const char *pattern, const char *text)
{
	return pattern[0] == '\0' || fnmatch(pattern, text, 0) == 0;
}

static bool fits_subject(const char *pattern, const char *image, const char *os, const char *sha256)
{
	const char *digest = has_prefix(pattern, "sha256:") ? pattern + strlen("sha256:") : pattern;

	return fits(pattern, image) || fits(pattern, os) || fits(digest, sha256);
}

bool waiver_names(const struct waiver *waiver, const char *case_id)
{
	return fits(waiver->cases, case_id);
}

bool waiver_fits(const struct waiver *waiver, const struct waiver_target *target)
{
	return waiver_names(waiver, target->id) && fits(waiver->size, target->size) &&
	       fits(waiver->arch, target->arch) && fits(waiver->filesystem, target->filesystem) &&
	       (waiver->kernel[0] == '\0' || release_range_has(waiver->kernel, target->kernel)) &&
	       fits_subject(waiver->subject, target->image, target->os, target->sha256);
}

bool waiver_is_for(const struct waiver *waiver, const struct run_cell *cell, const char *case_id)
{
	return waiver_fits(waiver, &(struct waiver_target){.id = case_id,
							   .image = cell->image_name,
							   .os = cell->os_name,
							   .sha256 = cell->image_digest,
							   .size = cell->size_name,
							   .arch = cell->arch,
							   .filesystem = cell->image_filesystem,
							   .kernel = cell->kernel_release});
}

static bool names_sub(const struct waiver *waiver, const char *name)
{
	for (const char *it = waiver->subs; *it; it += strlen(it) + 1)
		if (strcmp(it, name) == 0 || fnmatch(it, name, 0) == 0)
			return true;
	return false;
}

bool waiver_fits_subs(const struct waiver *waiver, const struct result *result)
{
	unsigned failed = 0;

	if (waiver->subs[0] == '\0')
		return true;
	if (result->outcome != OUTCOME_FAIL || result->subs_cut > 0 || result->is_fault)
		return false;
	vec_each (&result->subs, it) {
		if (!run_sub_is_trouble(it))
			continue;
		if (!names_sub(waiver, it->name))
			return false;
		failed++;
	}
	return failed > 0;
}

bool waiver_fits_message(const struct waiver *waiver, const char *message)
{
	return strpbrk(waiver->message, "*?[") ? fits(waiver->message, message)
					       : strstr(message, waiver->message) != NULL;
}

bool waiver_has_expired(const struct waiver *waiver, uint64_t now_ns)
{
	return now_ns >= waiver->expires_ns;
}
