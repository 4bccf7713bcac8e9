/* SPDX-License-Identifier: Apache-2.0 */
/* dpkg's status file of a tree, as far as it can be relied on. */
#ifndef ASSAY_KIT_DPKG_STATUS_H
#define ASSAY_KIT_DPKG_STATUS_H

#include "guest/kit/case.h"
#include "guest/kit/dpkg.h"

/* Skips the case (need distro:debian-like) when there is none, and breaks it when the file is empty or not whole: who looks
 * for something in it would not find what is gone. */
const char *dpkg_status(struct trial *t) __attribute__((returns_nonnull)) NONNULL(1);

/* What is wrong with the file as such: "is empty", "is cut off"; NULL: nothing. */
const char *dpkg_status_problem(const char *text) NONNULL(1);

#endif
