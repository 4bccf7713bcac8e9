/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a boot from being settled: jobs of systemd, cloud-init, load. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "guest/call.h"
#include "guest/kit/systemd_bus.h"

#define SYSTEMD_NS   (5 * NS_PER_S) /* it is busy then, which is an answer too */
#define LINES_MAX    20
#define LOAD_SPAN_MS 500
#define BUSY_PERCENT 20 /* of all CPUs together */
#define STAT_MAX     (1U << 20)

/* ---- systemd ---- */

struct job_lines {
	struct text *out;
	unsigned count;
};

static void add_job(void *arg, const struct systemd_job *job)
{
	struct job_lines *lines = arg;

	if (++lines->count <= LINES_MAX)
		(void)text_addf(lines->out, "systemd: %s %s (%s)\n", job->type, job->unit,
				job->state);
}

/* False when the boot has ended where nothing more will start by itself: then nothing else is worth a look. */
static bool add_systemd(struct text *out)
{
	CLEAN_TEXT struct text state = TEXT_INIT(256);
	CLEANUP(bus) struct bus *bus = NULL;
	struct patience p = patience_for(-1, SYSTEMD_NS);
	struct job_lines lines = {.out = out};
	struct err e = {0};

	if (access("/run/systemd/system", F_OK) < 0)
		return true;
	if (systemd_open(&p, &bus, &e) < 0 ||
	    systemd_property_text(bus, &p, NULL, "Manager", "SystemState", &state, &e) < 0 ||
	    systemd_list_jobs(bus, &p, add_job, &lines, &e) < 0) {
		(void)text_addf(out, "systemd: %s\n", e.text);
		return true;
	}
	/* systemd's word for rescue.target and emergency.target, see org.freedesktop.systemd1(5) */
	if (lines.count == 0 && strcmp(state.buf, "maintenance") == 0)
		return false;
	if (strcmp(state.buf, "starting") == 0 || strcmp(state.buf, "initializing") == 0 ||
	    strcmp(state.buf, "stopping") == 0)
		(void)text_addf(out, "systemd: %s\n", state.buf);
	return true;
}

/* ---- cloud-init ---- */

static void add_cloud_init(struct text *out)
{
	/* The generator says at each boot whether cloud-init will run; the result is written when its last stage is over. */
	bool runs = access("/run/cloud-init/enabled", F_OK) == 0 &&
		    access("/run/cloud-init/disabled", F_OK) < 0;

	if (runs && access("/run/cloud-init/result.json", F_OK) < 0)
		(void)text_adds(out, "cloud-init: it has not finished\n");
}

/* ---- load ---- */

struct load {
	unsigned long long busy, total;
	unsigned running, blocked;
};

static bool read_load(struct load *ret)
{
	CLEAN_TEXT struct text stat = TEXT_INIT(STAT_MAX);
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;

	*ret = (struct load){0};
	if (text_read_file(&stat, "/proc/stat") < 0 ||
	    sscanf(stat.buf, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		   &idle, &iowait, &irq, &softirq, &steal) != 8)
		return false;
	ret->busy = user + nice + system + irq + softirq;
	ret->total = ret->busy + idle + iowait + steal;
	const char *running = strstr(stat.buf, "\nprocs_running "),
		   *blocked = strstr(stat.buf, "\nprocs_blocked ");
	if (running)
		(void)sscanf(running, " procs_running %u", &ret->running);
	if (blocked)
		(void)sscanf(blocked, " procs_blocked %u", &ret->blocked);
	return true;
}

static void add_load(struct text *out)
{
	struct load before, after;

	if (!read_load(&before))
		return;
	(void)poll(NULL, 0, LOAD_SPAN_MS);
	if (!read_load(&after) || after.total <= before.total)
		return;
	unsigned long long percent =
		(after.busy - before.busy) * 100 / (after.total - before.total);
	if (percent > BUSY_PERCENT)
		(void)text_addf(out, "cpu: %llu %% busy\n", percent);
	if (before.blocked > 0 && after.blocked > 0)
		(void)text_addf(out, "disk: %u tasks wait for it\n", after.blocked);
}

void pending_add(struct text *out)
{
	if (!add_systemd(out))
		return;
	add_cloud_init(out);
	if (out->length == 0) /* else it is known already, and looking costs half a second */
		add_load(out);
}
