/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames that host and agent exchange over a byte stream, and the fields in them. No I/O here.
 *
 * A frame is a 12-byte header, little endian - u32 magic "ASY1", u16 type, u16 zero, u32 payload length - and the
 * payload: fields, each u8 key, u32 length, bytes. Unknown keys are skipped by readers, unknown types are errors.
 *
 *	frame_open(&out, FRAME_RUN);
 *	field_text(&out, FIELD_ID, id);
 *	frame_close(&out);
 *	...
 *	struct frame frame;
 *	long used = frame_parse(bytes, length, &frame, e);     (0: need more bytes)
 *	struct field field;
 *	for (size_t at = 0; frame_next(&frame, &at, &field, e) > 0;) ...
 *
 * Both sides are built for one another except for FRAME_HELLO, FRAME_LOAD and FRAME_RESUME, which stay as they are:
 * a frozen template's agent must understand them from every later host.
 */
#ifndef ASSAY_WIRE_FRAME_H
#define ASSAY_WIRE_FRAME_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define FRAME_MAGIC	  0x31595341U /* "ASY1" */
#define FRAME_HEADER	  12
#define FRAME_PAYLOAD_MAX (4U << 20)
#define FRAME_PROTOCOL	  1

enum frame_type {
	/* Both ways. The guest sends one when it starts, as soon as a host is there, and one for each that comes: a woken
	 * fork sends none by itself. */
	FRAME_HELLO = 1, /* PROTOCOL, VERSION, and from the guest: TEXT facts "key=value\n"… */
	/* host to guest */
	FRAME_LOAD = 2, /* BYTES: a new agent binary; it is executed and says HELLO */
	FRAME_RESUME =
		3, /* NUMBER wall clock ns, BYTES entropy: a fork has been woken; answered by RESUMED */
	FRAME_RUN =
		4, /* ID, FLAGS, TIMEOUT seconds (0: the case's own), TEXT parameters "key=value\n"…; answered by
			   * CHECK*, SUB*, OUTPUT*, KMSG, RESULT */
	FRAME_CALL =
		5, /* NAME verb, TEXT/BYTES arguments (repeatable), TIMEOUT seconds; answered by REPLY */
	FRAME_CANCEL = 6, /* ends the running case: RESULT broken */
	FRAME_BYE = 7,	  /* the agent exits */
	FRAME_STAND_BY =
		8, /* the guest is about to be frozen: what can be done for the first case now is; answered by REPLY */
	/* guest to host */
	FRAME_RESUMED = 16,
	FRAME_CHECK = 17,  /* a failed check: EXPRESSION GOT WANT FILE LINE ROW */
	FRAME_OUTPUT = 18, /* TEXT: a note or program output, for the evidence */
	FRAME_KMSG = 19,   /* TEXT: kernel log lines of the case's time */
	FRAME_RESULT = 20, /* ID, OUTCOME its name, MESSAGE, NEED, PASSED, FAILED, DURATION ns */
	FRAME_REPLY = 21,  /* CODE (0 or errno), TEXT/BYTES */
	FRAME_SUB =
		22, /* a test of a program's own: NAME, OUTCOME its name, MESSAGE, LINE, DURATION ns, FLAGS 1: it
			 * failed as expected; or NUMBER alone: for so many there was no room */
	FRAME_MEASURE =
		23, /* NAME, UNIT, FLAGS 1: higher is better, SAMPLE (repeatable): a double's 64 bits */
};

enum field_key {
	FIELD_PROTOCOL = 1,
	FIELD_VERSION,
	FIELD_TEXT,
	FIELD_BYTES,
	FIELD_NUMBER,
	FIELD_ID,
	FIELD_FLAGS, /* RUN_* bits */
	FIELD_TIMEOUT,
	FIELD_NAME,
	FIELD_EXPRESSION,
	FIELD_GOT,
	FIELD_WANT,
	FIELD_FILE,
	FIELD_LINE,
	FIELD_ROW,
	FIELD_OUTCOME,
	FIELD_MESSAGE,
	FIELD_NEED,
	FIELD_PASSED,
	FIELD_FAILED,
	FIELD_DURATION,
	FIELD_CODE,
	FIELD_UNIT,
	FIELD_SAMPLE,
};

#define RUN_SABOTAGE 1U /* run the case's sabotage before it */
#define RUN_NEEDS_KNOWN                                                                            \
	2U /* needs were judged on a machine without the sabotage: do not judge them again */

struct frame {
	unsigned type;
	const unsigned char *payload; /* borrowed from the parsed buffer */
	size_t length;
};

struct field {
	unsigned key;
	const char *bytes; /* borrowed; not terminated */
	size_t length;
};

/* Adds a frame to `out`: open, any number of fields, close. One frame at a time per text. */
void frame_open(struct text *out, enum frame_type type) NONNULL(1);
void field_bytes(struct text *out, enum field_key key, const void *bytes, size_t length) NONNULL(1);
void field_text(struct text *out, enum field_key key, const char *text) NONNULL(1, 3);
void field_number(struct text *out, enum field_key key, uint64_t value) NONNULL(1); /* 8 bytes LE */
void field_sample(struct text *out, double sample) NONNULL(1); /* FIELD_SAMPLE */
void frame_close(struct text *out) NONNULL(1);

/*
 * Looks for a whole frame at the start of `bytes`. Returns the number of bytes that it takes, 0 when more are needed,
 * or -EBADMSG (blame guest) when this is no frame or it is too long: the stream cannot be trusted any more.
 */
long frame_parse(const void *bytes, size_t length, struct frame *ret, struct err *e)
	NONNULL(1, 3, 4);

/* Steps through the fields: 1 and *ret, 0 at the end, -EBADMSG when a field runs over the end. Start with *at = 0. */
int frame_next(const struct frame *frame, size_t *at, struct field *ret, struct err *e)
	NONNULL(1, 2, 3, 4);

/* Finds the first field with that key: 1 found, 0 not there, -EBADMSG. */
int frame_find(const struct frame *frame, enum field_key key, struct field *ret, struct err *e)
	NONNULL(1, 3, 4);

/* Copies a field as a string: cut to the size, terminated, control bytes but \n and \t replaced by '?'. */
void field_string(const struct field *field, char *buf, size_t size) NONNULL(1, 2);

/* The field as a number; 0 when it has not 8 bytes. */
uint64_t field_value(const struct field *field) NONNULL(1);
/* The field as the double whose bits it has; not a number when it has not 8 bytes. */
double field_double(const struct field *field) NONNULL(1);

#endif
