/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, summary and exit status of LTP's tests. */
#include "wire/ltp.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ESCAPE '\033'

static const char *const type_names[] = {
	[LTP_PASS] = "TPASS", [LTP_FAIL] = "TFAIL", [LTP_BROK] = "TBROK",   [LTP_CONF] = "TCONF",
	[LTP_WARN] = "TWARN", [LTP_INFO] = "TINFO", [LTP_DEBUG] = "TDEBUG",
};

/* In the order in which a summary has them; LTP's own. */
static const struct summary_line {
	const char *word;
	enum ltp_type type;
} summary_lines[] = {{"passed", LTP_PASS},
		     {"failed", LTP_FAIL},
		     {"broken", LTP_BROK},
		     {"skipped", LTP_CONF},
		     {"warnings", LTP_WARN}};

/* LTP's bits. */
enum {
	STATUS_FAILED = 1,
	STATUS_BROKEN = 2,
	STATUS_WARNED = 4,
	STATUS_INFORMED = 16,
	STATUS_UNFIT = 32,
	STATUS_CANNOT = 126,
	STATUS_NOT_THERE = 127,
	STATUS_SIGNAL = 128,
};

const char *ltp_type_name(enum ltp_type type)
{
	return (unsigned)type < ARRAY_LEN(type_names) ? type_names[type] : "unknown";
}

/* ---- a line ---- */

static void copy_piece(char *into, size_t size, const char *from, const char *to)
{
	size_t length = (size_t)(to - from) < size - 1 ? (size_t)(to - from) : size - 1;

	for (size_t i = 0; i < length; i++)
		into[i] = (unsigned char)from[i] < 0x20 || from[i] == 0x7f ? '?' : from[i];
	into[length] = '\0';
}

/* The digits that end at `end`, or NULL when there are none or they stand for no number of ours. */
static const char *number_before(const char *from, const char *end, unsigned *ret)
{
	const char *at = end;
	unsigned long long value = 0;

	while (at > from && at[-1] >= '0' && at[-1] <= '9')
		at--;
	if (at == end || end - at > 9)
		return NULL;
	for (const char *digit = at; digit < end; digit++)
		value = 10 * value + (unsigned long long)(*digit - '0');
	*ret = (unsigned)value;
	return at;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static const char *word_start(const char *from, const char *end)
{
	while (end > from && !is_space(end[-1]))
		end--;
	return end;
}

static const char *without_spaces(const char *from, const char *end)
{
	while (end > from && is_space(end[-1]))
		end--;
	return end;
}

/* "chmod01.c:46" up to `end`: what stands before it on the line is another program's. */
static bool take_place(const char *from, const char *end, struct ltp_line *ret)
{
	unsigned line;
	const char *digits = number_before(from, end, &line);

	if (!digits || digits == from || digits[-1] != ':')
		return false;
	const char *word = word_start(from, digits - 1);
	if (word == digits - 1)
		return false;
	/* Of a long path its end tells more. */
	if (digits - 1 - word > (ptrdiff_t)sizeof ret->file - 1)
		word = digits - sizeof ret->file;
	copy_piece(ret->file, sizeof ret->file, word, digits - 1);
	ret->line = line;
	return true;
}

/* "df01_sh 3" up to `end`. */
static bool take_name(const char *from, const char *end, struct ltp_line *ret)
{
	const char *digits = number_before(from, without_spaces(from, end), &ret->count);
	const char *name_end = digits ? without_spaces(from, digits) : NULL;

	if (!name_end || name_end == digits || name_end == from)
		return false;
	copy_piece(ret->name, sizeof ret->name, word_start(from, name_end), name_end);
	return true;
}

/* A type's word with blanks before it and a colon after it. *ret_after is where the message begins. */
static const char *find_type(const char *from, const char *end, enum ltp_type *ret_type,
			     const char **ret_after)
{
	for (const char *at = from; (at = memchr(at, 'T', (size_t)(end - at))); at++) {
		if (at == from || !is_space(at[-1]))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
			size_t length = strlen(type_names[i]);
			const char *after = at + length;
			if ((size_t)(end - at) <= length || memcmp(at, type_names[i], length) != 0)
				continue;
			while (after < end && is_space(*after))
				after++;
			if (after == end || *after != ':')
				continue;
			*ret_type = (enum ltp_type)i;
			*ret_after = after + 1;
			return at;
		}
	}
	return NULL;
}

