/* SPDX-License-Identifier: Apache-2.0 */
/* A filesystem behind an agent's calls: what is asked, how often, and what is made of strange answers. */
#include "host/image/remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"

/* An agent that has answers to certain questions. */
struct script {
	const char *question; /* "verb argument argument…" */
	const char *answer;
	size_t length;
	int code;
};

struct agent {
	const struct script *lines;
	unsigned asked;
};

#define ANSWER(text) (text), sizeof(text) - 1, 0
#define ROOT                                                                                       \
	{                                                                                          \
		"volume-mount 100 200 xfs", ANSWER("E40755 0 0 3 4096 128 7 /\0")                  \
	}

static int call(void *arg, const char *verb, const char *const *arguments, struct text *reply)
{
	CLEAN_TEXT struct text question = TEXT_INIT(4096);
	struct agent *agent = arg;

	agent->asked++;
	(void)text_adds(&question, verb);
	for (; *arguments; arguments++)
		(void)text_addf(&question, " %s", *arguments);
	for (const struct script *line = agent->lines; line->question; line++)
		if (strcmp(line->question, question.buf) == 0)
			return line->code ? line->code
					  : text_add(reply, line->answer, line->length);
	(void)fprintf(stderr, "# asked: %s\n", question.buf);
	return -ENOENT;
}

struct seen {
	struct text names;
	uint64_t last;
	struct tree_stat stat;
};

static int see(void *arg, const char *name, size_t length, uint64_t handle,
	       const struct tree_stat *stat)
{
	struct seen *seen = arg;

	(void)text_add(&seen->names, name, length);
	(void)text_adds(&seen->names, " ");
	seen->last = handle;
	seen->stat = *stat;
	return 0;
}

static struct volume *open_it(const struct remote_channel *channel)
{
	const struct chunk_source disk = {.size = 1000}; /* nothing of it is read here */
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&disk);
	CLEANUP(span) struct span *span = span_of_range(chunks, 100, 200);
	struct volume *volume = NULL;

	EXPECT_NUMBER(remote_open(channel, "xfs", span, &volume), 0);
	return volume;
}

static int list(struct volume *volume, uint64_t handle, struct seen *seen)
{
	text_clear(&seen->names);
	return volume->ops->list(volume, handle, see, seen);
}

TEST(remote, takes_folders_that_came_ahead)
{
	static const struct script lines[] = {
		ROOT,
		{"volume-list 100 / 0",
		 ANSWER("D/\0E40755 0 0 2 10 5 7 a b\0D/a b\0E100644 1 2 1 5 6 -7 f\0D/x\0M5\0")},
		{"volume-read 100 /a b/f 0 262144", ANSWER("hello")},
		{"volume-readlink 100 /a b/f", ANSWER("target")},
		{"volume-xattr 100 /a b/f security.capability", NULL, 0, -ENODATA},
		{NULL, NULL, 0, 0},
	};
	struct agent agent = {.lines = lines};
	const struct remote_channel channel = {call, &agent};
	CLEANUP(volume) struct volume *volume = open_it(&channel);
	struct seen seen = {.names = TEXT_INIT(4096)};
	char buf[100];

	EXPECT_NUMBER(list(volume, volume->root, &seen), 0);
	EXPECT_TEXT(seen.names.buf, "a b ");
	EXPECT(S_ISDIR(seen.stat.mode));
	EXPECT_NUMBER(list(volume, seen.last, &seen), 0);
	EXPECT_NUMBER(agent.asked, 2); /* one mount, one list for both */
	EXPECT_TEXT(seen.names.buf, "f ");
	EXPECT_NUMBER(seen.stat.uid, 1);
	EXPECT_NUMBER(seen.stat.mtime_s, -7);
	EXPECT_NUMBER(volume->ops->read(volume, seen.last, 1, buf, 3), 3);
	EXPECT(memcmp(buf, "ell", 3) == 0);
	EXPECT_NUMBER(volume->ops->read(volume, seen.last, 4, buf, 30), 1);
	EXPECT_NUMBER(volume->ops->read(volume, seen.last, 5, buf, 30), 0);
	EXPECT_NUMBER(agent.asked, 3); /* one read for all */
	EXPECT_NUMBER(volume->ops->readlink(volume, seen.last, buf, sizeof buf), 6);
	EXPECT_NUMBER(volume->ops->xattr(volume, seen.last, "security.capability", buf, sizeof buf),
		      -ENODATA);
	EXPECT_NUMBER(volume->ops->read(volume, 99, 0, buf, 1), -EINVAL);
	text_done(&seen.names);
}

