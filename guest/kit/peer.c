/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of the machine's network, and who in the guest deals with it. */
#include "guest/kit/peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/if_addr.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/wait.h"
#include "guest/kit/helper.h"

#define NICS_MAX      64
#define ECHO_PORT     7
#define TRY_NS	      (5 * NS_PER_S)
#define BETWEEN_NS    (200 * NS_PER_MS)
#define COMM_SIZE     17
#define FREEZE_MS     50
#define ADDRESSES_MAX 65536

static const char message[] = "assay echo";

bool peer_nic(struct trial *t, unsigned number, struct nic *ret)
{
	const char *wanted = peer_planned(t, "mac", number);
	struct nic *nics = case_alloc(t, NICS_MAX * sizeof *nics);
	unsigned count = nics_list(t, nics, NICS_MAX);

	for (unsigned i = 0; i < count; i++) {
		const unsigned char *mac = nics[i].mac;
		const char *own = case_format(t, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
					      mac[2], mac[3], mac[4], mac[5]);
		if (strcmp(own, wanted) != 0)
			continue;
		*ret = nics[i];
		return true;
	}
	return false;
}

const char *peer_planned(struct trial *t, const char *what, unsigned number)
{
	const char *key = case_format(t, "%s%u", what, number);
	const char *value = plan_text(t, key, NULL);

	if (!value)
		case_broken(t, "the plan does not tell %s", key);
	return value;
}

/* ---- echo ---- */

static bool echo_comes_back(int fd, const struct patience *p)
{
	char back[sizeof message];
	struct err e = {0};

	return wait_fd(p, fd, POLLOUT, "the connection", &e) == 0 &&
	       wait_write(p, fd, message, sizeof message, "the echo", &e) == 0 &&
	       wait_read(p, fd, back, sizeof back, "the echo", &e) == 0 &&
	       memcmp(back, message, sizeof back) == 0;
}

static bool try_echo(const struct sockaddr_in *to, const struct patience *p)
{
	struct patience one = patience_within(p, TRY_NS);
	CLEAN_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    (connect(fd, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS))
		return false;
	return echo_comes_back(fd, &one);
}

bool peer_echoes(const char *address, unsigned seconds)
{
	struct patience p = patience_for(-1, seconds * NS_PER_S);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(ECHO_PORT)};
	struct err e = {0};

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return false;
	do {
		if (try_echo(&to, &p))
			return true;
	} while (wait_span(&p, BETWEEN_NS, "the network", &e) == 0);
	return false;
}

/* ---- IPv6 ---- */

bool nic_has_address6(const char *name, const struct in6_addr *prefix)
{
	CLEAN_TEXT struct text all = TEXT_INIT(ADDRESSES_MAX);
	unsigned length, flags;
	char hex[33], wanted[17], own[16];

	if (text_read_file(&all, "/proc/self/net/if_inet6") < 0)
		return false;
	for (int i = 0; i < 8; i++)
		(void)snprintf(wanted + 2 * (ptrdiff_t)i, 3, "%02x", prefix->s6_addr[i]);
	for (const char *at = all.buf;
	     sscanf(at, "%32s %*x %x %*x %x %15s", hex, &length, &flags, own) == 4;
	     at += strspn(at, "\n"), at += strcspn(at, "\n")) {
		if (has_prefix(hex, wanted) && strcmp(own, name) == 0 &&
		    !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			return true;
	}
	return false;
}

/* ---- daemons ---- */

/* Names as the kernel keeps them: 15 characters. */
static const char *const link_managers[] = {"systemd-network", "NetworkManager", "dhcpcd",
					    "connmand",	       "wickedd-dhcp4",	 NULL};
static const char *const other_managers[] = {"dhclient", "udhcpc", NULL};

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* Sends the signal to all of those names, and gives the first of them; -1: none. Over the real /proc: who runs is no file
 * that a sabotage replaces. */
static pid_t signal_processes(const char *const *names, int signal)
{
	DIR *proc = opendir("/proc");
	pid_t found = -1;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		CLEAN_TEXT struct text comm = TEXT_INIT(COMM_SIZE);
		char path[300];
		long long pid;
		if (number_parse(entry->d_name, 1, 1 << 22, &pid) < 0)
			continue;
		(void)snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
		if (text_read_file(&comm, path) < 0 || comm.length == 0)
			continue;
		comm.buf[strcspn(comm.buf, "\n")] = '\0';
		if (!is_one_of(comm.buf, names) || kill((pid_t)pid, signal) < 0)
			continue;
		if (found < 0)
			found = (pid_t)pid;
	}
	if (proc)
		closedir(proc);
	return found;
}

static pid_t find_process(const char *const *names)
{
	return signal_processes(names, 0);
}

pid_t link_manager(void)
{
	return find_process(link_managers);
}

pid_t network_manager(void)
{
	pid_t pid = link_manager();

	return pid > 0 ? pid : find_process(other_managers);
}

/* A manager may have DHCP clients that work for it, and some have one for each NIC. */
bool freeze_network_managers(void)
{
	pid_t manager = signal_processes(link_managers, SIGSTOP);
	pid_t client = signal_processes(other_managers, SIGSTOP);

	return manager > 0 || client > 0;
}

void keep_frozen(bool (*freeze)(void))
{
	for (;;) {
		(void)freeze();
		(void)pause_until(UINT64_MAX, FREEZE_MS);
	}
}

/* ---- settings ---- */

static int set_number(int fd, struct ifreq *request, unsigned long what, const char *number)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, number, &address.sin_addr) != 1)
		return -EINVAL;
	memcpy(&request->ifr_addr, &address, sizeof address);
	return ioctl(fd, (int)what, request) < 0 ? -errno : 0;
}

int nic_set_address(const char *name, const char *address, const char *netmask)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	if (fd < 0)
		return -errno;
	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	int r = set_number(fd, &request, SIOCSIFADDR, address);
	if (r == 0 && strcmp(address, "0.0.0.0") != 0)
		r = set_number(fd, &request, SIOCSIFNETMASK, netmask);
	return r;
}

int nic_set_up(const char *name, bool up)
{
	CLEAN_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = {0};

	if (fd < 0)
		return -errno;
	(void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}
