/* SPDX-License-Identifier: Apache-2.0 */
/* A run while it goes on. */
#include "host/report/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "host/report/escape.h"

#define STATE_SIZE 160
#define SILENCE_NS (30 * NS_PER_S)

struct progress {
	pthread_mutex_t mutex;
	enum progress_mode mode;
	struct outlet *outlet; /* PROGRESS_JSON */
	size_t total, done;
	unsigned counts[OUTCOME_COUNT];
	uint64_t start_ns;
	unsigned worker; /* whose state is shown: the one that spoke last */
	char state[STATE_SIZE];
	uint64_t state_ns; /* since when */
	uint64_t said_ns,
		silence_ns; /* when a line was said last, and how long there may be none */
	bool is_drawn;	    /* the live line stands on the terminal */
	char told[512];	    /* the last message: the same one is not told again and again */
};

struct progress *progress_new(enum progress_mode mode, size_t total, struct outlet *outlet)
{
	struct progress *progress = xnew(sizeof *progress);

	pthread_mutex_init(&progress->mutex, NULL);
	progress->mode = mode;
	progress->outlet = outlet;
	progress->total = total;
	progress->start_ns = progress->said_ns = clock_now_ns();
	progress->silence_ns = SILENCE_NS;
	return progress;
}

void progress_set_silence(struct progress *progress, uint64_t span_ns)
{
	progress->silence_ns = span_ns;
}

/* With the mutex held, as all static functions here. */
static void erase(struct progress *progress)
{
	if (progress->is_drawn)
		(void)fputs("\r\033[K", stderr);
	progress->is_drawn = false;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	erase(progress);
	(void)fflush(stderr);
	pthread_mutex_destroy(&progress->mutex);
	free(progress);
}

static size_t columns(void)
{
	struct winsize size = {0};

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1
										: 79;
}

/* Cuts at the width without cutting a character apart. */
static void cut_to(struct text *line, size_t width)
{
	size_t shown = 0, at = 0;

	for (; at < line->length; at++) {
		bool begins = ((unsigned char)line->buf[at] & 0xc0) != 0x80;
		if (begins && shown++ == width)
			break;
	}
	text_cut(line, at);
}

static void draw(struct progress *progress)
{
	CLEAN_TEXT struct text line = TEXT_INIT(1024);
	char span[CLOCK_SPAN_SIZE];

	if (progress->mode != PROGRESS_LIVE)
		return;
	text_addf(&line, "[%zu/%zu]", progress->done, progress->total);
	if (progress->counts[OUTCOME_FAIL])
		text_addf(&line, " %u failed", progress->counts[OUTCOME_FAIL]);
	if (progress->counts[OUTCOME_BROKEN] + progress->counts[OUTCOME_INFRA])
		text_addf(&line, " %u undecided",
			  progress->counts[OUTCOME_BROKEN] + progress->counts[OUTCOME_INFRA]);
	text_addf(&line, " %s  ", clock_span(clock_now_ns() - progress->start_ns, span));
	escape_terminal(&line, progress->state, false);
	cut_to(&line, columns());
	erase(progress);
	(void)fputs(line.buf, stderr);
	(void)fflush(stderr);
	progress->is_drawn = true;
}

static void say(struct progress *progress, const char *line)
{
	erase(progress);
	(void)fprintf(stderr, "%s\n", line);
	progress->said_ns = clock_now_ns();
	draw(progress);
}

/* With its defect planted a case has to fail: that is what it is tried for. */
static const char *word_of(const struct result *result)
{
	if (result->sabotaged && result->outcome == OUTCOME_FAIL)
		return "caught";
	if (result->sabotaged && result->outcome == OUTCOME_PASS)
		return "missed";
	return outcome_name(result->outcome);
}

/* On a terminal only what is no pass; in a log, where nobody sees the live line, each result. */
static void say_result(struct progress *progress, const struct result *result)
{
	CLEAN_TEXT struct text line = TEXT_INIT(2048);
	bool is_fine = (result->outcome == OUTCOME_PASS && !result->sabotaged) ||
		       result->outcome == OUTCOME_SKIP;

	if ((is_fine && progress->mode == PROGRESS_LIVE) ||
	    (!is_fine && result->outcome != OUTCOME_FAIL &&
	     strcmp(progress->told, result->message) == 0))
		return;
	if (!is_fine)
		(void)snprintf(progress->told, sizeof progress->told, "%s", result->message);
	text_addf(&line, "%-6s  %s%s", word_of(result), result->id,
		  result->sabotaged ? " (sabotaged)" : "");
	if (result->message[0] && result->outcome != OUTCOME_PASS) {
		text_adds(&line, ": ");
		escape_terminal(&line, result->message, false);
	}
	say(progress, line.buf);
}

