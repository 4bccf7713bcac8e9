/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent as /sbin/modprobe of a micro-VM: the kernel asks that program for what it lacks (`modprobe -q -- net-pf-38`), and a
 * kernel that cannot have its modules cannot be judged. It knows the text indexes that depmod writes, and nothing else.
 */
#ifndef ASSAY_GUEST_MODPROBE_H
#define ASSAY_GUEST_MODPROBE_H

#include "base/text.h"

/* True when the program was started under that name. */
bool modprobe_is_meant(const char *argv0) NONNULL(1);

/* Returns an exit status. */
int modprobe_main(int argc, char **argv) NONNULL(2);

/* Adds the paths of modules.dep that have to be loaded for a module, one a line, in their order. -ENOENT: there is none. */
int modprobe_plan(const char *dep, const char *module, struct text *out) NONNULL(1, 2, 3);

/* Adds the modules that modules.alias has for that name, one a line. */
void modprobe_aliases(const char *aliases, const char *name, struct text *out) NONNULL(1, 2, 3);

#endif
