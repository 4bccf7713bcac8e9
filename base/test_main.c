/* SPDX-License-Identifier: Apache-2.0 */
/* The main() of every unit test program: each test in a process of its own, results as TAP. */
#include "base/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/text.h"

/* Tests are run from a process without threads, and need its memory: a plain fork() is right here. */
#undef fork

#define TEST_DEADLINE_S 60
#define SKIPPED		77

extern const struct test *const __start_assay_tests[], *const __stop_assay_tests[];

/* Shared with the child, so that it survives the child's crash. */
static struct state {
	atomic_int expectations, failures;
	atomic_bool has_folder;
	char folder[128];
	char skip_reason[256];
} * state;

/* Lines of TAP go to the real stdout; what tested code prints must not mix with them. Diagnostics go to stderr: that is
 * what `meson test --print-errorlogs` shows. */
static FILE *tap;

static void check(bool ok)
{
	atomic_fetch_add(&state->expectations, 1);
	if (!ok)
		atomic_fetch_add(&state->failures, 1);
}

void test_expect(bool ok, const char *file, int line, const char *expression)
{
	check(ok);
	if (!ok)
		(void)fprintf(stderr, "# %s:%d: not so: %s\n", file, line, expression);
}

void test_expect_text(const char *got, const char *want, const char *file, int line,
		      const char *expression)
{
	bool ok = got && want ? strcmp(got, want) == 0 : got == want;

	check(ok);
	if (!ok)
		(void)fprintf(stderr, "# %s:%d: %s is \"%s\", not \"%s\"\n", file, line, expression,
			      got ? got : "(null)", want ? want : "(null)");
}

void test_expect_number(long long got, long long want, const char *file, int line,
			const char *expression)
{
	check(got == want);
	if (got != want)
		(void)fprintf(stderr, "# %s:%d: %s is %lld, not %lld\n", file, line, expression,
			      got, want);
}

const char *test_folder(void)
{
	if (!atomic_exchange(&state->has_folder, true)) {
		const char *base = getenv("TMPDIR");
		(void)snprintf(state->folder, sizeof state->folder, "%.100s/assay-test-XXXXXX",
			       base ? base : "/tmp");
		if (!mkdtemp(state->folder))
			abort();
	}
	return state->folder;
}

void test_skip(const char *why)
{
	(void)snprintf(state->skip_reason, sizeof state->skip_reason, "%s", why);
	(void)fflush(NULL);
	_exit(SKIPPED); /* what the test holds is not leaked, only left */
}

static int remove_entry(const char *path, const struct stat *st UNUSED, int type UNUSED,
			struct FTW *ftw UNUSED)
{
	return remove(path);
}

/* In the child. */
static _Noreturn void run_body(const struct test *test)
{
	(void)setpgid(0, 0);
	(void)dup2(STDERR_FILENO, STDOUT_FILENO);
	test->body();
	(void)fflush(NULL);
	exit(0); /* not _exit: the leak checker works at exit */
}

/* Waits for the end of the test, at most until its deadline; returns its status. */
static int await_test(pid_t pid, bool *ret_late)
{
	CLEAN_FD int pidfd = pidfd_open(pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	int status = 0, n;

	do {
		n = poll(&ended, 1, TEST_DEADLINE_S * 1000);
	} while (n < 0 && errno == EINTR);
	*ret_late = n == 0;
	(void)kill(-pid, SIGKILL); /* what it left behind, or itself */
	(void)kill(pid, n == 0 ? SIGKILL : 0);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Why the test did not pass, or NULL. */
static const char *complaint(int status, bool late)
{
	static char reason[96];

	if (late)
		return "took longer than its deadline";
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return child_status_text(status, reason, sizeof reason);
	if (state->failures > 0)
		return "an expectation failed";
	if (state->expectations == 0)
		return "expects nothing";
	return NULL;
}

static bool run_test(const struct test *test, size_t number)
{
	bool late = false;

	memset(state, 0, sizeof *state);
	(void)fflush(NULL);
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0)
		run_body(test);
	int status = await_test(pid, &late);
	if (state->has_folder)
		(void)nftw(state->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	bool skipped = !late && WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
	const char *why = skipped ? NULL : complaint(status, late);
	if (why)
		(void)fprintf(stderr, "# %s.%s: %s\n", test->group, test->name, why);
	(void)fprintf(tap, "%sok %zu %s.%s", why ? "not " : "", number, test->group, test->name);
	if (skipped)
		(void)fprintf(tap, " # SKIP %s", state->skip_reason);
	(void)fprintf(tap, "\n");
	return !why;
}

static int compare_tests(const void *a, const void *b)
{
	const struct test *const *left = a, *const *right = b;
	int r = strcmp((*left)->group, (*right)->group);

	return r ? r : strcmp((*left)->name, (*right)->name);
}

/* Gives the tests whose "group.name" holds the pattern, sorted: the linker's order means nothing. */
static const struct test **select_tests(const char *pattern, size_t *ret_count)
{
	size_t all = (size_t)(__stop_assay_tests - __start_assay_tests);
	const struct test **tests = xnew(all * sizeof(*tests));

	*ret_count = 0;
	for (size_t i = 0; i < all; i++) {
		const struct test *test = __start_assay_tests[i];
		CLEAN_FREE char *name = xasprintf("%s.%s", test->group, test->name);
		if (!pattern || strstr(name, pattern))
			tests[(*ret_count)++] = test;
	}
	qsort(tests, *ret_count, sizeof(*tests), compare_tests);
	return tests;
}

int main(int argc, char **argv)
{
	size_t count, failed = 0;

	child_init(argc, argv);
	if (test_program_init)
		test_program_init(argc, argv);
	(void)signal(SIGPIPE, SIG_IGN); /* as the product's main does */
	state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	tap = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	if (state == MAP_FAILED || !tap)
		abort();
	setvbuf(tap, NULL, _IOLBF, 0);
	const struct test **tests = select_tests(argc > 1 ? argv[1] : NULL, &count);
	(void)fprintf(tap, "1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		failed += !run_test(tests[i], i + 1);
	free(tests);
	return failed ? 1 : 0;
}
