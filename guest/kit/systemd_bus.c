/* SPDX-License-Identifier: Apache-2.0 */
/* Asking systemd over its private D-Bus socket. */
#include "guest/kit/systemd_bus.h"

#include <ctype.h>
#include <string.h>

#define SOCKET	   "/run/systemd/private"
#define ROOT	   "/org/freedesktop/systemd1"
#define INTERFACE  "org.freedesktop.systemd1"
#define MANAGER	   INTERFACE ".Manager"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BODY_MAX   65536

int systemd_open(const struct patience *p, struct bus **ret, struct err *e)
{
	return bus_open(SOCKET, p, ret, e);
}

void systemd_unit_path(const char *unit, struct text *out)
{
	(void)text_adds(out, ROOT "/unit/");
	for (const unsigned char *at = (const unsigned char *)unit; *at; at++) {
		bool is_plain = isalpha(*at) || (isdigit(*at) && at != (const unsigned char *)unit);
		if (is_plain)
			(void)text_add(out, (const char *)at, 1);
		else
			(void)text_addf(out, "_%02x", *at);
	}
}

int systemd_parse_units(struct bus_reader *reply, systemd_unit_fn *each, void *arg)
{
	size_t end, count = 0;

	for (bus_enter_array(reply, 8, &end);
	     bus_is_before(reply, end) && count < SYSTEMD_UNITS_MAX; count++) {
		struct systemd_unit unit;
		bus_take_align(reply, 8);
		unit.name = bus_take_string(reply);
		unit.description = bus_take_string(reply);
		unit.load = bus_take_string(reply);
		unit.active = bus_take_string(reply);
		unit.sub = bus_take_string(reply);
		(void)bus_take_string(reply); /* whom it follows */
		(void)bus_take_string(reply); /* its path */
		(void)bus_take_u32(reply);    /* its job: id, type, path */
		(void)bus_take_string(reply);
		(void)bus_take_string(reply);
		if (!reply->failed)
			each(arg, &unit);
	}
	return reply->failed || count == SYSTEMD_UNITS_MAX ? -EBADMSG : 0;
}

int systemd_parse_jobs(struct bus_reader *reply, systemd_job_fn *each, void *arg)
{
	size_t end, count = 0;

	for (bus_enter_array(reply, 8, &end);
	     bus_is_before(reply, end) && count < SYSTEMD_UNITS_MAX; count++) {
		struct systemd_job job;
		bus_take_align(reply, 8);
		job.id = bus_take_u32(reply);
		job.unit = bus_take_string(reply);
		job.type = bus_take_string(reply);
		job.state = bus_take_string(reply);
		(void)bus_take_string(reply); /* the paths of job and unit */
		(void)bus_take_string(reply);
		if (!reply->failed)
			each(arg, &job);
	}
	return reply->failed || count == SYSTEMD_UNITS_MAX ? -EBADMSG : 0;
}

static int ask_manager(struct bus *bus, const struct patience *p, const char *member,
		       const char *signature, const struct text *body, struct bus_reader *reply,
		       struct err *e)
{
	const struct bus_call call = {.path = ROOT,
				      .interface = MANAGER,
				      .member = member,
				      .signature = signature,
				      .body = body};

	return bus_ask(bus, &call, p, reply, e);
}

int systemd_list_units(struct bus *bus, const struct patience *p, systemd_unit_fn *each, void *arg,
		       struct err *e)
{
	struct bus_reader reply;
	int r = ask_manager(bus, p, "ListUnits", NULL, NULL, &reply, e);

	if (r == 0 && systemd_parse_units(&reply, each, arg) < 0)
		r = err_set(e, BLAME_GUEST, EBADMSG, "systemd's list of units cannot be read");
	return r;
}

int systemd_list_jobs(struct bus *bus, const struct patience *p, systemd_job_fn *each, void *arg,
		      struct err *e)
{
	struct bus_reader reply;
	int r = ask_manager(bus, p, "ListJobs", NULL, NULL, &reply, e);

	if (r == 0 && systemd_parse_jobs(&reply, each, arg) < 0)
		r = err_set(e, BLAME_GUEST, EBADMSG, "systemd's list of jobs cannot be read");
	return r;
}

/* ---- properties ---- */

static int add_strings(struct bus_reader *in, struct text *out)
{
	size_t end;
	bool is_first = true;

	for (bus_enter_array(in, 4, &end); bus_is_before(in, end); is_first = false)
		(void)text_addf(out, "%s%s", is_first ? "" : " ", bus_take_string(in));
	return 0;
}

