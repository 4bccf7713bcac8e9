/* SPDX-License-Identifier: Apache-2.0 */
/* A run while it goes on. */
#include "host/report/progress.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/secret.h"
#include "host/report/escape.h"

#define STATE_SIZE  160
#define SILENCE_NS  (30 * NS_PER_S)
#define GUESS_SHARE 0.05 /* of the work is done before the rest of the time is guessed */

struct cell_progress {
	char *label;
	size_t due, done;
	uint64_t expected_ns;
	bool begun;
	unsigned counts[OUTCOME_COUNT];
};

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
		silence_ns;	     /* when a line was said last, and how long there may be none */
	bool is_drawn;		     /* the live line stands on the terminal */
	struct cell_progress *cells; /* NULL: nothing is known of them */
	size_t cell_count, cells_begun, cells_done; /* begun: also those that are done */
	char told[512]; /* the last message: the same one is not told again and again */
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

void progress_set_cells(struct progress *progress, const struct progress_cell *cells, size_t count)
{
	progress->cells = xnew((count + 1) * sizeof *progress->cells);
	progress->cell_count = count;
	for (size_t i = 0; i < count; i++) {
		bool is_done = cells[i].due == 0;
		progress->cells[i] = (struct cell_progress){.label = xstrdup(cells[i].label),
							    .due = cells[i].due,
							    .expected_ns = cells[i].expected_ns,
							    .begun = is_done};
		progress->cells_begun += is_done;
		progress->cells_done += is_done;
	}
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
	for (size_t i = 0; i < progress->cell_count; i++)
		free(progress->cells[i].label);
	free(progress->cells);
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

uint64_t progress_left_ns(const struct progress *progress, uint64_t elapsed_ns)
{
	double done = 0, whole = 0;

	for (size_t i = 0; i < progress->cell_count; i++) {
		const struct cell_progress *cell = &progress->cells[i];
		if (cell->due == 0)
			continue;
		whole += (double)cell->expected_ns;
		done += (double)cell->expected_ns * (double)cell->done / (double)cell->due;
	}
	if (whole <= 0 || done / whole < GUESS_SHARE || done >= whole)
		return 0;
	return (uint64_t)((double)elapsed_ns * (whole - done) / done);
}

static void add_cells(const struct progress *progress, struct text *line)
{
	if (progress->cell_count < 2)
		return;
	text_addf(line, " %zu of %zu cells done, %zu running, %zu waiting", progress->cells_done,
		  progress->cell_count, progress->cells_begun - progress->cells_done,
		  progress->cell_count - progress->cells_begun);
}

static void add_times(const struct progress *progress, struct text *line)
{
	uint64_t elapsed_ns = clock_now_ns() - progress->start_ns,
		 left_ns = progress_left_ns(progress, elapsed_ns);
	char span[CLOCK_SPAN_SIZE];

	text_addf(line, " %s", clock_span(elapsed_ns, span));
	if (left_ns >= NS_PER_S)
		text_addf(line, ", about %s left", clock_span(left_ns / NS_PER_S * NS_PER_S, span));
}

static void draw(struct progress *progress)
{
	CLEAN_TEXT struct text line = TEXT_INIT(1024);

	if (progress->mode != PROGRESS_LIVE)
		return;
	text_addf(&line, "[%zu/%zu]", progress->done, progress->total);
	add_cells(progress, &line);
	if (progress->counts[OUTCOME_FAIL])
		text_addf(&line, " %u failed", progress->counts[OUTCOME_FAIL]);
	if (progress->counts[OUTCOME_BROKEN] + progress->counts[OUTCOME_INFRA])
		text_addf(&line, " %u undecided",
			  progress->counts[OUTCOME_BROKEN] + progress->counts[OUTCOME_INFRA]);
	add_times(progress, &line);
	text_adds(&line, "  ");
	escape_terminal(&line, progress->state, false);
	secret_hide(&line);
	cut_to(&line, columns());
	erase(progress);
	(void)fputs(line.buf, stderr);
	(void)fflush(stderr);
	progress->is_drawn = true;
}

static void print_line(const char *line)
{
	CLEAN_TEXT struct text shown = TEXT_INIT(strlen(line) + 1);

	(void)text_adds(&shown, line);
	secret_hide(&shown);
	(void)fprintf(stderr, "%s\n", shown.buf);
}

static void say(struct progress *progress, const char *line)
{
	erase(progress);
	print_line(line);
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

/* Which cell it is about, where there are several. */
static void add_label(const struct progress *progress, unsigned cell, struct text *line)
{
	if (progress->cell_count < 2 || cell >= progress->cell_count)
		return;
	text_adds(line, "[");
	escape_terminal(line, progress->cells[cell].label, false);
	text_adds(line, "] ");
}

/* On a terminal only what is no pass; in a log, where nobody sees the live line, each result. */
static void say_result(struct progress *progress, unsigned cell, const struct result *result)
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
	text_addf(&line, "%-6s  ", word_of(result));
	add_label(progress, cell, &line);
	text_addf(&line, "%s%s", result->id, result->sabotaged ? " (sabotaged)" : "");
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
	text_adds(&line, "        ");
	add_label(progress, record->cell, &line);
	text_adds(&line, record->name);
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
	secret_hide(&line);
	outlet_add(progress->outlet, line.buf, line.length);
}

/* A log tells when a cell is done; on a terminal the live line counts it. */
static void say_cell(struct progress *progress, const struct cell_progress *cell)
{
	CLEAN_TEXT struct text line = TEXT_INIT(1024);
	const char *before = ": ";

	if (progress->mode != PROGRESS_PLAIN || progress->cell_count < 2)
		return;
	text_adds(&line, "        [");
	escape_terminal(&line, cell->label, false);
	text_adds(&line, "] done");
	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++) {
		if (cell->counts[outcome] == 0)
			continue;
		text_addf(&line, "%s%u %s", before, cell->counts[outcome],
			  outcome_name((enum outcome)outcome));
		before = ", ";
	}
	text_addf(&line, "; %zu of %zu cells", progress->cells_done, progress->cell_count);
	say(progress, line.buf);
}

