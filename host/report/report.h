/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: each is a pure function from a run and its judgement to a text. Whatever came from a guest is escaped for the
 * format it goes into.
 *
 *	CLEAN_TEXT struct text page = TEXT_INIT(REPORT_MAX);
 *	report_html(run, &judgement, &page);
 */
#ifndef ASSAY_HOST_REPORT_REPORT_H
#define ASSAY_HOST_REPORT_REPORT_H

#include "base/text.h"
#include "host/judge/judge.h"
#include "host/store/run.h"

#define REPORT_MAX    (512U << 20)
#define REPORT_SCHEMA 1

/* The summary for the terminal: verdict, failures with expression and both values, skips by need, time by phase. */
void report_text(const struct run *run, const struct judgement *judgement, bool colour,
		 struct text *out) NONNULL(1, 2, 4);

/* One JSON object (assay-report(5)). */
void report_json(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* JUnit XML: a suite per area and cell; fail is a failure, broken, infra and holes are errors. */
void report_junit(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* TAP 14 and KTAP 1: a point for each case, with the tests of a program's own below it. */
void report_tap(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);
void report_ktap(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* The Common Test Report Format, a JSON object. */
void report_ctrf(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* OpenMetrics, gauges alone. */
void report_openmetrics(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* KernelCI's I/O schema 5.3. The origin, which has small letters, digits and '_' alone, says who reports. */
void report_kcidb(const struct run *run, const struct judgement *judgement, const char *origin,
		  struct text *out) NONNULL(1, 2, 3, 4);
bool report_is_origin(const char *origin) NONNULL(1);

/* A comment on a pull request, of at most `limit` bytes: what did not fit is counted in it. GitHub takes 65536 characters. */
#define REPORT_COMMENT_MAX     65000
#define REPORT_COMMENT_MAX_MIN 2000
void report_markdown(const struct run *run, const struct judgement *judgement, size_t limit,
		     struct text *out) NONNULL(1, 2, 4);

/* One self-contained page without any outside resource. */
void report_html(const struct run *run, const struct judgement *judgement, struct text *out)
	NONNULL(1, 2, 3);

/* What `assay prove` found: for the terminal, as JSON, and as Markdown for the documentation. */
void proof_text(const struct run *run, bool colour, struct text *out) NONNULL(1, 3);
void proof_json(const struct run *run, struct text *out) NONNULL(1, 2);
void proof_markdown(const struct run *run, struct text *out) NONNULL(1, 2);

#endif
