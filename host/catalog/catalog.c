/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: reading what the agent binary tells, strictly. */
#include "host/catalog/catalog.h"

#include <jansson.h>
#include <string.h>

#include "base/child.h"
#include "base/option.h"
#include "base/text.h"

#define STRING_MAX    4096
#define TIMEOUT_MAX_S 86400

DEFINE_VEC(string_vec, char *);

struct catalog_strings {
	struct string_vec all;
};

static const char *keep(struct catalog *catalog, const char *string)
{
	char *copy = xstrdup(string);

	if (!vec_add(&catalog->strings->all, copy))
		abort(); /* its maximum follows from the number of cases */
	return copy;
}

static struct catalog *catalog_new(size_t room)
{
	struct catalog *catalog = xnew(sizeof *catalog);

	catalog->cases = xnew((room ? room : 1) * sizeof *catalog->cases);
	catalog->strings = xnew(sizeof *catalog->strings);
	catalog->strings->all = (struct string_vec)VEC_INIT((size_t)CATALOG_CASES_MAX * 16);
	return catalog;
}

void catalog_free(struct catalog *catalog)
{
	if (!catalog)
		return;
	vec_each (&catalog->strings->all, string)
		free(*string);
	vec_done(&catalog->strings->all);
	free(catalog->strings);
	free(catalog->cases);
	case_folders_free(catalog->folders);
	for (struct catalog_owned *owned = catalog->owned, *next; owned; owned = next) {
		next = owned->next;
		owned->free(owned->it);
		free(owned);
	}
	free(catalog);
}

/* ---- one case ---- */

/* Ids become file names and parts of commands for people: only these bytes. */
static bool is_word(const char *word)
{
	size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return length > 0 && word[length] == '\0' && length < CASE_ID_SIZE / 2;
}

struct reader {
	struct catalog *catalog;
	const json_t *object; /* of the case, or of its sabotage */
	const char *id;	      /* for messages */
};

/* A string member; absent, null and "" are NULL. */
static int read_string(const struct reader *reader, const char *key, const char **ret,
		       struct err *e)
{
	const json_t *value = json_object_get(reader->object, key);

	*ret = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || json_string_length(value) > STRING_MAX ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return err_set(e, BLAME_BUG, EBADMSG,
			       "case %s: \"%s\" is not a string of at most %d bytes", reader->id,
			       key, STRING_MAX);
	if (json_string_length(value) > 0)
		*ret = keep(reader->catalog, json_string_value(value));
	return 0;
}

/* A word of a closed list, by the parser of that list. */
#define READ_ENUM(reader, key, parse, ret, e)                                                      \
	({                                                                                         \
		const char *word_ = NULL;                                                          \
		int r_ = read_string((reader), (key), &word_, (e));                                \
		if (r_ == 0 && (!word_ || parse(word_, (ret)) < 0))                                \
			r_ = err_set((e), BLAME_BUG, EBADMSG, "case %s: \"%s\" is no %s",          \
				     (reader)->id, word_ ? word_ : "", (key));                     \
		r_;                                                                                \
	})

static int read_name(const struct reader *reader, struct case_info *info, struct err *e)
{
	int r = read_string(reader, "area", &info->area, e);

	if (r == 0)
		r = read_string(reader, "name", &info->name, e);
	if (r < 0)
		return r;
	if (!info->area || !info->name || !is_word(info->area) || !is_word(info->name))
		return err_set(e, BLAME_BUG, EBADMSG,
			       "case '%.40s.%.80s': not an id (a-z, 0-9 and _)",
			       info->area ? info->area : "", info->name ? info->name : "");
	return 0;
}

static int read_words(const struct reader *reader, struct case_info *info, struct err *e)
{
	const struct {
		const char *key, **into;
	} strings[] = {
		{"title", &info->title},     {"needs", &info->needs}, {"why", &info->why},
		{"remedy", &info->remedy},   {"fixes", &info->fixes}, {"sources", &info->sources},
		{"expects", &info->expects},
	};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		int r = read_string(reader, strings[i].key, strings[i].into, e);
		if (r < 0)
			return r;
	}
	if (!info->title)
		return err_set(e, BLAME_BUG, EBADMSG, "case %s has no title", reader->id);
	return 0;
}

static int read_kinds(const struct reader *reader, struct case_info *info, struct err *e)
{
	int r = READ_ENUM(reader, "kind", case_kind_parse, &info->kind, e);

	if (r == 0)
		r = READ_ENUM(reader, "priority", case_priority_parse, &info->priority, e);
	if (r == 0)
		r = READ_ENUM(reader, "isolation", case_isolation_parse, &info->isolation, e);
	return r;
}

static int read_timeout(const struct reader *reader, struct case_info *info, struct err *e)
{
	const json_t *value = json_object_get(reader->object, "timeout_s");

	if (!value)
		return 0;
	json_int_t seconds = json_integer_value(value);
	if (!json_is_integer(value) || seconds < 0 || seconds > TIMEOUT_MAX_S)
		return err_set(e, BLAME_BUG, EBADMSG,
			       "case %s: \"timeout_s\" is not within 0 and %d", reader->id,
			       TIMEOUT_MAX_S);
	info->timeout_s = (unsigned)seconds;
	return 0;
}

