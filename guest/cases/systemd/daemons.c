/* SPDX-License-Identifier: Apache-2.0 */
/* The daemons that everything else stands on: logging, devices, and being started again. */
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"
#include "guest/kit/logs.h"
#include "guest/kit/systemd.h"
#include "guest/kit/udev.h"

#define PATIENCE_NS (15 * NS_PER_S)

/* ---- logging ---- */

CASE(systemd, log_message_is_stored, .title = "A message sent to the system log can be read back",
     .priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 60,
     .why = "Without a log nothing that goes wrong later can be understood.",
     .remedy = "Check the log daemon, the socket /dev/log and the room below /var/log.",
     .sources = "own")
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	const char *token =
		case_format(t, "assay-token-%d-%llu", getpid(), (unsigned long long)clock_now_ns());
	const char *message = case_format(t, "<13>assay: %s", token);
	uint64_t until_ns = clock_now_ns() + PATIENCE_NS;
	bool is_stored;

	if (!file_exists(t, address.sun_path))
		case_skip(t, "systemd", "the system has no log socket");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	REQUIRE_OK(t, connect(fd, (const struct sockaddr *)&address, sizeof address));
	REQUIRE_OK(t, send(fd, message, strlen(message), 0));
	close(fd);
	while (!(is_stored = logs_hold(t, token)) && pause_until(until_ns, 100))
		;
	CHECK(t, is_stored);
}

SABOTAGE(systemd, log_message_is_stored, "the log daemon is frozen")
{
	pid_t pid = process_find(t, "systemd-journal", 1);

	if (pid < 0)
		pid = process_find(t, "rsyslogd", 0);
	if (pid < 0)
		case_broken(t, "no log daemon is known here");
	helper_signal(t, pid, SIGSTOP, SIGCONT);
}

/* ---- devices ---- */

/* Waits until udev passes on an event of that device to its listeners. */
static bool udev_passes_on(int fd, const char *device, uint64_t until_ns)
{
	char buf[16384];

	while (clock_now_ns() < until_ns) {
		ssize_t length = recv(fd, buf, sizeof buf, 0);
		/* A binary header, then "KEY=value\0"…: the path is among them. */
		if (length > 0 && memmem(buf, (size_t)length, device, strlen(device)))
			return true;
	}
	return false;
}

#define UDEV_GROUP 2 /* of kernel events; 1 is the kernel's own */

CASE(systemd, udev_processes_events, .title = "A triggered device event is handled", .priority = P1,
     .isolation = ISOLATION_FORK, .timeout_s = 60,
     .why = "Disks, networks and their names appear by such events only.",
     .remedy = "Check systemd-udevd and its log for a rule that hangs.", .sources = "own")
{
	const struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = UDEV_GROUP};
	const struct timeval second = {.tv_sec = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	udev_required(t);
	REQUIRE_OK(t, bind(fd, (const struct sockaddr *)&group, sizeof group));
	REQUIRE_OK(t, setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second));
	REQUIRE_OK(t, knob_write("/sys/class/mem/null/uevent", "change"));
	CHECK(t, udev_passes_on(fd, "/devices/virtual/mem/null", clock_now_ns() + PATIENCE_NS));
	close(fd);
}

SABOTAGE(systemd, udev_processes_events, "the device daemon is frozen")
{
	pid_t pid = process_find(t, "systemd-udevd", 1);

	if (pid < 0)
		pid = process_find(t, "(udev-worker)", 1);
	if (pid < 0)
		case_broken(t, "the device daemon is not running");
	helper_signal(t, pid, SIGSTOP, SIGCONT);
}

/* ---- being started again ---- */

#define DAEMON	       "systemd-logind"
#define DROP_IN_FOLDER "/run/systemd/system/" DAEMON ".service.d"

CASE(systemd, killed_service_restarts, .title = "A killed essential service comes back by itself",
     .priority = P1, .isolation = ISOLATION_FORK, .needs = "systemd", .timeout_s = 180,
     .why = "One crash of a daemon must not leave the machine without devices, log or login.",
     .remedy = "Set Restart= in the service's unit.", .sources = "own")
{
	pid_t before = process_find(t, DAEMON, 1), after;
	uint64_t until_ns = clock_now_ns() + PATIENCE_NS;

	if (before < 0)
		case_skip(t, "cmd:" DAEMON, "it is not running");
	REQUIRE_OK(t, kill(before, SIGKILL));
	while (((after = process_find(t, DAEMON, 1)) < 0 || after == before) &&
	       pause_until(until_ns, 100))
		;
	CHECK(t, after > 0 && after != before);
}

static void remove_drop_in(void *arg UNUSED)
{
	(void)unlink(DROP_IN_FOLDER "/assay.conf");
	(void)rmdir(DROP_IN_FOLDER);
	(void)kill(1, SIGHUP);
}

SABOTAGE(systemd, killed_service_restarts, "the service is told not to come back")
{
	uint64_t until_ns = clock_now_ns() + 60 * NS_PER_S;

	(void)mkdir("/run/systemd/system", 0755);
	(void)mkdir(DROP_IN_FOLDER, 0755);
	int fd = open(DROP_IN_FOLDER "/assay.conf", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	bool is_written = fd >= 0 && write(fd, "[Service]\nRestart=no\n", 21) == 21;
	if (fd >= 0)
		close(fd);
	case_defer(t, remove_drop_in, NULL);
	/* To the service manager this signal means to read its files again; asked over its socket, it answers too late. */
	if (!is_written || kill(1, SIGHUP) < 0)
		case_broken(t, "the unit cannot be changed: %m");
	while (strcmp(systemd_unit_property(t, DAEMON ".service", "Service", "Restart"), "no") !=
	       0) {
		if (!pause_until(until_ns, 200))
			case_broken(t, "the unit has not changed");
	}
}
