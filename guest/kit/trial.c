/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a case: sabotage, body for each row, clean-up, and the outcome. */
#include "guest/kit/trial.h"

#include <limits.h>
#include <stdarg.h>

#include "base/clock.h"
#include "guest/kit/trial_state.h"

#define ARENA_PIECE    65536
#define NOTE_MAX       4096
#define READ_PATHS_MAX 40 /* how many of the paths that were read a failure's evidence names */

_Noreturn void trial_leave(struct trial *t)
{
	longjmp(t->leave, 1);
}

/* ---- memory ---- */

static struct arena_piece *piece_new(struct trial *t, size_t room)
{
	struct arena_piece *piece = calloc(1, sizeof *piece + room);

	if (!piece)
		case_broken(t, "memory is out: %zu bytes more were asked for", room);
	piece->room = room;
	piece->next = t->arena;
	t->arena = piece;
	return piece;
}

void *case_alloc(struct trial *t, size_t size)
{
	struct arena_piece *piece = t->arena;
	size_t rounded = (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);

	if (rounded < size || rounded > TRIAL_MEMORY_MAX - t->arena_total)
		case_broken(t, "the case asks for more than %u MiB of memory",
			    TRIAL_MEMORY_MAX >> 20);
	if (!piece || piece->room - piece->used < rounded)
		piece = piece_new(t, rounded > ARENA_PIECE ? rounded : ARENA_PIECE);
	t->arena_total += rounded;
	void *memory = piece->bytes + piece->used;
	piece->used += rounded;
	return memory;
}

static void arena_free(struct trial *t)
{
	while (t->arena) {
		struct arena_piece *piece = t->arena;
		t->arena = piece->next;
		free(piece);
	}
}

const char *case_format(struct trial *t, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	size_t size = length < 0 ? 1 : (size_t)length + 1;
	char *text = case_alloc(t, size);
	if (length >= 0)
		(void)vsnprintf(text, size, format, args);
	va_end(args);
	return text;
}

void case_defer(struct trial *t, void (*fn)(void *arg), void *arg)
{
	struct deferred *deferred = case_alloc(t, sizeof *deferred);

	*deferred = (struct deferred){.next = t->deferred, .fn = fn, .arg = arg};
	t->deferred = deferred;
}

/* Runs what was registered since `mark`. A clean-up may itself fail a REQUIRE: the rest is run all the same. */
static void run_deferred(struct trial *t, const struct deferred *mark)
{
	(void)setjmp(t->leave);
	while (t->deferred && t->deferred != mark) {
		struct deferred *deferred = t->deferred;
		t->deferred = deferred->next;
		deferred->fn(deferred->arg);
	}
}

/* ---- what a body may say besides checks ---- */

void note(struct trial *t, const char *format, ...)
{
	CLEAN_TEXT struct text line = TEXT_INIT(NOTE_MAX);
	va_list args;

	va_start(args, format);
	(void)text_addv(&line, format, args);
	va_end(args);
	(void)text_addf(&t->result->evidence, "%s\n", line.buf);
	if (t->setup->on_note)
		t->setup->on_note(t->setup->arg, line.buf);
}

void case_measure(struct trial *t, const char *name, const char *unit, enum measure_better better,
		  double sample)
{
	if (t->phase == TRIAL_SABOTAGE || t->setup->sabotage)
		return;
	int r = measures_add(&t->result->measures, name, unit, better, sample);
	if (r < 0)
		case_broken(t, "it measures %s %g %s: %s", name, sample, unit,
			    r == -E2BIG ? "too many values, or too many samples"
					: "no such name, unit or number can be");
}

/* The first decision stands: what comes after it is evidence. Only a skipped row gives way to something stronger. */
PRINTF(3, 0)
static void decide(struct trial *t, bool is_skip, const char *format, va_list args)
{
	bool is_first = !t->broken && !t->skipped && t->result->checks_failed == 0 &&
			!(is_skip && t->rows_skipped > 0);
	char later[sizeof t->result->message];
	char *message = is_first ? t->result->message : later;
	int length = snprintf(message, sizeof later, "%s%s%s",
			      t->phase == TRIAL_SABOTAGE ? "the sabotage: " : "", t->row,
			      t->row[0] ? ": " : "");

	if (length >= 0 && (size_t)length < sizeof later)
		(void)vsnprintf(message + length, sizeof later - (size_t)length, format, args);
	if (!is_first)
		note(t, "%s", message);
}

void case_broken(struct trial *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, false, format, args);
	va_end(args);
	t->broken = true;
	trial_leave(t);
}

void case_skip(struct trial *t, const char *need, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	decide(t, true, format, args);
	va_end(args);
	if (t->result->need[0] == '\0')
		(void)snprintf(t->result->need, sizeof t->result->need, "%s", need);
	if (t->row[0])
		t->rows_skipped++; /* the other rows still run */
	else
		t->skipped = true;
	trial_leave(t);
}