/* What stands before the type says which dialect it is; false: it is no result. */
static bool take_head(const char *from, const char *type, struct ltp_line *ret)
{
	const char *end = without_spaces(from, type);

	if (end > from && end[-1] == ':')
		return take_place(from, end - 1, ret);
	return take_name(from, end, ret);
}

/* A message that begins with its place, as helpers of the old interface write it. */
static const char *take_place_of_message(const char *from, const char *end, struct ltp_line *ret)
{
	const char *blank = memchr(from, ' ', (size_t)(end - from));

	if (ret->file[0] || !blank || blank == from || blank[-1] != ':' ||
	    !take_place(from, blank - 1, ret))
		return from;
	return blank + 1;
}

/* The next result in [from, end): its message goes to the end, or to the head of another result in the same line, which a
 * program has printed whose line before was not ended. NULL: there is none. */
static const char *next_result(const char *from, const char *end, struct ltp_line *ret)
{
	const char *after, *next, *type;

	for (; (type = find_type(from, end, &ret->type, &after)); from = after) {
		enum ltp_type other;
		if (!take_head(from, type, ret))
			continue;
		while (after < end && is_space(*after))
			after++;
		const char *message = take_place_of_message(after, end, ret);
		struct ltp_line ignored = {.number = 0};
		const char *stop = end, *rest;
		next = find_type(message, end, &other, &rest);
		if (next && take_head(message, next, &ignored))
			stop = next;
		copy_piece(ret->message, sizeof ret->message, message,
			   without_spaces(message, stop));
		return stop == end ? end : message;
	}
	return NULL;
}

/* The old interface says of the rest what it has said of the first. */
static bool is_repetition(const struct ltp_line *line)
{
	return has_prefix(line->message, "Remaining cases ");
}

static void tell(struct ltp_reader *reader, const struct ltp_line *line)
{
	if (is_repetition(line))
		return;
	if (reader->told[line->type] < UINT_MAX)
		reader->told[line->type]++;
	if (reader->first[line->type].number == 0)
		reader->first[line->type] = *line;
	if (reader->on_line)
		reader->on_line(reader->arg, line);
}

/* ---- the summary ---- */

/* "passed   15" */
static bool read_count(const char *from, const char *end, const char *word, unsigned *ret)
{
	size_t length = strlen(word);

	if ((size_t)(end - from) <= length || memcmp(from, word, length) != 0 ||
	    !is_space(from[length]))
		return false;
	const char *digits = number_before(from, end, ret);
	return digits && without_spaces(from, digits) == from + length;
}

/* True when the line belongs to one. A block that is begun and not ended was cut off, unless another one follows. */
static bool take_summary(struct ltp_reader *reader, const char *from, const char *end)
{
	if (end - from == 8 && memcmp(from, "Summary:", 8) == 0) {
		reader->is_summary_cut = reader->is_summary_cut || reader->summary_lines > 1;
		reader->summary_lines = 1;
		return true;
	}
	if (reader->summary_lines == 0)
		return false;
	const struct summary_line *wanted = &summary_lines[reader->summary_lines - 1];
	if (!read_count(from, end, wanted->word, &reader->fresh[wanted->type])) {
		reader->is_summary_cut = reader->is_summary_cut || reader->summary_lines > 1;
		reader->summary_lines = 0;
		return false;
	}
	if (reader->summary_lines++ < ARRAY_LEN(summary_lines))
		return true;
	memcpy(reader->summary, reader->fresh, sizeof reader->summary);
	reader->summary_lines = 0;
	reader->has_summary = true;
	reader->is_summary_cut = false;
	return true;
}

/* ---- the stream ---- */

