/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cases ask systemd, over its private socket: no tool of the guest takes part. Where systemd does not answer, the case
 * ends as broken, unless said otherwise. A list that is empty comes from systemd, not from silence.
 *
 *	const struct systemd_unit *units = systemd_units(t, &count);
 *	for (size_t i = 0; i < count; i++) ...
 */
#ifndef ASSAY_KIT_SYSTEMD_H
#define ASSAY_KIT_SYSTEMD_H

#include "guest/kit/case.h"
#include "guest/kit/systemd_bus.h"

/* The units that systemd has loaded. */
const struct systemd_unit *systemd_units(struct trial *t, size_t *ret_count)
	__attribute__((returns_nonnull));

/* The units whose jobs are waiting or running, NULL-terminated. */
const char *const *systemd_jobs(struct trial *t) __attribute__((returns_nonnull));

/* "running", "degraded", "starting" … */
const char *systemd_state(struct trial *t) __attribute__((returns_nonnull));

/* ActiveState of a unit: "active", "inactive", "failed" …; of one that does not exist "inactive". */
const char *systemd_unit_state(struct trial *t, const char *unit) __attribute__((returns_nonnull));

/* A property as text (see systemd_property_text): systemd_unit_property(t, "ssh.service", "Service", "MainPID"). */
const char *systemd_unit_property(struct trial *t, const char *unit, const char *interface,
				  const char *name) __attribute__((returns_nonnull));
const char *systemd_manager_property(struct trial *t, const char *name)
	__attribute__((returns_nonnull));

/* Calls a method of the manager with up to two strings (NULL: not given): "Reload"; "StartUnit", "x.service", "replace".
 * 0, or a negative errno with a note; does not end the case. */
int systemd_ask(struct trial *t, const char *member, const char *first, const char *second);

/* Waits until the unit's active state is that, at most 30 s. */
void systemd_wait(struct trial *t, const char *unit, const char *active_state);

/* Sabotage, for cases that have a fork of their own: a unit with that file's content is started and has come to that active
 * state ("failed", "active"; NULL: not waited for). It is stopped, forgotten and removed when the trial ends. */
void sabotage_unit(struct trial *t, const char *unit, const char *content,
		   const char *active_state);
/* Stops a unit, and starts it again when the trial ends. */
void sabotage_stop_unit(struct trial *t, const char *unit);

#endif