const char *plan_text(struct trial *t, const char *key, const char *fallback)
{
	const char *value = text_value(t, t->setup->parameters, key);

	return value ? value : fallback;
}

long long plan_number(struct trial *t, const char *key, long long fallback)
{
	const char *text = plan_text(t, key, NULL);
	long long value;

	if (!text)
		return fallback;
	if (number_parse(text, LLONG_MIN, LLONG_MAX, &value) < 0)
		case_broken(t, "the plan's %s is \"%s\", which is no number", key, text);
	return value;
}

bool is_offline(struct trial *t)
{
	return tree_is_offline(t->tree);
}

struct tree *case_tree(struct trial *t)
{
	return t->tree;
}

/* ---- execution ---- */

/* Returns whether the body may run. */
static bool run_sabotage(struct trial *t)
{
	const struct case_info *info = &t->setup->def->info;
	const struct sabotage_def *sabotage = case_sabotage_def(t->setup->def);
	bool is_done_by_host =
		info->sabotage.kind != SABOTAGE_NONE && info->sabotage.kind != SABOTAGE_CODE;

	t->phase = TRIAL_SABOTAGE;
	t->result->sabotaged = true;
	if (setjmp(t->leave) == 0) {
		if (sabotage)
			sabotage->body(t);
		else if (!is_done_by_host)
			case_broken(t, "the case has none");
	}
	/* Checks are not the sabotage's business, but helpers use REQUIRE: then it could not be planted. */
	if (t->result->checks_failed > 0)
		t->broken = true;
	t->result->checks_passed = t->result->checks_failed = 0;
	t->phase = TRIAL_BODY;
	return !t->broken && !t->skipped;
}

static void run_row(struct trial *t, const void *row)
{
	const struct case_def *def = t->setup->def;
	const struct deferred *mark = t->deferred;
	unsigned before = t->result->checks_passed + t->result->checks_failed + t->rows_skipped;

	if (setjmp(t->leave) == 0)
		def->body(t, row);
	run_deferred(t, mark);
	unsigned after = t->result->checks_passed + t->result->checks_failed + t->rows_skipped;
	if (row && after == before && !t->broken && setjmp(t->leave) == 0)
		case_broken(t, "nothing was checked");
}

static void run_body(struct trial *t)
{
	const struct case_def *def = t->setup->def;

	if (!def->rows) {
		run_row(t, NULL);
		return;
	}
	for (size_t i = 0; i < def->row_count && !t->broken; i++) {
		const char *row = (const char *)def->rows + i * def->row_size;
		memcpy(&t->row, row, sizeof t->row);
		if (!t->row || !t->row[0])
			t->row = "(row without a name)";
		run_row(t, row);
	}
	t->row = "";
}

/* A failed check decides, whatever broke or was skipped after it; what broke is stronger than what passed before. */
static void conclude(struct trial *t)
{
	struct result *result = t->result;
	unsigned checks = result->checks_passed + result->checks_failed;

	if (result->checks_failed > 0) {
		result->outcome = OUTCOME_FAIL;
	} else if (t->broken) {
		result->outcome = OUTCOME_BROKEN;
	} else if (t->skipped || (t->rows_skipped > 0 && checks == 0)) {
		result->outcome = OUTCOME_SKIP;
	} else if (checks == 0) {
		result_set(result, OUTCOME_BROKEN, "the case checked nothing");
	} else {
		result->outcome = OUTCOME_PASS;
		result->message[0] = '\0';
	}
	if (result->outcome != OUTCOME_SKIP)
		result->need[0] = '\0';
}

/* A reader of a failed audit wants to know what was looked at. */
static void note_what_was_read(struct trial *t)
{
	CLEAN_TEXT struct text paths = TEXT_INIT(NOTE_MAX - 64);
	unsigned count = 0;

	if (t->setup->def->info.kind != CASE_KIND_AUDIT || t->result->outcome == OUTCOME_PASS)
		return;
	for (const char *path = NULL; (path = tree_read_path(t->tree, path));) {
		if (++count <= READ_PATHS_MAX)
			(void)text_addf(&paths, " %s", path);
	}
	if (count > 0)
		note(t, "looked at %u paths:%s%s", count, paths.buf,
		     count > READ_PATHS_MAX ? " …" : "");
}

void trial_execute(const struct trial_setup *setup, struct result *result)
{
	struct trial t = {
		.setup = setup,
		.result = result,
		.tree = setup->tree,
		.phase = TRIAL_BODY,
		.row = "",
		.scratch = TEXT_INIT(0),
	};

	result->message[0] = '\0';
	tree_forget_reads(t.tree);
	if (!setup->sabotage || run_sabotage(&t)) {
		uint64_t start_ns = clock_now_ns();
		run_body(&t);
		result->duration_ns = clock_now_ns() - start_ns;
	}
	run_deferred(&t, NULL);
	conclude(&t);
	note_what_was_read(&t);
	tree_unplant(t.tree);
	text_done(&t.scratch);
	arena_free(&t);
}
