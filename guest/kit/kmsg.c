/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel log since the boot. */
#include "guest/kit/kmsg.h"

#include <ctype.h>

#define KMSG	      "/dev/kmsg"
#define KMSG_MAX      (16U << 20)
#define RECORD_MAX    8192 /* the kernel's own maximum */
#define OFFENDERS_MAX 20

/* Adds the message of a record "prefix;message\n KEY=value…\n"; a plain file may hold several records in a row. */
static void add_messages(struct text *out, const char *record, size_t length)
{
	const char *end = record + length;

	while (record < end) {
		const char *line_end = memchr(record, '\n', (size_t)(end - record));
		if (!line_end)
			line_end = end;
		/* Lines of the dictionary begin with a blank. */
		const char *message = memchr(record, ';', (size_t)(line_end - record));
		if (isdigit((unsigned char)*record) && message) {
			(void)text_add(out, message + 1, (size_t)(line_end - message - 1));
			(void)text_adds(out, "\n");
		}
		record = line_end + 1;
	}
}

/* A plain file comes in pieces that end anywhere: whole lines are taken, the rest is kept for the next piece. */
static size_t take_lines(struct text *out, char *buf, size_t length)
{
	char *last = memrchr(buf, '\n', length);

	if (!last)
		return length < RECORD_MAX ? length : 0;
	size_t used = (size_t)(last + 1 - buf);
	add_messages(out, buf, used);
	memmove(buf, buf + used, length - used);
	return length - used;
}

static int read_log(int fd, struct text *out)
{
	char buf[2 * RECORD_MAX];
	size_t kept = 0;

	for (;;) {
		ssize_t got = read(fd, buf + kept, RECORD_MAX);
		if (got == 0 || (got < 0 && errno == EAGAIN))
			return 0;
		if (got < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* the oldest record was overwritten meanwhile */
		if (got < 0)
			return -errno;
		kept = take_lines(out, buf, kept + (size_t)got);
		if (out->overflowed)
			return 0;
	}
}

const char *kmsg_text(struct trial *t)
{
	struct text log = TEXT_INIT(KMSG_MAX);
	int fd = open(KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? -errno : read_log(fd, &log);

	if (fd >= 0)
		close(fd);
	if (r < 0) {
		text_done(&log);
		errno = -r;
		case_broken(t, "the kernel log cannot be read: %m");
	}
	char *copy = case_alloc(t, log.length + 1);
	for (size_t i = 0; i < log.length; i++)
		copy[i] = log.buf[i] ? log.buf[i] : ' ';
	text_done(&log);
	return copy;
}

void kmsg_check_lacks(struct trial *t, const struct kmsg_pattern *patterns, size_t count)
{
	const char *log = kmsg_text(t);
	unsigned offenders = 0;

	for (const char *at = log, *line;
	     offenders < OFFENDERS_MAX && (line = text_line(t, &at));) {
		for (size_t i = 0; i < count; i++) {
			if (!strstr(line, patterns[i].text) ||
			    (patterns[i].unless && strstr(line, patterns[i].unless)))
				continue;
			FAIL(t, "the kernel log says: %s", line);
			offenders++;
			break;
		}
	}
	if (offenders == 0)
		check_passed(t);
}

void sabotage_kmsg(struct trial *t, const char *lines)
{
	struct text records = TEXT_INIT(KMSG_MAX);
	unsigned number = 0;

	for (const char *at = kmsg_text(t), *line; (line = text_line(t, &at));)
		(void)text_addf(&records, "6,%u,0,-;%s\n", number++, line);
	for (const char *at = lines, *line; (line = text_line(t, &at));)
		(void)text_addf(&records, "4,%u,0,-;%s\n", number++, line);
	const char *copy = case_format(t, "%s", records.buf);
	text_done(&records);
	sabotage_file(t, KMSG, copy);
}
