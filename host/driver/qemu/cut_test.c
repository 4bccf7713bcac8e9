/* SPDX-License-Identifier: Apache-2.0 */
/* What a power cut leaves on disks, without a machine: the logs are made here. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/driver/qemu/log_for_test.h"
#include "host/driver/qemu/qemu.h"

#define DISK_SIZE (1 << 20)

static const struct size size = {.name = "test", .cpus = 1, .mem_mib = 64};

/* A machine with one raw disk full of 'o'. */
static struct qemu *make_machine(struct machine_spec *spec)
{
	struct err e = {0};
	char old[4096];

	*spec = (struct machine_spec){.size = &size, .folder = test_folder(), .cuts_power = true};
	struct qemu *qemu = qemu_new(spec);
	qemu->disks[0] = (struct qemu_disk){
		.fd = file_unnamed(test_folder(), &e), .log_fd = -1, .before_fd = -1};
	qemu->disk_count = 1;
	(void)snprintf(qemu->disks[0].format, sizeof qemu->disks[0].format, "raw");
	memset(old, 'o', sizeof old);
	for (off_t at = 0; at < DISK_SIZE; at += (off_t)sizeof old)
		EXPECT_NUMBER(pwrite(qemu->disks[0].fd, old, sizeof old, at), sizeof old);
	EXPECT_NUMBER(disks_log(qemu, &e), 0);
	EXPECT_TEXT(e.text, "");
	return qemu;
}

/* Puts what was made in the place of the log that QEMU would have written. */
static void use_log(struct qemu *qemu, const struct log_for_test *made)
{
	struct err e = {0};

	EXPECT_NUMBER(file_copy(made->fd, qemu->disks[0].log_fd, &e), 0);
	EXPECT_NUMBER(ftruncate(qemu->disks[0].log_fd, (off_t)WRITE_LOG_MAX), 0);
	close(made->fd);
}

static int lose(struct qemu *qemu, struct err *e)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);

	return disks_lose(qemu, &p, e);
}

static char byte_at(const struct qemu *qemu, unsigned sector)
{
	char byte = 0;

	EXPECT_NUMBER(pread(qemu->disks[0].fd, &byte, 1, (off_t)sector * 512), 1);
	return byte;
}