static int read_waits(const struct reader *reader, struct case_info *info, struct err *e)
{
	const json_t *value = json_object_get(reader->object, "waits");

	if (value && !json_is_boolean(value))
		return err_set(e, BLAME_BUG, EBADMSG, "case %s: \"waits\" is not true or false",
			       reader->id);
	info->waits = json_is_true(value);
	return 0;
}

static int read_sabotage(const struct reader *of_case, struct case_sabotage *sabotage,
			 struct err *e)
{
	struct reader reader = *of_case;

	reader.object = json_object_get(of_case->object, "sabotage");
	if (!reader.object || json_is_null(reader.object))
		return 0;
	if (!json_is_object(reader.object))
		return err_set(e, BLAME_BUG, EBADMSG, "case %s: \"sabotage\" is not an object",
			       reader.id);
	int r = READ_ENUM(&reader, "kind", sabotage_kind_parse, &sabotage->kind, e);
	if (r == 0)
		r = read_string(&reader, "text", &sabotage->text, e);
	if (r == 0)
		r = read_string(&reader, "argument", &sabotage->argument, e);
	if (r == 0)
		r = read_string(&reader, "path", &sabotage->path, e);
	return r;
}

static int read_case(struct catalog *catalog, const json_t *object, struct err *e)
{
	struct catalog_case *into = &catalog->cases[catalog->count];
	struct reader reader = {catalog, object, "?"};

	if (!json_is_object(object))
		return err_set(e, BLAME_BUG, EBADMSG, "entry %zu is not an object", catalog->count);
	int r = read_name(&reader, &into->info, e);
	if (r < 0)
		return r;
	reader.id = case_id(&into->info, into->id);
	r = read_words(&reader, &into->info, e);
	if (r == 0)
		r = read_kinds(&reader, &into->info, e);
	if (r == 0)
		r = read_timeout(&reader, &into->info, e);
	if (r == 0)
		r = read_waits(&reader, &into->info, e);
	if (r == 0)
		r = read_sabotage(&reader, &into->info.sabotage, e);
	if (r == 0)
		catalog->count++;
	return r;
}

/* ---- all of them ---- */

static int compare_cases(const void *a, const void *b)
{
	return strcmp(((const struct catalog_case *)a)->id, ((const struct catalog_case *)b)->id);
}

static int sort_and_check(struct catalog *catalog, struct err *e)
{
	qsort(catalog->cases, catalog->count, sizeof *catalog->cases, compare_cases);
	for (size_t i = 1; i < catalog->count; i++)
		if (strcmp(catalog->cases[i - 1].id, catalog->cases[i].id) == 0)
			return err_set(e, BLAME_BUG, EEXIST, "case %s exists twice",
				       catalog->cases[i].id);
	return 0;
}

static void add_host_cases(struct catalog *catalog, const struct case_info *const *infos,
			   size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct catalog_case *into = &catalog->cases[catalog->count++];
		into->info = *infos[i];
		into->of_host = true;
		case_id(&into->info, into->id);
	}
}

static int read_all(const json_t *list, const struct case_info *const *host_infos,
		    size_t host_count, struct catalog **ret, struct err *e)
{
	size_t count = json_array_size(list), at;
	json_t *entry;

	if (!json_is_array(list) || count > CATALOG_CASES_MAX || host_count > CATALOG_CASES_MAX)
		return err_set(e, BLAME_BUG, EBADMSG, "\"cases\" is not a list of at most %d cases",
			       CATALOG_CASES_MAX);
	CLEANUP(catalog) struct catalog *catalog = catalog_new(count + host_count);
	json_array_foreach(list, at, entry)
	{
		int r = read_case(catalog, entry, e);
		if (r < 0)
			return r;
	}
	add_host_cases(catalog, host_infos, host_count);
	int r = sort_and_check(catalog, e);
	if (r == 0)
		*ret = STEAL_PTR(catalog);
	return r;
}

int catalog_parse(const char *json, size_t length, const struct case_info *const *host_infos,
		  size_t host_count, struct catalog **ret, struct err *e)
{
	json_error_t at;

	if (length > CATALOG_JSON_MAX)
		return err_set(e, BLAME_BUG, EMSGSIZE, "the catalogue has more than %u bytes",
			       CATALOG_JSON_MAX);
	json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &at);
	if (!root)
		return err_set(e, BLAME_BUG, EBADMSG, "line %d, column %d: %s", at.line, at.column,
			       at.text);
	int r = read_all(json_object_get(root, "cases"), host_infos, host_count, ret, e);
	json_decref(root);
	return r;
}

int catalog_load(const char *agent_path, const struct case_info *const *host_infos,
		 size_t host_count, const struct patience *p, struct catalog **ret, struct err *e)
{
	const char *argv[] = {agent_path, "list", "--json", NULL};
	struct child_spec spec = {.argv = argv, .no_network = true, .limit_cpu_s = 30};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(CATALOG_JSON_MAX);

	int r = child_run_ok(&spec, p, &out, e);
	if (r < 0)
		return err_wrap(e, "ask the agent for its cases");
	r = catalog_parse(out.stdout_text.buf, out.stdout_text.length, host_infos, host_count, ret,
			  e);
	return r < 0 ? err_wrap(e, "the agent's list of cases (%s)", agent_path) : 0;
}

