/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing network interfaces and addresses through rtnetlink(7), for no tool need be there.
 *
 *	struct netlink request;
 *	struct ifinfomsg link = {.ifi_index = index};
 *	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
 *	netlink_u32(&request, IFLA_MTU, 9000);
 *	r = netlink_do(fd, &request);                     (0, or -errno as the kernel says)
 */
#ifndef ASSAY_KIT_NETLINK_H
#define ASSAY_KIT_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/scope.h"

#define NETLINK_REQUEST_MAX 2048

struct netlink {
	size_t length;
	bool is_full; /* something did not fit: netlink_do refuses */
	_Alignas(4) char bytes[NETLINK_REQUEST_MAX];
};

/* A socket for requests, for the network namespace that this process is in now; or -errno. */
int netlink_open(void);

/* Begins a request: its type and flags (NLM_F_CREATE …), and the family's header. */
void netlink_begin(struct netlink *request, unsigned type, unsigned flags, const void *header,
		   size_t size) NONNULL(1, 4);
/* Adds an attribute. */
void netlink_add(struct netlink *request, unsigned type, const void *data, size_t size)
	NONNULL(1, 3);
void netlink_text(struct netlink *request, unsigned type, const char *text) NONNULL(1, 3);
void netlink_u8(struct netlink *request, unsigned type, unsigned value) NONNULL(1);
void netlink_u16(struct netlink *request, unsigned type, unsigned value) NONNULL(1);
void netlink_u32(struct netlink *request, unsigned type, unsigned value) NONNULL(1);
/* Opens an attribute that holds others; netlink_close gets what this gives. */
size_t netlink_nest(struct netlink *request, unsigned type) NONNULL(1);
void netlink_close(struct netlink *request, size_t nest) NONNULL(1);

/* Sends it and waits for the kernel's word. */
int netlink_do(int fd, struct netlink *request) NONNULL(2);

#endif
