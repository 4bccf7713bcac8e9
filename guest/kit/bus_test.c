/* SPDX-License-Identifier: Apache-2.0 */
/* The D-Bus client against a server in a child that plays back bytes, and its reader against nonsense. */
#include "guest/kit/bus.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/test.h"
#include "guest/kit/systemd_bus.h"

/* ---- answers as systemd makes them to ListJobs, a(usssoo), and ListUnits, a(ssssssouso) ---- */

static void put_job(struct text *body, uint32_t id, const char *unit, const char *type,
		    const char *state)
{
	bus_put_align(body, 8);
	bus_put_u32(body, id);
	bus_put_string(body, unit);
	bus_put_string(body, type);
	bus_put_string(body, state);
	bus_put_string(body, "/org/freedesktop/systemd1/job/1");
	bus_put_string(body, "/org/freedesktop/systemd1/unit/x");
}

static void put_unit(struct text *body, const char *name, const char *active, const char *sub)
{
	bus_put_align(body, 8);
	bus_put_string(body, name);
	bus_put_string(body, "A description");
	bus_put_string(body, "loaded");
	bus_put_string(body, active);
	bus_put_string(body, sub);
	bus_put_string(body, "");
	bus_put_string(body, "/org/freedesktop/systemd1/unit/x");
	bus_put_u32(body, 0);
	bus_put_string(body, "");
	bus_put_string(body, "/");
}

static void add_job_line(void *arg, const struct systemd_job *job)
{
	(void)text_addf(arg, "%u %s %s %s\n", job->id, job->unit, job->type, job->state);
}

static void add_unit_line(void *arg, const struct systemd_unit *unit)
{
	(void)text_addf(arg, "%s %s %s %s\n", unit->name, unit->load, unit->active, unit->sub);
}

TEST(systemd_bus, reads_jobs)
{
	CLEAN_TEXT struct text body = TEXT_INIT(4096), lines = TEXT_INIT(4096);
	size_t mark = bus_open_array(&body, 8);

	put_job(&body, 7, "cloud-final.service", "start", "running");
	put_job(&body, 800, "x.target", "stop", "waiting");
	bus_close_array(&body, mark, 8);
	struct bus_reader in = {.bytes = (const unsigned char *)body.buf, .length = body.length};
	EXPECT_NUMBER(systemd_parse_jobs(&in, add_job_line, &lines), 0);
	EXPECT_TEXT(lines.buf, "7 cloud-final.service start running\n800 x.target stop waiting\n");
	EXPECT_NUMBER(in.at, in.length);
}

TEST(systemd_bus, reads_units_and_refuses_every_beginning)
{
	CLEAN_TEXT struct text body = TEXT_INIT(4096), lines = TEXT_INIT(4096);
	size_t mark = bus_open_array(&body, 8);

	put_unit(&body, "ssh.service", "active", "running");
	put_unit(&body, "-.mount", "failed", "dead");
	bus_close_array(&body, mark, 8);
	struct bus_reader in = {.bytes = (const unsigned char *)body.buf, .length = body.length};
	EXPECT_NUMBER(systemd_parse_units(&in, add_unit_line, &lines), 0);
	EXPECT_TEXT(lines.buf, "ssh.service loaded active running\n-.mount loaded failed dead\n");
	for (size_t length = 0; length < body.length; length++) {
		CLEAN_FREE unsigned char *copy = malloc(length + 1);
		memcpy(copy, body.buf, length);
		in = (struct bus_reader){.bytes = copy, .length = length};
		EXPECT_NUMBER(systemd_parse_units(&in, add_unit_line, &lines), -EBADMSG);
	}
}

TEST(systemd_bus, an_empty_list_is_a_list)
{
	CLEAN_TEXT struct text body = TEXT_INIT(64), lines = TEXT_INIT(64);

	bus_close_array(&body, bus_open_array(&body, 8), 8);
	struct bus_reader in = {.bytes = (const unsigned char *)body.buf, .length = body.length};
	EXPECT_NUMBER(systemd_parse_jobs(&in, add_job_line, &lines), 0);
	EXPECT_TEXT(lines.buf, "");
}

TEST(systemd_bus, paths_of_units)
{
	CLEAN_TEXT struct text path = TEXT_INIT(256);

	systemd_unit_path("9-ssh@a.service", &path);
	EXPECT_TEXT(path.buf, "/org/freedesktop/systemd1/unit/_39_2dssh_40a_2eservice");
}

/* ---- the reader ---- */

TEST(bus, a_failed_reader_gives_nothing)
{
	static const unsigned char no_terminator[] = {1, 0, 0, 0, 'a', 'b'},
				   inner_zero[] = {2, 0, 0, 0, 'a', 0, 0},
				   huge[] = {0xff, 0xff, 0xff, 0xff, 0};
	const struct bus_reader readers[] = {
		{.bytes = no_terminator, .length = sizeof no_terminator},
		{.bytes = inner_zero, .length = sizeof inner_zero},
		{.bytes = huge, .length = sizeof huge},
	};

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		struct bus_reader in = readers[i];
		EXPECT_TEXT(bus_take_string(&in), "");
		EXPECT(in.failed);
		EXPECT_NUMBER(bus_take_u32(&in), 0);
		EXPECT(!bus_is_before(&in, 1000));
	}
	struct bus_reader in = {.bytes = huge, .length = sizeof huge};
	size_t end;
	bus_enter_array(&in, 8, &end);
	EXPECT(in.failed);
}

