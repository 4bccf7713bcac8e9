/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent makes itself at home in a guest without leaving a trace, and how it takes a newer self. */
#ifndef ASSAY_GUEST_RESIDENT_H
#define ASSAY_GUEST_RESIDENT_H

#include <stdbool.h>

#include "base/err.h"

/* True when this process runs from memory, not from a file of the guest. */
bool resident_is_in_memory(void);

/* Executes a copy of this program from memory with the same arguments. Returns only when that cannot be done. */
void resident_move_to_memory(char **argv) NONNULL(1);

/* Executes these bytes as the agent, with `serve --fd FD` and FD kept open; returns a negative errno when that fails. */
int resident_execute(const void *bytes, size_t length, int port_fd, struct err *e) NONNULL(1, 4);

/* Unmounts the folder that the agent was started from, and removes it when it is empty. */
void resident_leave_media(const char *folder) NONNULL(1);

/* Leaves what started us: a child lives on, outside of the starter's session, control group and mount namespace, spared by
 * the out-of-memory killer; this process ends once all that is done. Returns in the child. */
void resident_detach(void);

/* Sets the clock, and mixes entropy into the kernel's pool at once: for a fork that was just woken. Failures do not matter
 * enough to hold it up. */
void resident_wake(unsigned long long wall_ns, const void *entropy, size_t length);

#endif
