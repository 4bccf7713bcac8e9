/* SPDX-License-Identifier: Apache-2.0 */
/* The tiny guest with which an accelerator is proved. */
#ifndef ASSAY_HOST_MACHINE_ACCEL_GUEST_H
#define ASSAY_HOST_MACHINE_ACCEL_GUEST_H

#include "base/scope.h"

#define ACCEL_GUEST_ROM_SIZE 65536
#define ACCEL_GUEST_SAYS     "RPLMTU."
#define ACCEL_GUEST_MEM_MIB  64

/* Writes its ROM, for QEMU's -bios. */
void accel_guest_rom(unsigned char rom[ACCEL_GUEST_ROM_SIZE]) NONNULL(1);

/* The last step that it got to, from what it said: "entering 64-bit mode"; NULL: none. */
const char *accel_guest_step(const char *said) NONNULL(1);

#endif
