/* SPDX-License-Identifier: Apache-2.0 */
/* QMP with a QEMU that is played by the test. */
#include "host/driver/qemu/qmp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/test.h"

static const char greeting[] =
	"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n{\"return\": {}, \"id\": 1}\r\n";

struct scene {
	struct vm_events events;
	struct qmp *qmp;
	int qemu; /* the other end */
	struct patience p;
};

static void scene_init(struct scene *scene)
{
	int ends[2];

	*scene = (struct scene){.p = patience_for(-1, 2 * NS_PER_S)};
	EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	scene->qemu = ends[1];
	scene->qmp = qmp_new(ends[0], &scene->events);
}

/* QEMU is up and takes commands. What is said after this answers the next one. */
static void scene_greet(struct scene *scene)
{
	struct err e = {0};

	scene_init(scene);
	EXPECT_NUMBER(send(scene->qemu, greeting, sizeof greeting - 1, MSG_NOSIGNAL),
		      sizeof greeting - 1);
	EXPECT_NUMBER(qmp_await_ready(scene->qmp, &scene->p, &e), 0);
}

static void scene_done(struct scene *scene)
{
	qmp_free(scene->qmp);
	close(scene->qemu);
	vm_events_done(&scene->events);
}
DEFINE_CLEAN_DONE(scene);

static void say(struct scene *scene, const char *text)
{
	EXPECT_NUMBER(send(scene->qemu, text, strlen(text), MSG_NOSIGNAL), (long long)strlen(text));
}

TEST(qmp, command_is_answered)
{
	CLEAN_DONE(scene) struct scene scene;
	CLEAN_TEXT struct text reply = TEXT_INIT(1024);
	struct err e = {0};
	char sent[512] = "";

	scene_greet(&scene);
	say(&scene, "{\"return\": {\"running\": true}, \"id\": 3}\r\n");
	EXPECT_NUMBER(qmp_execute(scene.qmp, &scene.p, "query-status", NULL, &reply, &e), 0);
	EXPECT_TEXT(reply.buf, "{\"running\":true}");
	EXPECT(recv(scene.qemu, sent, sizeof sent - 1, 0) > 0);
	EXPECT_TEXT(sent, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n"
			  "{\"execute\":\"query-status\",\"id\":3,\"arguments\":{}}\n");
}

TEST(qmp, refusal_is_the_hosts_sentence)
{
	CLEAN_DONE(scene) struct scene scene;
	struct err e = {0};

	scene_greet(&scene);
	say(&scene,
	    "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such device\"}, \"id\": 3}\r\n");
	EXPECT_NUMBER(qmp_execute(scene.qmp, &scene.p, "device_del", "{\"id\":\"x\"}", NULL, &e),
		      -EREMOTEIO);
	EXPECT_TEXT(e.text, "QEMU refused device_del: no such device");
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}

TEST(qmp, answers_of_other_commands_are_nobodys)
{
	CLEAN_DONE(scene) struct scene scene;
	CLEAN_TEXT struct text reply = TEXT_INIT(1024);
	struct err e = {0};

	scene_greet(&scene);
	say(&scene,
	    "{\"return\": 7, \"id\": 2}\r\n{\"return\": 8, \"id\": 99}\r\n{\"return\": 9, \"id\": 3}\r\n");
	EXPECT_NUMBER(qmp_execute(scene.qmp, &scene.p, "query-x", NULL, &reply, &e), 0);
	EXPECT_TEXT(reply.buf, "9");
}

TEST(qmp, events_between_answers_are_kept)
{
	CLEAN_DONE(scene) struct scene scene;
	struct err e = {0};

	scene_greet(&scene);
	say(&scene,
	    "{\"event\": \"SHUTDOWN\", \"data\": {\"guest\": true}}\r\n{\"event\": \"STOP\"}\r\n"
	    "{\"return\": {}, \"id\": 3}\r\n");
	EXPECT_NUMBER(qmp_execute(scene.qmp, &scene.p, "cont", NULL, NULL, &e), 0);
	const struct vm_event *event = vm_events_find(&scene.events, 0, "SHUTDOWN");
	EXPECT(event != NULL);
	if (event)
		EXPECT_TEXT(event->data, "{\"guest\":true}");
	EXPECT(vm_events_find(&scene.events, 1, "SHUTDOWN") == NULL);
	EXPECT(vm_events_find(&scene.events, 1, "STOP") != NULL);
}

TEST(qmp, events_beyond_the_ring_push_the_oldest_out)
{
	struct vm_events events = {0};

	vm_events_add(&events, "FIRST", NULL);
	for (int i = 0; i < VM_EVENTS_MAX; i++)
		vm_events_add(&events, "MORE", NULL);
	EXPECT(vm_events_find(&events, 0, "FIRST") == NULL);
	const struct vm_event *event = vm_events_find(&events, 0, "MORE");
	EXPECT(event && event->number == 1);
	vm_events_done(&events);
}

TEST(qmp, silence_ends_with_the_patience)
{
	CLEAN_DONE(scene) struct scene scene;
	struct err e = {0};

	scene_greet(&scene);
	scene.p = patience_for(-1, 50 * NS_PER_MS);
	EXPECT_NUMBER(qmp_execute(scene.qmp, &scene.p, "query-status", NULL, NULL, &e), -ETIMEDOUT);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
}

TEST(qmp, end_of_qemu_is_seen)
{
	CLEAN_DONE(scene) struct scene scene;
	struct err e = {0};

	scene_init(&scene);
	EXPECT_NUMBER(shutdown(scene.qemu, SHUT_RDWR), 0);
	EXPECT_NUMBER(qmp_await_ready(scene.qmp, &scene.p, &e), -ECONNRESET);
}

TEST(qmp, line_without_end_is_refused)
{
	CLEAN_DONE(scene) struct scene scene;
	CLEAN_FREE char *piece = xnew(1U << 20);
	struct err e = {0};
	int r = 0;

	scene_init(&scene);
	memset(piece, ' ', 1U << 20);
	for (int i = 0; i < 5 && r == 0; i++)
		r = qmp_feed(scene.qmp, piece, 1U << 20, &e);
	EXPECT_NUMBER(r, -EMSGSIZE);
}

TEST(qmp, what_is_no_json_is_refused)
{
	CLEAN_DONE(scene) struct scene scene;
	struct err e = {0};

	scene_init(&scene);
	EXPECT_NUMBER(qmp_feed(scene.qmp, "hello\n", 6, &e), -EBADMSG);
	EXPECT(has_prefix(e.text, "QEMU said something that is no QMP: "));
}
