/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that comes and goes while the guest runs: DIMMs, and virtio-mem. */
#include <jansson.h>
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define MEMORY	  "/sys/devices/system/memory"
#define ADDED_MIB 256
#define MOST_MIB  (ADDED_MIB - ADDED_MIB / 8)
#define MIB	  (1LL << 20)
#define LOOK_MS	  200

static long long total_mib(struct host_trial *t)
{
	const char *text = host_guest_read(t, "/proc/meminfo");
	long long kib = 0;

	HOST_REQUIRE(t, text && sscanf(text, "MemTotal: %lld", &kib) == 1);
	return kib / 1024;
}

static void make_backend(struct host_trial *t, const char *id)
{
	const char *all = host_qmp(t, "qom-list", "{\"path\":\"/objects\"}");

	if (all && strstr(all, host_format(t, "\"%s\"", id)))
		return;
	if (!host_qmp(
		    t, "object-add",
		    host_format(t,
				"{\"qom-type\":\"memory-backend-ram\",\"id\":\"%s\",\"size\":%lld}",
				id, ADDED_MIB * MIB)))
		host_broken(t, "QEMU has no %d MiB for a DIMM", ADDED_MIB);
}

static const char *blocks(struct host_trial *t)
{
	const char *names = host_ask(t, "list", MEMORY, NULL);

	HOST_REQUIRE(t, names != NULL);
	return names;
}

/* The next block that was not there before, after `*at`; NULL: no more. */
static const char *next_new(struct host_trial *t, const char *before, const char **at)
{
	const char *known = host_format(t, "\n%s", before);

	while (**at) {
		const char *name = host_format(t, "%.*s", (int)strcspn(*at, "\n"), *at);
		*at += strcspn(*at, "\n");
		*at += **at == '\n';
		if (has_prefix(name, "memory") && !strstr(known, host_format(t, "\n%s\n", name)))
			return name;
	}
	return NULL;
}

/* Some images set new memory to work themselves; on others it waits for its administrator, as the kernel's makers left it.
 * `state`: how then. The number of blocks. */
static unsigned set_to_work(struct host_trial *t, const char *before, const char *state)
{
	const char *now = blocks(t), *name;
	unsigned count = 0;

	for (const char *at = now; (name = next_new(t, before, &at)); count++) {
		const char *path = host_format(t, MEMORY "/%s/state", name);
		if (host_call(t, "await_line", "2", path, "online", NULL) == 0)
			continue;
		HOST_CHECK_EQ(t, host_call(t, "write", path, state, NULL), 0);
		HOST_CHECK_EQ(t, host_call(t, "await_line", "30", path, "online", NULL), 0);
	}
	return count;
}

static bool blocks_come(struct host_trial *t, const char *before)
{
	for (int i = 0; i < DEVICE_S * 1000 / LOOK_MS; i++) {
		const char *at = blocks(t);
		if (next_new(t, before, &at)) {
			host_sleep(t, LOOK_MS); /* they come one after another */
			return true;
		}
		host_sleep(t, LOOK_MS);
	}
	return false;
}

static void plug_dimm(struct host_trial *t)
{
	make_backend(t, "dimmram");
	device_plug(t, "dimm", "\"driver\":\"pc-dimm\",\"memdev\":\"dimmram\"");
}

HOST_CASE(hotplug, memory_add_is_onlined, .title = "Memory added as a DIMM becomes usable",
	  .priority = P1, .isolation = ISOLATION_FORK,
	  .needs = "memory-slots>=1,arch:x86_64,kconfig:MEMORY_HOTPLUG,kconfig:ACPI_HOTPLUG_MEMORY",
	  .timeout_s = 200, .why = "Machines are enlarged without stopping them.",
	  .remedy = "Check memory hot-plug in the kernel, and auto_online_blocks.",
	  .sources = "LISA:verify_vm_hot_resize,LISA:verify_dynamic_memory_hot_add")
{
	const char *before = blocks(t);
	long long total = total_mib(t);

	plug_dimm(t);
	HOST_REQUIRE(t, blocks_come(t, before));
	HOST_CHECK_GT(t, set_to_work(t, before, "online"), 0U);
	HOST_CHECK_GE(t, total_mib(t), total + MOST_MIB);
}

