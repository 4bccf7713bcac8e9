/* SPDX-License-Identifier: Apache-2.0 */
/* The emulator as a process of the host: what it may do, and what is left when it is killed. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/cases/host_side.h"
#include "host/driver/driver.h"

#define KILLS 10

/* ---- confinement ---- */

/* The number behind that key of /proc/PID/status, -1 when it has none. */
static long long field_of(const char *status, const char *key)
{
	const char *line = status ? strstr(status, key) : NULL;
	unsigned long long value = 0;

	return line && sscanf(line + strlen(key), " %llx", &value) == 1 ? (long long)value : -1;
}

static void check_thread(struct host_trial *t, const char *path)
{
	const char *status = host_side_read(t, path);

	if (!status)
		return;					     /* it has just ended */
	HOST_CHECK_EQ(t, field_of(status, "\nSeccomp:"), 2); /* a filter */
	HOST_CHECK_EQ(t, field_of(status, "\nNoNewPrivs:"), 1);
	if (geteuid() != 0)
		HOST_CHECK_EQ(t, field_of(status, "\nCapEff:"), 0);
}

HOST_CASE(host, emulator_is_confined,
	  .title = "QEMU runs with its system-call sandbox on and gains no privileges",
	  .priority = P2, .isolation = ISOLATION_SHARED, .timeout_s = 10,
	  .sabotage = MACHINE("QEMU runs without its sandbox", "sandbox=off"),
	  .why = "An image that breaks out of the emulator would have the host.",
	  .remedy = "Use a QEMU that is built with seccomp, and start Assay as an ordinary user.",
	  .sources = "own")
{
	pid_t pid = machine_pid(host_machine(t));

	if (pid == 0)
		host_skip(t, "process", "the machine is no process of its own");
	if (geteuid() == 0)
		host_note(t, "Assay was started by root, and so is QEMU root's");
	const char *tasks = host_format(t, "/proc/%d/task", (int)pid);
	const char *const *task = host_side_names(t, tasks);
	HOST_REQUIRE(t, *task != NULL);
	for (; *task; task++)
		check_thread(t, host_format(t, "%s/%s/status", tasks, *task));
}

/* ---- the dead ---- */

static const char *killed_folder(struct host_trial *t)
{
	const char *folder = host_format(t, "%s/killed", machine_spec(host_machine(t))->folder);

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		host_broken(t, "make the folder %s: %m", folder);
	return folder;
}

/* Ends as when the host runs out of memory: the emulator knows nothing of it. */
static int kill_one(const struct machine_spec *spec, const struct patience *p, struct err *e)
{
	struct vm *vm = NULL;
	int r = spec_driver(spec)->start(spec, p, &vm, e);

	if (r < 0)
		return r;
	pid_t pid = spec_driver(spec)->pid(vm);
	if (pid > 0)
		(void)kill(pid, SIGKILL);
	spec_driver(spec)->free(vm);
	return 0;
}

/* True when the process has something of that folder open. */
static bool holds(struct host_trial *t, const char *pid, const char *folder)
{
	const char *fds = host_format(t, "/proc/%s/fd", pid);
	char path[64], target[4096];

	for (const char *const *fd = host_side_names(t, fds); *fd; fd++) {
		(void)snprintf(path, sizeof path, "%s/%s", fds, *fd);
		ssize_t n = readlink(path, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (has_prefix(target, folder))
			return true;
	}
	return false;
}

static bool is_process(const char *name)
{
	return strspn(name, "0123456789") == strlen(name);
}

static void find_holders(struct host_trial *t, const char *folder)
{
	for (const char *const *pid = host_side_names(t, "/proc"); *pid; pid++) {
		if (!is_process(*pid) || !holds(t, *pid, folder))
			continue;
		const char *name = host_side_read(t, host_format(t, "/proc/%s/comm", *pid));
		HOST_FAIL(t, "process %s (%.*s) holds what was a killed machine's", *pid,
			  name ? (int)strcspn(name, "\n") : 0, name ? name : "");
	}
	host_check_passed(t);
}

/* Disks, memory, firmware variables and TPM of a machine are files without a name in its folder: who holds one is found by
 * it, whatever else is started and ended on this host meanwhile. */
HOST_CASE(host, killed_vms_leave_nothing,
	  .title = "Of ten killed machines no process and no file remains", .priority = P2,
	  .isolation = ISOLATION_FORK, .timeout_s = 60,
	  .why = "What dead machines leave fills the host until it fails.",
	  .remedy = "End the processes named; if they come again, it is a defect of Assay.",
	  .sources = "own")
{
	struct machine_spec *spec = host_alloc(t, sizeof *spec);
	const char *folder = killed_folder(t);
	struct err e = {0};

	*spec = *machine_spec(host_machine(t));
	spec->folder = folder;
	if (!spec_driver(spec)->pid)
		host_skip(t, "process", "machines are no processes of their own");
	for (int i = 0; i < KILLS; i++)
		if (kill_one(spec, host_patience(t), &e) < 0)
			host_broken(t, "start machine %d: %s", i + 1, e.text);
	find_holders(t, folder);
	for (const char *const *name = host_side_names(t, folder); *name; name++)
		HOST_FAIL(t, "the file %s remains", *name);
	(void)rmdir(folder);
}

HOST_SABOTAGE(host, killed_vms_leave_nothing, "a process goes on that holds the machines' folder")
{
	const char *const argv[] = {"sleep", "600", NULL};
	int folder = open(killed_folder(t), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct child_fd fds[] = {{folder, 10}};
	struct child_spec spec = {.argv = argv, .fds = fds, .fd_count = 1};
	struct err e = {0};
	int r = folder < 0 ? -errno : child_start(&spec, host_side_left(t), &e);

	(void)close(folder);
	if (r < 0)
		host_broken(t, "leave a process: %s", e.text);
}
