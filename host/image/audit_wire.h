/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the audit and its shut-in child say to each other: frames over a socket, one question at a time.
 *
 *	FRAME_CALL "describe"                       -> FRAME_REPLY with the lines of describe.h
 *	FRAME_RUN id, flags, parameters             -> FRAME_RESULT with everything of a struct result
 *
 * While it owes an answer the child may ask in turn: FRAME_CALL of a volume-* verb, which the host hands on to the agent
 * of a micro-VM -> FRAME_REPLY.
 *
 * The child reads foreign filesystems, so its answers are foreign too.
 */
#ifndef ASSAY_HOST_IMAGE_AUDIT_WIRE_H
#define ASSAY_HOST_IMAGE_AUDIT_WIRE_H

#include "base/err.h"
#include "base/wait.h"
#include "wire/frame.h"
#include "wire/result.h"

/* Our own program once more: its first argument is the child's name, its second the kind of the disk (export.h), its third
 * whether there is a micro-VM to be asked. */
#define AUDIT_CHILD_PROGRAM  "/proc/self/exe"
#define AUDIT_CHILD_NAME     "assay-audit"
#define AUDIT_WITH_HELPER    "with-helper"
#define AUDIT_WITHOUT_HELPER "without-helper"
#define AUDIT_HELPER_VERBS   "volume-" /* the only calls that the child may make */
#define AUDIT_SOCKET_FD	     3
#define AUDIT_DISK_FD	     4 /* NBD, or the list of extents */
#define AUDIT_FILES_FD	     5 /* and further: the files that the extents lie in */

/* Exit statuses of the child that say why it never answered. */
enum { AUDIT_EXIT_DISK = 80, AUDIT_EXIT_SANDBOX };

/* Adds a whole FRAME_RESULT. */
void audit_encode_result(const struct result *result, struct text *out) NONNULL(1, 2);
/* Fills a result_init()ed result from one; -EBADMSG (blame bug) when it is not whole. */
int audit_decode_result(const struct frame *frame, struct result *result, struct err *e)
	NONNULL(1, 2, 3);

/* Reads one frame into `buffer` (which is emptied); *ret borrows from it. -ECONNRESET when the other side is gone. */
int audit_receive(int fd, const struct patience *p, struct text *buffer, struct frame *ret,
		  struct err *e) NONNULL(2, 3, 4, 5);

#endif
