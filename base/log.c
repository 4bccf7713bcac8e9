/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines: one write each, so that the lines of two threads never mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

static const char *const level_names[] = {
	[LOG_LEVEL_DEBUG] = "debug",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_ERROR] = "error",
};

/* Set by main() before threads start, read-only afterwards. */
static struct {
	enum log_level level;
	const char *debug; /* the argument of --debug, which lives as long as the program */
	FILE *file;
} settings = {.level = LOG_LEVEL_INFO};

static _Thread_local struct log_context *innermost;

void log_push(struct log_context *context)
{
	context->outer = innermost;
	innermost = context;
}

void log_pop(const struct log_context *context)
{
	innermost = context->outer;
}

/* Outermost first; contexts are few. */
static void add_contexts(struct text *line, const struct log_context *context)
{
	if (!context)
		return;
	add_contexts(line, context->outer);
	text_addf(line, " %s=%s", context->key, context->value);
}

/* Control characters could forge lines or drive the terminal: what is logged may come from a guest. */
static void make_harmless(struct text *line, size_t from)
{
	for (size_t i = from; i < line->length; i++) {
		unsigned char c = (unsigned char)line->buf[i];
		if (c < ' ' || c == 0x7f)
			line->buf[i] = ' ';
	}
}

PRINTF(3, 0)
static void write_line(enum log_level level, const char *module, const char *format, va_list args)
{
	CLEAN_TEXT struct text line = TEXT_INIT(8192);
	char now[CLOCK_ISO_SIZE];
	int saved = errno;

	text_addf(&line, "%s %s", clock_iso(clock_wall_ns(), now), level_names[level]);
	if (module)
		text_addf(&line, " module=%s", module);
	add_contexts(&line, innermost);
	text_adds(&line, ": ");
	errno = saved; /* for %m */
	text_addv(&line, format, args);
	secret_hide(&line);
	make_harmless(&line, 0);
	if (line.length == line.maximum)
		text_cut(&line, line.maximum - 1);
	text_adds(&line, "\n");
	if (level >= settings.level || module)
		(void)fwrite(line.buf, 1, line.length, stderr);
	if (settings.file) {
		(void)fwrite(line.buf, 1, line.length, settings.file);
		(void)fflush(settings.file);
	}
	errno = saved;
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_line(level, NULL, format, args);
	va_end(args);
}

/* True when `module` is one of the comma-separated words. */
static bool has_word(const char *words, const char *module)
{
	size_t length = strlen(module);

	while (words) {
		if (strncmp(words, module, length) == 0 && (words[length] == ',' || !words[length]))
			return true;
		words = strchr(words, ',');
		if (words)
			words++;
	}
	return false;
}

void log_debug(const char *module, const char *format, ...)
{
	va_list args;

	if (!settings.debug ||
	    (!has_word(settings.debug, module) && !has_word(settings.debug, "all")))
		return;
	va_start(args, format);
	write_line(LOG_LEVEL_DEBUG, module, format, args);
	va_end(args);
}

void log_set_debug(const char *modules)
{
	settings.debug = modules;
}

void log_set_level(enum log_level level)
{
	settings.level = level;
}

void log_set_file(FILE *file)
{
	settings.file = file;
}