TEST(bus, numbers_are_aligned)
{
	CLEAN_TEXT struct text body = TEXT_INIT(64);

	bus_put_signature(&body, "s");
	bus_put_u32(&body, 0x01020304);
	EXPECT_NUMBER(body.length, 8);
	struct bus_reader in = {.bytes = (const unsigned char *)body.buf, .length = body.length};
	EXPECT_TEXT(bus_take_signature(&in), "s");
	EXPECT_NUMBER(bus_take_u32(&in), 0x01020304);
	EXPECT(!in.failed);
}

/* ---- the client ---- */

static void expect_bytes(int fd, const char *want, size_t length)
{
	char got[512] = "";
	size_t have = 0;

	while (have < length) {
		ssize_t n = read(fd, got + have, length - have);
		if (n <= 0)
			_exit(3);
		have += (size_t)n;
	}
	if (memcmp(got, want, length) != 0)
		_exit(4);
}

/* Plays the server: greeting, then takes one call, then sends these bytes. */
static _Noreturn void play(int fd, const char *greeting, const void *bytes, size_t length)
{
	char hello[64], call[4096];
	int hello_length = snprintf(hello + 1, sizeof hello - 1, "AUTH EXTERNAL ");

	hello[0] = '\0';
	CLEAN_FREE char *uid = xasprintf("%u", geteuid());
	for (const char *at = uid; *at; at++)
		hello_length += snprintf(hello + 1 + hello_length, 8, "%02x", *at);
	hello_length += snprintf(hello + 1 + hello_length, 16, "\r\nBEGIN\r\n");
	expect_bytes(fd, hello, (size_t)hello_length + 1);
	(void)!write(fd, greeting, strlen(greeting));
	if (read(fd, call, sizeof call) < 16 || call[0] != 'l' || call[1] != 1)
		_exit(5);
	(void)!write(fd, bytes, length);
	(void)!read(fd, call, sizeof call); /* until the client closes */
	_exit(0);
}

/* A signal that is to be skipped, then the return of call 1 with the string "running". */
static const unsigned char signal_and_return[] = {
	'l', 4,	  1, 1, 0,   0, 0, 0, 9, 0,   0, 0, 10, 0,  0,	 0,   3,   1,	's', 0,	  1,   0, 0,
	0,   'X', 0, 0, 0,   0, 0, 0, 0, 'l', 2, 1, 1,	12, 0,	 0,   0,   9,	0,   0,	  0,   8, 0,
	0,   0,	  5, 1, 'u', 0, 1, 0, 0, 0,   7, 0, 0,	0,  'r', 'u', 'n', 'n', 'i', 'n', 'g', 0,
};

/* The error of call 1, named a.b, that says "no". */
static const unsigned char error_return[] = {
	'l', 3,	  1,   1, 7, 0, 0, 0, 9, 0, 0,	 0, 24, 0, 0, 0, 4, 1, 's', 0, 3,   0,	 0, 0,
	'a', '.', 'b', 0, 0, 0, 0, 0, 5, 1, 'u', 0, 1,	0, 0, 0, 2, 0, 0,   0, 'n', 'o', 0,
};

static int ask(const char *greeting, const void *bytes, size_t length, struct text *answer,
	       struct err *e)
{
	struct patience p = patience_for(-1, 5 * NS_PER_S);
	const struct bus_call call = {.path = "/", .interface = "a.b", .member = "C"};
	CLEANUP(bus) struct bus *bus = NULL;
	struct bus_reader reply;
	int ends[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(ends[0]);
		play(ends[1], greeting, bytes, length);
	}
	close(ends[1]);
	int r = bus_of_fd(ends[0], &p, &bus, e);
	if (r == 0)
		r = bus_ask(bus, &call, &p, &reply, e);
	if (r == 0)
		(void)text_adds(answer, bus_take_string(&reply));
	return r;
}

TEST(bus, skips_signals_and_takes_the_answer)
{
	CLEAN_TEXT struct text answer = TEXT_INIT(64);
	struct err e = {0};

	EXPECT_NUMBER(ask("OK 1234\r\n", signal_and_return, sizeof signal_and_return, &answer, &e),
		      0);
	EXPECT_TEXT(answer.buf, "running");
	EXPECT_TEXT(e.text, "");
}

TEST(bus, an_error_has_its_words)
{
	CLEAN_TEXT struct text answer = TEXT_INIT(64);
	struct err e = {0};

	EXPECT_NUMBER(ask("OK 1234\r\n", error_return, sizeof error_return, &answer, &e),
		      -EREMOTEIO);
	EXPECT_TEXT(e.text, "C: a.b: no");
}

TEST(bus, refusals_and_nonsense_are_errors)
{
	CLEAN_TEXT struct text answer = TEXT_INIT(64);
	static const unsigned char big_endian[16] = {'B', 2, 1, 1},
				   huge[16] = {'l', 2, 1, 1, 255, 255, 255, 255};
	struct err e = {0};

	EXPECT_NUMBER(ask("REJECTED EXTERNAL\r\n", "", 0, &answer, &e), -EACCES);
	EXPECT_NUMBER(ask("OK 1\r\n", big_endian, sizeof big_endian, &answer, &e), -EBADMSG);
	EXPECT_NUMBER(ask("OK 1\r\n", huge, sizeof huge, &answer, &e), -EBADMSG);
}
