/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where runs lie. The default is $XDG_STATE_HOME/assay/runs/<run id> (else ~/.local/state/…); templates and digests lie
 * in $ASSAY_CACHE, else in $XDG_CACHE_HOME/assay (else ~/.cache/…).
 *
 *	CLEAN_FREE char *state = state_folder("runs");
 *	run_id_make("debian-12.qcow2", "uefi", clock_wall_ns(), id);
 */
#ifndef ASSAY_HOST_STORE_FOLDER_H
#define ASSAY_HOST_STORE_FOLDER_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* Gives the path of a folder below Assay's state or cache ("" is the folder itself). It is not made. -ENOENT (blame host)
 * when no variable, HOME at last, says where. */
int state_folder(const char *below, char **ret, struct err *e) NONNULL(1, 2, 3);
int cache_folder(const char *below, char **ret, struct err *e) NONNULL(1, 2, 3);

/* Makes a folder with all its parents; fine when it is there. It must be writable afterwards. */
int folder_make(const char *path, struct err *e) NONNULL(1, 2);

#define RUN_ID_SIZE 96
/* Writes "20260131-235959-debian-12-uefi" (UTC; the subject's name without its ending, cut and cleaned). */
const char *run_id_make(const char *subject, const char *firmware, uint64_t wall_ns,
			char buf[RUN_ID_SIZE]) NONNULL(1, 2, 4);

/* Makes a run's folder below `parent`: the id gets "-2", "-3" … when it is taken (id is changed). Gives the path. */
int run_folder_make(const char *parent, char id[RUN_ID_SIZE], char **ret, struct err *e)
	NONNULL(1, 2, 3, 4);

/* The same for a run that lies elsewhere: a link below `parent` leads there, so that its id is its own and finds it. */
int run_link_make(const char *parent, const char *folder, char id[RUN_ID_SIZE], struct err *e)
	NONNULL(1, 2, 3, 4);

/* Writes a whole file or nothing: a temporary one, flushed, then renamed. One that is there keeps its mode, owner and group as far as
 * this user may say so, and where a link leads to one it is that which is replaced. What is there and no file (a device, a pipe, a
 * link that leads nowhere) is written to as it is. */
int file_write(const char *path, const char *bytes, size_t length, struct err *e) NONNULL(1, 2, 4);

/* Adds a line (its line break is among the bytes) to a file, which is made when it is not there, and flushes it. What another
 * process adds at the same time comes before or behind it, and a line that a crash has torn gets its end first. */
int file_append(const char *path, const char *bytes, size_t length, struct err *e) NONNULL(1, 2, 4);

/* Removes a folder with all below it; links are not followed. Fine when it is not there. */
int folder_remove(const char *path, struct err *e) NONNULL(1, 2);

/* Removes what a run has left in its folder, and the folder when nothing else is in it. 1: there is something else. */
int run_folder_remove(const char *path, struct err *e) NONNULL(1, 2);

/* Bytes on disk (not the apparent size) of all below a folder. */
uint64_t folder_usage(const char *path) NONNULL(1);

#endif
