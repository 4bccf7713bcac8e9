/* SPDX-License-Identifier: Apache-2.0 */
/* What cases ask systemd. */
#include "guest/kit/systemd.h"

#include "guest/kit/trial_state.h"

#define ANSWER_NS   (30 * NS_PER_S)
#define STATE_PAUSE (100 * NS_PER_MS)
#define UNIT_FOLDER "/run/systemd/system"

/* The caller frees it, before anything that may end the case. */
static struct bus *open_bus(struct trial *t, struct patience *p)
{
	struct bus *bus = NULL;
	struct err e = {0};

	*p = patience_for(-1, ANSWER_NS);
	if (systemd_open(p, &bus, &e) < 0)
		case_broken(t, "ask systemd: %s", e.text);
	return bus;
}

/* ---- lists ---- */

struct unit_list {
	struct trial *t;
	struct systemd_unit *units;
	size_t count;
};

static void take_unit(void *arg, const struct systemd_unit *unit)
{
	struct unit_list *list = arg;

	list->units[list->count++] = (struct systemd_unit){
		.name = case_format(list->t, "%s", unit->name),
		.description = case_format(list->t, "%s", unit->description),
		.load = case_format(list->t, "%s", unit->load),
		.active = case_format(list->t, "%s", unit->active),
		.sub = case_format(list->t, "%s", unit->sub),
	};
}

const struct systemd_unit *systemd_units(struct trial *t, size_t *ret_count)
{
	struct unit_list list = {.t = t,
				 .units = case_alloc(t, SYSTEMD_UNITS_MAX * sizeof *list.units)};
	struct patience p;
	struct bus *bus = open_bus(t, &p);
	struct err e = {0};
	int r = systemd_list_units(bus, &p, take_unit, &list, &e);

	bus_free(bus);
	if (r < 0)
		case_broken(t, "ask systemd: %s", e.text);
	*ret_count = list.count;
	return list.units;
}

struct job_list {
	struct trial *t;
	const char **units;
	size_t count;
};

static void take_job(void *arg, const struct systemd_job *job)
{
	struct job_list *list = arg;

	list->units[list->count++] = case_format(list->t, "%s", job->unit);
}

const char *const *systemd_jobs(struct trial *t)
{
	struct job_list list = {
		.t = t, .units = case_alloc(t, (SYSTEMD_UNITS_MAX + 1) * sizeof(*list.units))};
	struct patience p;
	struct bus *bus = open_bus(t, &p);
	struct err e = {0};
	int r = systemd_list_jobs(bus, &p, take_job, &list, &e);

	bus_free(bus);
	if (r < 0)
		case_broken(t, "ask systemd: %s", e.text);
	return list.units;
}

/* ---- properties ---- */

static const char *property(struct trial *t, const char *unit, const char *interface,
			    const char *name)
{
	struct patience p;
	struct bus *bus = open_bus(t, &p);
	struct text value = TEXT_INIT(65536);
	struct err e = {0};
	int r = systemd_property_text(bus, &p, unit, interface, name, &value, &e);

	bus_free(bus);
	const char *copy = case_format(t, "%s", value.buf);
	text_done(&value);
	if (r < 0)
		case_broken(t, "ask systemd: %s", e.text);
	return copy;
}

const char *systemd_unit_property(struct trial *t, const char *unit, const char *interface,
				  const char *name)
{
	return property(t, unit, interface, name);
}

const char *systemd_manager_property(struct trial *t, const char *name)
{
	return property(t, NULL, "Manager", name);
}

const char *systemd_state(struct trial *t)
{
	return property(t, NULL, "Manager", "SystemState");
}

const char *systemd_unit_state(struct trial *t, const char *unit)
{
	return property(t, unit, "Unit", "ActiveState");
}

/* ---- doing ---- */

/* As systemd_ask, from where no trial can be left. */
static int ask(const char *member, const char *first, const char *second, struct err *e)
{
	struct patience p = patience_for(-1, ANSWER_NS);
	CLEANUP(bus) struct bus *bus = NULL;
	int r = systemd_open(&p, &bus, e);

	return r < 0 ? r : systemd_manager_call(bus, &p, member, first, second, e);
}

int systemd_ask(struct trial *t, const char *member, const char *first, const char *second)
{
	struct err e = {0};
	int r = ask(member, first, second, &e);

	if (r < 0)
		note(t, "ask systemd: %s", e.text);
	return r;
}

void systemd_wait(struct trial *t, const char *unit, const char *active_state)
{
	struct patience p = patience_for(-1, ANSWER_NS);
	struct err e = {0};

	for (;;) {
		const char *now = systemd_unit_state(t, unit);
		if (strcmp(now, active_state) == 0)
			return;
		if (wait_span(&p, STATE_PAUSE, unit, &e) < 0)
			case_broken(t, "%s did not become %s, it is %s", unit, active_state, now);
	}
}

static void must_ask(struct trial *t, const char *member, const char *first, const char *second)
{
	struct err e = {0};

	if (ask(member, first, second, &e) < 0)
		case_broken(t, "ask systemd: %s", e.text);
}

/* When the trial ends; what fails here harms nobody but a fork that is thrown away. */
static void remove_unit(void *arg)
{
	const char *unit = arg;
	char path[512];
	struct err e = {0};

	(void)ask("StopUnit", unit, "replace", &e);
	(void)snprintf(path, sizeof path, UNIT_FOLDER "/%s", unit);
	(void)unlink(path);
	(void)ask("Reload", NULL, NULL, &e);
	(void)ask("ResetFailedUnit", unit, NULL, &e);
}

static void start_again(void *arg)
{
	struct err e = {0};

	(void)ask("StartUnit", arg, "replace", &e);
}

/* A copy that lives as long as the trial, for its clean-up. */
static void undo_later(struct trial *t, void (*undo)(void *arg), const char *unit)
{
	size_t size = strlen(unit) + 1;

	case_defer(t, undo, memcpy(case_alloc(t, size), unit, size));
}

static void write_unit(struct trial *t, const char *unit, const char *content)
{
	const char *path = case_format(t, UNIT_FOLDER "/%s", unit);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	/* Not through the private mounts: systemd must see it. */
	if (fd < 0)
		case_broken(t, "create %s: %m", path);
	undo_later(t, remove_unit, unit);
	if (write(fd, content, strlen(content)) != (ssize_t)strlen(content))
		case_broken(t, "write %s: %m", path);
	close(fd);
}

void sabotage_unit(struct trial *t, const char *unit, const char *content, const char *active_state)
{
	if (is_offline(t))
		case_broken(t, "systemd does not run on a disk");
	write_unit(t, unit, content);
	must_ask(t, "Reload", NULL, NULL);
	must_ask(t, "StartUnit", unit, "replace");
	if (active_state)
		systemd_wait(t, unit, active_state);
}

void sabotage_stop_unit(struct trial *t, const char *unit)
{
	undo_later(t, start_again, unit);
	must_ask(t, "StopUnit", unit, "replace");
	systemd_wait(t, unit, "inactive");
}
