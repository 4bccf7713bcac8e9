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

#define READS_ROOM	 (1U << 20)
#define EXIT_NOT_PLANTED 90

/* As the audit's child; the address sanitizer needs terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
#define COPY_MEMORY RLIM_INFINITY
#else
#define COPY_MEMORY (2ULL << 30)
#endif

static const char *const names[MUTATION_COUNT] = {
	[MUTATION_NONE] = "none",	[MUTATION_EMPTIED] = "emptied",
	[MUTATION_GARBLED] = "garbled", [MUTATION_HALVED] = "halved",
	[MUTATION_ABSENT] = "absent",	[MUTATION_SCRATCHED] = "scratched",
};

const char *mutation_name(enum mutation mutation)
{
	return names[mutation];
}

enum mutation mutation_of_name(const char *name)
{
	enum mutation mutation = MUTATION_EMPTIED;

	while (mutation < MUTATION_COUNT && strcmp(names[mutation], name) != 0)
		mutation++;
	return mutation;
}

/* What a copy leaves behind, in memory that it shares with us. */
struct trace {
	bool has_ended;
	enum outcome outcome;
	char message[160];
	size_t reads_length;
	char reads[READS_ROOM];
};

struct slot {
	pid_t pid; /* 0: free */
	struct mutation_trial *trial;
	struct trace *trace;
};

/* ---- in the copy ---- */

/* splitmix64: each seed gives other bytes, and the same ones on every machine. */
static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void garble(char *bytes, size_t length, uint64_t seed)
{
	for (size_t i = 0; i < length; i += 8) {
		uint64_t random = next_random(&seed);
		memcpy(bytes + i, &random, length - i < 8 ? length - i : 8);
	}
}

/* One byte in each 64, or one at all. */
static void scratch(char *bytes, size_t length, uint64_t seed)
{
	for (size_t i = 0; i < length; i += 64) {
		size_t room = length - i < 64 ? length - i : 64;
		uint64_t random = next_random(&seed);
		bytes[i + random % room] = (char)(random >> 32);
	}
}

/* The bytes depend on the file too, or all files would be garbled to the same beginning. */
static uint64_t seed_of(const char *path, uint64_t seed)
{
	for (; *path; path++)
		seed = (seed ^ (unsigned char)*path) * 0x100000001b3ULL;
	return seed;
}

static int plant(struct tree *tree, const struct mutation_trial *trial, uint64_t seed)
{
	CLEAN_TEXT struct text content = TEXT_INIT(TREE_FILE_MAX);
	struct tree_stat stat;

	if (trial->mutation == MUTATION_NONE)
		return 0;
	if (trial->mutation == MUTATION_ABSENT) {
		tree_plant_absence(tree, trial->path);
		return tree_plant_error(tree);
	}
	int r = tree_stat(tree, trial->path, &stat);
	if (r == 0)
		r = tree_read(tree, trial->path, &content);
	if (r < 0)
		return r;
	if (trial->mutation == MUTATION_GARBLED)
		garble(content.buf, content.length, seed_of(trial->path, seed));
	if (trial->mutation == MUTATION_SCRATCHED)
		scratch(content.buf, content.length, seed_of(trial->path, seed));
	size_t length = trial->mutation == MUTATION_EMPTIED  ? 0
			: trial->mutation == MUTATION_HALVED ? content.length / 2
							     : content.length;
	tree_plant_file(tree, trial->path, content.buf, length, stat.mode & 07777, stat.uid);
	return tree_plant_error(tree);
}

/* Paths that do not fit are left out: no case reads so much by name. */
static void keep_reads(const struct tree *tree, struct trace *trace)
{
	for (const char *path = NULL; (path = tree_read_path(tree, path)) != NULL;) {
		size_t length = strlen(path) + 1;
		if (trace->reads_length + 1 + length > sizeof trace->reads)
			return;
		trace->reads[trace->reads_length++] = tree_has_read_content(tree, path) ? 'c' : '-';
		memcpy(trace->reads + trace->reads_length, path, length);
		trace->reads_length += length;
	}
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
	if (plant(tree, trial, setup->seed) < 0)
		_exit(EXIT_NOT_PLANTED);
	trial_execute(&trial_setup, &result);
	trace->outcome = result.outcome;
	(void)snprintf(trace->message, sizeof trace->message, "%s", result.message);
	if (trial->mutation == MUTATION_NONE)
		keep_reads(tree, trace);
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
			       names[trial->mutation], trial->def->info.area,
			       trial->def->info.name);
	trial->has_ended = trace->has_ended && status == 0;
	trial->status = status;
	trial->outcome = trace->outcome;
	memcpy(trial->message, trace->message, sizeof trial->message);
	trial->reads_length = trace->reads_length;
	if (trace->reads_length > 0) {
		trial->reads = xnew(trace->reads_length);
		memcpy(trial->reads, trace->reads, trace->reads_length);
	}
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
	slot->trace->reads_length = 0;
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
