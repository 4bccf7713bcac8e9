/* SPDX-License-Identifier: Apache-2.0 */
/* Recording and scanning a serial console. */
#include "host/link/console.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Where in a terminal's control sequence the stream is (ECMA-48). */
enum escape { ESCAPE_NONE, ESCAPE_BEGUN, ESCAPE_CSI, ESCAPE_STRING };

struct console {
	char *path;
	int fd;
	const struct patterns *patterns;
	uint64_t started_ns, last_ns;
	uint64_t said;	      /* bytes recorded, with those beyond the file's maximum: the mark */
	uint64_t said_before; /* power-on */
	struct text pending;  /* cleaned, not yet in the file */
	struct text tail;
	enum escape escape;
	char line[CONSOLE_LINE_MAX]; /* the line that is not yet ended */
	size_t length;
	bool prompt_scanned; /* the line as it is now */
	struct console_hit
		hits[CONSOLE_HITS_MAX]; /* a ring: the newest is hits[(hit_count - 1) % …] */
	uint64_t hit_count;
	struct console_hit death, stage; /* pattern NULL: none */
	uint64_t stage_ns[STAGE_PANIC + 1];
};

int console_new(const char *path, const struct patterns *patterns, struct console **ret,
		struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	char last = '\n';
	off_t size = lseek(fd, 0, SEEK_END);
	/* An earlier machine's last line may have had no end. */
	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n' &&
	    write(fd, "\n", 1) == 1)
		size++;
	struct console *console = xnew(sizeof *console);
	console->path = xstrdup(path);
	console->fd = fd;
	console->patterns = patterns;
	console->said = size > 0 ? (uint64_t)size : 0;
	console->said_before = console->said;
	console->started_ns = clock_now_ns();
	text_init(&console->pending, 1U << 20);
	text_init(&console->tail, (size_t)2 * CONSOLE_TAIL_MAX);
	*ret = console;
	return 0;
}

void console_free(struct console *console)
{
	if (!console)
		return;
	scope_close(&console->fd);
	text_done(&console->pending);
	text_done(&console->tail);
	free(console->path);
	free(console);
}

/* The tail holds up to twice what is shown; the older half goes when it is full. */
static void add_to_tail(struct text *tail, const char *bytes, size_t length)
{
	if (length > CONSOLE_TAIL_MAX) {
		bytes += length - CONSOLE_TAIL_MAX;
		length = CONSOLE_TAIL_MAX;
	}
	if (tail->length + length > tail->maximum) {
		size_t dropped = tail->length - CONSOLE_TAIL_MAX / 2;
		memmove(tail->buf, tail->buf + dropped, tail->length - dropped);
		text_cut(tail, tail->length - dropped);
	}
	text_add(tail, bytes, length);
}

/* What does not fit into the file any more is only counted. A full disk is no reason to end the machine either. */
static void flush(struct console *console)
{
	static const char flooded[] =
		"\n[the console said more than fits here; what follows is not recorded]\n";
	size_t length = console->pending.length;
	uint64_t before = console->said;

	add_to_tail(&console->tail, console->pending.buf, length);
	console->said += length;
	if (console->said <= CONSOLE_FILE_MAX)
		(void)!write(console->fd, console->pending.buf, length);
	else if (before <= CONSOLE_FILE_MAX)
		(void)!write(console->fd, flooded, sizeof flooded - 1);
	text_clear(&console->pending);
}

/* Services still start behind a login prompt or an emergency shell: that takes nothing back. */
static bool is_behind(const struct console *console, enum pattern_stage stage)
{
	const struct pattern *now = console->stage.pattern;

	return stage == STAGE_USERSPACE && now &&
	       (now->stage == STAGE_EMERGENCY || now->stage == STAGE_LOGIN);
}

/* Copies a line with single blanks: menus are painted with them. Both are CONSOLE_LINE_MAX long. */
static void squeeze(const char *line, char *out)
{
	size_t length = 0;

	for (; *line; line++) {
		bool is_blank = *line == ' ' || *line == '\t';
		if (!is_blank)
			out[length++] = *line;
		else if (length > 0 && out[length - 1] != ' ')
			out[length++] = ' ';
	}
	while (length > 0 && out[length - 1] == ' ')
		length--;
	out[length] = '\0';
}

