/* SPDX-License-Identifier: Apache-2.0 */
/* Growing strings with a maximum, and the few string helpers that everybody needs. */
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"

char text_empty[1] = "";

void text_init(struct text *text, size_t maximum)
{
	*text = (struct text)TEXT_INIT(maximum);
}

void text_done(struct text *text)
{
	int saved = errno;

	if (text->buf != text_empty)
		free(text->buf);
	text_init(text, text->maximum);
	errno = saved;
}

void text_clear(struct text *text)
{
	text_cut(text, 0);
	text->overflowed = false;
}

void text_cut(struct text *text, size_t length)
{
	if (length >= text->length)
		return;
	text->length = length;
	text->buf[length] = '\0';
}

/* Makes room for `more` bytes and the terminator; the caller has checked the maximum. */
static void text_grow(struct text *text, size_t more)
{
	size_t need = text->length + more + 1;

	if (need <= text->room)
		return;
	size_t room = text->room ? text->room : 64;
	while (room < need)
		room *= 2;
	char *bigger = realloc(text->buf == text_empty ? NULL : text->buf, room);
	if (!bigger)
		abort();
	text->buf = bigger;
	text->room = room;
}

int text_add(struct text *text, const char *bytes, size_t length)
{
	size_t left = text->maximum - text->length;
	int r = 0;

	if (length > left) {
		length = left;
		text->overflowed = true;
		r = -EMSGSIZE;
	}
	if (length == 0)
		return r;
	text_grow(text, length);
	memcpy(text->buf + text->length, bytes, length);
	text->length += length;
	text->buf[text->length] = '\0';
	return r;
}

int text_adds(struct text *text, const char *string)
{
	return text_add(text, string, strlen(string));
}

int text_addv(struct text *text, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return -EINVAL;
	CLEAN_FREE char *line = malloc((size_t)length + 1);
	if (!line)
		abort();
	(void)vsnprintf(line, (size_t)length + 1, format, args);
	return text_add(text, line, (size_t)length);
}

int text_addf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int r = text_addv(text, format, args);
	va_end(args);
	return r;
}

char *text_steal(struct text *text)
{
	char *taken = text->buf == text_empty ? xstrdup("") : text->buf;

	text_init(text, text->maximum);
	return taken;
}

int text_read_fd(struct text *text, int fd)
{
	char piece[16384];

	for (;;) {
		ssize_t n = fault_hit(FAULT_READ) ? -1 : read(fd, piece, sizeof piece);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		int r = text_add(text, piece, (size_t)n);
		if (r < 0)
			return r;
	}
}

int text_read_file(struct text *text, const char *path)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return text_read_fd(text, fd);
}

void *xnew(size_t size)
{
	void *pointer = calloc(1, size ? size : 1);

	if (!pointer)
		abort();
	return pointer;
}

char *xstrdup(const char *string)
{
	char *copy = strdup(string);

	if (!copy)
		abort();
	return copy;
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *string = NULL;

	va_start(args, format);
	int r = vasprintf(&string, format, args);
	va_end(args);
	if (r < 0 || !string)
		abort();
	return string;
}

bool has_prefix(const char *string, const char *prefix)
{
	return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool has_suffix(const char *string, const char *suffix)
{
	size_t length = strlen(string), tail = strlen(suffix);

	return length >= tail && memcmp(string + length - tail, suffix, tail) == 0;
}

int number_parse(const char *string, long long min, long long max, long long *ret)
{
	const char *digits = string + (*string == '-');
	int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
	char *end = NULL;

	if (*digits < '0' || *digits > '9') /* strtoll would take spaces and a plus */
		return -EINVAL;
	errno = 0;
	long long value = strtoll(string, &end, base);
	if (errno == ERANGE)
		return -ERANGE;
	if (errno || *end != '\0')
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}
