/* SPDX-License-Identifier: Apache-2.0 */
/* One try: the kernel is built where it is a commit, Assay runs the case on it as a child, and what its run says becomes a verdict. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/child.h"
#include "base/sha256.h"
#include "host/cli/bisect.h"
#include "host/cli/watch.h"
#include "host/plan/plan.h"
#include "host/run/sure.h"
#include "host/store/folder.h"
#include "host/store/run.h"

#define KERNEL_FILE_MAX (256U << 20)
#define HOST_TRIES	3    /* of a run that is the host's fault */
#define BOOT_RATE	0.95 /* of what is a boot each time: five that pass in a row make sure */
#define BOOTS_MAX	40

struct trying {
	struct bisecting *b;
	struct bisect_try it;
	struct built built;
	const char *path, *modules; /* what is run: of a commit what was built */
	bool is_repeated;	    /* the run itself has made sure */
	enum outcome outcome;
};

static void trying_done(struct trying *trying)
{
	built_done(&trying->built);
}
DEFINE_CLEAN_DONE(trying);

static void skip(struct trying *trying, const char *format, ...) PRINTF(2, 3);
static void skip(struct trying *trying, const char *format, ...)
{
	va_list args;

	trying->it.verdict = SEARCH_SKIPPED;
	va_start(args, format);
	(void)vsnprintf(trying->it.why, sizeof trying->it.why, format, args);
	va_end(args);
}

/* ---- building ---- */

static void to_list(const struct bisect_words *words, struct text_list *ret)
{
	vec_each (words, word)
		(void)vec_add(ret, *word);
}

static int build(struct trying *trying, struct err *e)
{
	const struct bisect *state = &trying->b->state;
	struct source_arguments source = {.config = state->config,
					  .build_jobs = state->build_jobs,
					  .fragments = VEC_INIT(BISECT_WORDS_MAX),
					  .words = VEC_INIT(BISECT_WORDS_MAX)};

	to_list(&state->fragments, &source.fragments);
	to_list(&state->make, &source.words);
	int r = source_build(&source, state->tree, trying->it.id, &trying->b->p,
			     trying->b->arguments->quiet || trying->b->arguments->json,
			     &trying->built, e);
	vec_done(&source.fragments);
	vec_done(&source.words);
	return r;
}

static char *try_folder(const struct trying *trying, const char *name)
{
	return xasprintf("%s/%s%s%s", trying->b->folder, trying->it.run, name[0] ? "/" : "", name);
}

static int keep_log(const struct trying *trying, struct err *e)
{
	CLEAN_FREE char *folder = try_folder(trying, ""), *path = try_folder(trying, "build.log");
	CLEAN_TEXT struct text log = TEXT_INIT(BUILD_LOG_MAX);

	if (text_read_file(&log, trying->built.build.log) < 0)
		return 0;
	int r = folder_make(folder, e);
	return r == 0 ? file_write(path, log.buf, log.length, e) : r;
}

/* With modules the same bzImage may be another kernel. */
static void find_same(struct trying *trying)
{
	CLEAN_TEXT struct text content = TEXT_INIT(KERNEL_FILE_MAX);

	if (trying->modules || text_read_file(&content, trying->path) < 0)
		return;
	sha256_text(content.buf, content.length, trying->it.kernel);
	const struct bisect_try *same = bisect_find_kernel(&trying->b->state, trying->it.kernel);
	if (!same)
		return;
	trying->it.verdict = same->verdict;
	trying->it.passed = same->passed;
	trying->it.total = same->total;
	(void)snprintf(trying->it.same_as, sizeof trying->it.same_as, "%s", same->id);
	(void)snprintf(trying->it.why, sizeof trying->it.why, "%s", same->why);
}

