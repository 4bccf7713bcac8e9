/* SPDX-License-Identifier: Apache-2.0 */
/* The networks that Assay makes between machines. */
#include "host/cases/host_pair.h"

#define HEARD_S	  "15"
#define SILENCE_S "3"
#define FRAMES	  "200" /* for 10 seconds */

static bool hears(struct host_trial *t, const char *from, const char *to, const char *seconds)
{
	pair_must(t, PAIR_A, "&frame_send", from, FRAMES, NULL);
	return pair_call(t, PAIR_B, "probe", "frame_receive", to, seconds, NULL) == 0;
}

HOST_CASE(host, isolated_networks_stay_apart,
	  .title = "VMs on separate test networks cannot reach each other", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "vms>=2", .timeout_s = 120,
	  .why = "A case that talks to another case's machine tells of neither.",
	  .remedy = "This is Assay's own fault: tell its authors.", .sources = "own")
{
	pair_start(t, 2);
	HOST_CHECK(t, !hears(t, "cable0", "cable1", SILENCE_S));
	HOST_CHECK(t, hears(t, "cable0", "cable0", HEARD_S));
	HOST_CHECK(t, hears(t, "cable1", "cable1", HEARD_S));
}

HOST_SABOTAGE(host, isolated_networks_stay_apart, "both networks are one hub")
{
	pair_start(t, 2);
	pair_set(t, -1, "hub", 1);
}
