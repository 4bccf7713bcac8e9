/* SPDX-License-Identifier: Apache-2.0 */
/* The null driver keeps the contract that machines rely on. */
#include "host/driver/driver.h"

#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "wire/frame.h"

static struct vm *start(const struct machine_spec *spec)
{
	struct patience p = patience_for(-1, NS_PER_S);
	struct err e = {0};
	struct vm *vm = NULL;

	EXPECT_NUMBER(driver_null.start(spec, &p, &vm, &e), 0);
	return vm;
}

/* Waits at most a second for bytes; gives the type of the first frame, 0 when none came. */
static unsigned next_type(struct vm *vm)
{
	struct pollfd readable = {.fd = vm->agent->fd, .events = POLLIN};
	struct frame frame;
	struct err e = {0};
	char bytes[4096];

	if (poll(&readable, 1, 1000) <= 0)
		return 0;
	ssize_t n = stream_read(vm->agent, bytes, sizeof bytes);
	return n > 0 && frame_parse(bytes, (size_t)n, &frame, &e) > 0 ? frame.type : 0;
}

static void send_run(struct vm *vm, const char *id)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1024);

	frame_open(&out, FRAME_RUN);
	field_text(&out, FIELD_ID, id);
	frame_close(&out);
	EXPECT_NUMBER(stream_write(vm->agent, out.buf, out.length), (long long)out.length);
}

TEST(null, greets_after_its_boot_time)
{
	struct machine_spec spec = {.driver = &driver_null, .driver_options = "boot_ms=50"};
	uint64_t start_ns = clock_now_ns();
	struct vm *vm = start(&spec);
	char byte;

	EXPECT_NUMBER(stream_read(vm->agent, &byte, 1), -EAGAIN);
	EXPECT_NUMBER(next_type(vm), FRAME_HELLO);
	EXPECT(clock_now_ns() - start_ns >= 50 * NS_PER_MS);
	EXPECT_NUMBER(stream_read(vm->agent, &byte, 1), -EAGAIN);
	driver_null.free(vm);
}

TEST(null, answers_a_run_after_its_latency)
{
	struct machine_spec spec = {.driver = &driver_null, .driver_options = "case_ms=30"};
	struct vm *vm = start(&spec);

	EXPECT_NUMBER(next_type(vm), FRAME_HELLO);
	uint64_t start_ns = clock_now_ns();
	send_run(vm, "a.b");
	EXPECT_NUMBER(next_type(vm), FRAME_RESULT);
	EXPECT(clock_now_ns() - start_ns >= 30 * NS_PER_MS);
	driver_null.free(vm);
}

TEST(null, machine_that_dies_says_so)
{
	struct machine_spec spec = {.driver = &driver_null, .driver_options = "die=a.b"};
	struct vm *vm = start(&spec);
	struct pollfd ended = {.fd = vm->ended_fd, .events = POLLIN};

	EXPECT_NUMBER(next_type(vm), FRAME_HELLO);
	EXPECT_NUMBER(poll(&ended, 1, 0), 0);
	send_run(vm, "a.b");
	EXPECT_NUMBER(poll(&ended, 1, 0), 1);
	driver_null.free(vm);
}

TEST(null, names_are_known)
{
	EXPECT(driver_find("null") == &driver_null);
	EXPECT(driver_find("qemu") == &driver_qemu);
	EXPECT(driver_find("") == NULL);
	for (const char *const *name = driver_names(); *name; name++)
		EXPECT(driver_find(*name) != NULL);
}
