/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that host cases call in the guest. */
#ifndef ASSAY_GUEST_CALL_H
#define ASSAY_GUEST_CALL_H

#include "base/err.h"
#include "base/text.h"
#include "wire/frame.h"

#define CALL_ARGUMENTS_MAX 64
#define CALL_REPLY_MAX	   (1U << 20)

struct call {
	const char *verb;
	const char *arguments[CALL_ARGUMENTS_MAX + 1]; /* terminated strings, NULL at the end */
	size_t lengths[CALL_ARGUMENTS_MAX];
	size_t argument_count;
	unsigned timeout_s; /* FIELD_TIMEOUT, or the default */
	struct text *reply;
	bool is_farewell; /* set by the verb: the guest goes down once the reply is sent */
};

struct call_verb {
	const char *name, *arguments, *help;
	int least, most;	       /* how many arguments */
	int (*run)(struct call *call); /* 0 or an errno for the reply's code */
};

/* Answers a FRAME_CALL: adds a FRAME_REPLY to `out`. When *ret_after is set, the caller calls it with the call's arguments
 * done, once the reply has been sent. */
typedef void call_after_fn(void);
void call_answer(const struct frame *frame, struct text *out, call_after_fn **ret_after)
	NONNULL(1, 2, 3);

/* The verbs; name NULL ends. */
extern const struct call_verb call_device_verbs[], call_file_verbs[], call_system_verbs[],
	call_power_verbs[], call_volume_verbs[];

/* What call_power.c wants to be done after its reply. */
call_after_fn *call_take_after(void);

/* Adds "key=value\n" facts of the guest: kernel, arch, os-release, boot, uptime_ms, cpus, mem_kib, agent_build … */
void facts_add(struct text *out) NONNULL(1);

/* Adds a line for each thing that keeps the boot from being settled; nothing: the guest is quiet. */
void pending_add(struct text *out) NONNULL(1);

#endif
