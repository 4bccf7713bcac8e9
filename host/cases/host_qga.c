/* SPDX-License-Identifier: Apache-2.0 */
/* Asking QEMU's guest agent. Each command has one answer, so whoever is in step stays so. */
#include "host/cases/host_qga.h"

#include "base/clock.h"
#include "host/cases/host_channel.h"
#include "host/cases/host_hotplug.h"

#define PORT	  "org.qemu.guest_agent.0"
#define COME_S	  60
#define ANSWER_S  60 /* all filesystems are written out before they are frozen */
#define STALE_MAX 100

static bool send_command(struct host_trial *t, const char *command, const char *arguments)
{
	return channel_send(t, host_format(t, "{\"execute\":\"%s\"%s}\n", command, arguments));
}

static bool has_sync(const char *said, long long number)
{
	for (const char *end; (end = strchr(said, '\n')); said = end + 1)
		if (qga_reply_is_sync(said, (size_t)(end - said), number))
			return true;
	return false;
}

/* The question lies in the port until somebody opens it. */
static bool agent_is_there(struct host_trial *t)
{
	long long number = (long long)(clock_now_ns() % NS_PER_S);
	const char *arguments = host_format(t, ",\"arguments\":{\"id\":%lld}", number), *said = "";

	if (!send_command(t, "guest-sync-delimited", arguments))
		return false;
	for (int i = 0; i < STALE_MAX && said; i++) {
		said = channel_await(t, "\n", COME_S);
		if (said && has_sync(said, number))
			return true;
	}
	return false;
}

void qga_open(struct host_trial *t)
{
	channel_open(t, "qga");
	device_plug(t, "qga-port",
		    "\"driver\":\"virtserialport\",\"bus\":\"serial0.0\",\"chardev\":\"qga\","
		    "\"name\":\"" PORT "\"");
	HOST_REQUIRE(t, agent_is_there(t));
}

/* The line that it answers, without its end. */
static const char *ask_line(struct host_trial *t, const char *command)
{
	const char *said = send_command(t, command, "") ? channel_await(t, "\n", ANSWER_S) : NULL;

	if (!said)
		host_check_failed(t, HOST_SITE_(__func__, true),
				  "the QEMU guest agent does not answer %s", command);
	return said ? host_format(t, "%.*s", (int)strcspn(said, "\n"), said) : "";
}

static struct qga_reply read_line(struct host_trial *t, const char *command, const char *line)
{
	struct qga_reply reply = {.kind = QGA_OTHER};
	struct err e = {0};

	if (qga_reply_read(line, strlen(line), &reply, &e) < 0)
		host_check_failed(t, HOST_SITE_(__func__, true), "to %s: %s", command, e.text);
	host_note(t, "%s: %s", command, reply.words);
	return reply;
}

struct qga_reply qga_ask(struct host_trial *t, const char *command)
{
	return read_line(t, command, ask_line(t, command));
}

const char *qga_member(struct host_trial *t, const char *command, const char *name)
{
	const char *line = ask_line(t, command);
	char words[256];

	(void)read_line(t, command, line);
	return qga_reply_member(line, strlen(line), name, words, sizeof words)
		       ? host_format(t, "%s", words)
		       : NULL;
}

void qga_tell(struct host_trial *t, const char *command)
{
	HOST_REQUIRE(t, send_command(t, command, ""));
}

long long qga_number(struct host_trial *t, const char *command)
{
	struct qga_reply reply = qga_ask(t, command);

	return reply.kind == QGA_NUMBER && reply.number >= 0 ? reply.number : -1;
}

const char *qga_word(struct host_trial *t, const char *command)
{
	struct qga_reply reply = qga_ask(t, command);

	return reply.kind == QGA_WORD ? host_format(t, "%s", reply.words) : NULL;
}

/* The key of the list was another once; each agent ignores the one that it does not know. */
void qga_block(struct host_trial *t, const char *command)
{
	(void)host_call(t, "mkdir", "/etc/qemu", NULL);
	host_guest_write(
		t, "/etc/qemu/qemu-ga.conf",
		host_format(t, "[general]\nblacklist=%s\nblock-rpcs=%s\n", command, command));
}
