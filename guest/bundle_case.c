/* SPDX-License-Identifier: Apache-2.0 */
/* A test of a suite, inside the guest. */
#include "guest/bundle_case.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/bundle_folder.h"
#include "guest/bundle_suite.h"

#define LOOK_MS                                                                                    \
	20 /* a test that leaves others with its output behind is known to have ended by a look */
#define OPEN_FILES   1024
#define TAINTED	     "/proc/sys/kernel/tainted"
#define TAINT_FAULTS ((1ULL << 4) | (1ULL << 5) | (1ULL << 7) | (1ULL << 9) | (1ULL << 14))

static const struct bundle_way *const ways[BUNDLE_SUITES] = {
	[BUNDLE_LTP] = &bundle_ltp,
	[BUNDLE_KSELFTEST] = &bundle_kselftest,
};

bool is_bundle_order(const struct run_order *order)
{
	char word[BUNDLE_WORD_SIZE];

	return program_parameter(order->parameters, BUNDLE_SUITE, word, sizeof word);
}

static unsigned number_of(const char *parameters, const char *key)
{
	char digits[24];
	long long value = 0;

	if (program_parameter(parameters, key, digits, sizeof digits))
		(void)number_parse(digits, 0, UINT_MAX, &value);
	return (unsigned)value;
}

static int read_test(const struct run_order *order, struct bundle_order *ret)
{
	const char *parameters = order->parameters;
	bool is_planted = order->flags & RUN_SABOTAGE;
	char slow[8], suite[16];

	(void)program_parameter(parameters, BUNDLE_ROOT, ret->root, sizeof ret->root);
	(void)program_parameter(parameters, BUNDLE_NAME, ret->name, sizeof ret->name);
	(void)program_parameter(parameters, BUNDLE_WHERE, ret->where, sizeof ret->where);
	(void)program_parameter(parameters, BUNDLE_DEVICE, ret->device, sizeof ret->device);
	(void)program_parameter(parameters, BUNDLE_WANTED, ret->wanted, sizeof ret->wanted);
	(void)program_parameter(parameters, is_planted ? BUNDLE_PLANTED : BUNDLE_COMMAND,
				ret->command, sizeof ret->command);
	(void)program_parameter(parameters, BUNDLE_SLOW, slow, sizeof slow);
	ret->is_planted = is_planted;
	ret->slow_kernel = strcmp(slow, "yes") == 0;
	ret->slowness = number_of(parameters, BUNDLE_SLOWNESS);
	ret->limit = (struct bundle_limit){
		.body_s = number_of(parameters, BUNDLE_BODY),
		.run_s = number_of(parameters, BUNDLE_RUN),
		.rounds = number_of(parameters, BUNDLE_ROUNDS),
	};
	(void)program_parameter(parameters, BUNDLE_SUITE, suite, sizeof suite);
	return bundle_suite_parse(suite, &ret->suite);
}

/* ---- surroundings ---- */

void bundle_set_variable(const char *name, const char *format, ...)
{
	char value[PATH_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(value, sizeof value, format, args);
	va_end(args);
	(void)setenv(name, value, 1);
}

/* What protects the guest from a case of ours is what such a test may be about. */
static void lift_limits(void)
{
	static const struct {
		int what;
		struct rlimit limit;
	} limits[] = {
		{RLIMIT_AS, {RLIM_INFINITY, RLIM_INFINITY}},
		{RLIMIT_CORE, {0, RLIM_INFINITY}},
		{RLIMIT_NOFILE, {OPEN_FILES, 512 * OPEN_FILES}},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void)setrlimit(limits[i].what, &limits[i].limit);
}

static unsigned long long taint_now(void)
{
	CLEAN_TEXT struct text text = TEXT_INIT(64);
	unsigned long long taint = 0;

	if (text_read_file(&text, TAINTED) == 0)
		(void)sscanf(text.buf, "%llu", &taint);
	return taint;
}

/* ---- running it ---- */

struct trial {
	const struct bundle_order *test;
	const struct bundle_way *way;
	pid_t pid;
	int fd; /* of its output; -1: it is closed */
	int status;
	uint64_t until_ns;
	bool is_late;
	struct bundle_output output;
};

static _Noreturn void become(const struct bundle_order *test, const int output[2])
{
	(void)setsid();
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(output[1], STDOUT_FILENO) >= 0 && dup2(output[1], STDERR_FILENO) >= 0) {
		lift_limits();
		(void)execl("/bin/sh", "sh", "-c", test->command, (char *)NULL);
	}
	_exit(127);
}

static int start(struct trial *trial)
{
	int output[2];

	if (pipe2(output, O_CLOEXEC) < 0)
		return -errno;
	trial->pid = fork();
	if (trial->pid == 0)
		become(trial->test, output);
	int error = errno;
	close(output[1]);
	trial->fd = output[0];
	return trial->pid < 0 ? -error : 0;
}

static void pass_on(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, length);
		if (n < 0 && errno != EINTR)
			return;
		bytes += n > 0 ? n : 0;
		length -= n > 0 ? (size_t)n : 0;
	}
}

