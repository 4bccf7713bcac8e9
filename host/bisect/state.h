/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a bisection is: what is looked for and between what, by which words each one is tried, and how those came out that were.
 * It is one file, bisect.json, written whole after each try; whoever was killed goes on from there. assay-bisect(5) describes it.
 *
 *	CLEAN_DONE(bisect) struct bisect bisect = BISECT_INIT;
 *	r = bisect_load(folder, &bisect, e);
 *	...try one...
 *	bisect_add(&bisect, &try_);
 *	r = bisect_save(&bisect, folder, e);
 */
#ifndef ASSAY_HOST_BISECT_STATE_H
#define ASSAY_HOST_BISECT_STATE_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/bisect/search.h"
#include "host/store/record.h"

#define BISECT_FILE	    "bisect.json"
#define BISECT_SCHEMA	    1
#define BISECT_JSON_MAX	    (64U << 20)
#define BISECT_SUBJECTS_MAX 10000
#define BISECT_TRIES_MAX    10000
#define BISECT_WORDS_MAX    1000
#define BISECT_TEXT_MAX	    4096 /* of a path or a word */

enum bisect_kind { BISECT_COMMITS, BISECT_KERNELS, BISECT_IMAGES };
const char *bisect_kind_name(enum bisect_kind kind); /* "commits", "kernels", "images" */

/* Of a list; of commits only the ends are known here. */
struct bisect_subject {
	char *path, *name; /* path "": a commit */
	char id[65];	   /* a commit's; of a file its size and time of change in a word */
};
DEFINE_VEC(bisect_subjects, struct bisect_subject);
DEFINE_VEC(bisect_words, char *);

/* One that was tried. */
struct bisect_try {
	char id[65]; /* the subject's */
	char name[160];
	enum search_verdict verdict;
	char why[512];	 /* the case's message; of what was skipped the reason */
	char kernel[65]; /* SHA-256 of what was tried; "": it did not come so far */
	char same_as
		[65]; /* the id of one that gave the same kernel, whose verdict it has; "": none */
	char run[64]; /* its folder, in the bisection's; "": none */
	unsigned passed, total; /* executions that say something of it */
	uint64_t build_ns, try_ns;
};
DEFINE_VEC(bisect_tries, struct bisect_try);

struct bisect {
	enum bisect_kind kind;
	char id[96];
	char case_id[CASE_ID_SIZE];
	char *tree; /* of commits: the repository */
	bool first_parent;
	struct bisect_subjects subjects; /* the first is good, the last is bad */
	struct bisect_words words;	 /* options of each try */
	/* How trees are built. */
	char *config; /* NULL: not given */
	struct bisect_words fragments, make;
	unsigned build_jobs;
	struct bisect_tries tries;
	uint64_t spent_ns;
};
#define BISECT_INIT                                                                                \
	{                                                                                          \
		.subjects = VEC_INIT(BISECT_SUBJECTS_MAX), .words = VEC_INIT(BISECT_WORDS_MAX),    \
		.fragments = VEC_INIT(BISECT_WORDS_MAX), .make = VEC_INIT(BISECT_WORDS_MAX),       \
		.tries = VEC_INIT(BISECT_TRIES_MAX)                                                \
	}
void bisect_done(struct bisect *bisect) NONNULL(1);
DEFINE_CLEAN_DONE(bisect);

/* False when there are too many. */
bool bisect_add_word(struct bisect_words *words, const char *word) NONNULL(1, 2);
bool bisect_add_subject(struct bisect *bisect, const char *path, const char *name, const char *id)
	NONNULL(1, 2, 3, 4);

/* The try of that subject; NULL: there was none. */
const struct bisect_try *bisect_find(const struct bisect *bisect, const char *id) NONNULL(1, 2);
/* One that has tried that very kernel and came to a verdict; NULL: none. */
const struct bisect_try *bisect_find_kernel(const struct bisect *bisect, const char *sha256)
	NONNULL(1, 2);

void bisect_encode(const struct bisect *bisect, struct text *out) NONNULL(1, 2);
/* Adds what is tried, and how it came out, as members of a JSON object that is open. */
void bisect_encode_tries(const struct bisect *bisect, struct text *out) NONNULL(1, 2);
/* -EBADMSG (blame host) says what is wrong. */
int bisect_decode(const char *bytes, size_t length, struct bisect *ret, struct err *e)
	NONNULL(1, 3, 4);

/* -ENOENT (blame user): there is none in that folder. */
int bisect_load(const char *folder, struct bisect *ret, struct err *e) NONNULL(1, 2, 3);
int bisect_save(const struct bisect *bisect, const char *folder, struct err *e) NONNULL(1, 2, 3);

#endif
