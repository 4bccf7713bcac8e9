/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of systemd: taking them apart never leaves the bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "guest/kit/systemd_bus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_unit(void *arg, const struct systemd_unit *unit)
{
	*(size_t *)arg += strlen(unit->name) + strlen(unit->description) + strlen(unit->active);
}

static void take_job(void *arg, const struct systemd_job *job)
{
	*(size_t *)arg += strlen(job->unit) + strlen(job->type) + strlen(job->state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bus_reader reply = {.bytes = data, .length = size};
	size_t total = 0;

	(void)systemd_parse_units(&reply, take_unit, &total);
	reply = (struct bus_reader){.bytes = data, .length = size};
	(void)systemd_parse_jobs(&reply, take_job, &total);
	if (reply.at > size)
		abort();
	return 0;
}