static void note_hit(struct console *console, const struct pattern *pattern)
{
	struct console_hit hit = {
		.pattern = pattern,
		.mark = console->said + console->pending.length,
		.at_ns = clock_now_ns(),
	};

	squeeze(console->line, hit.line);
	if (pattern->severity != PATTERN_STAGE)
		console->hits[console->hit_count++ % CONSOLE_HITS_MAX] = hit;
	if (pattern->severity == PATTERN_DEATH && !console->death.pattern)
		console->death = hit;
	if (pattern->stage == STAGE_NONE)
		return;
	if (console->stage_ns[pattern->stage] == 0)
		console->stage_ns[pattern->stage] = hit.at_ns;
	if (!is_behind(console, pattern->stage))
		console->stage = hit;
}

static void scan(struct console *console)
{
	console->line[console->length] = '\0';
	if (!console->patterns || console->length == 0 || console->prompt_scanned)
		return;
	const struct pattern *pattern = patterns_match(console->patterns, console->line);
	if (pattern)
		note_hit(console, pattern);
}

static void add_prefix(struct console *console)
{
	char prefix[CONSOLE_PREFIX + 16];
	double since_s = clock_s(clock_now_ns() - console->started_ns);

	(void)snprintf(prefix, sizeof prefix, "%*.6f ", CONSOLE_PREFIX - 1, since_s);
	text_add(&console->pending, prefix, CONSOLE_PREFIX);
}

static void end_line(struct console *console)
{
	if (console->length == 0)
		add_prefix(console);
	text_adds(&console->pending, "\n");
	scan(console);
	console->length = 0;
	console->prompt_scanned = false;
}

static void add_char(struct console *console, char c)
{
	if (console->length == sizeof console->line - 1)
		end_line(console);
	if (console->length == 0)
		add_prefix(console);
	console->line[console->length++] = c;
	console->prompt_scanned = false;
	text_add(&console->pending, &c, 1);
}

/* False for the lines of frames that loaders draw around their menus. */
static bool has_words(const struct console *console)
{
	size_t letters = 0;

	for (size_t i = 0; i < console->length; i++)
		letters += isalnum((unsigned char)console->line[i]) != 0;
	return letters >= 2;
}

/* Inside a control sequence. Moving the cursor elsewhere begins another line: firmware and loaders draw so. */
static void feed_escape(struct console *console, unsigned char c)
{
	switch (console->escape) {
	case ESCAPE_BEGUN:
		if (c == '[')
			console->escape = ESCAPE_CSI;
		else if (strchr("]PX^_", c) && c)
			console->escape = ESCAPE_STRING;
		else if (c >= 0x30)
			console->escape = ESCAPE_NONE;
		break;
	case ESCAPE_CSI:
		if (c < 0x40 && c != '\n')
			break;
		console->escape = ESCAPE_NONE;
		if (strchr("HfJ", c) && c && has_words(console))
			end_line(console);
		break;
	case ESCAPE_STRING:
		/* The bell or ESC \ ends it, and so does a new line: a lost end must not eat the log. */
		if (c == '\a' || c == '\n' || c == 0x1b)
			console->escape = c == 0x1b ? ESCAPE_BEGUN : ESCAPE_NONE;
		break;
	case ESCAPE_NONE:
		break;
	}
}

static void feed_char(struct console *console, unsigned char c)
{
	if (console->escape != ESCAPE_NONE)
		feed_escape(console, c);
	else if (c == 0x1b)
		console->escape = ESCAPE_BEGUN;
	else if (c == '\n')
		end_line(console);
	else if (c == '\t' || (c >= 0x20 && c != 0x7f))
		add_char(console, (char)c);
}

void console_feed(struct console *console, const char *bytes, size_t length)
{
	if (length > 0)
		console->last_ns = clock_now_ns();
	for (size_t i = 0; i < length; i++) {
		feed_char(console, (unsigned char)bytes[i]);
		if (console->pending.length > 65536)
			flush(console);
	}
	flush(console);
}

void console_scan_prompt(struct console *console)
{
	scan(console);
	console->prompt_scanned = true;
}

