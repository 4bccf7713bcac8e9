/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's and udev's announcements of devices. */
#include "guest/kit/uevent.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

#define GROUP_KERNEL 1U
#define GROUP_UDEV   2U
#define LOOK_MS	     100

int uevent_open(void)
{
	const struct sockaddr_nl all = {.nl_family = AF_NETLINK,
					.nl_groups = GROUP_KERNEL | GROUP_UDEV};
	int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&all, sizeof all) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool uevent_wait(int fd, uint64_t until_ns)
{
	struct pollfd heard = {.fd = fd, .events = POLLIN};
	uint64_t now_ns = clock_now_ns();
	char ignored[8192];

	if (now_ns >= until_ns)
		return false;
	uint64_t left_ms = (until_ns - now_ns) / NS_PER_MS + 1;
	(void)poll(&heard, 1, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
	while (fd >= 0 && recv(fd, ignored, sizeof ignored, 0) > 0)
		;
	return true;
}
