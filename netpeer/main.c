/* SPDX-License-Identifier: Apache-2.0 */
/* assay-netpeer: the other end of one machine's network, or the cables between machines. The host starts it with all the
 * descriptors that it will have. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/text.h"
#include "netpeer/cabling.h"
#include "netpeer/control.h"
#include "netpeer/sandbox.h"
#include "wire/netpeer.h"

static int serve(struct control *control)
{
	struct peer *peer = control->peer;

	for (;;) {
		struct pollfd polled[1 + NETWORK_NICS_MAX + RELAYS_MAX];
		unsigned count = 0;

		polled[count++] = (struct pollfd){.fd = control->fd, .events = POLLIN};
		for (unsigned i = 0; i < peer->wire_count; i++)
			polled[count++] =
				(struct pollfd){.fd = peer->wires[i].fd, .events = POLLIN};
		count += relays_poll(&peer->relays, polled + count);
		if (poll(polled, count, peer_timeout_ms(peer, clock_now_ns())) < 0 &&
		    errno != EINTR)
			return 1;
		if (polled[0].revents && !control_take(control))
			return 0; /* the host is gone */
		peer_run(peer, clock_now_ns());
		control_run(control);
	}
}

/* lwIP's sequence numbers and ports come from rand(). */
static bool seed(void)
{
	unsigned number = 0;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		return false;
	srand(number);
	return true;
}

static int serve_cables(const int *fds, unsigned count)
{
	static struct cabling cabling;
	struct cabling_control control = {NETPEER_CONTROL_FD, &cabling};

	cabling_init(&cabling, fds, count, NETPEER_CAPTURE_FD);
	if (!sandbox_shut())
		return NETPEER_EXIT_SANDBOX;
	for (;;) {
		struct pollfd polled[1 + NETWORK_NICS_MAX];

		polled[0] = (struct pollfd){.fd = control.fd, .events = POLLIN};
		for (unsigned i = 0; i < count; i++)
			polled[1 + i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
		if (poll(polled, 1 + count, cabling_timeout_ms(&cabling, clock_now_ns())) < 0 &&
		    errno != EINTR)
			return 1;
		if (polled[0].revents && !cabling_control_take(&control))
			return 0; /* the host is gone */
		cabling_run(&cabling, clock_now_ns());
	}
}

int main(int argc, char **argv)
{
	static struct peer peer;
	struct control control;
	int fds[NETWORK_NICS_MAX];
	bool joins = argc == 3 && strcmp(argv[1], NETPEER_CABLES) == 0;
	long long count;

	if ((argc != 2 && !joins) ||
	    number_parse(argv[argc - 1], 1, NETWORK_NICS_MAX, &count) < 0 ||
	    (joins && count % 2 != 0)) {
		(void)fprintf(stderr, "assay-netpeer is started by assay, for each machine whose "
				      "network it ends, and for cables between machines\n");
		return NETPEER_EXIT_USAGE;
	}
	for (int i = 0; i < count; i++)
		fds[i] = NETPEER_NIC_FD + i;
	if (joins)
		return serve_cables(fds, (unsigned)count);
	if (!seed() || !peer_init(&peer, fds, (unsigned)count, NETPEER_CAPTURE_FD))
		return NETPEER_EXIT_START;
	control_init(&control, NETPEER_CONTROL_FD, &peer);
	if (!sandbox_shut())
		return NETPEER_EXIT_SANDBOX;
	return serve(&control);
}
