/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for devices to come and go: the kernel tells of each over a netlink socket, and udev when it has done with it.
 *
 *	CLEAN_FD int fd = uevent_open();
 *	while (!is_there() && uevent_wait(fd, until_ns))
 *		;
 */
#ifndef ASSAY_KIT_UEVENT_H
#define ASSAY_KIT_UEVENT_H

#include <stdbool.h>
#include <stdint.h>

/* A socket that hears of devices from now on; -1 where there is none to be had: then uevent_wait looks at the clock alone. */
int uevent_open(void);

/* Returns when something was heard, or after a short while, for not all that is waited for is told; false when the time (of
 * clock_now_ns) is over. */
bool uevent_wait(int fd, uint64_t until_ns);

#endif