static int build_commit(struct trying *trying, struct err *e)
{
	uint64_t start_ns = clock_now_ns();
	struct build *built = &trying->built.build;
	char why[320];
	int r = build(trying, e);

	trying->it.build_ns = clock_now_ns() - start_ns;
	/* What this revision lacks for being built is its own affair. */
	if (r < 0 && e->blame == BLAME_USER && e->code != ECANCELED) {
		skip(trying, "%s", e->text);
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return r;
	r = keep_log(trying, e);
	if (r == 0 && built->failed)
		skip(trying, "it does not build: %s", build_why(built, why, sizeof why));
	source_done(&trying->built.source);
	trying->path = built->kernel;
	trying->modules = built->modules;
	if (r == 0 && !built->failed)
		find_same(trying);
	return r;
}

/* ---- running ---- */

static int wait_for(struct trying *trying, struct child *child, int *ret_status, struct err *e)
{
	int r = wait_fd(&trying->b->p, child->pidfd, POLLIN, "the run", e);

	return r == 0 ? child_wait(child, &trying->b->p, ret_status, e) : r;
}

static int start_run(struct trying *trying, const char *folder, const char *log,
		     struct child *child, struct err *e)
{
	const struct bisect *state = &trying->b->state;
	CLEAN_FREE const char **argv = xnew((state->words.count + 16) * sizeof *argv);
	CLEAN_FREE char *out = xasprintf("--out=%s", folder);
	CLEAN_FREE char *modules =
		trying->modules ? xasprintf("--modules=%s", trying->modules) : NULL;
	CLEAN_FD int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	const struct child_spec spec = {.argv = argv, .stdout_fd = fd, .stderr_fd = fd};
	size_t count = 0;

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", log);
	argv[count++] = trying->b->program;
	argv[count++] = state->kind == BISECT_IMAGES ? "run" : "kernel";
	argv[count++] = trying->path;
	argv[count++] = "--quiet";
	argv[count++] = out;
	if (modules)
		argv[count++] = modules;
	vec_each (&state->words, word)
		argv[count++] = *word;
	/* What is a boot each time would come from what is remembered of the first. */
	if (strcmp(state->case_id, CASE_REACHES_READY) == 0)
		argv[count++] = "--cold";
	return child_start(&spec, child, e);
}

static int run_once(struct trying *trying, const char *folder, const char *log, int *ret_status,
		    struct err *e)
{
	CLEAN_DONE(child) struct child child = CHILD_INIT;
	int r = folder_remove(folder, e); /* of who was killed */

	if (r == 0)
		r = start_run(trying, folder, log, &child, e);
	return r == 0 ? wait_for(trying, &child, ret_status, e) : r;
}

/* ---- what the run says ---- */

static void count(struct trying *trying, enum outcome outcome)
{
	if (outcome != OUTCOME_PASS && outcome != OUTCOME_FAIL && outcome != OUTCOME_BROKEN)
		return;
	trying->it.total++;
	trying->it.passed += outcome == OUTCOME_PASS;
}

static void take_result(struct trying *trying, const struct run_case *found)
{
	const struct result *result = found->result;
	const char *sure = found->record->sure;

	trying->is_repeated = sure[0] != '\0';
	trying->outcome = result->outcome;
	vec_each (&found->tries, it)
		count(trying, it->outcome);
	count(trying, result->outcome);
	(void)snprintf(trying->it.why, sizeof trying->it.why, "%s", result->message);
	if (strcmp(sure, SURE_UNDECIDED) == 0)
		skip(trying, "it is not sure: %.400s", result->message);
	else if (result->outcome == OUTCOME_SKIP)
		skip(trying, "the case was skipped for want of %.64s: %.350s", result->need,
		     result->message);
	else if (result->outcome == OUTCOME_BROKEN)
		skip(trying, "the case is broken: %.400s", result->message);
	else
		trying->it.verdict = result->outcome == OUTCOME_PASS ? SEARCH_GOOD : SEARCH_BAD;
}

/* -EAGAIN: it was the host's fault, with its sentence. */
static int judge(struct trying *trying, const char *folder, struct err *e)
{
	CLEANUP(run) struct run *run = NULL;
	int r = run_load(folder, &run, e);

	if (r < 0)
		return r;
	const struct run_case *found = run_find(run, 0, trying->b->state.case_id, false);
	if (!found)
		return err_set(e, BLAME_USER, ENOENT,
			       "the run has no case %s: it does not apply to what is tried",
			       trying->b->state.case_id);
	if (trying->it.kernel[0] == '\0' && run->cells.count > 0)
		(void)snprintf(trying->it.kernel, sizeof trying->it.kernel, "%s",
			       run_cell_digest(&run->cells.items[0]));
	if (!found->result || found->result->outcome == OUTCOME_INFRA) {
		(void)err_set(e, BLAME_HOST, EIO, "%.300s",
			      found->result ? found->result->message
					    : "the run has not come to its end");
		return -EAGAIN;
	}
	take_result(trying, found);
	return 0;
}

/* What was said at the end of the log is why there is no run. */
static int take_end(struct trying *trying, int status, const char *folder, const char *log,
		    struct err *e)
{
	CLEAN_FREE char *plan = xasprintf("%s/plan.json", folder);
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	char why[400], words[64];

	if (code >= 0 && access(plan, F_OK) == 0)
		return judge(trying, folder, e);
	watch_last_line(log, why, sizeof why);
	if (code == EXIT_USAGE) {
		skip(trying, "it cannot be tried: %.400s", why);
		return 0;
	}
	(void)err_set(e, BLAME_HOST, EIO, "%s: the run %s: %.300s", trying->it.name,
		      child_status_text(status, words, sizeof words), why);
	return -EAGAIN;
}

/* The host gets several chances; it is no reason to skip what may be the culprit. */
static int run_decided(struct trying *trying, const char *folder, const char *log, struct err *e)
{
	int r = -EAGAIN;

	for (unsigned i = 0; i < HOST_TRIES && r == -EAGAIN; i++) {
		int status = 0;
		if (i > 0)
			bisect_tell(trying->b, "this host was at fault (%.200s): once more",
				    e->text);
		err_clear(e);
		r = run_once(trying, folder, log, &status, e);
		if (r == 0)
			r = take_end(trying, status, folder, log, e);
	}
	return r;
}

/* A case that is a boot is not repeated by its run: here whole runs are. */
static bool is_repeated_here(const struct trying *trying)
{
	return strcmp(trying->b->state.case_id, CASE_REACHES_READY) == 0 && !trying->is_repeated &&
	       trying->it.verdict != SEARCH_SKIPPED;
}

static int run_until_sure(struct trying *trying, const char *folder, const char *log, struct err *e)
{
	char failed[sizeof trying->it.why] = "";
	struct sure sure;
	int r = run_decided(trying, folder, log, e);

	if (r < 0 || !is_repeated_here(trying))
		return r;
	trying->it.passed = trying->it.total = 0;
	sure_init(&sure, BOOT_RATE);
	for (unsigned i = 0; r == 0 && i < BOOTS_MAX; i++) {
		bool passed = trying->outcome == OUTCOME_PASS;
		trying->it.total++;
		trying->it.passed += passed;
		if (!passed)
			(void)snprintf(failed, sizeof failed, "%s", trying->it.why);
		if (sure_add(&sure, passed) != SURE_OPEN)
			break;
		unsigned done = trying->it.passed, total = trying->it.total;
		r = run_decided(trying, folder, log, e);
		trying->it.passed = done;
		trying->it.total = total;
		if (r == 0 && trying->it.verdict == SEARCH_SKIPPED)
			return 0;
	}
	if (r < 0)
		return r;
	if (failed[0])
		(void)snprintf(trying->it.why, sizeof trying->it.why, "%s", failed);
	trying->it.verdict = sure_state(&sure) == SURE_GOOD  ? SEARCH_GOOD
			     : sure_state(&sure) == SURE_BAD ? SEARCH_BAD
							     : SEARCH_SKIPPED;
	return 0;
}

static int run_subject(struct trying *trying, struct err *e)
{
	CLEAN_FREE char *parent = try_folder(trying, ""), *folder = try_folder(trying, "run");
	CLEAN_FREE char *log = try_folder(trying, "run.log");
	uint64_t start_ns = clock_now_ns();
	int r = folder_make(parent, e);

	if (r == 0)
		r = run_until_sure(trying, folder, log, e);
	trying->it.try_ns = clock_now_ns() - start_ns;
	if (r == -EAGAIN)
		return err_wrap(e, "%d runs of %.80s were this host's fault", HOST_TRIES,
				trying->it.name);
	return r;
}

/* ---- keeping it ---- */

static int keep(struct trying *trying, const struct bisect_try **ret, struct err *e)
{
	struct bisecting *b = trying->b;
	uint64_t now_ns = clock_now_ns();

	b->state.spent_ns += now_ns - b->since_ns;
	b->since_ns = now_ns;
	if (!vec_add(&b->state.tries, trying->it))
		return err_set(e, BLAME_USER, E2BIG, "more than %d were tried", BISECT_TRIES_MAX);
	*ret = &b->state.tries.items[b->state.tries.count - 1];
	bisect_tell_try(b, *ret);
	return bisect_save(&b->state, b->folder, e);
}

int bisect_try(struct bisecting *b, const struct bisect_subject *subject,
	       const struct bisect_try **ret, struct err *e)
{
	CLEAN_DONE(trying)
	struct trying trying = {.b = b, .built = {.source.lock_fd = -1, .build.lock_fd = -1}};
	int r = 0;

	*ret = bisect_find(&b->state, subject->id);
	if (*ret)
		return 0; /* before a stop */
	(void)snprintf(trying.it.id, sizeof trying.it.id, "%s", subject->id);
	(void)snprintf(trying.it.name, sizeof trying.it.name, "%s", subject->name);
	(void)snprintf(trying.it.run, sizeof trying.it.run, "try-%zu", b->state.tries.count + 1);
	bisect_tell(b, "trying %s", subject->name);
	trying.path = subject->path;
	if (b->state.kind == BISECT_COMMITS)
		r = build_commit(&trying, e);
	if (r == 0 && trying.it.verdict == SEARCH_UNTRIED)
		r = run_subject(&trying, e);
	return r == 0 ? keep(&trying, ret, e) : r;
}
