/* SPDX-License-Identifier: Apache-2.0 */
/* Asking QEMU's guest agent. Each command has one answer, so whoever is in step stays so. */
#include "host/cases/host_qga.h"

#include "base/clock.h"
#include "host/cases/host_channel.h"
#include "host/cases/host_hotplug.h"

#define PORT	  "org.qemu.guest_agent.0"
#define COME_S	  90
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

struct qga_reply qga_ask(struct host_trial *t, const char *command)
{
	struct qga_reply reply = {.kind = QGA_OTHER};
	struct err e = {0};
	const char *line = send_command(t, command, "") ? channel_await(t, "\n", ANSWER_S) : NULL;

	if (!line)
		host_check_failed(t, HOST_SITE_(__func__, true),
				  "the QEMU guest agent does not answer %s", command);
	else if (qga_reply_read(line, strcspn(line, "\n"), &reply, &e) < 0)
		host_check_failed(t, HOST_SITE_(__func__, true), "to %s: %s", command, e.text);
	host_note(t, "%s: %s", command, reply.words);
	return reply;
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