TEST(remote, goes_on_with_folders_that_are_too_long)
{
	static const struct script lines[] = {
		ROOT,
		{"volume-list 100 / 0",
		 ANSWER("D/\0E100644 0 0 1 0 1 0 a\0E100644 0 0 1 0 2 0 b\0M2\0")},
		{"volume-list 100 / 2", ANSWER("D/\0E100644 0 0 1 0 3 0 c\0")},
		{NULL, NULL, 0, 0},
	};
	struct agent agent = {.lines = lines};
	const struct remote_channel channel = {call, &agent};
	CLEANUP(volume) struct volume *volume = open_it(&channel);
	struct seen seen = {.names = TEXT_INIT(4096)};

	EXPECT_NUMBER(list(volume, volume->root, &seen), 0);
	EXPECT_TEXT(seen.names.buf, "a b c ");
	text_done(&seen.names);
}

TEST(remote, refuses_strange_answers)
{
	static const struct row {
		const char *answer;
		size_t length;
		int code;
	} rows[] = {
		{ANSWER("D/\0E100644 0 0 1 0 1 0 ../up\0")},
		{ANSWER("D/\0E100644 0 0 1 0 1 0 ..\0")},
		{ANSWER("D/\0E100644 0 0 1 0 1\0")},
		{ANSWER("D/\0E100644 0 0 1 0 1 0 \0")},
		{ANSWER("D/\0X5\0")},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct script lines[] = {
			ROOT,
			{"volume-list 100 / 0", rows[i].answer, rows[i].length, 0},
			{NULL, NULL, 0, 0}};
		struct agent agent = {.lines = lines};
		const struct remote_channel channel = {call, &agent};
		CLEANUP(volume) struct volume *volume = open_it(&channel);
		struct seen seen = {.names = TEXT_INIT(4096)};
		EXPECT_NUMBER(list(volume, volume->root, &seen), -EBADMSG);
		text_done(&seen.names);
	}
}

/* What the agent says of a default subvolume becomes a path in the tree. */
TEST(remote, knows_the_default_subvolume)
{
	static const struct row {
		const char *answer;
		size_t length;
		int code;
		const char *subvolume; /* NULL: it cannot be opened */
	} rows[] = {
		{ANSWER("E40755 0 0 3 4096 256 7 /\0S/@/one\0"), "/@/one"},
		{ANSWER("E40755 0 0 3 4096 256 7 /\0"), ""},
		{ANSWER("E40755 0 0 3 4096 256 7 /\0S/@"), ""}, /* not whole */
		{ANSWER("E40755 0 0 3 4096 256 7 /\0S@\0"), NULL},
		{ANSWER("S/@\0"), NULL},
	};
	const struct chunk_source disk = {.size = 1000};
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&disk);
	CLEANUP(span) struct span *span = span_of_range(chunks, 100, 200);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct script lines[] = {
			{"volume-mount 100 200 btrfs", rows[i].answer, rows[i].length, 0},
			{NULL, NULL, 0, 0}};
		struct agent agent = {.lines = lines};
		const struct remote_channel channel = {call, &agent};
		CLEANUP(volume) struct volume *volume = NULL;
		int r = remote_open(&channel, "btrfs", span, &volume);
		EXPECT_NUMBER(r, rows[i].subvolume ? 0 : -EBADMSG);
		if (rows[i].subvolume)
			EXPECT_TEXT(volume->subvolume ? volume->subvolume : "", rows[i].subvolume);
	}
}

/* An agent that says "more" for ever must not hold us for ever. */
TEST(remote, a_folder_ends)
{
	static const struct script lines[] = {
		ROOT,
		{"volume-list 100 / 0", ANSWER("D/\0M1\0")},
		{"volume-list 100 / 1", ANSWER("D/\0M1\0")},
		{NULL, NULL, 0, 0},
	};
	struct agent agent = {.lines = lines};
	const struct remote_channel channel = {call, &agent};
	CLEANUP(volume) struct volume *volume = open_it(&channel);
	struct seen seen = {.names = TEXT_INIT(4096)};

	EXPECT_NUMBER(list(volume, volume->root, &seen), -E2BIG);
	text_done(&seen.names);
}
