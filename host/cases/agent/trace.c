/* SPDX-License-Identifier: Apache-2.0 */
/* What Assay itself does to the guest, and what its channel stands on. */
#include <stdio.h>

#include "base/clock.h"
#include "host/cases/host_entry.h"

#define ANSWER_S 40

static const char *const watched_folders[] = {"/",    "/etc",	  "/root",   "/run",
					      "/tmp", "/var/lib", "/var/tmp"};
#define FOLDERS (sizeof watched_folders / sizeof watched_folders[0])

/* Cases of different kinds that only read. */
static const struct case_info readers[] = {
	{.area = "cpu", .name = "count_matches_size", .kind = CASE_KIND_GUEST},
	{.area = "filesystem", .name = "no_unexpected_read_only_mount", .kind = CASE_KIND_GUEST},
	{.area = "kernel", .name = "log_has_no_oops", .kind = CASE_KIND_GUEST},
	{.area = "kernel", .name = "no_taint", .kind = CASE_KIND_GUEST},
};

static const struct case_info taint = {
	.area = "kernel", .name = "no_taint", .kind = CASE_KIND_GUEST, .timeout_s = 20};

struct traces {
	const char *names[FOLDERS];
	const char *mounts;
};

static void look(struct host_trial *t, struct traces *traces)
{
	for (size_t i = 0; i < FOLDERS; i++)
		traces->names[i] = host_ask(t, "list", watched_folders[i], NULL);
	traces->mounts = host_guest_read(t, "/proc/1/mounts");
	HOST_REQUIRE(t, traces->mounts != NULL);
}

static void run_reader(struct host_trial *t, const struct case_info *info)
{
	struct err e = {0};
	struct result result;
	char id[CASE_ID_SIZE];

	result_init(&result, case_id(info, id));
	int r = machine_run_case(host_machine(t), info, 0, "", host_patience(t), &result, &e);
	host_note(t, "%s: %s", id, r < 0 ? e.text : outcome_name(result.outcome));
	result_done(&result);
	if (r < 0)
		host_broken(t, "%s could not be run: %s", id, e.text);
}

HOST_CASE(agent, assay_leaves_no_trace,
	  .title = "After a run of read-only cases the guest has no new file or mount",
	  .priority = P0, .isolation = ISOLATION_FORK, .timeout_s = 120,
	  .why = "A test that changes what it tests proves nothing about what is shipped.",
	  .remedy = "This is Assay's own fault: report it as README.md says.", .sources = "own")
{
	struct traces before, after;

	look(t, &before);
	for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++)
		run_reader(t, &readers[i]);
	look(t, &after);
	HOST_CHECK_TEXT(t, after.mounts, before.mounts);
	for (size_t i = 0; i < FOLDERS; i++) {
		if (before.names[i])
			HOST_CHECK_TEXT(t, after.names[i], before.names[i]);
	}
}

HOST_SABOTAGE(agent, assay_leaves_no_trace, "something leaves files while the cases run")
{
	/* One file under a new name again and again, for as long as the machine lives, and begun before the cases are. */
	static const char script[] =
		"setsid sh -c 'n=0; while :; do n=$((n+1)); : >/run/assay-leftover-$n; "
		"rm -f /run/assay-leftover-$((n-1)); : >/run/assay-leaves; done' "
		">/dev/null 2>&1 </dev/null & "
		"while [ ! -e /run/assay-leaves ]; do sleep 0.1; done";

	if (host_guest_run(t, NULL, "sh", "-c", script, NULL) != 0)
		host_broken(t, "the guest could not start to leave files");
}

/* The directory of a virtio driver lists the devices that it serves. */
static unsigned take_nics_away(struct host_trial *t)
{
	const char *folder = "/sys/bus/virtio/drivers/virtio_net",
		   *names = host_ask(t, "list", folder, NULL);
	unsigned count = 0;

	for (const char *at = names; at && *at; at += strcspn(at, "\n"), at += *at == '\n') {
		const char *name = host_format(t, "%.*s", (int)strcspn(at, "\n"), at);
		if (strncmp(name, "virtio", 6) == 0 &&
		    host_call(t, "write", host_format(t, "%s/unbind", folder), name, NULL) == 0)
			count++;
	}
	return count;
}

HOST_CASE(agent, assay_works_without_network,
	  .title = "The test agent's channel works with no NIC at all", .priority = P0,
	  .isolation = ISOLATION_FORK, .needs = "nics>=1", .timeout_s = 50, .waits = true,
	  .why = "A case that breaks the network must still be able to report.",
	  .remedy = "Check the virtio-serial driver and the agent.", .sources = "own")
{
	struct patience p = patience_within(host_patience(t), ANSWER_S * NS_PER_S);
	struct result result;
	struct err e = {0};

	host_entry_needs_port(t);
	HOST_REQUIRE(t, take_nics_away(t) > 0);
	host_sleep(
		t,
		2000); /* what depends on the network without being seen to has time to show it */
	result_init(&result, "kernel.no_taint");
	int r = machine_run_case(host_machine(t), &taint, 0, "", &p, &result, &e);
	enum outcome outcome = result.outcome;
	result_done(&result);
	HOST_REQUIRE(t, r == 0 && (outcome == OUTCOME_PASS || outcome == OUTCOME_FAIL));
	HOST_CHECK_TEXT(t, host_ask(t, "list", "/sys/class/net", NULL), "lo\n");
}

HOST_SABOTAGE(agent, assay_works_without_network, "the agent stands still when the network goes")
{
	static const char script[] =
		"pids=; for p in /proc/[0-9]*; do case $(readlink $p/exe) in *assay-guest*|/memfd:*) pids=\"$pids ${p#/proc/}\";; "
		"esac; done; test -n \"$pids\" || exit 9; "
		"setsid sh -c \"while ls /sys/bus/virtio/drivers/virtio_net/virtio* >/dev/null; do sleep 0.05; done; "
		"kill -STOP $pids\" >/dev/null 2>&1 </dev/null &";

	if (host_guest_run(t, NULL, "sh", "-c", script, NULL) != 0)
		host_broken(t, "the guest could not be prepared");
}
