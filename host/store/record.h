/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a run's journal, as a struct and as JSON. What machine threads hand to the recorder is such a record.
 *
 *	struct record *record = record_new(RECORD_RESULT, cell->index);
 *	...fill record->result...
 *	queue_put(queue, record);           (takes it)
 */
#ifndef ASSAY_HOST_STORE_RECORD_H
#define ASSAY_HOST_STORE_RECORD_H

#include "base/err.h"
#include "wire/result.h"

#define RECORD_SCHEMA	1
#define RECORD_LINE_MAX (8U << 20)

enum record_type {
	RECORD_BEGIN,  /* name: run id, text: version, detail: what the host is */
	RECORD_RESUME, /* text: version */
	RECORD_PHASE,  /* name: "boot" …, span_ns, count, text: a remark */
	RECORD_RESULT, /* result, name: the machine's folder inside the run's, "" none */
	RECORD_END,    /* text: "done", "cancelled" or why it ended */
};

#define SURE_PASSES    "passes" /* as often as the plan wants */
#define SURE_FLAKY     "flaky"	/* less often */
#define SURE_FAILS     "fails"	/* never passes */
#define SURE_UNDECIDED "undecided"

struct record {
	enum record_type type;
	uint64_t wall_ns;
	unsigned cell;
	char name[128];
	char text[512];
	char detail[1024];
	uint64_t span_ns;
	unsigned count;
	/* RECORD_RESULT: it is not the case's result, since another try followed, or another repetition of the case decided. */
	bool superseded;
	/* RECORD_RESULT of a case in doubt that ran until it was sure: what was found; "": it was not in doubt */
	char sure[16];
	struct result result; /* RECORD_RESULT only */
};

struct record *record_new(enum record_type type, unsigned cell); /* with the wall clock's time */
void record_free(struct record *record);
DEFINE_CLEANUP(record);

/* Adds it as one line of JSON with its line break. */
void record_encode(const struct record *record, struct text *out) NONNULL(1, 2);

/* Reads one line. -EBADMSG (blame host) says what is wrong; foreign fields are cut to their maxima. */
int record_decode(const char *line, size_t length, struct record **ret, struct err *e)
	NONNULL(1, 3, 4);

#endif
