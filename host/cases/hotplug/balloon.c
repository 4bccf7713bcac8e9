/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the host asks back of a guest, and the guest of the host: the virtio balloon. */
#include <jansson.h>
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define DRIVER	    "/sys/bus/virtio/drivers/virtio_balloon"
#define TAKEN_MIB   256
#define SPARED_MIB  48 /* what the balloon leaves free */
#define WANTED_MIB  48 /* and what a process wants beyond all that it can have without it */
#define TOUCHED_MIB 256
#define MIB	    (1LL << 20)
#define LOOK_MS	    200

/* The name of the device that the driver has; NULL: none. */
static const char *bound(struct host_trial *t)
{
	const char *names = host_ask(t, "list", DRIVER, NULL), *at = names;

	while (at && *at && !has_prefix(at, "virtio"))
		at += strcspn(at, "\n"), at += *at == '\n';
	return at && *at ? host_format(t, "%.*s", (int)strcspn(at, "\n"), at) : NULL;
}

/* Once: a sabotage may have plugged in one that offers less. */
static void plug_balloon(struct host_trial *t, const char *features)
{
	if (device_is_plugged(t, "balloon0"))
		return;
	device_plug(t, "balloon0",
		    host_format(t, "\"driver\":\"virtio-balloon-pci\",\"bus\":\"balloon\"%s",
				features));
	for (int i = 0; i < DEVICE_S * 1000 / LOOK_MS; i++) {
		if (bound(t))
			return;
		host_sleep(t, LOOK_MS);
	}
	device_needs_udev(t);
	HOST_FAIL(t, "the balloon that was plugged in has got no driver");
}

/* MiB that the guest has, as the balloon says. */
static long long actual_mib(struct host_trial *t)
{
	const char *said = host_qmp(t, "query-balloon", NULL);
	json_t *answer = said ? json_loads(said, 0, NULL) : NULL;
	long long bytes = json_integer_value(json_object_get(answer, "actual"));

	json_decref(answer);
	return bytes / MIB;
}

static bool comes_to(struct host_trial *t, long long mib)
{
	HOST_REQUIRE(t,
		     host_qmp(t, "balloon", host_format(t, "{\"value\":%lld}", mib * MIB)) != NULL);
	for (int i = 0; i < DEVICE_S * 1000 / LOOK_MS; i++) {
		if (actual_mib(t) == mib)
			return true;
		host_sleep(t, LOOK_MS);
	}
	host_note(t, "the balloon has left the guest %lld MiB", actual_mib(t));
	return false;
}

/* A line "key N" of the file; -1: none. */
static long long line_number(struct host_trial *t, const char *path, const char *key)
{
	const char *text = host_guest_read(t, path);
	const char *at = text ? strstr(text, key) : NULL;
	long long number = -1;

	if (at)
		(void)sscanf(at + strlen(key), " %lld", &number);
	return number;
}

static long long pages(struct host_trial *t, const char *key)
{
	return line_number(t, "/proc/vmstat", key);
}

HOST_CASE(
	hotplug, balloon_inflates_and_deflates,
	.title = "The balloon takes and returns memory as the host asks", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "dev:virtio-balloon,kconfig:VIRTIO_BALLOON",
	.timeout_s = 150, .why = "Hosts that sell more memory than they have live by it.",
	.remedy = "Check that virtio_balloon is there and loaded.",
	.sources = "LISA:verify_dynamic_memory_balloon_up,LISA:verify_dynamic_memory_balloon_down")
{
	plug_balloon(t, "");
	long long whole = actual_mib(t), taken = pages(t, "balloon_inflate"),
		  returned = pages(t, "balloon_deflate");

	HOST_CHECK(t, comes_to(t, whole - TAKEN_MIB));
	HOST_CHECK_GE(t, pages(t, "balloon_inflate") - taken, TAKEN_MIB * 256);
	HOST_CHECK(t, comes_to(t, whole));
	HOST_CHECK_GE(t, pages(t, "balloon_deflate") - returned, TAKEN_MIB * 256);
}

HOST_SABOTAGE(hotplug, balloon_inflates_and_deflates, "the balloon is taken from its driver")
{
	plug_balloon(t, "");
	const char *device = bound(t);
	HOST_REQUIRE(t, device != NULL);
	host_guest_write(t, DRIVER "/unbind", device);
}

/* All that a process can come to, with what caches hold. */
static long long obtainable_mib(struct host_trial *t)
{
	static const char *const keys[] = {
		"MemFree:", "Buffers:", "\nCached:", "SReclaimable:", "SwapFree:"};
	long long kib = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		kib += line_number(t, "/proc/meminfo", keys[i]);
	return kib / 1024;
}

HOST_CASE(hotplug, balloon_yields_before_oom,
	  .title = "Under memory pressure the balloon deflates instead of killing processes",
	  .priority = P2, .isolation = ISOLATION_FORK,
	  .needs = "dev:virtio-balloon,kconfig:VIRTIO_BALLOON", .timeout_s = 200,
	  .why = "A host that took a little too much must not cost the guest its services.",
	  .remedy = "Look for a kernel change in virtio_balloon's deflation on OOM.",
	  .sources = "LISA:verify_dynamic_memory_lower_limit")
{
	plug_balloon(t, ",\"deflate-on-oom\":true");
	long long available = line_number(t, "/proc/meminfo", "MemAvailable:") / 1024;
	long long left = actual_mib(t) - available + SPARED_MIB;
	long long killed = pages(t, "oom_kill");

	HOST_REQUIRE(t, comes_to(t, left));
	const char *wanted = host_format(t, "%lld", obtainable_mib(t) + WANTED_MIB);
	HOST_CHECK_TEXT(t, host_ask(t, "probe", "use_memory", wanted, NULL), "exit 0");
	HOST_CHECK_EQ(t, pages(t, "oom_kill"), killed);
	HOST_CHECK_GT(t, actual_mib(t), left);
}

HOST_SABOTAGE(hotplug, balloon_yields_before_oom, "the balloon keeps what it has")
{
	plug_balloon(t, ",\"deflate-on-oom\":false");
}

HOST_CASE(hotplug, freed_memory_returns_to_host,
	  .title = "Memory freed by the guest lowers the host's use", .priority = P2,
	  .isolation = ISOLATION_FORK,
	  .needs = "dev:virtio-balloon,kconfig:VIRTIO_BALLOON,kconfig:PAGE_REPORTING",
	  .timeout_s = 150, .waits = true,
	  .why = "A guest that was busy once holds the host's memory for ever otherwise.",
	  .remedy = "Check PAGE_REPORTING and virtio_balloon in the kernel.", .sources = "own")
{
	plug_balloon(t, ",\"free-page-reporting\":true");
	HOST_REQUIRE_TEXT(
		t, host_ask(t, "probe", "use_memory", host_format(t, "%d", TOUCHED_MIB), NULL),
		"exit 0");
	long long most = (long long)machine_ram_used(host_machine(t)), now = most;
	for (int i = 0; i < DEVICE_S * 1000 / LOOK_MS && now > most - TOUCHED_MIB / 2 * MIB; i++) {
		host_sleep(t, LOOK_MS);
		now = (long long)machine_ram_used(host_machine(t));
		most = now > most ? now : most;
	}
	HOST_CHECK_LE(t, now, most - TOUCHED_MIB / 2 * MIB);
}

HOST_SABOTAGE(hotplug, freed_memory_returns_to_host, "the device takes no reports of free pages")
{
	plug_balloon(t, ",\"free-page-reporting\":false");
}