static int add_variant(struct bus_reader *in, struct text *out)
{
	const char *type = bus_take_signature(in);

	if (strcmp(type, "as") == 0 || strcmp(type, "ao") == 0)
		return add_strings(in, out);
	if (type[0] == '\0' || type[1] != '\0')
		return -ENOTSUP;
	switch (type[0]) {
	case 's':
	case 'o':
		return text_adds(out, bus_take_string(in));
	case 'b':
		return text_adds(out, bus_take_u32(in) ? "true" : "false");
	case 'u':
		return text_addf(out, "%u", bus_take_u32(in));
	case 'i':
		return text_addf(out, "%d", (int32_t)bus_take_u32(in));
	case 't':
		return text_addf(out, "%llu", (unsigned long long)bus_take_u64(in));
	case 'x':
		return text_addf(out, "%lld", (long long)bus_take_u64(in));
	default:
		return -ENOTSUP;
	}
}

int systemd_property_text(struct bus *bus, const struct patience *p, const char *unit,
			  const char *interface, const char *name, struct text *out, struct err *e)
{
	CLEAN_TEXT struct text path = TEXT_INIT(1024), body = TEXT_INIT(BODY_MAX),
			       full = TEXT_INIT(128);
	struct bus_reader reply;

	if (unit)
		systemd_unit_path(unit, &path);
	else
		(void)text_adds(&path, ROOT);
	(void)text_addf(&full, INTERFACE ".%s", interface);
	bus_put_string(&body, full.buf);
	bus_put_string(&body, name);
	const struct bus_call call = {.path = path.buf,
				      .interface = PROPERTIES,
				      .member = "Get",
				      .signature = "ss",
				      .body = &body};
	int r = bus_ask(bus, &call, p, &reply, e);
	if (r < 0)
		return r;
	r = add_variant(&reply, out);
	if (reply.failed)
		r = -EBADMSG;
	return r < 0 ? err_set(e, BLAME_GUEST, -r, "systemd's property %s: %m", name) : 0;
}

/* ---- jobs ---- */

int systemd_manager_call(struct bus *bus, const struct patience *p, const char *member,
			 const char *first, const char *second, struct err *e)
{
	CLEAN_TEXT struct text body = TEXT_INIT(BODY_MAX);
	struct bus_reader reply;

	if (first)
		bus_put_string(&body, first);
	if (second)
		bus_put_string(&body, second);
	const char *signature = first && second ? "ss" : first ? "s" : NULL;
	return ask_manager(bus, p, member, signature, first ? &body : NULL, &reply, e);
}

static void put_property_name(struct text *body, const char *name, const char *signature)
{
	bus_put_align(body, 8);
	bus_put_string(body, name);
	bus_put_signature(body, signature);
}

/* ExecStart: an array with one (path, argv, whether a failure is ignored). */
static void put_command(struct text *body, const char *const *argv)
{
	put_property_name(body, "ExecStart", "a(sasb)");
	size_t commands = bus_open_array(body, 8);
	bus_put_align(body, 8);
	bus_put_string(body, argv[0]);
	size_t words = bus_open_array(body, 4);
	for (const char *const *at = argv; *at; at++)
		bus_put_string(body, *at);
	bus_close_array(body, words, 4);
	bus_put_bool(body, false);
	bus_close_array(body, commands, 8);
}

int systemd_start_transient(struct bus *bus, const struct patience *p, const char *unit,
			    const char *type, const char *const *argv, struct err *e)
{
	CLEAN_TEXT struct text body = TEXT_INIT(BODY_MAX);
	struct bus_reader reply;

	bus_put_string(&body, unit);
	bus_put_string(&body, "replace");
	size_t properties = bus_open_array(&body, 8);
	put_property_name(&body, "Type", "s");
	bus_put_string(&body, type);
	if (strcmp(type, "oneshot") == 0) {
		put_property_name(&body, "RemainAfterExit", "b");
		bus_put_bool(&body, true);
	}
	put_command(&body, argv);
	bus_close_array(&body, properties, 8);
	size_t others = bus_open_array(&body, 8);
	bus_close_array(&body, others, 8);
	return ask_manager(bus, p, "StartTransientUnit", "ssa(sv)a(sa(sv))", &body, &reply, e);
}
