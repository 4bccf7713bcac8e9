/* SPDX-License-Identifier: Apache-2.0 */
/* What the host asks of the cables between its machines. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "netpeer/cabling.h"
#include "wire/netpeer.h"

#define WORDS_MAX  4
#define ANSWER_MAX 256

struct question {
	struct cabling_control *control;
	const char *number;
	const char *words[WORDS_MAX];
	unsigned count;
};

static void answer(const struct question *question, const char *format, ...) PRINTF(2, 3);
static void answer(const struct question *question, const char *format, ...)
{
	char words[ANSWER_MAX], whole[ANSWER_MAX + 64];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof words, format, args);
	va_end(args);
	int length = snprintf(whole, sizeof whole, "%.30s %s", question->number, words);
	(void)!send(question->control->fd, whole, (size_t)length, MSG_NOSIGNAL);
}

static bool number_of(const struct question *question, unsigned word, long long min, long long max,
		      long long *ret)
{
	return word < question->count && number_parse(question->words[word], min, max, ret) == 0;
}

static void ask_count(const struct question *question)
{
	const struct cabling *cabling = question->control->cabling;
	long long cable;

	if (!number_of(question, 1, 0, cabling->count / 2 - 1, &cable)) {
		answer(question, "error count: there is no such cable");
		return;
	}
	const struct cabling_end *a = &cabling->ends[2 * cable], *b = a + 1;
	answer(question, "ok %lu %lu %lu", a->taken, b->taken,
	       a->refused + b->refused + a->line.lost + b->line.lost);
}

/* ---- settings ---- */

static void set_delay(struct cabling_end *end, unsigned value)
{
	end->line.delay_ms = value;
}

static void set_duplicate(struct cabling_end *end, unsigned value)
{
	end->line.duplicate_percent = value;
}

static void set_hub(struct cabling_end *end, unsigned value)
{
	end->cabling->is_hub = value;
}

static void set_longest(struct cabling_end *end, unsigned value)
{
	end->longest = value;
}

static void set_loss(struct cabling_end *end, unsigned value)
{
	end->line.loss_percent = value;
}

static void set_reorder(struct cabling_end *end, unsigned value)
{
	end->line.reorder_percent = value;
}

static void set_seed(struct cabling_end *end, unsigned value)
{
	end->line.random = value;
}

static void set_swap(struct cabling_end *end, unsigned value)
{
	end->swap_percent = value;
}

static void set_type(struct cabling_end *end, unsigned value)
{
	end->refused_type = value;
}

static void set_udp(struct cabling_end *end, unsigned value)
{
	end->refused_udp = value;
}

/* Sorted by key. */
static const struct setting {
	const char *key;
	unsigned min, max;
	void (*set)(struct cabling_end *end, unsigned value);
} settings[] = {
	{"delay", 0, 10000, set_delay},
	{"duplicate", 0, 100, set_duplicate},
	{"hub", 0, 1, set_hub},
	{"longest", 0, FRAME_MAX, set_longest},
	{"loss", 0, 100, set_loss},
	{"reorder", 0, 100, set_reorder},
	{"seed", 1, UINT32_MAX, set_seed},
	{"swap", 0, 100, set_swap},
	{"type", 0, UINT16_MAX, set_type},
	{"udp", 0, UINT16_MAX, set_udp},
};

static void apply(const struct question *question, const struct setting *setting)
{
	struct cabling *cabling = question->control->cabling;
	long long value, cable = -1;

	if (!number_of(question, 2, setting->min, setting->max, &value)) {
		answer(question, "error set %s: from %u to %u is possible", setting->key,
		       setting->min, setting->max);
		return;
	}
	if (question->count > 3 && !number_of(question, 3, 0, cabling->count / 2 - 1, &cable)) {
		answer(question, "error set %s: there is no such cable", setting->key);
		return;
	}
	for (unsigned i = 0; i < cabling->count; i++)
		if (cable < 0 || i / 2 == (unsigned)cable)
			setting->set(&cabling->ends[i], (unsigned)value);
	answer(question, "ok ");
}

static void ask_set(const struct question *question)
{
	const char *key = question->count > 1 ? question->words[1] : "";

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (strcmp(settings[i].key, key) != 0)
			continue;
		apply(question, &settings[i]);
		return;
	}
	answer(question, "error set: there is no setting %.60s", key);
}

/* ---- the socket ---- */

static void ask(struct cabling_control *control, char *text)
{
	struct question question = {.control = control};

	question.number = strsep(&text, " ");
	while (text && question.count < WORDS_MAX)
		question.words[question.count++] = strsep(&text, " ");
	const char *verb = question.count > 0 ? question.words[0] : "";
	if (strcmp(verb, "count") == 0)
		ask_count(&question);
	else if (strcmp(verb, "set") == 0)
		ask_set(&question);
	else
		answer(&question, "error there is no such question");
}

bool cabling_control_take(struct cabling_control *control)
{
	char text[NETPEER_QUESTION_MAX + 1];
	ssize_t length = recv(control->fd, text, NETPEER_QUESTION_MAX, MSG_DONTWAIT);

	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	if (length == 0)
		return false;
	text[length] = '\0';
	ask(control, text);
	return true;
}
