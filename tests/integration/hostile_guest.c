/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process of a guest that means harm. It stands between the host and a real agent (/agent) and hands on what both
 * say - until the host asks for a case that /acts names, in lines "case.id act": then it does that act.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "guest/init.h"
#include "guest/port.h"
#include "wire/case_info.h"

#define AGENT		"/agent"
#define AGENT_FD	3
#define ACTS		"/acts"
#define DISK		"/dev/vda"
#define PORT_PATIENCE_S 60
#define MIB		(1U << 20)
#define GARBAGE_MIB	8
#define NOTES_MIB	256
#define OOPS_LINES	4000
#define CASE_BEGUN_US	50000

struct relay {
	struct port host;
	int agent_fd;
	pid_t agent;
	struct text acts;
};

static void send_all(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length > 0;) {
		ssize_t n = write(fd, at, length);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (n < 0) {
			(void)poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 100);
			continue;
		}
		at += n;
		length -= (size_t)n;
	}
}

static _Noreturn void rest(void)
{
	for (;;)
		pause();
}

static void hand_on(struct relay *relay, const struct frame *frame)
{
	/* The payload lies behind its header. */
	send_all(relay->agent_fd, frame->payload - FRAME_HEADER, FRAME_HEADER + frame->length);
}

static const char *garbage(void)
{
	static char bytes[MIB];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 2654435761U >> 13);
	return bytes;
}

/* What claims to be a frame as long as four bytes can say. */
static void send_huge_header(int fd, enum frame_type type)
{
	const char header[FRAME_HEADER] = {'A', 'S', 'Y',    '1',    (char)type, 0,
					   0,	0,   '\xff', '\xff', '\xff',	 '\xff'};

	send_all(fd, header, sizeof header);
}

/* ---- acts ---- */

/* As when it is killed from a shell: the kernel closes its port. */
static void act_kill(struct relay *relay, const struct frame *frame, const char *id UNUSED)
{
	hand_on(relay, frame);
	(void)usleep(CASE_BEGUN_US);
	(void)kill(relay->agent, SIGKILL);
	(void)waitpid(relay->agent, NULL, 0);
	port_done(&relay->host);
	rest();
}

static void act_garbage(struct relay *relay, const struct frame *frame UNUSED,
			const char *id UNUSED)
{
	for (int i = 0; i < GARBAGE_MIB; i++)
		send_all(relay->host.out_fd, garbage(), MIB);
	rest();
}

static void act_huge(struct relay *relay, const struct frame *frame UNUSED, const char *id UNUSED)
{
	send_huge_header(relay->host.out_fd, FRAME_OUTPUT);
	for (;;)
		send_all(relay->host.out_fd, garbage(), MIB);
}

static void answer(struct relay *relay, const char *id, const char *outcome)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	frame_open(&out, FRAME_RESULT);
	field_text(&out, FIELD_ID, id);
	field_text(&out, FIELD_OUTCOME, outcome);
	field_number(&out, FIELD_PASSED, 1);
	frame_close(&out);
	send_all(relay->host.out_fd, out.buf, out.length);
	rest();
}

static void act_another(struct relay *relay, const struct frame *frame UNUSED,
			const char *id UNUSED)
{
	answer(relay, "all.is_well", "pass");
}

static void act_unknown(struct relay *relay, const struct frame *frame UNUSED, const char *id)
{
	answer(relay, id, "splendid");
}

/* Whole frames of notes, in all more than a host should ever keep; then the case runs. */
static void act_notes(struct relay *relay, const struct frame *frame, const char *id UNUSED)
{
	CLEAN_TEXT struct text out = TEXT_INIT(2 * MIB);

	frame_open(&out, FRAME_OUTPUT);
	field_bytes(&out, FIELD_TEXT, garbage(), MIB);
	frame_close(&out);
	for (unsigned i = 0; i < NOTES_MIB; i++)
		send_all(relay->host.out_fd, out.buf, out.length);
	hand_on(relay, frame);
}