HOST_SABOTAGE(hotplug, memory_add_is_onlined,
	      "a frozen copy covers what the kernel tells of memory")
{
	static const char frozen[] = "/run/assay-meminfo";

	host_guest_write(t, frozen, host_guest_read(t, "/proc/meminfo"));
	HOST_REQUIRE(t, host_guest_run(t, NULL, "mount", "--bind", frozen, "/proc/meminfo", NULL) ==
				0);
}

HOST_CASE(
	hotplug, memory_remove_is_clean,
	.title = "An added DIMM can be removed and its data moves away", .priority = P2,
	.isolation = ISOLATION_FORK,
	.needs = "memory-slots>=1,arch:x86_64,kconfig:MEMORY_HOTREMOVE,kconfig:ACPI_HOTPLUG_MEMORY",
	.timeout_s = 200, .why = "Machines are made smaller without stopping them.",
	.remedy = "Look in the kernel log for what could not be moved.",
	.sources = "LISA:verify_vm_hot_resize_decrease")
{
	const char *before = blocks(t);
	long long total = total_mib(t);

	plug_dimm(t);
	HOST_REQUIRE(t, blocks_come(t, before));
	HOST_REQUIRE(t, set_to_work(t, before, "online_movable") > 0);
	HOST_REQUIRE(t, total_mib(t) > total);
	HOST_CHECK(t, device_unplug(t, "dimm"));
	HOST_CHECK_TEXT(t, blocks(t), before);
	HOST_CHECK_LE(t, total_mib(t), total);
}

HOST_SABOTAGE(hotplug, memory_remove_is_clean,
	      "the kernel ignores the firmware's requests about memory")
{
	host_guest_write(t, "/sys/firmware/acpi/hotplug/memory/enabled", "0");
}

/* ---- virtio-mem ---- */

static bool comes_to(struct host_trial *t, long long mib)
{
	const char *want = host_format(t, "%lld", mib * MIB), *size = "";

	for (int i = 0; i < DEVICE_S * 1000 / LOOK_MS; i++) {
		size = host_qmp(t, "qom-get",
				"{\"path\":\"/machine/peripheral/vmem\",\"property\":\"size\"}");
		if (size && strcmp(size, want) == 0)
			return true;
		host_sleep(t, LOOK_MS);
	}
	host_note(t, "the device has given %s bytes", size ? size : "no");
	return false;
}

static void request(struct host_trial *t, long long mib)
{
	HOST_REQUIRE(t, host_qmp(t, "qom-set",
				 host_format(t,
					     "{\"path\":\"/machine/peripheral/vmem\",\"property\":"
					     "\"requested-size\",\"value\":%lld}",
					     mib * MIB)) != NULL);
}

static void plug_virtio_mem(struct host_trial *t)
{
	make_backend(t, "vmemram");
	device_plug(t, "vmem",
		    "\"driver\":\"virtio-mem-pci\",\"memdev\":\"vmemram\",\"bus\":\"hot0\"");
}

HOST_CASE(hotplug, virtio_memory_grows_and_shrinks,
	  .title = "A virtio-mem device changes guest memory both ways as asked", .priority = P2,
	  .isolation = ISOLATION_FORK,
	  .needs = "memory-slots>=1,hotplug-slots>=1,arch:x86_64,kconfig:VIRTIO_MEM",
	  .timeout_s = 200, .why = "Hosts give and take memory in small pieces by it.",
	  .remedy = "Check the virtio_mem driver, and auto_online_blocks.",
	  .sources = "LISA:verify_dynamic_memory_upper_limit")
{
	const char *before = blocks(t);
	long long total = total_mib(t);

	plug_virtio_mem(t);
	request(t, ADDED_MIB);
	HOST_CHECK(t, comes_to(t, ADDED_MIB));
	/* The driver brings some, and waits until they are at work before it brings more. */
	for (int i = 0; i < DEVICE_S && total_mib(t) < total + MOST_MIB; i++) {
		(void)set_to_work(t, before, "online_movable");
		host_sleep(t, LOOK_MS);
	}
	HOST_CHECK_GE(t, total_mib(t), total + MOST_MIB);
	request(t, 0);
	HOST_CHECK(t, comes_to(t, 0));
	HOST_CHECK_LE(t, total_mib(t), total);
}

HOST_SABOTAGE(hotplug, virtio_memory_grows_and_shrinks, "new virtio devices get no driver")
{
	host_guest_write(t, "/sys/bus/virtio/drivers_autoprobe", "0");
}
