/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out: who pays for it. */
#include <sys/mman.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"

#define PIECE	    (16UL << 20)
#define PAGE	    4096
#define DAEMONS_MAX 256
#define REFUSED	    3
#define OOM_KILLS   "oom_kill "

struct daemon {
	const char *pid, *name, *start;
};

/* Of /proc/PID/stat (proc(5)): the fields after the name, which may hold anything; 0 is the state. */
static const char *stat_field(struct trial *t, const char *pid, unsigned number)
{
	const char *stat = file_text(t, case_format(t, "/proc/%s/stat", pid));
	const char *at = stat ? strrchr(stat, ')') : NULL;

	if (!at || !at[1])
		return "";
	for (at += 2; number > 0 && *at; number--) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return case_format(t, "%.*s", (int)strcspn(at, " \n"), at);
}

/* The processes whose parent is the init process, without the agent. */
static size_t list_daemons(struct trial *t, struct daemon *all)
{
	size_t count = 0;

	for (const char *const *pid = file_names(t, "/proc"); *pid && count < DAEMONS_MAX; pid++) {
		if ((*pid)[0] < '1' || (*pid)[0] > '9' || strcmp(stat_field(t, *pid, 1), "1") != 0)
			continue;
		const char *name = file_line(t, case_format(t, "/proc/%s/comm", *pid));
		if (!name || has_prefix(name, "assay"))
			continue;
		all[count++] = (struct daemon){*pid, name, stat_field(t, *pid, 19)};
	}
	return count;
}

/* It may have been killed and not been waited for yet. */
static bool is_alive(struct trial *t, const struct daemon *daemon)
{
	const char *state = stat_field(t, daemon->pid, 0);

	return strcmp(stat_field(t, daemon->pid, 19), daemon->start) == 0 && state[0] != 'Z' &&
	       state[0] != 'X';
}

/* How many processes the kernel has killed for want of memory (mm/vmstat.c, since Linux 4.13). A process that is gone says
 * less: one that was about to become a service, or had done its work, goes of itself. */
static long long oom_kills(struct trial *t)
{
	const char *text = file_text(t, "/proc/vmstat");
	const char *at = text ? strstr(text, "\n" OOM_KILLS) : NULL;

	if (!at)
		case_skip(t, "kernel>=4.13", "the kernel does not count whom it kills");
	return strtoll(at + strlen("\n" OOM_KILLS), NULL, 10);
}

/* Of those that were there: who is not any more. */
static const char *name_lost(struct trial *t, const struct daemon *daemons, size_t count)
{
	const char *lost = "";

	for (size_t i = 0; i < count; i++)
		if (!is_alive(t, &daemons[i]))
			lost = case_format(t, "%s%s%s (process %s)", lost, *lost ? ", " : "",
					   daemons[i].name, daemons[i].pid);
	return *lost ? lost : "none that was a child of init";
}

/* Takes all there is. The agent is spared by the kernel, and its children with it: not this one. */
static int hog(void *arg UNUSED)
{
	CLEAN_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		return 1;
	for (;;) {
		char *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0);
		if (piece == MAP_FAILED)
			return REFUSED;
		(void)madvise(piece, PIECE, MADV_HUGEPAGE);
		for (size_t at = 0; at < PIECE; at += PAGE)
			*(volatile char *)(piece + at) = 1;
	}
}

CASE(memory, oom_kills_only_the_hog,
     .title = "When memory runs out the hog dies and the services stay", .priority = P1,
     .isolation = ISOLATION_FORK, .timeout_s = 120, .expects = "oom-kill",
     .why = "One program that leaks must not take down what the machine is there for.",
     .remedy = "Look at OOMScoreAdjust of the services, and at vm.overcommit_memory.",
     .sources = "own")
{
	struct daemon *daemons = case_alloc(t, DAEMONS_MAX * sizeof *daemons);
	size_t count = list_daemons(t, daemons);

	if (file_number(t, "/proc/sys/vm/panic_on_oom", 0) != 0)
		case_skip(t, "policy:oom", "the kernel is to panic when memory runs out");
	long long before = oom_kills(t);
	int status = helper_run(t, hog, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED)
		case_skip(t, "policy:overcommit", "the kernel gives out no more than there is");
	CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	long long killed = oom_kills(t) - before;
	if (killed > 1)
		FAIL(t, "the kernel killed %lld processes; gone are: %s", killed,
		     name_lost(t, daemons, count));
	CHECK_EQ(t, killed, 1);
}

SABOTAGE(memory, oom_kills_only_the_hog, "a service is the first that the kernel gives up")
{
	struct daemon *daemons = case_alloc(t, DAEMONS_MAX * sizeof *daemons);

	if (list_daemons(t, daemons) == 0)
		case_broken(t, "the init process has no other children");
	const char *path = case_format(t, "/proc/%s/oom_score_adj", daemons[0].pid);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1000", 4) != 4)
		case_broken(t, "write %s: %m", path);
	close(fd);
}
