/* SPDX-License-Identifier: Apache-2.0 */
/* Disks for this folder's tests, made by the tools that make real ones. */
#ifndef ASSAY_HOST_IMAGE_DISK_FOR_TEST_H
#define ASSAY_HOST_IMAGE_DISK_FOR_TEST_H

#include "base/scope.h"

/* A path in the test's folder; the caller frees it. */
char *in_test_folder(const char *name) NONNULL(1);

/* Runs a program (found in sbin too) with up to 15 arguments, NULL at the end; skips the test when it is not installed. */
void run_tool(const char *const *argv) NONNULL(1);

/* Writes a file in the test's folder with the folders above it. */
void make_file(const char *name, const char *content) NONNULL(1, 2);

/*
 * A raw disk of 64 MiB: GPT, an EFI system partition (FAT) with a boot loader at 1 MiB, and from 33 MiB on an ext4
 * filesystem with what lies in the test's folder below root/. `path` is as of in_test_folder.
 */
#define TEST_ROOT_OFFSET (33ULL << 20)
void make_disk(const char *path) NONNULL(1);

#endif
