/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that hang, namespaces, and modules loaded on demand. */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/seccomp.h"

#define STUCK_NS (10 * NS_PER_S)

struct stuck_task {
	const char *pid, *name;
	long long switches;
};

static const char *status_value(struct trial *t, const char *status, const char *key)
{
	const char *at = strstr(status, case_format(t, "\n%s:\t", key));

	if (!at)
		return NULL;
	at += strlen(key) + 3;
	return text_line(t, &at);
}

/* How often the task has given up the CPU, -1 when it is not in uninterruptible sleep. */
static long long sleeping_since(struct trial *t, const char *pid, const char **ret_name)
{
	const char *status = file_text(t, case_format(t, "/proc/%s/status", pid));
	long long switches;

	if (!status)
		return -1;
	const char *state = status_value(t, status, "State");
	const char *count = status_value(t, status, "voluntary_ctxt_switches");
	const char *at = status;
	if (!state)
		case_broken(t, "/proc/%s/status tells no state", pid);
	*ret_name = text_line(t, &at);
	if (state[0] != 'D' || !count || number_parse(count, 0, INT64_MAX, &switches) < 0)
		return -1;
	return switches;
}

static bool is_still_stuck(struct trial *t, const struct stuck_task *task)
{
	const char *name;

	return sleeping_since(t, task->pid, &name) == task->switches;
}

CASE(kernel, no_task_is_stuck, .title = "No task stays uninterruptible for longer than ten seconds",
     .priority = P1, .timeout_s = 60,
     .why = "A task stuck in the kernel cannot be killed, and waits for a device or lock that does not answer.",
     .remedy = "/proc/PID/stack of the task shows what it waits for.", .sources = "own")
{
	struct stuck_task tasks[64];
	unsigned count = 0;

	for (const char *const *pid = file_names(t, "/proc"); *pid && count < ARRAY_LEN(tasks);
	     pid++) {
		struct stuck_task task = {.pid = *pid};
		if (**pid < '1' || **pid > '9')
			continue;
		task.switches = sleeping_since(t, *pid, &task.name);
		if (task.switches >= 0)
			tasks[count++] = task;
	}
	check_passed(t);
	uint64_t until_ns = clock_now_ns() + STUCK_NS;
	for (unsigned i = 0; i < count; i++) {
		bool is_waiting = true;
		while (is_still_stuck(t, &tasks[i]) && (is_waiting = pause_until(until_ns, 100)))
			;
		if (!is_waiting)
			FAIL(t, "process %s (%s) has been in uninterruptible sleep for ten seconds",
			     tasks[i].pid, tasks[i].name);
	}
}

/* A parent waits uninterruptibly until the child that shares its memory ends or executes a program. */
static int hang_in_vfork(void *arg UNUSED)
{
	if (syscall(SYS_clone, 0x4000 /* CLONE_VFORK */ | SIGCHLD, 0, 0, 0, 0) == 0) {
		struct timespec hour = {.tv_sec = 3600};

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)nanosleep(&hour, NULL);
		_exit(0);
	}
	return 0;
}

SABOTAGE(kernel, no_task_is_stuck, "a task waits for another that never comes to an end")
{
	pid_t pid = helper_start(t, hang_in_vfork, NULL);
	uint64_t until_ns = clock_now_ns() + 5 * NS_PER_S;
	const char *name;

	while (sleeping_since(t, case_format(t, "%d", pid), &name) < 0) {
		if (!pause_until(until_ns, 10))
			case_broken(t, "the task does not hang");
	}
}

static const struct namespace_kind {
	const char *name;
	int flag;
} namespace_kinds[] = {
	{"cgroup", 0x02000000}, {"ipc", 0x08000000},  {"mnt", 0x00020000},  {"net", 0x40000000},
	{"pid", 0x20000000},	{"time", 0x00000080}, {"user", 0x10000000}, {"uts", 0x04000000},
};

static int make_namespace(void *arg)
{
	return syscall(SYS_unshare, ((const struct namespace_kind *)arg)->flag) < 0 ? errno : 0;
}

CASE_EACH(kernel, namespaces_are_available, namespace_kinds,
	  .title = "All eight namespace kinds can be created by root", .priority = P1,
	  .why = "Containers and the sandboxes of system services are built of these.",
	  .remedy = "Check the kernel's configuration and the limits in /proc/sys/user.",
	  .sources = "own")
{
	/* Kernels before 5.6 have no time namespace; there is no configuration word that says it for all of them. */
	if (strcmp(c->name, "time") == 0 && !file_exists(t, "/proc/self/timens_offsets"))
		case_skip(t, "kconfig:TIME_NS", "this kernel has no time namespaces");
	int status = helper_run(t, make_namespace, (void *)(uintptr_t)c);
	REQUIRE(t, WIFEXITED(status));
	errno = WEXITSTATUS(status);
	if (errno)
		FAIL(t, "a namespace of kind %s cannot be made: %m", c->name);
	else
		check_passed(t);
}

SABOTAGE(kernel, namespaces_are_available, "network namespaces are used up")
{
	sabotage_syscall_argument(t, SYS_unshare, 0, 0x40000000, ENOSPC);
}

static const struct protocol {
	const char *module;
	int family, type, number;
} protocols[] = {
	{"af_alg", 38, SOCK_SEQPACKET, 0},	{"vsock", 40, SOCK_STREAM, 0},
	{"sctp", AF_INET, SOCK_SEQPACKET, 132}, {"can", 29, SOCK_RAW, 1},
	{"xfrm_user", AF_NETLINK, SOCK_RAW, 6},
};

/* The first protocol that is a module and not loaded. */
static const struct protocol *unloaded_protocol(struct trial *t)
{
	struct utsname name;
	const char *loaded = file_text(t, "/proc/modules");

	if (uname(&name) < 0 || !loaded)
		return NULL;
	const char *modules =
		file_text(t, case_format(t, "/lib/modules/%s/modules.dep", name.release));
	loaded = case_format(t, "\n%s", loaded);
	for (const struct protocol *p = protocols; modules && p < protocols + ARRAY_LEN(protocols);
	     p++) {
		if (strstr(modules, case_format(t, "/%s.ko", p->module)) &&
		    !strstr(loaded, case_format(t, "\n%s ", p->module)))
			return p;
	}
	return NULL;
}

CASE(kernel, module_autoload_works,
     .title = "Opening a socket of an unloaded protocol loads its module", .priority = P1,
     .isolation = ISOLATION_FORK, .needs = "kconfig:MODULES,cmd:modprobe",
     .why = "Drivers, filesystems and protocols come on demand; without it things are missing at random.",
     .remedy =
	     "Check kernel.modprobe, the module's file and dependencies (depmod), and module signatures.",
     .sources = "own")
{
	const struct protocol *protocol = unloaded_protocol(t);

	if (!protocol)
		case_skip(t, "kmod:af_alg",
			  "every protocol known to the case is built in, loaded or not there");
	int fd;

	CHECK_OK(t, fd = socket(protocol->family, protocol->type, protocol->number));
	const char *now = case_format(t, "\n%s", file_text(t, "/proc/modules"));
	CHECK_CONTAINS(t, now, case_format(t, "\n%s ", protocol->module));
	if (fd >= 0)
		close(fd);
}

SABOTAGE(kernel, module_autoload_works, "the program that loads modules is not there")
{
	knob_set(t, "/proc/sys/kernel/modprobe", "/nonexistent/modprobe");
}
