/* SPDX-License-Identifier: Apache-2.0 */
/* Output to readers of all kinds. */
#include "base/outlet.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"

#define LINE	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n"
#define IDLE_NS (100 * NS_PER_MS)

static void add_lines(struct outlet *outlet, size_t count)
{
	for (size_t i = 0; i < count; i++)
		outlet_add(outlet, LINE, strlen(LINE));
}

/* Takes what is there. */
static size_t take_all(int fd)
{
	char buf[65536];
	size_t taken = 0;
	ssize_t n;

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, buf, sizeof buf)) > 0)
		taken += (size_t)n;
	return taken;
}

/* The reader takes nothing at first, then all: nothing is missing. */
static void expect_patient(int reader, int writer)
{
	CLEANUP(outlet) struct outlet *outlet = outlet_new(writer, 1U << 20);
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	size_t lines = 12000, taken = 0; /* 750 KiB: more than pipes and sockets hold */
	struct err e = {0};

	add_lines(outlet, lines);
	EXPECT_NUMBER(outlet_lost(outlet), 0);
	EXPECT_NUMBER(outlet_drain(outlet, &p, IDLE_NS, &e), -ETIMEDOUT);
	for (int i = 0; i < 1000 && taken < lines * strlen(LINE); i++) {
		taken += take_all(reader);
		outlet_push(outlet);
	}
	EXPECT_NUMBER(taken, lines * strlen(LINE));
	err_clear(&e);
	EXPECT_NUMBER(outlet_drain(outlet, &p, IDLE_NS, &e), 0);
	EXPECT((fcntl(writer, F_GETFL) & O_NONBLOCK) == 0);
}

TEST(outlet, waits_for_a_pipe)
{
	int ends[2];

	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	expect_patient(ends[0], ends[1]);
}

TEST(outlet, waits_for_a_socket)
{
	int ends[2];

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	expect_patient(ends[0], ends[1]);
}

TEST(outlet, leaves_out_what_is_too_much)
{
	CLEANUP(outlet) struct outlet *outlet = NULL;
	struct patience p = patience_for(-1, 10 * NS_PER_S);
	struct err e = {0};
	size_t taken = 0;
	int ends[2];

	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	outlet = outlet_new(ends[1], 64 * strlen(LINE));
	add_lines(outlet, 10000);
	size_t lost = outlet_lost(outlet);
	EXPECT(lost > 0 && lost < 10000);
	for (int i = 0; i < 100; i++) {
		taken += take_all(ends[0]);
		outlet_push(outlet);
	}
	EXPECT_NUMBER(taken, (10000 - lost) * strlen(LINE)); /* whole lines */
	add_lines(outlet, 1);				     /* the reader is back */
	EXPECT_NUMBER(take_all(ends[0]), strlen(LINE));
	EXPECT_NUMBER(outlet_drain(outlet, &p, IDLE_NS, &e), -ENOBUFS);
	EXPECT(strstr(e.text, "left out") != NULL);
}

TEST(outlet, notices_that_the_reader_has_left)
{
	CLEANUP(outlet) struct outlet *outlet = NULL;
	struct patience p = patience_for(-1, NS_PER_S);
	struct err e = {0};
	int ends[2];

	EXPECT(pipe2(ends, O_CLOEXEC) == 0);
	outlet = outlet_new(ends[1], 1U << 20);
	(void)close(ends[0]);
	add_lines(outlet, 100000);
	EXPECT_NUMBER(outlet_drain(outlet, &p, IDLE_NS, &e), -EPIPE);
	EXPECT_TEXT(e.text, "");
}

TEST(outlet, writes_files_at_once)
{
	CLEAN_FREE char *path = xasprintf("%s/out", test_folder());
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP(outlet) struct outlet *outlet = outlet_new(fd, 1U << 20);
	struct stat stat_;

	add_lines(outlet, 100000);
	EXPECT(fstat(fd, &stat_) == 0 && stat_.st_size == (off_t)(100000 * strlen(LINE)));
	EXPECT_NUMBER(outlet_lost(outlet), 0);
}