static void count_in_cell(struct progress *progress, const struct record *record)
{
	struct cell_progress *cell =
		record->cell < progress->cell_count ? &progress->cells[record->cell] : NULL;

	if (!cell || cell->done == cell->due)
		return;
	cell->counts[record->result.outcome]++;
	if (++cell->done < cell->due)
		return;
	progress->cells_begun += !cell->begun;
	cell->begun = true;
	progress->cells_done++;
	say_cell(progress, cell);
}

static void take_result(struct progress *progress, const struct record *record)
{
	bool is_said = is_news(progress, &record->result);

	progress->done++;
	if (is_said)
		progress->counts[record->result.outcome]++;
	if (is_said && (progress->mode == PROGRESS_PLAIN || progress->mode == PROGRESS_LIVE))
		say_result(progress, record->cell, &record->result);
	count_in_cell(progress, record);
}

void progress_record(void *arg, const struct record *record)
{
	struct progress *progress = arg;

	pthread_mutex_lock(&progress->mutex);
	if (progress->mode == PROGRESS_JSON)
		add_json(progress, record);
	/* What was superseded is told as a phase: why it is tried again. */
	if (record->type == RECORD_RESULT && !record->superseded)
		take_result(progress, record);
	else if (record->type == RECORD_PHASE &&
		 (progress->mode == PROGRESS_PLAIN || progress->mode == PROGRESS_LIVE))
		say_phase(progress, record);
	pthread_mutex_unlock(&progress->mutex);
}

void progress_cell_begins(void *arg, unsigned cell)
{
	struct progress *progress = arg;

	pthread_mutex_lock(&progress->mutex);
	if (cell < progress->cell_count && !progress->cells[cell].begun) {
		progress->cells[cell].begun = true;
		progress->cells_begun++;
	}
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
	print_line(line.buf);
	(void)fflush(stderr);
}