static void take_output(struct trial *trial)
{
	char piece[16384];
	ssize_t got = read(trial->fd, piece, sizeof piece);

	if (got > 0) {
		trial->way->feed(&trial->output, piece, (size_t)got);
		pass_on(piece, (size_t)got);
	} else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
		close(trial->fd);
		trial->fd = -1;
	}
}

static bool has_output(const struct trial *trial, int timeout_ms)
{
	struct pollfd readable = {.fd = trial->fd, .events = POLLIN};

	return trial->fd >= 0 && poll(&readable, 1, timeout_ms) > 0;
}

/* Until the shell has ended, whoever still holds its output, or its time is over. */
static void await_end(struct trial *trial)
{
	bool has_ended = false;

	while (!has_ended && !trial->is_late) {
		trial->is_late = clock_now_ns() >= trial->until_ns;
		if (has_output(trial, LOOK_MS))
			take_output(trial);
		else
			has_ended = waitpid(trial->pid, &trial->status, WNOHANG) == trial->pid;
		if (trial->fd < 0 && !has_ended)
			(void)poll(NULL, 0, 1);
	}
	(void)kill(-trial->pid, SIGKILL);
	while (!has_ended)
		has_ended = waitpid(trial->pid, &trial->status, 0) == trial->pid || errno != EINTR;
	while (has_output(trial, 0))
		take_output(trial);
	if (trial->fd >= 0)
		close(trial->fd);
}

/* ---- what it means ---- */

/* That the kernel lived on does not make it well. */
static void judge_taint(unsigned long long before, struct result *result)
{
	unsigned long long fresh = taint_now() & ~before;

	if (!(fresh & TAINT_FAULTS) || result->outcome == OUTCOME_FAIL)
		return;
	result_set(
		result, OUTCOME_FAIL,
		"during the test the kernel became tainted: bits 0x%llx of " TAINTED
		" are new (7 it died, 9 it warned, 14 a soft lockup, 5 a bad page, 4 the machine)",
		fresh);
	result->need[0] = '\0';
}

/* When the instrument is wrong the subject is neither good nor bad; but a planted defect has been seen. */
static void judge_canary(const struct bundle_order *test, const struct result *planted,
			 struct result *result)
{
	if (strcmp(outcome_name(planted->outcome), test->wanted) == 0) {
		result_set(result, OUTCOME_PASS, "%s", "");
		result->checks_passed = 1;
	} else {
		result_set(result, test->is_planted ? OUTCOME_FAIL : OUTCOME_BROKEN,
			   "a planted test was judged %s, want %s%s%.400s",
			   outcome_name(planted->outcome), test->wanted,
			   planted->message[0] ? ": " : "", planted->message);
		result->checks_failed = 1;
	}
	result->duration_ns = planted->duration_ns;
}

static void run_test(struct trial *trial, unsigned limit_s, struct result *result)
{
	uint64_t start_ns = clock_now_ns();
	unsigned long long taint = taint_now();
	int r = start(trial);

	if (r < 0) {
		errno = -r;
		result_set(result, OUTCOME_BROKEN, "its shell cannot be started: %m");
		return;
	}
	trial->until_ns = start_ns + limit_s * NS_PER_S;
	await_end(trial);
	if (trial->is_late)
		result_set(result, OUTCOME_BROKEN, "%s took longer than its limit of %u s%s",
			   trial->test->name, limit_s,
			   trial->test->slow_kernel ? ", which is that of a slow kernel" : "");
	else
		trial->way->judge(&trial->output, trial->status, result);
	judge_taint(taint, result);
	result->duration_ns = clock_now_ns() - start_ns;
}

/* What it tells is planted too, and stays out of the result. */
static void run_canary(struct trial *trial, unsigned limit_s, struct result *result)
{
	struct result planted;

	result_init(&planted, result->id);
	run_test(trial, limit_s, &planted);
	judge_canary(trial->test, &planted, result);
	result_done(&planted);
}

void bundle_case_execute(const struct run_order *order, program_check_fn *on_check, void *arg,
			 struct result *result)
{
	struct bundle_order test = {.slowness = 1};
	struct trial trial = {.test = &test, .fd = -1};

	if (read_test(order, &test) < 0) {
		result_set(result, OUTCOME_BROKEN, "the agent does not know its suite");
		return;
	}
	int r = bundle_scratch_clear();
	if (r < 0) {
		errno = -r;
		result_set(result, OUTCOME_BROKEN, BUNDLE_SCRATCH ": %m");
		return;
	}
	bundle_set_variable("TMPDIR", BUNDLE_SCRATCH "/tmp");
	trial.way = ways[test.suite];
	trial.output.name = test.name;
	/* What a canary does not hold is as it should be. */
	trial.output.on_check = test.wanted[0] ? NULL : on_check;
	trial.output.arg = arg;
	if (!trial.way->enter(&test, result))
		return;
	trial.way->begin(&trial.output);
	unsigned limit_s = bundle_limit_s(&test.limit, test.slow_kernel, test.slowness);
	if (test.wanted[0])
		run_canary(&trial, limit_s, result);
	else
		run_test(&trial, limit_s, result);
	text_done(&trial.output.text);
}
