/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waivers: known failures that are let through for a time (assay-waivers(5)). A waiver changes no result: the case runs and
 * is told, and the verdict only leaves it out.
 *
 *	CLEAN_DONE(waivers) struct waivers waivers = WAIVERS_INIT;
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (waivers_read(&waivers, "waivers.yaml", &problems) == 0)
 *		judge_by(run, &(struct judge_inputs){.waivers = &waivers, .now_ns = clock_wall_ns()}, &judgement);
 */
#ifndef ASSAY_HOST_JUDGE_WAIVER_H
#define ASSAY_HOST_JUDGE_WAIVER_H

#include "base/sha256.h"
#include "base/vec.h"
#include "base/yaml.h"
#include "host/store/run.h"

#define WAIVERS_MAX	     10000
#define WAIVER_FILES_MAX     100
#define WAIVERS_FILE_MAX     (4U << 20)
#define WAIVER_REMOVAL_AFTER 10 /* passes, where a waiver says nothing */
#define WAIVER_REMOVAL_MAX   10000
#define WAIVER_SUBS_MAX	     1000

/* What a waiver can let through. WAIVES_FAIL is what it lets through when it says nothing. */
enum waives {
	WAIVES_FAIL,
	WAIVES_BROKEN,
	WAIVES_INFRA,
	WAIVES_HOLE,
	WAIVES_SKIP,
	WAIVES_VALUE,
	WAIVES_MISSED, /* of a proof: the planted defect was not seen */
	WAIVES_COUNT,
};

struct waiver {
	char *id; /* what it is called: as written, else "w-" and digits that follow from what it is for */
	char *path; /* borrowed: the file */
	struct yaml_place place;
	char *cases, *subject, *size, *message; /* patterns; "": any */
	char *arch, *filesystem;		/* the same */
	char *kernel;				/* a range (host/judge/release_range.h); "": any */
	char *subs; /* patterns for tests of a program's own, each with its NUL; "": whichever failed */
	char *reason, *owner, *tracker; /* tracker: "" none */
	char *expires;			/* "2026-12-31": it holds to the end of that day, UTC */
	uint64_t expires_ns;		/* wall clock: from then on it does not */
	bool waives[WAIVES_COUNT];
	unsigned removal_after;
};
DEFINE_VEC(waiver_list, struct waiver);

struct waiver_file {
	char *path;
	char sha256[SHA256_SIZE];
};
DEFINE_VEC(waiver_files, struct waiver_file);

struct waivers {
	struct waiver_list list; /* in the order of the files */
	struct waiver_files files;
};
#define WAIVERS_INIT                                                                               \
	{                                                                                          \
		.list = VEC_INIT(WAIVERS_MAX), .files = VEC_INIT(WAIVER_FILES_MAX)                 \
	}

/* Adds those of a file. Returns the number of problems, each a line in `problems`; nothing is added when there is one. */
unsigned waivers_read(struct waivers *waivers, const char *path, struct text *problems)
	NONNULL(1, 2, 3);
/* The same from memory. */
unsigned waivers_parse(struct waivers *waivers, const char *path, const char *bytes, size_t length,
		       struct text *problems) NONNULL(1, 2, 5);
void waivers_done(struct waivers *waivers) NONNULL(1);
DEFINE_CLEAN_DONE(waivers);

/* Adds the JSON Schema of its file. */
void waivers_schema(struct text *out) NONNULL(1);

/* What is known of where a case was executed; "": nothing. */
struct waiver_target {
	const char *id, *image, *os, *sha256, *size, *arch, *filesystem, *kernel;
};

/* True when it is for that case in that cell, whatever came out. */
bool waiver_is_for(const struct waiver *waiver, const struct run_cell *cell, const char *case_id)
	NONNULL(1, 2, 3);
/* True when its pattern of ids fits that one, whatever the image. */
bool waiver_names(const struct waiver *waiver, const char *case_id) NONNULL(1, 2);
/* The same as waiver_is_for. What is not known is in no range and fits no pattern but `*`. */
bool waiver_fits(const struct waiver *waiver, const struct waiver_target *target) NONNULL(1, 2);
/* True when its message pattern fits: a glob, or a part of the message when it has no wildcard. */
bool waiver_fits_message(const struct waiver *waiver, const char *message) NONNULL(1, 2);
/* True when it names no tests of a program's own, or when the result is a failure and all of these that failed are among them: neither
 * may any have been left out, nor the kernel have told of a fault. */
bool waiver_fits_subs(const struct waiver *waiver, const struct result *result) NONNULL(1, 2);
bool waiver_has_expired(const struct waiver *waiver, uint64_t now_ns) NONNULL(1);

const char *waives_name(enum waives what); /* "fail", … */

/* The end of that day, UTC: "2026-12-31". False: it is no such day. */
bool waiver_parse_date(const char *text, uint64_t *ret_end_ns) NONNULL(1, 2);

/* What `assay waive` writes. NULL members are left out. */
struct waiver_words {
	const char *cases, *subject, *size, *message, *reason, *owner, *tracker, *expires;
};

/* Gives the file's text with that waiver added at the end, and adds the lines alone to `added`: all that was there stays as it is,
 * comments too. `bytes` may be empty: a new file. Returns the number of problems: the file is none of waivers, the words are not right,
 * or there is such a waiver already. */
unsigned waivers_append(const char *path, const char *bytes, size_t length,
			const struct waiver_words *words, struct text *out, struct text *added,
			struct text *problems) NONNULL(1, 4, 5, 6, 7);

#endif