/* Takes colours away, in place. */
static size_t plain_length(char *line, size_t length)
{
	size_t to = 0;

	for (size_t at = 0; at < length; at++) {
		if (line[at] == ESCAPE && at + 1 < length && line[at + 1] == '[') {
			for (at += 2; at < length && (line[at] < '@' || line[at] > '~'); at++)
				;
			continue;
		}
		line[to++] = line[at];
	}
	return to;
}

static void take_line(struct ltp_reader *reader)
{
	size_t length = plain_length(reader->line, reader->length);
	const char *from = reader->line, *end = from + length;

	reader->number++;
	reader->length = 0;
	if (end > from && end[-1] == '\r')
		end--;
	end = without_spaces(from, end);
	if (end == from) /* a block has no blank line in it */
		return;
	reader->is_blank = false;
	copy_piece(reader->last, sizeof reader->last, from, end);
	if (take_summary(reader, from, end))
		return;
	while (from && from < end) {
		struct ltp_line line = {.number = reader->number};
		from = next_result(from, end, &line);
		if (from)
			tell(reader, &line);
	}
}

void ltp_reader_init(struct ltp_reader *reader, ltp_line_fn *on_line, void *arg)
{
	*reader = (struct ltp_reader){.on_line = on_line, .arg = arg, .is_blank = true};
}

void ltp_feed(struct ltp_reader *reader, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '\n')
			take_line(reader);
		else if (reader->length < LTP_LINE_MAX)
			reader->line[reader->length++] = bytes[i];
	}
}

/* ---- its end ---- */

/* True when the end decides nothing, whatever was printed. */
static bool has_no_say(const char *name, int status, struct result *result)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	int signal_number = WIFSIGNALED(status)	   ? WTERMSIG(status)
			    : code > STATUS_SIGNAL ? code - STATUS_SIGNAL
						   : 0;
	int meant = STATUS_FAILED | STATUS_BROKEN | STATUS_WARNED | STATUS_INFORMED | STATUS_UNFIT;

	if (signal_number > 0)
		result_set(result, OUTCOME_BROKEN, "%s was killed by signal %d (%s)", name,
			   signal_number, strsignal(signal_number));
	else if (code == STATUS_NOT_THERE)
		result_set(result, OUTCOME_BROKEN,
			   "%s exited with 127: a program that its command names is not there",
			   name);
	else if (code == STATUS_CANNOT)
		result_set(result, OUTCOME_BROKEN,
			   "%s exited with 126: a program that its command names cannot be "
			   "executed here",
			   name);
	else if (code & ~meant)
		result_set(result, OUTCOME_BROKEN,
			   "%s exited with %d, which has no meaning in LTP: 1 is failed, 2 broken, "
			   "4 warned, 32 not for this system, and their sums",
			   name, code);
	else
		return false;
	return true;
}

static unsigned sum(const unsigned *counts)
{
	unsigned long long all = 0;

	for (size_t i = 0; i <= LTP_WARN; i++)
		all += counts[i];
	return all > UINT_MAX ? UINT_MAX : (unsigned)all;
}

/* The status that these counts have, as LTP's library makes it. */
static int status_of(const unsigned *counts)
{
	return (counts[LTP_FAIL] > 0 ? STATUS_FAILED : 0) |
	       (counts[LTP_BROK] > 0 ? STATUS_BROKEN : 0) |
	       (counts[LTP_WARN] > 0 ? STATUS_WARNED : 0) |
	       (counts[LTP_CONF] > 0 && counts[LTP_PASS] == 0 ? STATUS_UNFIT : 0);
}

/* Without a summary the lines are all there is; helpers may have warned, for which nobody answers. */
static bool agrees(const struct ltp_reader *reader, const unsigned *counts, int code)
{
	int wanted = status_of(counts);

	if (!reader->has_summary) {
		wanted &= ~STATUS_WARNED;
		code &= ~STATUS_WARNED;
	}
	return wanted == (code & ~STATUS_INFORMED);
}

