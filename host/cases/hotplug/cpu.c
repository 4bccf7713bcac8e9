/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs that come and go while the guest runs. */
#include <jansson.h>
#include <stdio.h>

#include "host/cases/host_hotplug.h"

#define CPU "/sys/devices/system/cpu"

/* The properties of a free place, as members of JSON; NULL: there is none. */
static const char *free_place(struct host_trial *t)
{
	const char *all = host_qmp(t, "query-hotpluggable-cpus", NULL);
	const char *found = NULL;
	json_t *places = all ? json_loads(all, 0, NULL) : NULL;
	size_t i;
	json_t *place;

	/* The list begins with the last. */
	json_array_foreach(places, i, place)
	{
		const json_t *props = json_object_get(place, "props");
		const char *type = json_string_value(json_object_get(place, "type"));
		if (json_object_get(place, "qom-path") || !props || !type)
			continue;
		found = host_format(
			t,
			"\"driver\":\"%s\",\"socket-id\":%lld,\"core-id\":%lld,\"thread-id\":%lld",
			type, json_integer_value(json_object_get(props, "socket-id")),
			json_integer_value(json_object_get(props, "core-id")),
			json_integer_value(json_object_get(props, "thread-id")));
	}
	json_decref(places);
	return found;
}

/* A kernel sets room aside for later CPUs when it boots, where it believes the firmware that they can come; newer ones believe
 * less of it. */
static void skip_without_room(struct host_trial *t, long long number)
{
	const char *possible = host_guest_read(t, CPU "/possible");
	const char *dash = possible ? strrchr(possible, '-') : NULL;
	long long last = 0;

	if (!dash || sscanf(dash, "-%lld", &last) != 1)
		last = 0;
	if (last < number)
		host_skip(t, "cpus-max", "the guest's kernel has room for the CPUs %.*s only",
			  possible ? (int)strcspn(possible, "\n") : 1, possible ? possible : "?");
}

/* The number that the new one gets: the kernel counts on. */
static long long plug_cpu(struct host_trial *t)
{
	long long number = host_plan_number(t, "cpus", -1);
	const char *place = free_place(t);

	if (number < 0)
		host_broken(t, "the plan does not tell how many CPUs there are");
	skip_without_room(t, number);
	if (!place && !device_is_plugged(t, "cpu"))
		host_skip(t, "cpus-max", "the machine has all the CPUs that it can have");
	if (place)
		device_plug(t, "cpu", place);
	return number;
}

static const char *file_of(struct host_trial *t, long long cpu, const char *name)
{
	return host_format(t, CPU "/cpu%lld%s", cpu, name);
}

/* Some images set a new CPU to work themselves; on others it waits for its administrator, as the kernel's makers left it. */
static bool set_to_work(struct host_trial *t, long long cpu)
{
	const char *online = file_of(t, cpu, "/online");

	if (host_call(t, "await_line", "2", online, "1", NULL) == 0) {
		host_note(t, "it came online by itself");
		return true;
	}
	return host_call(t, "write", online, "1", NULL) == 0 &&
	       host_call(t, "await_line", "30", online, "1", NULL) == 0;
}

HOST_CASE(
	hotplug, cpu_add_is_onlined,
	.title = "A CPU added while running can be brought online and does work", .priority = P1,
	.isolation = ISOLATION_FORK, .needs = "cpus-max>=2,arch:x86_64,kconfig:HOTPLUG_CPU",
	.timeout_s = 200, .why = "Machines are enlarged without stopping them.",
	.remedy = "Check CPU hot-plug in the kernel (ACPI_HOTPLUG_CPU), and nr_cpus= or maxcpus=.",
	.sources = "LISA:verify_vm_hot_resize")
{
	long long cpu = plug_cpu(t);

	HOST_REQUIRE(t, host_call(t, "await_path", "30", file_of(t, cpu, ""), NULL) == 0);
	HOST_CHECK(t, set_to_work(t, cpu));
	HOST_CHECK_EQ(t, host_call(t, "probe", "work_on", host_format(t, "%lld", cpu), NULL), 0);
}

HOST_SABOTAGE(hotplug, cpu_add_is_onlined, "a frozen file covers the switch of the new CPU")
{
	long long cpu = plug_cpu(t);
	static const char frozen[] = "/run/assay-online";

	HOST_REQUIRE(t, host_call(t, "await_path", "30", file_of(t, cpu, "/online"), NULL) == 0);
	(void)host_call(t, "write", file_of(t, cpu, "/online"), "0", NULL);
	host_guest_write(t, frozen, "0\n");
	HOST_REQUIRE(t, host_guest_run(t, NULL, "mount", "--bind", frozen,
				       file_of(t, cpu, "/online"), NULL) == 0);
}

/* DEVICE_DELETED comes late or never: an emulated CPU is held on to. Its place is free when the guest has let it go. */
static bool unplug_cpu(struct host_trial *t)
{
	const char *before = free_place(t);

	HOST_REQUIRE(t, host_qmp(t, "device_del", "{\"id\":\"cpu\"}") != NULL);
	for (int i = 0; i < 10 * DEVICE_S; i++) {
		const char *now = free_place(t);
		if (now && (!before || strcmp(now, before) != 0))
			return true;
		host_sleep(t, 100);
	}
	return false;
}

HOST_CASE(hotplug, cpu_remove_is_clean, .title = "An added CPU can be removed and work moves away",
	  .priority = P2, .isolation = ISOLATION_FORK,
	  .needs = "cpus-max>=2,arch:x86_64,kconfig:HOTPLUG_CPU", .timeout_s = 200,
	  .why = "Machines are made smaller without stopping them.",
	  .remedy = "Look in the kernel log for what refused to let the CPU go.",
	  .sources = "LISA:verify_vm_hot_resize_decrease")
{
	const char *before = host_guest_read(t, CPU "/present");
	long long cpu = plug_cpu(t);

	HOST_REQUIRE(t, host_call(t, "await_path", "30", file_of(t, cpu, "/online"), NULL) == 0);
	HOST_REQUIRE(t, set_to_work(t, cpu));
	HOST_REQUIRE(t, host_call(t, "probe", "&spin_on", host_format(t, "%lld", cpu), NULL) == 0);
	HOST_CHECK(t, unplug_cpu(t));
	HOST_CHECK_EQ(t, host_call(t, "await_absence", "30", file_of(t, cpu, ""), NULL), 0);
	HOST_CHECK_TEXT(t, host_guest_read(t, CPU "/online"), before);
}

HOST_SABOTAGE(hotplug, cpu_remove_is_clean, "the kernel ignores the firmware's requests about CPUs")
{
	host_guest_write(t, "/sys/firmware/acpi/hotplug/processor/enabled", "0");
}
