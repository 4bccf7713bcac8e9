/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is something in the system's logs? The files of the journal and all of /var/log are searched for the bytes, so nothing
 * has to understand their formats. (The journal compresses entries of more than 512 bytes: look for short ones.)
 *
 *	CHECK(t, !logs_hold(t, "the password"));
 */
#ifndef ASSAY_KIT_LOGS_H
#define ASSAY_KIT_LOGS_H

#include "guest/kit/case.h"

bool logs_hold(struct trial *t, const char *token);

#endif
