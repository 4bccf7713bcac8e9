/* SPDX-License-Identifier: Apache-2.0 */
/* The program that configures the network: one of them, and what it does when it is started anew. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/nic.h"
#include "guest/kit/systemd.h"

#define SETTLE_NS   (40 * NS_PER_S)
#define STATE_MAX   8192
#define ROUTES_FILE "/proc/net/route"

/* The service of each manager, and the words by which a plan names it. */
static const struct manager {
	const char *service, *name;
} managers[] = {
	{"NetworkManager.service", "NetworkManager"},
	{"connman.service", "connman"},
	{"dhcpcd.service", "dhcpcd"},
	{"networking.service", "ifupdown"},
	{"systemd-networkd.service", "systemd-networkd"},
	{"wicked.service", "wicked"},
};

static bool has_interface_line(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);

	for (const char *line; text && (line = text_line(t, &text));) {
		char name[64];
		if (sscanf(line, " iface %63s", name) == 1 && strcmp(name, "lo") != 0)
			return true;
	}
	return false;
}

/* ifupdown's service is active on systems where it has nothing to configure but the loopback. */
static bool has_work(struct trial *t, const struct manager *manager)
{
	if (strcmp(manager->name, "ifupdown") != 0)
		return true;
	if (has_interface_line(t, "/etc/network/interfaces"))
		return true;
	for (const char *const *name = file_names(t, "/etc/network/interfaces.d"); *name; name++) {
		if (has_interface_line(t, case_format(t, "/etc/network/interfaces.d/%s", *name)))
			return true;
	}
	return false;
}

static bool is_at_work(struct trial *t, const struct manager *manager)
{
	return strcmp(systemd_unit_state(t, manager->service), "active") == 0 &&
	       has_work(t, manager);
}

/* The first one at work; NULL when there is none. */
static const struct manager *manager_at_work(struct trial *t)
{
	for (const struct manager *m = managers; m < managers + ARRAY_LEN(managers); m++) {
		if (is_at_work(t, m))
			return m;
	}
	return NULL;
}

CASE(network, only_declared_manager_is_active,
     .title = "The declared network manager is active and no rival is installed running",
     .priority = P1, .needs = "systemd,nics>=1",
     .why = "Two managers take each other's addresses and routes away, now and then.",
     .remedy =
	     "Disable all but one of them, or name the one that is meant in the policy's network_manager.",
     .sources = "CIV:test_network_manager_is_active,"
		"LISA:verify_network_manager_not_installed,"
		"AZCERT:lisa-std/p3-networkmanager-old-rhel")
{
	const char *declared = plan_text(t, "network_manager", NULL);
	unsigned count = 0;

	for (const struct manager *m = managers; m < managers + ARRAY_LEN(managers); m++) {
		if (!is_at_work(t, m))
			continue;
		note(t, "%s is active", m->service);
		if (++count > 1)
			FAIL(t, "%s is active beside another manager", m->service);
		else if (declared && strcmp(declared, m->name) != 0)
			FAIL(t, "%s is active, and %s is declared", m->service, declared);
	}
	CHECK_GE(t, count, 1);
}

SABOTAGE(network, only_declared_manager_is_active, "the manager is stopped")
{
	const struct manager *manager = manager_at_work(t);

	if (!manager)
		case_broken(t, "there is no manager to be stopped");
	if (strcmp(manager->name, "systemd-networkd") ==
	    0) /* else it would be started by a message */
		sabotage_stop_unit(t, "systemd-networkd.socket");
	sabotage_stop_unit(t, manager->service);
}

/* ---- started anew ---- */

