/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking systemd, without a trial: for the agent itself. Cases use systemd.h.
 */
#ifndef ASSAY_KIT_SYSTEMD_BUS_H
#define ASSAY_KIT_SYSTEMD_BUS_H

#include "guest/kit/bus.h"

#define SYSTEMD_UNITS_MAX 20000

struct systemd_unit {
	const char *name, *description, *load, *active, *sub;
};

struct systemd_job {
	uint32_t id;
	const char *unit, *type, *state;
};

/* Connects to systemd's private socket. */
int systemd_open(const struct patience *p, struct bus **ret, struct err *e) NONNULL(1, 2, 3);

/* Calls `each` with every unit that systemd has loaded, or every job; the strings are valid during the call only. */
typedef void systemd_unit_fn(void *arg, const struct systemd_unit *unit);
typedef void systemd_job_fn(void *arg, const struct systemd_job *job);
int systemd_list_units(struct bus *bus, const struct patience *p, systemd_unit_fn *each, void *arg,
		       struct err *e) NONNULL(1, 2, 3, 5);
int systemd_list_jobs(struct bus *bus, const struct patience *p, systemd_job_fn *each, void *arg,
		      struct err *e) NONNULL(1, 2, 3, 5);

/* Takes the answers of ListUnits and ListJobs apart; -EBADMSG. */
int systemd_parse_units(struct bus_reader *reply, systemd_unit_fn *each, void *arg) NONNULL(1, 2);
int systemd_parse_jobs(struct bus_reader *reply, systemd_job_fn *each, void *arg) NONNULL(1, 2);

/*
 * Adds a property as text: strings as they are, numbers in decimal, true and false, lists of strings with spaces between.
 * `unit` NULL: of the manager (interface "Manager"); else of a unit, with the interface's last word ("Unit", "Service" …).
 * -ENOTSUP: a type that has no such text.
 */
int systemd_property_text(struct bus *bus, const struct patience *p, const char *unit,
			  const char *interface, const char *name, struct text *out, struct err *e)
	NONNULL(1, 2, 4, 5, 6, 7);

/* Calls a method of the manager that takes up to two strings (NULL: not given) and whose answer does not matter: "Reload";
 * "ResetFailedUnit", unit; "StartUnit", unit, "replace", which queues a job and does not wait for it. */
int systemd_manager_call(struct bus *bus, const struct patience *p, const char *member,
			 const char *first, const char *second, struct err *e) NONNULL(1, 2, 3, 6);

/* Starts a service that exists until it is stopped or the machine goes down, running argv (NULL-terminated). Type is
 * "simple", "oneshot" …; a oneshot remains active after its end. */
int systemd_start_transient(struct bus *bus, const struct patience *p, const char *unit,
			    const char *type, const char *const *argv, struct err *e)
	NONNULL(1, 2, 3, 4, 5, 6);

/* The object path of a unit. */
void systemd_unit_path(const char *unit, struct text *out) NONNULL(1, 2);

#endif
