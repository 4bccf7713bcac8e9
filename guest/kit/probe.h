/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes: the part of a host case that runs in the guest. The host calls them by name through the agent.
 *
 *	PROBE(count_words, "FILE", "prints the number of words in FILE")
 *	{
 *		const char *path = probe_argument(p, 0);
 *		...
 *		text_addf(p->reply, "%u\n", words);
 *		return 0;      (or an errno, which the host gets as the call's code)
 *	}
 *
 * A probe runs in the agent's own process, unless it is called in the background ("probe &NAME ARGUMENT…"): then it runs in a
 * process of its own, its reply is dropped, and the call returns the process id.
 */
#ifndef ASSAY_KIT_PROBE_H
#define ASSAY_KIT_PROBE_H

#include <stddef.h>

#include "base/scope.h"
#include "base/text.h"

struct probe_call {
	const char *const *arguments;
	size_t argument_count;
	struct text *reply;
};

struct probe_def {
	const char *name, *arguments, *help;
	int (*body)(const struct probe_call *p);
};

#define PROBE(n, args, what)                                                                       \
	static int probe_body_##n(const struct probe_call *p);                                     \
	static const struct probe_def probe_def_##n = {#n, args, what, probe_body_##n};            \
	static const struct probe_def *const probe_pointer_##n                                     \
		__attribute__((used, retain, section("assay_probes"))) = &probe_def_##n;           \
	static int probe_body_##n(const struct probe_call *p)

/* The probe of that name, NULL when there is none. */
const struct probe_def *probe_find(const char *name) NONNULL(1);

/* All registered probes, in no order; step from 0 until NULL. */
const struct probe_def *probe_at(size_t index);

/* The n-th argument, "" when it is not given. */
const char *probe_argument(const struct probe_call *p, size_t n) NONNULL(1);

#endif
