/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accelerators are proved, not assumed: /dev/kvm may be there and still not run a kernel. A tiny guest must get to
 * 64-bit mode, take interrupts, go to user mode and back, and report, within seconds. The answer is remembered in the
 * cache folder for this kernel, QEMU and CPU.
 *
 *	r = accel_choose(ACCEL_AUTO, NULL, cache_folder, &patience, &accel, e);
 */
#ifndef ASSAY_HOST_MACHINE_ACCEL_H
#define ASSAY_HOST_MACHINE_ACCEL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/wait.h"
#include "host/driver/spec.h"

enum accel_refusal {
	ACCEL_REFUSED_ABSENT,	 /* no device */
	ACCEL_REFUSED_FORBIDDEN, /* not for this user */
	ACCEL_REFUSED_FAILED,	 /* it is there, and guests do not run on it */
};

struct accel_answer {
	bool proved, remembered;
	enum accel_refusal refusal; /* when it is not proved */
	char sentence[400];	    /* for people: "kvm runs guests", or why it does not */
};

/* Asks (or remembers) whether KVM or TCG runs guests here by that QEMU program (NULL: the usual one). cache_folder NULL: nothing is remembered. An error only when
 * the question could not be asked, as when QEMU is missing. */
int accel_probe(enum accel accel, const char *program, const char *cache_folder,
		const struct patience *p, struct accel_answer *ret, struct err *e) NONNULL(4, 5, 6);

/* The next question is asked anew, by whatever program. */
void accel_forget(const char *cache_folder) NONNULL(1);

/* AUTO: KVM when it is proved, else TCG. One asked for by name must be proved: -ENOTSUP (blame host) says why not. */
int accel_choose(enum accel wanted, const char *program, const char *cache_folder,
		 const struct patience *p, enum accel *ret, struct err *e) NONNULL(4, 5, 6);

#endif
