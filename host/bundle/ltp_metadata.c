/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and fixes from LTP's metadata. */
#include "host/bundle/ltp_metadata.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* LTP's own figures: what its library gives a test, what its shell functions do, and how many filesystems it knows. */
#define BODY_S	     30
#define SHELL_BODY_S 300
#define FILESYSTEMS  10
/* The old interface has no limit, and neither has what says that it wants none. */
#define OLD_BODY_S	 900
#define UNLIMITED_BODY_S 3600
#define SECONDS_MAX	 86400
#define ROUNDS_MAX	 1000

struct ltp_metadata {
	json_t *root;
	const json_t *tests; /* in it */
};

int ltp_metadata_parse(const char *path, const char *json, size_t length, struct ltp_metadata **ret,
		       struct err *e)
{
	json_error_t at;

	if (length > LTP_METADATA_MAX)
		return err_set(e, BLAME_USER, EBADMSG, "%s has more than %u MiB", path,
			       LTP_METADATA_MAX >> 20);
	json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &at);
	if (!root)
		return err_set(e, BLAME_USER, EBADMSG, "%s:%d:%d: %s", path, at.line, at.column,
			       at.text);
	const json_t *tests = json_object_get(root, "tests");
	if (!json_is_object(tests)) {
		json_decref(root);
		return err_set(e, BLAME_USER, EBADMSG,
			       "%s has no \"tests\": is it LTP's metadata/ltp.json?", path);
	}
	*ret = xnew(sizeof **ret);
	**ret = (struct ltp_metadata){.root = root, .tests = tests};
	return 0;
}

void ltp_metadata_free(struct ltp_metadata *metadata)
{
	if (!metadata)
		return;
	json_decref(metadata->root);
	free(metadata);
}

/* ---- finding a test ---- */

static const json_t *find_name(const struct ltp_metadata *metadata, const char *name, size_t length)
{
	CLEAN_FREE char *key = xasprintf("%.*s", (int)length, name);

	return json_object_get(metadata->tests, key);
}

/* They are known by their programs' names, and one program may be built for files of two sizes. */
static const json_t *find_program(const struct ltp_metadata *metadata, const char *name)
{
	size_t length = strcspn(name, " \t;|&");
	const json_t *test = find_name(metadata, name, length);

	if (!test && length > 3 &&
	    (memcmp(name + length - 3, "_64", 3) == 0 || memcmp(name + length - 3, "_16", 3) == 0))
		test = find_name(metadata, name, length - 3);
	return test;
}

static const json_t *find_test(const struct ltp_metadata *metadata, const char *tag,
			       const char *command)
{
	const json_t *test = metadata ? find_program(metadata, command) : NULL;

	return test || !metadata ? test : find_program(metadata, tag);
}

/* ---- numbers, which stand there as texts ---- */

/* `instead` when it is not there; `unreadable` when it is a name from a C header. */
static unsigned number_of(const json_t *test, const char *key, unsigned most, unsigned instead,
			  unsigned unreadable)
{
	const json_t *value = json_object_get(test, key);
	long long number;

	if (!value)
		return instead;
	if (json_is_integer(value))
		number = json_integer_value(value);
	else if (!json_is_string(value) ||
		 number_parse(json_string_value(value), -1, INT64_MAX, &number) < 0)
		return unreadable;
	if (number < 0) /* TST_UNLIMITED_TIMEOUT is -1 */
		return unreadable;
	return number < most ? (unsigned)number : most;
}

static unsigned rounds_of(const json_t *test)
{
	unsigned rounds = number_of(test, "test_variants", ROUNDS_MAX, 1, 1);
	size_t filesystems = json_array_size(json_object_get(test, "filesystems"));

	if (json_object_get(test, "all_filesystems"))
		filesystems = FILESYSTEMS;
	rounds = rounds > 0 ? rounds : 1;
	if (filesystems > 0)
		rounds *= filesystems < ROUNDS_MAX ? (unsigned)filesystems : ROUNDS_MAX;
	return rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX;
}

/* True for one that the shell's functions watch over. */
static bool is_shell(const char *command)
{
	return strstr(command, ".sh ") || has_suffix(command, ".sh");
}

void ltp_metadata_limit(const struct ltp_metadata *metadata, const char *tag, const char *command,
			struct bundle_limit *ret)
{
	const json_t *test = find_test(metadata, tag, command);

	if (!test) {
		*ret = (struct bundle_limit){
			.body_s = is_shell(command) ? SHELL_BODY_S : OLD_BODY_S, .rounds = 1};
		return;
	}
	unsigned own_s = number_of(test, "timeout", SECONDS_MAX, 0, UNLIMITED_BODY_S);
	unsigned least_s = number_of(test, "min_runtime", SECONDS_MAX, 1, 1);
	unsigned run_s = number_of(test, "runtime", SECONDS_MAX, 0, BODY_S);
	*ret = (struct bundle_limit){
		.body_s = own_s + BODY_S,
		.run_s = run_s > least_s ? run_s : least_s,
		.rounds = rounds_of(test),
	};
}

/* ---- what it guards ---- */

/* [["linux-git", "34b88a68f26a"], ["CVE", "2016-7117"]] */
void ltp_metadata_fixes(const struct ltp_metadata *metadata, const char *tag, const char *command,
			struct text *out)
{
	const json_t *tags = json_object_get(find_test(metadata, tag, command), "tags");
	size_t at;
	json_t *entry;

	json_array_foreach(tags, at, entry)
	{
		const char *key = json_string_value(json_array_get(entry, 0));
		const char *value = json_string_value(json_array_get(entry, 1));
		if (!key || !value)
			continue;
		(void)text_addf(out, "%s%.60s%s%.200s", out->length ? ", " : "", key,
				strcmp(key, "CVE") == 0 ? "-" : " ", value);
	}
}
