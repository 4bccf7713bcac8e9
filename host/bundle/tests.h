/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tests of a suite's tree, as cases. Its listing files are read from the tree; nothing is run.
 *
 *	CLEANUP(bundle_tests) struct bundle_tests *tests = NULL;
 *	r = bundle_open(BUNDLE_LTP, "ltp.tar.xz", cache, &tests, &problems, e);
 *	vec_each (&tests->all, test)
 *		puts((*test)->info.name);
 */
#ifndef ASSAY_HOST_BUNDLE_TESTS_H
#define ASSAY_HOST_BUNDLE_TESTS_H

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "wire/bundle.h"
#include "wire/case_info.h"

#define BUNDLE_TESTS_MAX 15000
#define BUNDLE_FILES_MAX 2000 /* listing files */

/* One test, and the case that it is. */
struct bundle_case {
	struct case_info info;
	struct bundle_test test;
};
DEFINE_VEC(bundle_cases, struct bundle_case *);
DEFINE_VEC(bundle_strings, char *);

/* A file of the tree that says which tests there are. */
struct bundle_file {
	char *name; /* on the disk */
	char *bytes;
	size_t length;
};
DEFINE_VEC(bundle_files, struct bundle_file);

struct bundle_tests {
	struct bundle bundle;
	char *disk, *root;
	struct bundle_cases all; /* the canaries too */
	struct bundle_strings strings;
	struct bundle_files files; /* while the tree is read */
	bool has_programs;	   /* the tree has some: it was not only unpacked */
	bool is_source;		   /* it is what such a tree is built from */
};

/*
 * Opens the tree at `source`, a folder or a tarball. -EINVAL (blame user): `problems` has a line for each thing in its listings
 * that is wrong; other errors say that it is no such tree, or what in it is refused.
 */
int bundle_open(enum bundle_suite suite, const char *source, const char *cache,
		struct bundle_tests **ret, struct text *problems, struct err *e)
	NONNULL(2, 3, 4, 5, 6);
void bundle_tests_free(struct bundle_tests *tests);
DEFINE_CLEANUP(bundle_tests);

/* ---- for those that read the listings of one suite ---- */

/* A copy that lives as long as the tests. */
const char *bundle_keep(struct bundle_tests *tests, char *taken) NONNULL(1, 2);

/* Adds a test; its case has the suite's name, the group's and the test's for its id. -E2BIG, -ENAMETOOLONG (blame user). */
struct bundle_test_words {
	const char *group, *name, *command, *planted, *title, *fixes;
	const char *folder; /* of the tree, that it is run in; NULL: the suite has one for all */
	struct bundle_limit limit;
};
int bundle_add(struct bundle_tests *tests, const struct bundle_test_words *words,
	       struct bundle_case **ret, struct err *e) NONNULL(1, 2, 3, 4);

/* A test that is planted beside the suite's own: how it ends, and what is to be made of it. In its place, as its defect, runs
 * `good`, or `bad` where the end is the good one. */
struct bundle_canary {
	const char *name, *title, *command;
	enum outcome wanted;
};
#define BUNDLE_CANARY_HANGS "hangs" /* the one whose limit is short */
int bundle_add_canaries(struct bundle_tests *tests, const struct bundle_canary *canaries,
			size_t count, const char *good, const char *bad, struct err *e)
	NONNULL(1, 2, 4, 5, 6);

/* The file of that name below the tree's folder `root` (with its slash); NULL: there is none. */
const struct bundle_file *bundle_find_file(const struct bundle_tests *tests, const char *root,
					   const char *name) NONNULL(1, 2, 3);
/* Sets the tree's folder, "" or with its slash at the end. */
void bundle_set_root(struct bundle_tests *tests, const char *root) NONNULL(1, 2);
/* Of a name, what is behind the last slash. */
const char *bundle_last_part(const char *name) NONNULL(1);

/* Is shown the name of each file of the disk: true for those that the suite's listing is in. */
bool ltp_wants(struct bundle_tests *tests, const char *name) NONNULL(1, 2);
bool kselftest_wants(struct bundle_tests *tests, const char *name) NONNULL(1, 2);
/* Finds the tree among the files, and adds its tests. As bundle_open. */
int ltp_add_tests(struct bundle_tests *tests, struct text *problems, struct err *e)
	NONNULL(1, 2, 3);
int kselftest_add_tests(struct bundle_tests *tests, struct text *problems, struct err *e)
	NONNULL(1, 2, 3);
int ltp_add_canaries(struct bundle_tests *tests, struct err *e) NONNULL(1, 2);
int kselftest_add_canaries(struct bundle_tests *tests, struct err *e) NONNULL(1, 2);

#endif