/* A sabotaged case that fails is what is wanted: nothing to cry about. */
static bool is_news(const struct progress *progress, const struct result *result)
{
	return !(progress->mode == PROGRESS_LIVE && result->sabotaged &&
		 result->outcome == OUTCOME_FAIL);
}

static void say_phase(struct progress *progress, const struct record *record)
{
	CLEAN_TEXT struct text line = TEXT_INIT(2048);
	char span[CLOCK_SPAN_SIZE];

	if (strcmp(record->name, "fork") == 0)
		return; /* too many, too short */
	text_addf(&line, "        %s", record->name);
	if (record->span_ns)
		text_addf(&line, " %s", clock_span(record->span_ns, span));
	if (record->text[0]) {
		text_adds(&line, ": ");
		escape_terminal(&line, record->text, false);
	}
	say(progress, line.buf);
}

/* On the recorder's thread: whoever reads it must not hold that up. */
static void add_json(struct progress *progress, const struct record *record)
{
	CLEAN_TEXT struct text line = TEXT_INIT(RECORD_LINE_MAX);

	record_encode(record, &line);
	outlet_add(progress->outlet, line.buf, line.length);
}

void progress_record(void *arg, const struct record *record)
{
	struct progress *progress = arg;

	pthread_mutex_lock(&progress->mutex);
	if (record->type == RECORD_RESULT) {
		progress->done++;
		if (is_news(progress, &record->result))
			progress->counts[record->result.outcome]++;
	}
	if (progress->mode == PROGRESS_JSON)
		add_json(progress, record);
	else if (progress->mode != PROGRESS_QUIET && record->type == RECORD_RESULT &&
		 is_news(progress, &record->result))
		say_result(progress, &record->result);
	else if (progress->mode != PROGRESS_QUIET && record->type == RECORD_PHASE)
		say_phase(progress, record);
	pthread_mutex_unlock(&progress->mutex);
}

void progress_state(void *arg, unsigned worker, const char *state)
{
	struct progress *progress = arg;

	pthread_mutex_lock(&progress->mutex);
	if (state[0] || worker == progress->worker) {
		progress->worker = worker;
		progress->state_ns = clock_now_ns();
		(void)snprintf(progress->state, sizeof progress->state, "%s", state);
	}
	pthread_mutex_unlock(&progress->mutex);
}

/* On a terminal the live line has it. */
void progress_step(void *arg, const char *step)
{
	struct progress *progress = arg;
	CLEAN_TEXT struct text line = TEXT_INIT(1024);

	text_adds(&line, "        ");
	escape_terminal(&line, step, false);
	pthread_mutex_lock(&progress->mutex);
	if (progress->mode == PROGRESS_PLAIN)
		say(progress, line.buf);
	pthread_mutex_unlock(&progress->mutex);
}

/* Who reads a log sees that it goes on, and at what. */
static void break_silence(struct progress *progress)
{
	CLEAN_TEXT struct text line = TEXT_INIT(1024);
	char span[CLOCK_SPAN_SIZE];
	uint64_t now_ns = clock_now_ns();

	if (progress->mode != PROGRESS_PLAIN || progress->state[0] == '\0' ||
	    now_ns - progress->said_ns < progress->silence_ns)
		return;
	text_adds(&line, "        still ");
	escape_terminal(&line, progress->state, false);
	text_addf(&line, ", for %s", clock_span(now_ns - progress->state_ns, span));
	say(progress, line.buf);
}

void progress_tick(void *arg)
{
	struct progress *progress = arg;

	pthread_mutex_lock(&progress->mutex);
	if (progress->mode == PROGRESS_JSON)
		outlet_push(progress->outlet);
	break_silence(progress);
	draw(progress);
	pthread_mutex_unlock(&progress->mutex);
}

void progress_say(struct progress *progress, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096);
	va_list args;

	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	pthread_mutex_lock(&progress->mutex);
	say(progress, line.buf);
	pthread_mutex_unlock(&progress->mutex);
}

void progress_say_last(struct progress *progress, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(4096);
	va_list args;

	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	pthread_mutex_lock(&progress->mutex); /* and never unlocked */
	erase(progress);
	(void)fprintf(stderr, "%s\n", line.buf);
	(void)fflush(stderr);
}
