/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hallmark: the verdict on a run as an in-toto statement, version 1 (https://in-toto.io/Statement/v1). Its predicate
 * is SLSA's verification summary (https://slsa.dev/verification_summary/v1), which says that somebody has held artifacts
 * against a policy and how that went; what it has no place for stands in its member `assay` (assay-hallmark(5)).
 *
 *	hallmark_write(run, &judgement, &terms, &statement);              (then envelope_seal)
 *	...
 *	r = hallmark_read(statement.buf, statement.length, &hallmark, e);  (after envelope_open)
 *	r = hallmark_check(&hallmark, digest, clock_wall_ns(), e);
 */
#ifndef ASSAY_HOST_HALLMARK_HALLMARK_H
#define ASSAY_HOST_HALLMARK_HALLMARK_H

#include <stdint.h>

#include "base/text.h"
#include "base/vec.h"
#include "host/judge/judge.h"
#include "host/store/run.h"

#define HALLMARK_TYPE	      "application/vnd.in-toto+json" /* the envelope's payloadType */
#define HALLMARK_SUBJECTS_MAX 4096
#define HALLMARK_SHA256_SIZE  65
#define HALLMARK_WAIVERS_MAX  10000
#define HALLMARK_SCHEMA	      1

/* What the run does not know itself. */
struct hallmark_terms {
	const char *verifier; /* a URI: who vouches */
	uint64_t now_ns;      /* wall clock */
	uint64_t valid_ns;    /* and so long it holds */
	char plan_sha256[HALLMARK_SHA256_SIZE], journal_sha256[HALLMARK_SHA256_SIZE];
	const struct judge_inputs
		*inputs;      /* what it was judged by; NULL: the built-in rules alone */
	const char *sign_off; /* whose sign-off it is; NULL: it is none */
};

/* When it expires: it does not outlive a waiver that it rests on. */
uint64_t hallmark_expiry_ns(const struct judgement *judgement, const struct hallmark_terms *terms)
	NONNULL(1, 2);

/* How many images the run has: no hallmark is of more than HALLMARK_SUBJECTS_MAX. */
size_t hallmark_subject_count(const struct run *run) NONNULL(1);

/* Adds the statement. */
void hallmark_write(const struct run *run, const struct judgement *judgement,
		    const struct hallmark_terms *terms, struct text *out) NONNULL(1, 2, 3, 4);

struct hallmark_subject {
	char name[256];
	char sha256[HALLMARK_SHA256_SIZE];
};
DEFINE_VEC(hallmark_subjects, struct hallmark_subject);

/* A waiver that let something through. */
struct hallmark_waiver {
	char id[80], expires[16], reason[256]; /* the reason's beginning */
};
DEFINE_VEC(hallmark_waivers, struct hallmark_waiver);

struct hallmark {
	struct hallmark_subjects subjects;
	struct hallmark_waivers waivers;
	enum verdict verdict;
	char verifier[256], run_id[128], version[64];
	char plan_sha256[HALLMARK_SHA256_SIZE], journal_sha256[HALLMARK_SHA256_SIZE];
	char gate_sha256[HALLMARK_SHA256_SIZE]; /* "": it was by the built-in rules */
	char sign_off[64]; /* whose sign-off it is, which is no leave to ship; "": none */
	uint64_t made_ns, expires_ns;			    /* wall clock, whole seconds */
	unsigned total, passed, failed, skipped, undecided; /* undecided: broken, infra and holes */
	unsigned foreign; /* of them carried over from a run on another image */
};

/* Reads a statement. -EBADMSG (blame user) says what it lacks. */
int hallmark_read(const char *statement, size_t length, struct hallmark *ret, struct err *e)
	NONNULL(1, 3, 4);
void hallmark_done(struct hallmark *hallmark) NONNULL(1);
DEFINE_CLEAN_DONE(hallmark);

/* Holds it against an image and the time: -EACCES (blame user) when it is of other images, -EKEYEXPIRED when its time is
 * over or has not begun. Gives the subject that is the image. */
int hallmark_check(const struct hallmark *hallmark, const char *sha256, uint64_t now_ns,
		   const struct hallmark_subject **ret, struct err *e) NONNULL(1, 2, 4, 5);

/* Holds it against a gate: -EACCES (blame user) when it was made by another one or none, or is only a sign-off. */
int hallmark_check_gate(const struct hallmark *hallmark, const char *gate_sha256, struct err *e)
	NONNULL(1, 2, 3);

/* "2026-01-31T23:59:59Z"; false: it is not spelt so. */
#define HALLMARK_TIME_SIZE 24
const char *hallmark_time(uint64_t wall_ns, char buf[HALLMARK_TIME_SIZE]) NONNULL(2);
bool hallmark_parse_time(const char *text, uint64_t *ret_wall_ns) NONNULL(1, 2);

#endif
