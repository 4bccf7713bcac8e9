/* SPDX-License-Identifier: Apache-2.0 */
/* The folder in which a program that is a case lies in the guest: filled by the host over the port, gone with the case. */
#ifndef ASSAY_GUEST_PROGRAM_FOLDER_H
#define ASSAY_GUEST_PROGRAM_FOLDER_H

#include "guest/call.h"

/* program-begin and program-file. */
extern const struct call_verb call_program_verbs[];

/* Removes it with all that is in it; no-op when there is none. */
void program_folder_clear(void);

#endif