static void say_disagrees(const struct ltp_reader *reader, const char *name, int code,
			  const unsigned *counts, struct result *result)
{
	result_set(result, OUTCOME_BROKEN,
		   "%s exited with %d, and its %s: %u passed, %u failed, %u broken, %u skipped, "
		   "%u warnings (which would be status %d)",
		   name, code,
		   reader->has_summary ? "summary does not agree" : "lines do not agree",
		   counts[LTP_PASS], counts[LTP_FAIL], counts[LTP_BROK], counts[LTP_CONF],
		   counts[LTP_WARN], status_of(counts));
}

static void say_nothing_told(const struct ltp_reader *reader, const char *name, int code,
			     struct result *result)
{
	if (code == STATUS_UNFIT && !reader->is_blank) {
		result_set(result, OUTCOME_SKIP, "%s", reader->last);
		(void)snprintf(result->need, sizeof result->need, "%.95s", reader->last);
		return;
	}
	result_set(result, OUTCOME_BROKEN, "%s exited with %d and told no result%s%s", name, code,
		   reader->is_blank ? ": it printed nothing" : "; its last line: ",
		   reader->is_blank ? "" : reader->last);
}

/* As the first line of that type says it; a helper may have eaten the line. */
static const char *first_of(const struct ltp_reader *reader, enum ltp_type type,
			    const char *instead)
{
	const struct ltp_line *line = &reader->first[type];

	return line->number > 0 && line->message[0] ? line->message : instead;
}

void ltp_check(const struct ltp_line *line, const char *name, struct check_record *check)
{
	*check = (struct check_record){.line = line->file[0] ? line->line : line->number};
	(void)snprintf(check->expression, sizeof check->expression, "no %s",
		       ltp_type_name(line->type));
	(void)snprintf(check->got, sizeof check->got, "%s", line->message);
	if (line->file[0])
		(void)snprintf(check->file, sizeof check->file, "%s", line->file);
	else
		(void)snprintf(check->file, sizeof check->file, "%.80s's output", name);
}

static void judge_counts(const struct ltp_reader *reader, const char *name, const unsigned *counts,
			 struct result *result)
{
	result->checks_passed = counts[LTP_PASS];
	result->checks_failed = counts[LTP_FAIL];
	if (counts[LTP_FAIL] > 0) {
		ltp_check(&reader->first[LTP_FAIL], name, &result->check);
		result_set(result, OUTCOME_FAIL, "%s",
			   first_of(reader, LTP_FAIL, "its summary counts a failure"));
	} else if (counts[LTP_BROK] > 0) {
		result_set(result, OUTCOME_BROKEN, "%s says that it is broken: %s", name,
			   first_of(reader, LTP_BROK, "its summary counts so"));
	} else if (counts[LTP_PASS] > 0) {
		result_set(result, OUTCOME_PASS, "%s%s", counts[LTP_WARN] > 0 ? "it warned: " : "",
			   counts[LTP_WARN] > 0 ? first_of(reader, LTP_WARN, "see its output")
						: "");
	} else if (counts[LTP_CONF] > 0) {
		const char *why = first_of(reader, LTP_CONF, "it is not for this system");
		result_set(result, OUTCOME_SKIP, "%s", why);
		(void)snprintf(result->need, sizeof result->need, "%.95s", why);
	} else {
		result_set(result, OUTCOME_BROKEN, "%s checked nothing", name);
	}
}

void ltp_judge(struct ltp_reader *reader, const char *name, int status, struct result *result)
{
	if (reader->length > 0)
		take_line(reader);
	if (has_no_say(name, status, result))
		return;
	int code = WEXITSTATUS(status);
	const unsigned *counts = reader->has_summary ? reader->summary : reader->told;
	if (reader->is_summary_cut || reader->summary_lines > 1)
		result_set(result, OUTCOME_BROKEN, "%s's summary is cut off", name);
	else if (!reader->has_summary && sum(counts) == 0)
		say_nothing_told(reader, name, code, result);
	else if (!agrees(reader, counts, code))
		say_disagrees(reader, name, code, counts, result);
	else
		judge_counts(reader, name, counts, result);
}
