/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a product promises of its image, as files say it (assay-policy(5)): the values that cases hold the image against,
 * and which cases are meant. Later files replace the keys of earlier ones. A profile is such a file that ships.
 *
 *	CLEANUP(policy) struct policy *policy = policy_new();
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (policy_read(policy, "product.yaml", &problems) > 0)
 *		fputs(problems.buf, stderr);
 *	policy_parameters(policy, &parameters);		("required_packages=openssh-server chrony\n"…)
 */
#ifndef ASSAY_HOST_CATALOG_POLICY_H
#define ASSAY_HOST_CATALOG_POLICY_H

#include "base/yaml.h"
#include "host/catalog/catalog.h"

/* Of all that it tells the cases: it travels with every case, beside what the plan tells. */
#define POLICY_MAX 49152

/* What a key's value is. */
enum policy_kind {
	POLICY_WORDS, /* a list of words, told with blanks between */
	POLICY_LINES, /* a list of lines, told with tabs between */
	POLICY_WORD,
	POLICY_CHOICE,
	POLICY_NUMBER,
	POLICY_FILE, /* the name of a file beside it, told as its lines with tabs between */
};

struct policy_key {
	const char *name;
	enum policy_kind kind;
	const char *const *choices;			   /* POLICY_CHOICE: NULL-terminated */
	long long min, max;				   /* POLICY_NUMBER */
	void (*check)(const char *text, struct text *why); /* as in struct yaml_field */
};

/* The keys, sorted, besides title and cases; name NULL ends. */
const struct policy_key *policy_keys(void);

struct policy;
struct policy *policy_new(void);
void policy_free(struct policy *policy);
DEFINE_CLEANUP(policy);

/* Reads a file, and those that it names, over what is there. Adds a line "path:line:column: …" for each problem and returns
 * how many there were. */
unsigned policy_read(struct policy *policy, const char *path, struct text *problems)
	NONNULL(1, 2, 3);
/* The same from memory; files that it names are not opened. */
unsigned policy_parse(struct policy *policy, const char *path, const char *yaml, size_t length,
		      struct text *problems) NONNULL(1, 2, 3, 5);

/* "" when no file has one. */
const char *policy_title(const struct policy *policy) NONNULL(1);
/* The terms of a suite (select.h) that the last file with the key `cases` has; NULL: none has. */
const char *policy_terms(const struct policy *policy) NONNULL(1);
/* Adds a problem for each of them that matches no case; returns how many. */
unsigned policy_check_cases(const struct policy *policy, const struct catalog *catalog,
			    struct text *problems) NONNULL(1, 2, 3);

/* Adds the JSON Schema of such a file. */
void policy_schema(struct text *out) NONNULL(1);

/* Adds "key=value\n" for each key that some file has. */
void policy_parameters(const struct policy *policy, struct text *out) NONNULL(1, 2);

#endif
