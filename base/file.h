/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a name: they vanish with the last process that has them open, however it ends. */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include "base/err.h"

/* "/proc/self/fd/<number>": by it a file without a name is opened as if it had one. */
#define FILE_PATH_SIZE 32

/* An empty file in that folder, open for reading and writing. Returns its descriptor; < 0: blame host. */
int file_unnamed(const char *folder, struct err *e) NONNULL(1, 2);
/* The name by which the process that has `fd` opens that file once more. Returns `buf`. */
const char *file_path(int fd, char buf[static FILE_PATH_SIZE]) NONNULL(2);

#endif
