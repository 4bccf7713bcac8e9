/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a control group may use. */
#include "guest/kit/case.h"
#include "guest/kit/cgroup.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define LIMIT	    "25165824" /* 24 MiB */
#define LIMIT_BYTES 25165824LL
#define USED_BYTES  (64U << 20)
#define PIECE	    (256U << 10)

struct user {
	const char *group, *path;
};

/*
 * Uses more than the group may, of a kind that the kernel can take back: cached pages of a file. Where the disk does not
 * keep up with writing them, it kills instead.
 */
static int use_cache(void *arg)
{
	const struct user *user = arg;
	static char piece[PIECE];

	if (cgroup_enter(user->group) < 0)
		return 125;
	CLEAN_FD int fd = open(user->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return 124;
	for (unsigned written = 0; written < USED_BYTES; written += PIECE) {
		if (write(fd, piece, PIECE) != PIECE)
			return 123;
	}
	return 0;
}

static const char *limit_file(void)
{
	return cgroup_is_v2() ? "memory.max" : "memory.limit_in_bytes";
}

/* How often the group has met its limit. */
static long long limit_hits(struct trial *t, const char *group)
{
	if (cgroup_is_v2())
		return cgroup_count(t, group, "memory.events", "max", -1);
	return file_number(t, case_format(t, "%s/memory.failcnt", group), -1);
}

static void remove_file(void *arg)
{
	(void)unlink(arg);
}

CASE(memory, cgroup_limit_is_enforced,
     .title = "A cgroup over its memory limit is reclaimed or killed, alone", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "kconfig:MEMCG,mem_mb>=256", .expects = "oom-kill",
     .why = "Without it one container takes the memory of all others.",
     .remedy = "Check that the memory controller is on (cgroup_disable= on the command line).",
     .sources = "own")
{
	struct user user = {cgroup_new(t, "memory"),
			    case_format(t, "/var/tmp/.assay-cache-%d", getpid())};

	cgroup_write(t, user.group, limit_file(), LIMIT);
	case_defer(t, remove_file, (void *)(uintptr_t)user.path);
	int status = helper_run(t, use_cache, &user);
	bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	if (!is_killed && (!WIFEXITED(status) || WEXITSTATUS(status) >= 123))
		case_broken(t, "the child could not use memory: status %d", status);
	CHECK_GT(t, limit_hits(t, user.group), 0);
	const char *file = cgroup_is_v2() ? "memory.current" : "memory.usage_in_bytes";
	CHECK_LE(t, file_number(t, case_format(t, "%s/%s", user.group, file), -1), LIMIT_BYTES);
}

SABOTAGE(memory, cgroup_limit_is_enforced, "writing a limit changes nothing")
{
	sabotage_syscall_argument(t, SYS_write, 2, sizeof LIMIT - 1, 0);
}
