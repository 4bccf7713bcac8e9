/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a machine's network, seen from the driver: the process assay-netpeer, started before QEMU and living as
 * long as the machine does.
 *
 *	r = netpeer_start(&setup, &netpeer, e);
 *	... QEMU gets netpeer_nic_fd(netpeer, 0) ...
 *	r = netpeer_ask(netpeer, "count dhcp-request", -1, e);
 *	... wait until netpeer_answer_fd(netpeer) is readable ...
 *	r = netpeer_answer(netpeer, &answer, e);                      ("2 10.0.2.15 id 01…"; -EAGAIN: wait again)
 *	netpeer_free(netpeer);
 */
#ifndef ASSAY_HOST_DRIVER_QEMU_NETPEER_H
#define ASSAY_HOST_DRIVER_QEMU_NETPEER_H

#include "base/err.h"
#include "base/text.h"

struct netpeer;

/* What the record of the frames is called in the machine's folder, once it is kept. */
#define NETPEER_CAPTURE "network.pcap"
#define CABLES_CAPTURE	"cables.pcap"

/* How many wires a machine with so many NICs gets: some are for those that are plugged in while it runs. */
unsigned netpeer_nics(unsigned nics);

/* `folder` is the machine's, agent_path may be NULL: the program is looked for around it too. */
int netpeer_start(const char *folder, const char *agent_path, unsigned nics, struct netpeer **ret,
		  struct err *e) NONNULL(1, 4, 5);
/* The same program as cables between machines: the ends of cable n are NICs 2n and 2n + 1, and what can be asked is in
 * netpeer/cabling.h. */
int netpeer_start_cables(const char *folder, const char *agent_path, unsigned cables,
			 struct netpeer **ret, struct err *e) NONNULL(1, 4, 5);
/* Ends it; takes NULL. */
void netpeer_free(struct netpeer *netpeer);

/* QEMU's end of a NIC's wire; it stays open here, for QEMU may be started again. */
int netpeer_nic_fd(const struct netpeer *netpeer, unsigned nic) NONNULL(1);

/* Asks (see netpeer/control.h; without the number), with a descriptor or -1. What was asked before is not answered any
 * more. -ECONNRESET (blame host): it has ended. */
int netpeer_ask(struct netpeer *netpeer, const char *question, int fd, struct err *e)
	NONNULL(1, 2, 4);
int netpeer_answer_fd(const struct netpeer *netpeer) NONNULL(1);
/* Takes the answer when it is there, without waiting (-EAGAIN), and adds its words. -EREMOTEIO (blame guest): it says no,
 * with its sentence. */
int netpeer_answer(struct netpeer *netpeer, struct text *answer, struct err *e) NONNULL(1, 2, 3);

/* Gives the record of the frames so far a name in the machine's folder. */
int netpeer_keep_capture(struct netpeer *netpeer, struct err *e) NONNULL(1, 2);

#endif