TEST(cut, only_what_was_flushed_is_there)
{
	struct log_for_test made = log_for_test_new();
	struct machine_spec spec;
	struct qemu *qemu = make_machine(&spec);
	struct err e = {0};

	log_for_test_data(&made, 1, 8, 'a');
	log_for_test_data(&made, 2, 1, 'b');
	log_for_test_data(&made, 100, 1, '\0');
	log_for_test_flush(&made);
	log_for_test_data(&made, 3, 1, 'c');
	use_log(qemu, &made);
	/* What QEMU had written, flushed or not. */
	EXPECT_NUMBER(pwrite(qemu->disks[0].fd, "c", 1, 3 * 512), 1);
	EXPECT_NUMBER(lose(qemu, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(byte_at(qemu, 0), 'o');
	EXPECT_NUMBER(byte_at(qemu, 1), 'a');
	EXPECT_NUMBER(byte_at(qemu, 2), 'b');
	EXPECT_NUMBER(byte_at(qemu, 3), 'a');
	EXPECT_NUMBER(byte_at(qemu, 8), 'a');
	EXPECT_NUMBER(byte_at(qemu, 9), 'o');
	EXPECT_NUMBER(byte_at(qemu, 100), '\0');
	const struct vm_event *event = vm_events_find(&qemu->vm.events, 0, "WRITES_LOST");
	EXPECT_TEXT(event ? event->data : "", "{\"kept\":3,\"lost\":1,\"lost-bytes\":512}");
	EXPECT_NUMBER(qemu->disks[0].log_fd, -1);
	qemu_free(&qemu->vm);
}

TEST(cut, without_a_flush_all_is_lost)
{
	struct log_for_test made = log_for_test_new();
	struct machine_spec spec;
	struct qemu *qemu = make_machine(&spec);
	struct err e = {0};

	log_for_test_data(&made, 0, 1, 'a');
	use_log(qemu, &made);
	EXPECT_NUMBER(pwrite(qemu->disks[0].fd, "a", 1, 0), 1);
	EXPECT_NUMBER(lose(qemu, &e), 0);
	EXPECT_NUMBER(byte_at(qemu, 0), 'o');
	qemu_free(&qemu->vm);
}

TEST(cut, second_cut_starts_from_the_first)
{
	struct log_for_test made = log_for_test_new(), again;
	struct machine_spec spec;
	struct qemu *qemu = make_machine(&spec);
	struct err e = {0};

	log_for_test_data(&made, 0, 1, 'a');
	log_for_test_flush(&made);
	use_log(qemu, &made);
	EXPECT_NUMBER(lose(qemu, &e), 0);
	EXPECT_NUMBER(disks_log(qemu, &e), 0);
	again = log_for_test_new();
	log_for_test_data(&again, 0, 1, 'b');
	use_log(qemu, &again);
	EXPECT_NUMBER(lose(qemu, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(byte_at(qemu, 0), 'a');
	qemu_free(&qemu->vm);
}

/* qemu-img and qemu-io, as they come with QEMU. */
static void run_tool(const char *const *argv)
{
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(65536);
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct child_spec spec = {.argv = argv};
	struct err e = {0};

	EXPECT_NUMBER(child_run_ok(&spec, &p, &out, &e), 0);
	EXPECT_TEXT(e.text, "");
}

static const char *path_of(const char *name, char path[PATH_MAX])
{
	(void)snprintf(path, PATH_MAX, "%s/%s", test_folder(), name);
	return path;
}

TEST(cut, copy_of_the_root_disk_names_what_is_below)
{
	char base[PATH_MAX], top[PATH_MAX], copy[PATH_MAX];
	const char *make_base[] = {"qemu-img", "create", "-q", "-f", "qcow2", path_of("base", base),
				   "1M",       NULL};
	const char *fill[] = {"qemu-io", "-f", "qcow2", "-c", "write -P 7 0 64k", base, NULL};
	const char *make_top[] = {"qemu-img",	       "create", "-q", "-f", "qcow2",
				  path_of("top", top), "1M",	 NULL};
	const char *look[] = {
		"qemu-io", "-r", "-f", "qcow2", "-c", "read -P 7 0 64k", path_of("copy", copy),
		NULL};
	struct machine_spec spec = {.size = &size, .folder = test_folder()};
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct qemu *qemu = qemu_new(&spec);
	struct err e = {0};

	run_tool(make_base);
	run_tool(fill);
	run_tool(make_top);
	qemu->disks[0] = (struct qemu_disk){.fd = open(top, O_RDWR | O_CLOEXEC),
					    .log_fd = -1,
					    .before_fd = -1,
					    .format = "qcow2",
					    .backing = xstrdup(base),
					    .backing_format = "qcow2"};
	qemu->disk_count = 1;
	int to = open(copy, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(qemu_copy_root(&qemu->vm, to, &p, &e), -ENOTSUP); /* it has no image */
	qemu->spec.image = &(const struct image){.path = NULL};
	EXPECT_NUMBER(qemu_copy_root(&qemu->vm, to, &p, &(struct err){0}), 0);
	close(to);
	run_tool(look);
	qemu_free(&qemu->vm);
}

TEST(cut, broken_log_is_the_hosts_fault)
{
	struct log_for_test made = log_for_test_new();
	struct machine_spec spec;
	struct qemu *qemu = make_machine(&spec);
	struct err e = {0};

	log_for_test_entry(&made, 1ULL << 40, 1, 0);
	use_log(qemu, &made);
	EXPECT_NUMBER(lose(qemu, &e), -EBADMSG);
	EXPECT_NUMBER(e.blame, BLAME_HOST);
	EXPECT(has_prefix(e.text, "what the power cut left on a disk: "));
	qemu_free(&qemu->vm);
}

TEST(cut, full_log_is_told)
{
	struct log_for_test made = log_for_test_new();
	struct machine_spec spec;
	struct qemu *qemu = make_machine(&spec);
	struct err e = {0};

	/* As if the disk were that large. */
	qemu->disks[0].size = 2 * WRITE_LOG_MAX;
	log_for_test_entry(&made, 0, (WRITE_LOG_MAX - 4096) / 512, 0);
	use_log(qemu, &made);
	EXPECT_NUMBER(lose(qemu, &e), -ENOSPC);
	EXPECT(strstr(e.text, "the guest wrote more than the 4032 MiB") != NULL);
	qemu_free(&qemu->vm);
}
