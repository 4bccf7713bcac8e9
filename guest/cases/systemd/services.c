/* SPDX-License-Identifier: Apache-2.0 */
/* Services that must run, services that must not, and who may command them. */
#include "base/clock.h"
#include "guest/kit/bus.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/line.h"
#include "guest/kit/seccomp.h"
#include "guest/kit/systemd.h"

/* Each where it is installed; what the image masks it does not want. */
#define REQUIRED                                                                                   \
	"dbus.service dbus-broker.service systemd-journald.service systemd-logind.service "        \
	"systemd-udevd.service ssh.service sshd.service cron.service crond.service"
/* They carry passwords in clear, or open the machine to its network. */
#define FORBIDDEN                                                                                  \
	"telnet.socket telnetd.service inetutils-telnetd.service inetd.service xinetd.service "    \
	"rsh.socket rlogin.socket rexec.socket rsh.service rlogin.service rexec.service "          \
	"tftp.socket tftpd-hpa.service atftpd.service vsftpd.service proftpd.service "             \
	"rpcbind.socket rpcbind.service ypserv.service ypbind.service nis.service "                \
	"cups.service cups-browsed.service avahi-daemon.service snmpd.service"

typedef void service_fn(struct trial *t, const char *unit);

static void each_word(struct trial *t, const char *list, service_fn *fn)
{
	while (*(list += strspn(list, " ,"))) {
		size_t length = strcspn(list, " ,");
		fn(t, case_format(t, "%.*s", (int)length, list));
		list += length;
	}
}

static bool is_installed(struct trial *t, const char *unit)
{
	return strcmp(systemd_unit_property(t, unit, "Unit", "LoadState"), "loaded") == 0;
}

/* A unit may be named twice (an alias), and one that starts on demand may not have been asked for. */
static bool is_wanted(struct trial *t, const char *unit)
{
	const char *state = systemd_unit_property(t, unit, "Unit", "UnitFileState");

	return strcmp(state, "disabled") != 0 && strcmp(state, "indirect") != 0 &&
	       strcmp(systemd_unit_property(t, unit, "Unit", "ConditionResult"), "true") == 0;
}

static void check_required(struct trial *t, const char *unit)
{
	bool is_declared = plan_text(t, "required_services", NULL) != NULL;

	if (!is_declared && (!is_installed(t, unit) || !is_wanted(t, unit)))
		return;
	const char *state = systemd_unit_state(t, unit);
	if (strcmp(state, "active") == 0)
		check_passed(t);
	else
		FAIL(t, "%s is %s", unit, state);
}

CASE(systemd, required_services_are_active, .title = "Every service on the required list is active",
     .priority = P0, .needs = "systemd",
     .why = "What the image was built to do needs them; one that ended without an error shows nowhere else.",
     .remedy =
	     "Read the service's log (journalctl -u UNIT), or correct the policy's required_services.",
     .sources = "own")
{
	each_word(t, plan_text(t, "required_services", REQUIRED), check_required);
}

SABOTAGE(systemd, required_services_are_active, "the login service is stopped")
{
	sabotage_stop_unit(t, "systemd-logind.service");
}

static void check_forbidden(struct trial *t, const char *unit)
{
	const char *state = systemd_unit_state(t, unit);

	if (strcmp(state, "active") == 0 || strcmp(state, "activating") == 0)
		FAIL(t, "%s is %s", unit, state);
	else
		check_passed(t);
}

CASE(systemd, forbidden_services_are_inactive,
     .title = "Every service on the forbidden list is off or masked", .priority = P1,
     .needs = "systemd",
     .why = "They send passwords in clear or answer anybody: a server image has no use for them.",
     .remedy =
	     "Remove the package, or disable the service; or give the policy a list of forbidden_services of its own.",
     .sources = "own")
{
	each_word(t, plan_text(t, "forbidden_services", FORBIDDEN), check_forbidden);
}

SABOTAGE(systemd, forbidden_services_are_inactive, "a service of that name runs")
{
	sabotage_unit(t, "inetd.service",
		      "[Unit]\nDescription=Not what it says\n[Service]\nExecStart=/bin/sleep 600\n",
		      "active");
}

/* ---- who may command them ---- */

#define SYSTEM_BUS "/run/dbus/system_bus_socket"
#define MANAGER	   "org.freedesktop.systemd1"
#define NOBODY	   65534

enum { REFUSED, OBEYED, NO_BUS };

/* As an ordinary user, asks the service manager to read its files again: harmless, and for root alone. */
static int command_manager(void *arg UNUSED)
{
	const struct patience p = patience_for(-1, 20 * NS_PER_S);
	const struct bus_call hello = {.destination = "org.freedesktop.DBus",
				       .path = "/org/freedesktop/DBus",
				       .interface = "org.freedesktop.DBus",
				       .member = "Hello"};
	const struct bus_call reload = {.destination = MANAGER,
					.path = "/org/freedesktop/systemd1",
					.interface = MANAGER ".Manager",
					.member = "Reload"};
	struct bus_reader reply;
	struct bus *bus = NULL;
	struct err e = {0};

	if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0 ||
	    bus_open(SYSTEM_BUS, &p, &bus, &e) < 0 || bus_ask(bus, &hello, &p, &reply, &e) < 0)
		return NO_BUS;
	int r = bus_ask(bus, &reload, &p, &reply, &e);
	bus_free(bus);
	return r == 0 ? OBEYED : r == -EREMOTEIO ? REFUSED : NO_BUS;
}

CASE(systemd, dbus_refuses_unprivileged_calls,
     .title = "The system bus denies an ordinary user privileged calls", .priority = P1,
     .needs = "systemd", .isolation = ISOLATION_FORK,
     .why = "Who may command the service manager is root.",
     .remedy = "Look for rules that allow too much in /etc/dbus-1/system.d and in polkit's rules.",
     .sources = "own")
{
	if (!file_exists(t, SYSTEM_BUS))
		case_skip(t, "cmd:dbus-daemon", "there is no system bus");
	int status = helper_run(t, command_manager, NULL);
	REQUIRE(t, WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_BUS)
		case_broken(t, "the system bus did not answer an ordinary user");
	CHECK_EQ(t, WEXITSTATUS(status), REFUSED);
}

SABOTAGE(systemd, dbus_refuses_unprivileged_calls, "the ordinary user is root after all")
{
	sabotage_syscall(t, SYS_setresuid, 0);
}
