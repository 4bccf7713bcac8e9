/* SPDX-License-Identifier: Apache-2.0 */
/* Durable records: started, counted, verified. The guest's part is guest/probe_durable.c. */
#include "host/cases/host_durable.h"

#include <stdio.h>

#define WRITE_S 60
#define RECORDS "1000000" /* more than can be written until the case has what it wants */

const char *durable_start(struct host_trial *t, const char *path)
{
	const char *slash = strrchr(path, '/');

	(void)host_call(t, "mkdir", host_format(t, "%.*s", (int)(slash - path), path), NULL);
	host_console_forget(t);
	const char *pid = host_ask(t, "probe", "&durable_write", path, RECORDS, "/dev/ttyS0", NULL);
	if (!pid)
		host_broken(t, "the guest could not start to write");
	/* With one claim more the line of the 40th is whole. */
	HOST_REQUIRE(t, host_console_wait(t, "assay-durable 41", WRITE_S));
	return host_format(t, "%.*s", (int)strcspn(pid, "\n"), pid);
}

void durable_stop(struct host_trial *t, const char *writer)
{
	if (host_call(t, "probe", "stop", writer, NULL) != 0)
		host_broken(t, "the writer in the guest cannot be stopped");
}

long long durable_claimed(struct host_trial *t)
{
	static const char word[] = "assay-durable ";
	long long last = 0, number;

	for (const char *at = host_console(t); (at = strstr(at, word)); at += sizeof word - 1) {
		/* A line that the end has shortened is no claim. */
		if (sscanf(at + sizeof word - 1, "%lld", &number) == 1 && strchr(at, '\n') &&
		    number > last)
			last = number;
	}
	return last;
}

void durable_check(struct host_trial *t, const char *path, long long claimed)
{
	const char *reply = host_ask(t, "probe", "durable_verify", path, NULL);
	long long whole = -1, torn = -1, wrong = -1;

	HOST_REQUIRE(t, reply && sscanf(reply, "whole=%lld torn=%lld wrong=%lld", &whole, &torn,
					&wrong) == 3);
	host_note(t, "claimed %lld, found %s", claimed, reply);
	HOST_CHECK_GE(t, claimed, 40);
	HOST_CHECK_GE(t, whole, claimed);
	HOST_CHECK_EQ(t, wrong, 0);
}
