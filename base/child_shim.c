/* SPDX-License-Identifier: Apache-2.0 */
/* The shim: our own program under another name, between posix_spawn and the program that is wanted. */
#include "base/child_shim.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct orders {
	int parent, report_fd;
	unsigned long long memory, file_size;
	unsigned cpu_s;
	int no_network, no_exec, files_only;
};

void shim_orders(const struct child_spec *spec, int report_fd, char orders[SHIM_ORDERS_SIZE])
{
	(void)snprintf(orders, SHIM_ORDERS_SIZE, "%d %d %llu %llu %u %d %d %d", (int)getpid(),
		       report_fd, spec->limit_memory, spec->limit_file_size, spec->limit_cpu_s,
		       spec->no_network, spec->no_exec, spec->files_only);
}

const char *shim_step_name(enum shim_step step)
{
	static const char *const names[] = {
		[SHIM_STEP_ORDERS] = "reading the orders",
		[SHIM_STEP_PARENT] = "binding to the parent",
		[SHIM_STEP_SANDBOX] = "sandbox",
		[SHIM_STEP_LIMITS] = "limits",
		[SHIM_STEP_EXECUTE] = "execute",
	};
	return step < ARRAY_LEN(names) ? names[step] : "unknown step";
}

static _Noreturn void give_up(int report_fd, enum shim_step step, int error)
{
	struct shim_report report = {.step = step, .error = error};

	(void)!write(report_fd, &report, sizeof report);
	_exit(127);
}

/* Where execvp would find the program: the path is needed before the sandbox is shut. */
static int find_program(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH");
	int error = ENOENT;

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX ? 0 : ENAMETOOLONG;
	if (!folders)
		folders = "/usr/bin:/bin";
	while (*folders) {
		int length = (int)strcspn(folders, ":");
		struct stat st;
		if (length > 0 &&
		    snprintf(path, PATH_MAX, "%.*s/%s", length, folders, name) < PATH_MAX &&
		    stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			if (access(path, X_OK) == 0)
				return 0;
			error = EACCES;
		}
		folders += length;
		folders += *folders == ':';
	}
	return error;
}

/* SCMP_A0 leaves a member out. */
static struct scmp_arg_cmp first_argument(enum scmp_compare how, scmp_datum_t a, scmp_datum_t b)
{
	return (struct scmp_arg_cmp){.arg = 0, .op = how, .datum_a = a, .datum_b = b};
}

static int add_rules_no_network(scmp_filter_ctx filter)
{
	int r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
				 first_argument(SCMP_CMP_NE, AF_UNIX, 0));

	/* A ring can make sockets without the call. */
	return r ? r
		 : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(io_uring_setup), 0);
}

/*
 * No second process, and no execve but the one that is still to come: it is told apart by the address of its path,
 * which means nothing in the new address space. Threads stay possible; clone3 hides its flags in memory, and the C
 * library falls back to clone when there is none.
 */
static int add_rules_no_exec(scmp_filter_ctx filter, const char *path)
{
	static const int forbidden[] = {SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execveat)};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(forbidden) && r == 0; i++)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				     first_argument(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (r == 0)
		r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(execve), 1,
				     first_argument(SCMP_CMP_NE, (scmp_datum_t)(uintptr_t)path, 0));
	return r;
}

/* What root's program gets at its execve is what the bounding set leaves (capabilities(7)). A root who may not lessen it
 * (in a container) has few of them anyway. */
static int drop_capabilities(void)
{
	for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_DAC_OVERRIDE && cap != CAP_DAC_READ_SEARCH &&
		    prctl(PR_CAPBSET_READ, cap) == 1 && prctl(PR_CAPBSET_DROP, cap) < 0)
			return errno == EPERM ? 0 : errno;
	return 0;
}

static int shut_in(const struct orders *orders, const char *path)
{
	int error = orders->files_only && geteuid() == 0 ? drop_capabilities() : 0;

	if (error)
		return error;
	if (!orders->no_network && !orders->no_exec)
		return 0;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return ENOMEM;
	int r = orders->no_network ? add_rules_no_network(filter) : 0;
	if (r == 0 && orders->no_exec)
		r = add_rules_no_exec(filter, path);
	if (r == 0)
		r = seccomp_load(filter); /* sets no_new_privs */
	seccomp_release(filter);
	return -r;
}

static int set_limit(int resource, unsigned long long value)
{
	struct rlimit limit;

	if (value == 0)
		return 0;
	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return errno;
	if (value < limit.rlim_max)
		limit.rlim_max = value;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? errno : 0;
}

/* The address and thread sanitizers reserve terabytes: our own program, started again, cannot have a limit then. */
static bool is_sanitized(const char *path)
{
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return strcmp(path, "/proc/self/exe") == 0;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return strcmp(path, "/proc/self/exe") == 0;
#endif
	(void)path;
	return false;
}

static int set_limits(const struct orders *orders, const char *path)
{
	struct rlimit none = {0};
	int error = set_limit(RLIMIT_FSIZE, orders->file_size);

	if (error == 0)
		error = set_limit(RLIMIT_CPU, orders->cpu_s);
	if (error == 0 && setrlimit(RLIMIT_CORE, &none) < 0)
		error = errno;
	/* Last: from here on our own memory may be over the limit. */
	return error || is_sanitized(path) ? error : set_limit(RLIMIT_AS, orders->memory);
}

/* The death signal, and a look whether the parent died before it was set. */
static int bind_to_parent(int parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return errno;
	return getppid() == parent ? 0 : ESRCH;
}

static _Noreturn void shim(int argc, char **argv)
{
	static char path[PATH_MAX]; /* its address matters: add_rules_no_exec */
	struct orders orders = {0};
	int error;

	if (argc < 3 || sscanf(argv[1], "%d %d %llu %llu %u %d %d %d", &orders.parent,
			       &orders.report_fd, &orders.memory, &orders.file_size, &orders.cpu_s,
			       &orders.no_network, &orders.no_exec, &orders.files_only) != 8)
		_exit(127);
	/* Libraries may have opened descriptors without close-on-exec. */
	(void)close_range((unsigned)orders.report_fd + 1, ~0U, 0);
	if (fcntl(orders.report_fd, F_SETFD, FD_CLOEXEC) < 0)
		_exit(127);
	error = bind_to_parent(orders.parent);
	if (error)
		give_up(orders.report_fd, SHIM_STEP_PARENT, error);
	error = find_program(argv[2], path);
	if (error)
		give_up(orders.report_fd, SHIM_STEP_EXECUTE, error);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		give_up(orders.report_fd, SHIM_STEP_SANDBOX, errno);
	error = shut_in(&orders, path);
	if (error)
		give_up(orders.report_fd, SHIM_STEP_SANDBOX, error);
	error = set_limits(&orders, path);
	if (error)
		give_up(orders.report_fd, SHIM_STEP_LIMITS, error);
	execv(path, argv + 2);
	give_up(orders.report_fd, SHIM_STEP_EXECUTE, errno);
}

void child_init(int argc, char **argv)
{
	if (argc > 0 && strcmp(argv[0], SHIM_NAME) == 0)
		shim(argc, argv);
	/* Whoever started us may have ignored it: then children could not be waited for. */
	(void)signal(SIGCHLD, SIG_DFL);
}
