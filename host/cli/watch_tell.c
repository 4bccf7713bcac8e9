/* SPDX-License-Identifier: Apache-2.0 */
/* What a watcher says: a line for each thing that happens, for people or for machines. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "host/cli/watch.h"
#include "host/report/escape.h"

static void add_ticket(const struct watch *watch, const struct ticket *ticket, struct text *out)
{
	CLEAN_FREE char *run = watch_run_folder(watch, ticket);

	json_member(out, "sha256", ticket->sha256);
	json_member(out, "state", ticket_state_name(ticket->state));
	if (ticket->run > 0)
		json_member(out, "run", run);
	if (ticket->state >= TICKET_JUDGED)
		json_member(out, "place", place_name(ticket->place));
	if (ticket->state >= TICKET_PLACING) {
		CLEAN_FREE char *path =
			xasprintf("%s/%s", watch->places[ticket->place], ticket->as);
		json_member(out, "path", path);
	}
}

static void add_json(const struct watch *watch, const char *type, const char *name,
		     const struct ticket *ticket, const char *what, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	json_open(out, '{');
	json_member(out, "type", type);
	json_member(out, "time", clock_iso(clock_wall_ns(), iso));
	json_member(out, "name", name);
	if (ticket)
		add_ticket(watch, ticket, out);
	json_member(out, "text", what);
	json_close(out, '}');
	text_adds(out, "\n");
}

static void add_line(const char *type, const char *name, const char *what, struct text *out)
{
	time_t now = (time_t)(clock_wall_ns() / NS_PER_S);
	char time_[16] = "";
	struct tm local;

	if (localtime_r(&now, &local))
		(void)strftime(time_, sizeof time_, "%H:%M:%S", &local);
	text_addf(out, "%s  %-9s ", time_, type);
	escape_terminal(out, name, false);
	text_adds(out, what[0] && name[0] ? ": " : "");
	escape_terminal(out, what, false);
	text_adds(out, "\n");
}

void watch_tell(const struct watch *watch, const char *type, const char *name,
		const struct ticket *ticket, const char *format, ...)
{
	CLEAN_TEXT struct text what = TEXT_INIT(16384), out = TEXT_INIT(65536);
	va_list args;

	va_start(args, format);
	(void)text_addv(&what, format, args);
	va_end(args);
	if (watch->arguments->json)
		add_json(watch, type, name, ticket, what.buf, &out);
	else
		add_line(type, name, what.buf, &out);
	secret_hide(&out);
	/* Who has stopped listening does not end what goes on. */
	(void)fwrite(out.buf, 1, out.length, stdout);
	(void)fflush(stdout);
}