/* A fault in the kernel's words, over and over; then the case runs. */
static void act_oops(struct relay *relay, const struct frame *frame, const char *id UNUSED)
{
	static const char line[] =
		"BUG: unable to handle page fault for address: ffffdeadbeef0000\n";

	for (int i = 0; i < OOPS_LINES; i++)
		send_all(STDOUT_FILENO, line, sizeof line - 1);
	hand_on(relay, frame);
}

/* What is written there, the host has to keep. */
static void act_fill_disk(struct relay *relay, const struct frame *frame, const char *id UNUSED)
{
	CLEAN_FD int fd = open(DISK, O_WRONLY | O_SYNC | O_CLOEXEC);

	while (fd >= 0 && write(fd, garbage(), MIB) > 0)
		;
	hand_on(relay, frame);
}

static void act_power_off(struct relay *relay UNUSED, const struct frame *frame UNUSED,
			  const char *id UNUSED)
{
	(void)reboot(RB_POWER_OFF);
}

typedef void act_fn(struct relay *relay, const struct frame *frame, const char *id);

static const struct {
	const char *name;
	act_fn *act;
} acts[] = {
	{"another", act_another}, {"fill-disk", act_fill_disk}, {"garbage", act_garbage},
	{"huge", act_huge},	  {"kill", act_kill},		{"notes", act_notes},
	{"oops", act_oops},	  {"power-off", act_power_off}, {"unknown", act_unknown},
};

/* ---- between host and agent ---- */

/* The act for that case, NULL for none. */
static act_fn *find_act(const struct relay *relay, const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
		CLEAN_FREE char *line = xasprintf("%s %s\n", id, acts[i].name);
		if (strstr(relay->acts.buf, line))
			return acts[i].act;
	}
	return NULL;
}

static void take_frame(struct relay *relay, const struct frame *frame)
{
	char id[CASE_ID_SIZE];
	struct field field;
	struct err e = {0};
	act_fn *act = NULL;

	if (frame->type == FRAME_RUN && frame_find(frame, FIELD_ID, &field, &e) > 0) {
		field_string(&field, id, sizeof id);
		act = find_act(relay, id);
	}
	if (act)
		act(relay, frame, id);
	else
		hand_on(relay, frame);
}

static _Noreturn void serve(struct relay *relay)
{
	struct pollfd fds[] = {
		{.fd = relay->host.epoll_fd, .events = POLLIN},
		{.fd = relay->agent_fd, .events = POLLIN},
	};
	static char bytes[MIB];
	struct frame frame;

	for (;;) {
		(void)poll(fds, ARRAY_LEN(fds), -1);
		ssize_t n = read(relay->agent_fd, bytes, sizeof bytes);
		if (n > 0)
			send_all(relay->host.out_fd, bytes, (size_t)n);
		port_wait(&relay->host, 0);
		if (port_fill(&relay->host) < 0)
			rest();
		while (port_next(&relay->host, &frame) > 0)
			take_frame(relay, &frame);
	}
}

static void start_agent(struct relay *relay)
{
	char *argv[] = {(char[]){AGENT}, (char[]){"serve"}, (char[]){"--fd"}, (char[]){"3"}, NULL};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		rest();
	relay->agent = fork();
	if (relay->agent == 0) {
		if (dup2(ends[1], AGENT_FD) >= 0)
			(void)execv(AGENT, argv);
		_exit(127);
	}
	close(ends[1]);
	relay->agent_fd = ends[0];
	(void)fcntl(relay->agent_fd, F_SETFL, O_NONBLOCK);
}

int main(void)
{
	struct relay relay = {.host = PORT_INIT, .acts = TEXT_INIT(4096)};
	struct err e = {0};

	init_set_up();
	if (text_read_file(&relay.acts, ACTS) < 0 ||
	    port_find(PORT_NAME, PORT_PATIENCE_S, &relay.host, &e) < 0) {
		(void)printf("hostile-guest: " ACTS ": %m; %s\n", e.text);
		init_end();
	}
	/* What comes before a greeting must not be taken for one. */
	send_all(relay.host.out_fd, garbage(), MIB);
	send_huge_header(relay.host.out_fd, FRAME_HELLO);
	start_agent(&relay);
	serve(&relay);
}