/* ---- programs ---- */

static int check_folders(const struct catalog *catalog, const struct case_folders *folders,
			 struct err *e)
{
	char id[CASE_ID_SIZE];

	if (catalog->count + folders->all.count > CATALOG_CASES_MAX)
		return err_set(e, BLAME_USER, E2BIG, "there are more than %d cases",
			       CATALOG_CASES_MAX);
	vec_each (&folders->all, folder)
		if (catalog_find(catalog, case_id(&(*folder)->info, id)))
			return err_set(e, BLAME_USER, EEXIST,
				       "%s:%u:%u: the id %s is that of a case of Assay's own",
				       (*folder)->path, (*folder)->name.line,
				       (*folder)->name.column, id);
	return 0;
}

static void make_room(struct catalog *catalog, size_t more)
{
	struct catalog_case *cases = xnew((catalog->count + more + 1) * sizeof *cases);

	if (catalog->count > 0)
		memcpy(cases, catalog->cases, catalog->count * sizeof *cases);
	free(catalog->cases);
	catalog->cases = cases;
}

static void add_info(struct catalog *catalog, const struct case_info *info)
{
	struct catalog_case *into = &catalog->cases[catalog->count++];

	into->info = *info;
	into->of_host = info->kind == CASE_KIND_HOST;
	case_id(&into->info, into->id);
}

static void sort_cases(struct catalog *catalog)
{
	if (catalog->count > 0)
		qsort(catalog->cases, catalog->count, sizeof *catalog->cases, compare_cases);
}

int catalog_add_folders(struct catalog *catalog, struct case_folders *folders, struct err *e)
{
	int r = check_folders(catalog, folders, e);

	if (r < 0)
		return r;
	make_room(catalog, folders->all.count);
	vec_each (&folders->all, folder)
		add_info(catalog, &(*folder)->info);
	catalog->folders = folders;
	sort_cases(catalog);
	return 0;
}

int catalog_add_cases(struct catalog *catalog, const struct case_info *const *infos, size_t count,
		      void *owner, void (*free_owner)(void *), struct err *e)
{
	char id[CASE_ID_SIZE];

	if (catalog->count + count > CATALOG_CASES_MAX)
		return err_set(e, BLAME_USER, E2BIG, "there are more than %d cases",
			       CATALOG_CASES_MAX);
	for (size_t i = 0; i < count; i++)
		if (catalog_find(catalog, case_id(infos[i], id)))
			return err_set(e, BLAME_USER, EEXIST,
				       "the id %s is that of another case, or of a suite that was "
				       "given before",
				       id);
	make_room(catalog, count);
	for (size_t i = 0; i < count; i++)
		add_info(catalog, infos[i]);
	sort_cases(catalog);
	struct catalog_owned *owned = xnew(sizeof *owned);
	*owned = (struct catalog_owned){owner, free_owner, catalog->owned};
	catalog->owned = owned;
	return 0;
}

/* ---- looking up ---- */

static int compare_id(const void *id, const void *entry)
{
	return strcmp(id, ((const struct catalog_case *)entry)->id);
}

const struct catalog_case *catalog_find(const struct catalog *catalog, const char *id)
{
	return bsearch(id, catalog->cases, catalog->count, sizeof *catalog->cases, compare_id);
}

bool case_is_of_file(const char *id)
{
	static const char *const ids[] = {CASE_IMAGE_UNCHANGED, CASE_CONTAINER_INTACT,
					  CASE_SIZE_ALIGNED,	CASE_SIZE_PROMISED,
					  CASE_NAME_ALLOWED,	CASE_VHD_FOOTER};

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strcmp(id, ids[i]) == 0)
			return true;
	return false;
}

bool case_judges_host(const struct catalog_case *it)
{
	return it->of_host && !case_is_of_file(it->id) && strcmp(it->info.area, AREA_HOST) == 0;
}

bool catalog_has_area(const struct catalog *catalog, const char *area)
{
	for (size_t i = 0; i < catalog->count; i++)
		if (strcmp(catalog->cases[i].info.area, area) == 0)
			return true;
	return false;
}

const char *catalog_nearest(const struct catalog *catalog, const char *word)
{
	CLEAN_FREE const char **words = xnew((2 * catalog->count + 1) * sizeof *words);
	size_t count = 0;

	for (size_t i = 0; i < catalog->count; i++) {
		words[count++] = catalog->cases[i].id;
		words[count++] = catalog->cases[i].info.area;
	}
	const char *near = nearest_word(word, words);
	if (near || strchr(word, '.'))
		return near;
	/* Without its area the word may still be a case's name. */
	for (size_t i = 0; i < catalog->count; i++)
		if (strcmp(catalog->cases[i].info.name, word) == 0)
			return catalog->cases[i].id;
	return NULL;
}
