/* SPDX-License-Identifier: Apache-2.0 */
/* The frames between the audit and its child. */
#include "host/image/audit_wire.h"

#include <stdio.h>
#include <string.h>

void audit_encode_result(const struct result *result, struct text *out)
{
	const struct check_record *check = &result->check;

	frame_open(out, FRAME_RESULT);
	field_text(out, FIELD_ID, result->id);
	field_text(out, FIELD_OUTCOME, outcome_name(result->outcome));
	field_text(out, FIELD_MESSAGE, result->message);
	field_text(out, FIELD_NEED, result->need);
	field_number(out, FIELD_FLAGS, result->sabotaged ? RUN_SABOTAGE : 0);
	field_number(out, FIELD_PASSED, result->checks_passed);
	field_number(out, FIELD_FAILED, result->checks_failed);
	field_number(out, FIELD_DURATION, result->duration_ns);
	field_text(out, FIELD_EXPRESSION, check->expression);
	field_text(out, FIELD_GOT, check->got);
	field_text(out, FIELD_WANT, check->want);
	field_text(out, FIELD_FILE, check->file);
	field_number(out, FIELD_LINE, check->line);
	field_text(out, FIELD_ROW, check->row);
	field_bytes(out, FIELD_BYTES, result->evidence.buf, result->evidence.length);
	frame_close(out);
}

/* Where a text field of a result goes. */
static char *text_place(unsigned key, struct result *result, size_t *ret_size)
{
	struct check_record *check = &result->check;

#define PLACE(member) (*ret_size = sizeof(member), (member))
	switch (key) {
	case FIELD_MESSAGE:
		return PLACE(result->message);
	case FIELD_NEED:
		return PLACE(result->need);
	case FIELD_EXPRESSION:
		return PLACE(check->expression);
	case FIELD_GOT:
		return PLACE(check->got);
	case FIELD_WANT:
		return PLACE(check->want);
	case FIELD_FILE:
		return PLACE(check->file);
	case FIELD_ROW:
		return PLACE(check->row);
	default:
		return NULL;
	}
#undef PLACE
}

static void take_number(unsigned key, uint64_t value, struct result *result)
{
	switch (key) {
	case FIELD_FLAGS:
		result->sabotaged = value & RUN_SABOTAGE;
		break;
	case FIELD_PASSED:
		result->checks_passed = (unsigned)value;
		break;
	case FIELD_FAILED:
		result->checks_failed = (unsigned)value;
		break;
	case FIELD_DURATION:
		result->duration_ns = value;
		break;
	case FIELD_LINE:
		result->check.line = (unsigned)value;
		break;
	default:
		break;
	}
}

int audit_decode_result(const struct frame *frame, struct result *result, struct err *e)
{
	char outcome[16] = "";
	struct field field;
	size_t at = 0, size;
	int r;

	while ((r = frame_next(frame, &at, &field, e)) > 0) {
		char *place = text_place(field.key, result, &size);
		if (place)
			field_string(&field, place, size);
		else if (field.key == FIELD_OUTCOME)
			field_string(&field, outcome, sizeof outcome);
		else if (field.key == FIELD_BYTES)
			(void)text_add(&result->evidence, field.bytes, field.length);
		else
			take_number(field.key, field_value(&field), result);
	}
	if (r < 0)
		return r;
	if (outcome_parse(outcome, &result->outcome) < 0)
		return err_set(e, BLAME_BUG, EBADMSG, "the audit's answer has no outcome");
	return 0;
}

int audit_receive(int fd, const struct patience *p, struct text *buffer, struct frame *ret,
		  struct err *e)
{
	char piece[65536];

	text_clear(buffer);
	for (size_t missing = FRAME_HEADER;;) {
		while (missing > 0) {
			size_t n = missing < sizeof piece ? missing : sizeof piece;
			int r = wait_read(p, fd, piece, n, "the audit's answer", e);
			if (r < 0)
				return r;
			if (text_add(buffer, piece, n) < 0)
				return err_set(e, BLAME_BUG, EMSGSIZE,
					       "the audit's answer is too long");
			missing -= n;
		}
		long used = frame_parse(buffer->buf, buffer->length, ret, e);
		if (used != 0)
			return used < 0 ? (int)used : 0;
		/* The header is there and sane: its last word is the payload's length. */
		const unsigned char *length = (const unsigned char *)buffer->buf + FRAME_HEADER - 4;
		missing = length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 |
			  (size_t)length[3] << 24;
		missing += FRAME_HEADER;
		missing -= buffer->length;
	}
}