void console_power_on(struct console *console)
{
	if (console->length > 0)
		end_line(console);
	flush(console);
	console->escape = ESCAPE_NONE;
	console->said_before = console->said;
	console->started_ns = clock_now_ns();
	console->last_ns = 0;
	console->stage.pattern = console->death.pattern = NULL;
	memset(console->stage_ns, 0, sizeof console->stage_ns);
}

const char *console_path(const struct console *console)
{
	return console->path;
}

uint64_t console_mark(const struct console *console)
{
	return console->said;
}

uint64_t console_last_ns(const struct console *console)
{
	return console->last_ns;
}

bool console_flooded(const struct console *console)
{
	return console->said > CONSOLE_FILE_MAX;
}

bool console_boot_flooded(const struct console *console)
{
	return console->said - console->said_before > CONSOLE_FILE_MAX;
}

/* Adds a piece of the file without the times that stand at the beginnings of lines. */
static int add_untimed(struct text *out, const char *bytes, size_t length, size_t *column)
{
	int r = 0;

	for (size_t i = 0; i < length; i++) {
		if (*column >= CONSOLE_PREFIX || bytes[i] == '\n')
			r = text_add(out, bytes + i, 1);
		*column = bytes[i] == '\n' ? 0 : *column + 1;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Whether a line begins at the mark: then a time stands there. */
static bool is_line_start(const struct console *console, uint64_t mark)
{
	char before;

	return mark == 0 ||
	       (pread(console->fd, &before, 1, (off_t)mark - 1) == 1 && before == '\n');
}

int console_since(struct console *console, uint64_t mark, struct text *out, struct err *e)
{
	size_t column = is_line_start(console, mark) ? 0 : CONSOLE_PREFIX;
	char piece[16384];
	ssize_t n;

	while ((n = pread(console->fd, piece, sizeof piece, (off_t)mark)) > 0) {
		mark += (uint64_t)n;
		if (add_untimed(out, piece, (size_t)n, &column) < 0)
			return err_set(e, BLAME_GUEST, EMSGSIZE,
				       "the console said more than %zu bytes", out->maximum);
	}
	if (n < 0)
		return err_set(e, BLAME_HOST, errno, "read %s: %m", console->path);
	if (console_flooded(console))
		return err_set(e, BLAME_GUEST, EMSGSIZE,
			       "the guest flooded its console: more than %u MiB",
			       CONSOLE_FILE_MAX >> 20);
	return 0;
}

bool console_has_since(struct console *console, uint64_t mark, const char *needle)
{
	CLEAN_TEXT struct text said = TEXT_INIT(CONSOLE_FILE_MAX);
	struct err e = {0};

	(void)console_since(console, mark, &said, &e); /* a part of it serves as well */
	return memmem(said.buf, said.length, needle, strlen(needle)) != NULL;
}

const struct console_hit *console_fault_since(const struct console *console, uint64_t mark)
{
	uint64_t first =
		console->hit_count > CONSOLE_HITS_MAX ? console->hit_count - CONSOLE_HITS_MAX : 0;

	for (uint64_t i = first; i < console->hit_count; i++) {
		const struct console_hit *hit = &console->hits[i % CONSOLE_HITS_MAX];
		if (hit->mark > mark)
			return hit;
	}
	return console_death_since(console, mark);
}

const struct console_hit *console_death_since(const struct console *console, uint64_t mark)
{
	return console->death.pattern && console->death.mark > mark ? &console->death : NULL;
}

const struct console_hit *console_stage(const struct console *console)
{
	return console->stage.pattern ? &console->stage : NULL;
}

uint64_t console_stage_ns(const struct console *console, enum pattern_stage stage)
{
	return console->stage_ns[stage];
}

void console_tail(const struct console *console, struct text *out)
{
	const char *start = console->tail.buf;
	size_t length = console->tail.length;

	if (length > CONSOLE_TAIL_MAX) {
		start += length - CONSOLE_TAIL_MAX;
		length = CONSOLE_TAIL_MAX;
		const char *newline = memchr(start, '\n', length);
		if (newline) {
			length -= (size_t)(newline + 1 - start);
			start = newline + 1;
		}
	}
	text_add(out, start, length);
}
