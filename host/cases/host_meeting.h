/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host cases that share a reboot. Each runs in a thread of its own up to its host_reboot; when all have come there, or
 * have ended, the machine is rebooted once, and they go on. One runs at a time, in their order: the others stand still, so
 * the machine is never used by two.
 *
 * Only cases of ISOLATION_REBOOT meet: they look at the machine before and after, and what one of them leaves there is
 * nothing that another looks at. Whoever does not pass in company is to be run alone before anything is said of it.
 */
#ifndef ASSAY_HOST_CASES_HOST_MEETING_H
#define ASSAY_HOST_CASES_HOST_MEETING_H

#include "host/cases/host_case.h"

#define HOST_MEETING_MAX 32

/* A case in company. */
struct host_meeting_case {
	const struct host_case_def *def;
	struct result *result;
	bool is_decided; /* it passed, or was skipped */
};

/* Runs them on a machine that serves for nothing else afterwards. -EINVAL: too many; else 0, and is_decided tells. */
int host_cases_run_together(struct host_meeting_case *cases, size_t count, struct machine *machine,
			    const char *parameters, const struct patience *p, struct err *e)
	NONNULL(1, 3, 4, 5, 6);

/* ---- for the framework's own files ---- */

struct host_attendee;

/* The attendee's time to go beside those of the others: how many there are. */
unsigned host_meeting_size(const struct host_attendee *attendee) NONNULL(1);
/* Waits for the others. True: this one has to reboot the machine, and to tell by host_meeting_rebooted whether it came back. */
bool host_meeting_wait(struct host_attendee *attendee) NONNULL(1);
void host_meeting_rebooted(struct host_attendee *attendee, bool is_back) NONNULL(1);
/* What was told. */
bool host_meeting_is_back(const struct host_attendee *attendee) NONNULL(1);

#endif