static void add_address(struct text *out, const struct ifaddrs *at)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (!at->ifa_addr || (at->ifa_flags & IFF_LOOPBACK))
		return;
	if (at->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const void *)at->ifa_addr;
		(void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
		(void)text_addf(out, "%s has %s\n", at->ifa_name, text);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Addresses and routes of IPv4, a line each, sorted. (Those of IPv6 that come from the wire may take minutes.) */
static const char *network_state(struct trial *t)
{
	CLEAN_TEXT struct text state = TEXT_INIT(STATE_MAX);
	const char *lines[256], *routes = file_text(t, ROUTES_FILE);
	struct ifaddrs *list = NULL;
	unsigned count = 0;

	(void)getifaddrs(&list);
	for (const struct ifaddrs *at = list; at; at = at->ifa_next)
		add_address(&state, at);
	freeifaddrs(list);
	char name[16];
	unsigned destination, gateway, metric, mask;
	for (const char *line; routes && (line = text_line(t, &routes));) {
		if (sscanf(line, "%15s %x %x %*x %*d %*d %u %x", name, &destination, &gateway,
			   &metric, &mask) == 5)
			(void)text_addf(&state, "%s leads to %08x/%08x by %08x, metric %u\n", name,
					ntohl(destination), ntohl(mask), ntohl(gateway), metric);
	}
	for (const char *at = state.buf, *line;
	     count < ARRAY_LEN(lines) && (line = text_line(t, &at));)
		if (*line)
			lines[count++] = line;
	qsort(lines, count, sizeof *lines, compare_lines);
	const char *sorted = "";
	for (unsigned i = 0; i < count; i++)
		sorted = case_format(t, "%s%s\n", sorted, lines[i]);
	return sorted;
}

CASE(network, manager_restart_keeps_routes,
     .title = "Routes and addresses are identical after a network manager restart", .priority = P1,
     .needs = "nics>=1,systemd", .isolation = ISOLATION_FORK, .timeout_s = 180,
     .why = "Updates restart it: a machine that loses its route then is lost to its owner.",
     .remedy = "Have all of the network in the manager's configuration; look into its log.",
     .sources = "own")
{
	const struct manager *manager = manager_at_work(t);
	const char *before = network_state(t), *after;

	if (!manager)
		case_skip(t, "policy:network", "no network manager is active");
	CHECK_CONTAINS(t, before, " has "); /* an address, and a route to its network at least */
	CHECK_CONTAINS(t, before, " leads to ");
	const char *entered =
		systemd_unit_property(t, manager->service, "Unit", "ActiveEnterTimestampMonotonic");
	REQUIRE(t, systemd_ask(t, "RestartUnit", manager->service, "replace") == 0);
	uint64_t until_ns = clock_now_ns() + SETTLE_NS;
	while (strcmp(systemd_unit_property(t, manager->service, "Unit",
					    "ActiveEnterTimestampMonotonic"),
		      entered) == 0 &&
	       pause_until(until_ns, 100))
		;
	systemd_wait(t, manager->service, "active");
	while (strcmp(after = network_state(t), before) != 0 && pause_until(until_ns, 250))
		;
	CHECK_EQ(t, after, before);
}

struct thief {
	pid_t manager;
	struct nic nic;
};

/* Once the manager's process has ended, takes the interface's address away whenever it comes back. */
static int take_address(void *arg)
{
	const struct thief *thief = arg;
	struct sockaddr_in none = {.sin_family = AF_INET};
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", thief->nic.name);
	memcpy(&request.ifr_addr, &none, sizeof none);
	while (kill(thief->manager, 0) == 0)
		(void)pause_until(UINT64_MAX, 5);
	while (getppid() != 1) {
		(void)ioctl(fd, SIOCSIFADDR, &request);
		(void)pause_until(UINT64_MAX, 20);
	}
	return 0;
}

SABOTAGE(network, manager_restart_keeps_routes, "the new manager does not know the address")
{
	struct thief *thief = case_alloc(t, sizeof *thief);
	const struct manager *manager = manager_at_work(t);
	long long pid = 0;

	if (!manager || nics_list(t, &thief->nic, 1) != 1 ||
	    number_parse(systemd_unit_property(t, manager->service, "Service", "MainPID"), 1,
			 INT32_MAX, &pid) < 0)
		case_broken(t, "there is no manager with a process of its own, or no interface");
	thief->manager = (pid_t)pid;
	(void)helper_start(t, take_address, thief);
}
