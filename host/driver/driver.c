/* SPDX-License-Identifier: Apache-2.0 */
/* The table of drivers, and what all of them share. */
#include "host/driver/driver.h"

#include <stdio.h>
#include <string.h>

static const struct driver *const drivers[] = {&driver_null, &driver_qemu};

const struct driver *driver_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
	return NULL;
}

const char *const *driver_names(void)
{
	static const char *const names[] = {"null", "qemu", NULL};

	return names;
}

const struct driver *spec_driver(const struct machine_spec *spec)
{
	return spec->driver ? spec->driver : &driver_qemu;
}

static const char *const accel_names[] = {
	[ACCEL_AUTO] = "auto",
	[ACCEL_KVM] = "kvm",
	[ACCEL_TCG] = "tcg",
};

const char *accel_name(enum accel accel)
{
	return accel_names[accel];
}

int accel_parse(const char *name, enum accel *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(accel_names); i++)
		if (strcmp(accel_names[i], name) == 0) {
			*ret = (enum accel)i;
			return 0;
		}
	return -EINVAL;
}

bool spec_drops(const struct machine_spec *spec, const char *device)
{
	return spec->sabotage && spec->sabotage->kind == SABOTAGE_DROP &&
	       strcmp(spec->sabotage->argument, device) == 0;
}

const char *spec_machine_setting(const struct machine_spec *spec, const char *name)
{
	size_t length = strlen(name);

	if (!spec->sabotage || spec->sabotage->kind != SABOTAGE_MACHINE)
		return NULL;
	const char *argument = spec->sabotage->argument;
	if (strncmp(argument, name, length) != 0 || argument[length] != '=')
		return NULL;
	return argument + length + 1;
}

void vm_events_add(struct vm_events *events, const char *name, char *data)
{
	struct vm_event *event = &events->ring[events->added % VM_EVENTS_MAX];

	free(event->data);
	(void)snprintf(event->name, sizeof event->name, "%s", name);
	event->number = events->added;
	event->data = data ? data : xstrdup("{}");
	events->added++;
}

const struct vm_event *vm_events_find(const struct vm_events *events, uint64_t since,
				      const char *name)
{
	if (events->added > VM_EVENTS_MAX && since < events->added - VM_EVENTS_MAX)
		since = events->added - VM_EVENTS_MAX;
	for (uint64_t i = since; i < events->added; i++) {
		const struct vm_event *event = &events->ring[i % VM_EVENTS_MAX];
		if (strcmp(event->name, name) == 0)
			return event;
	}
	return NULL;
}

void vm_events_done(struct vm_events *events)
{
	for (size_t i = 0; i < VM_EVENTS_MAX; i++) {
		free(events->ring[i].data);
		events->ring[i].data = NULL;
	}
	events->added = 0;
}

const char *spec_machine_type(const struct machine_spec *spec)
{
	const char *planted = spec_machine_setting(spec, "machine");

	return planted ? planted : spec->machine ? spec->machine : "q35";
}

bool spec_is_i440fx(const struct machine_spec *spec)
{
	const char *type = spec_machine_type(spec);

	return strcmp(type, "pc") == 0 || has_prefix(type, "pc-i440fx");
}

const char *spec_kernel(const struct machine_spec *spec)
{
	if (spec->own_kernel)
		return spec->own_kernel->path;
	return spec->image ? NULL : spec->kernel;
}

const char *spec_modules(const struct machine_spec *spec)
{
	if (spec->own_kernel)
		return spec->own_kernel->modules;
	return spec->image ? NULL : spec->modules;
}

const char *spec_controller(const struct machine_spec *spec)
{
	const char *controller =
		spec->make.controller ? spec->make.controller : spec->size->controller;

	return controller[0] && strcmp(controller, "virtio") != 0 ? controller : NULL;
}

bool spec_has_secure_boot(const struct machine_spec *spec)
{
	return spec->make.secure_boot && !spec_machine_setting(spec, "secureboot");
}
