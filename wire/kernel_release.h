/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel's release says, as uname -r has it: "6.12.57+deb13-cloud-amd64" is the version 6.12.57 of the series 6.12, in
 * the flavour cloud-amd64.
 *
 *	char version[KERNEL_VERSION_SIZE];
 *	kernel_release_version("6.1.0-49-amd64", version);      "6.1.0"
 *	kernel_release_flavour("6.1.0-49-amd64");               "amd64"
 */
#ifndef ASSAY_WIRE_KERNEL_RELEASE_H
#define ASSAY_WIRE_KERNEL_RELEASE_H

#define KERNEL_VERSION_SIZE 32

/* The numbers at its beginning; "" when there are none, or too many. */
void kernel_release_version(const char *release, char ret[KERNEL_VERSION_SIZE])
	__attribute__((nonnull));

/* The first two of them. */
void kernel_release_series(const char *release, char ret[KERNEL_VERSION_SIZE])
	__attribute__((nonnull));

/* Its end, from the first part behind the numbers on that begins with a letter and is no release candidate; "" when there is none. */
const char *kernel_release_flavour(const char *release) __attribute__((nonnull));

#endif
