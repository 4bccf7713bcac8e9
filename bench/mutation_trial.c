/* SPDX-License-Identifier: Apache-2.0 */
/* One mutated file, one case, one copy of the process. */
#include "bench/mutation_trial.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

/* This program has no threads, and the copies need its memory: a plain fork() is right here. */
#undef fork

#define FILES_ROOM	 (1U << 20)
#define EXIT_NOT_PLANTED 90

/* As the audit's child; the address sanitizer needs terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
#define COPY_MEMORY RLIM_INFINITY
#else
#define COPY_MEMORY (2ULL << 30)
#endif

void mutation_trial_set_files(struct mutation_trial *trial, const char *files, size_t length)
{
	if (length == 0)
		return;
	trial->files = xnew(length);
	memcpy(trial->files, files, length);
	trial->files_length = length;
}

/* What a copy leaves behind, in memory that it shares with us. */
struct trace {
	bool has_ended;
	enum outcome outcome;
	char message[160];
	size_t files_length;
	char files[FILES_ROOM];
};

struct slot {
	pid_t pid; /* 0: free */
	struct mutation_trial *trial;
	struct trace *trace;
};

/* ---- in the copy ---- */

/* Paths that do not fit are left out: no case reads so much by name. */
static void keep_file(void *arg, const char *path, bool has_content)
{
	struct trace *trace = arg;
	size_t length = strlen(path) + 1;

	if (trace->files_length + 1 + length > sizeof trace->files)
		return;
	trace->files[trace->files_length++] = has_content ? 'c' : '-';
	memcpy(trace->files + trace->files_length, path, length);
	trace->files_length += length;
}

static void limit(unsigned seconds)
{
	const struct itimerval span = {.it_value.tv_sec = seconds};
	const struct rlimit memory = {COPY_MEMORY, COPY_MEMORY}, core = {0, 0};

	(void)setitimer(ITIMER_REAL, &span, NULL);
	(void)setrlimit(RLIMIT_AS, &memory);
	(void)setrlimit(RLIMIT_CORE, &core);
}

static _Noreturn void run_copy(struct tree *tree, const struct mutation_trial *trial,
			       const struct mutation_setup *setup, struct trace *trace)
{
	const struct trial_setup trial_setup = {
		.def = trial->def, .tree = tree, .parameters = setup->parameters};
	CLEAN_DONE(result) struct result result;

	limit(setup->limit_s);
	result_init(&result, "");
	if (trial->mutation != MUTATION_NONE &&
	    mutation_plant(tree, trial->path, trial->mutation, setup->seed) < 0)
		_exit(EXIT_NOT_PLANTED);
	trial_execute(&trial_setup, &result);
	trace->outcome = result.outcome;
	(void)snprintf(trace->message, sizeof trace->message, "%s", result.message);
	if (trial->mutation == MUTATION_NONE)
		mutation_files(tree, keep_file, trace);
	trace->has_ended = true;
	_exit(0);
}

/* ---- around it ---- */

static int collect(struct slot *slot, int status, struct err *e)
{
	struct mutation_trial *trial = slot->trial;
	const struct trace *trace = slot->trace;

	slot->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NOT_PLANTED)
		return err_set(e, BLAME_BUG, EIO, "%s cannot be %s for %s.%s", trial->path,
			       mutation_name(trial->mutation), trial->def->info.area,
			       trial->def->info.name);
	trial->has_ended = trace->has_ended && status == 0;
	trial->status = status;
	trial->outcome = trace->outcome;
	memcpy(trial->message, trace->message, sizeof trial->message);
	mutation_trial_set_files(trial, trace->files, trace->files_length);
	return 0;
}

/* Waits for one of the copies. */
static int reap(struct slot *slots, unsigned jobs, struct err *e)
{
	int status;
	pid_t pid = wait4(-1, &status, 0, NULL);

	if (pid < 0)
		return err_set(e, BLAME_HOST, errno, "wait for a copy: %m");
	for (unsigned i = 0; i < jobs; i++)
		if (slots[i].pid == pid)
			return collect(&slots[i], status, e);
	return 0;
}

static int start(struct slot *slot, struct tree *tree, struct mutation_trial *trial,
		 const struct mutation_setup *setup, struct err *e)
{
	slot->trial = trial;
	slot->trace->has_ended = false;
	slot->trace->message[0] = '\0';
	slot->trace->files_length = 0;
	slot->pid = fork();
	if (slot->pid == 0)
		run_copy(tree, trial, setup, slot->trace);
	if (slot->pid > 0)
		return 0;
	slot->pid = 0;
	return err_set(e, BLAME_HOST, errno, "fork: %m");
}

static struct slot *find_free(struct slot *slots, unsigned jobs)
{
	for (unsigned i = 0; i < jobs; i++)
		if (slots[i].pid == 0)
			return &slots[i];
	return NULL;
}

static int run_all(struct slot *slots, struct tree *tree, struct mutation_trial *trials,
		   size_t count, const struct mutation_setup *setup, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		struct slot *slot;
		while (r == 0 && !(slot = find_free(slots, setup->jobs)))
			r = reap(slots, setup->jobs, e);
		if (r == 0)
			r = start(slot, tree, &trials[i], setup, e);
	}
	for (unsigned i = 0; i < setup->jobs; i++)
		while (r == 0 && slots[i].pid != 0)
			r = reap(slots, setup->jobs, e);
	return r;
}

int mutation_run(struct tree *tree, struct mutation_trial *trials, size_t count,
		 const struct mutation_setup *setup, struct err *e)
{
	struct slot slots[MUTATION_JOBS_MAX] = {0};
	size_t size = setup->jobs * sizeof(struct trace);
	struct trace *traces =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (traces == MAP_FAILED)
		return err_set(e, BLAME_HOST, errno, "memory to share with the copies: %m");
	for (unsigned i = 0; i < setup->jobs; i++)
		slots[i].trace = &traces[i];
	int r = run_all(slots, tree, trials, count, setup, e);
	(void)munmap(traces, size);
	return r;
}
