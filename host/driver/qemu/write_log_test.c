/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of writes: what is in them, what a cut loses, and those that are none. */
#include "host/driver/qemu/write_log.h"

#include <string.h>
#include <sys/mman.h>

#include "base/test.h"
#include "base/text.h"
#include "host/driver/qemu/log_for_test.h"

#define DISK_SIZE (1U << 20)

static int next(struct write_log *log, struct logged_write *write)
{
	struct err e = {0};
	int r = write_log_next(log, write, &e);

	if (r < 0) {
		EXPECT_NUMBER(e.blame, BLAME_HOST);
		EXPECT(has_prefix(e.text, "QEMU's log of writes is broken at entry "));
	}
	return r;
}

TEST(write_log, gives_entries_in_order)
{
	struct log_for_test made = log_for_test_new();
	struct logged_write write;

	log_for_test_data(&made, 3, 2, 'x');
	log_for_test_flush(&made);
	log_for_test_discard(&made, 8, 1000);
	struct write_log log = write_log_of(made.fd, DISK_SIZE);
	EXPECT_NUMBER(next(&log, &write), 1);
	EXPECT_NUMBER(write.kind, LOGGED_DATA);
	EXPECT_NUMBER(write.offset, 3 * 512);
	EXPECT_NUMBER(write.length, 2 * 512);
	EXPECT_NUMBER(write.data, 2 * 512); /* behind superblock and entry */
	EXPECT_NUMBER(next(&log, &write), 1);
	EXPECT_NUMBER(write.kind, LOGGED_FLUSH);
	EXPECT_NUMBER(next(&log, &write), 1);
	EXPECT_NUMBER(write.kind, LOGGED_DISCARD);
	EXPECT_NUMBER(write.offset, 8 * 512);
	EXPECT_NUMBER(write.length, 1000 * 512);
	EXPECT_NUMBER(next(&log, &write), 0);
	EXPECT_NUMBER(next(&log, &write), 0);
	close(made.fd);
}

TEST(write_log, cut_loses_what_follows_the_last_flush)
{
	struct log_for_test made = log_for_test_new();
	struct write_loss loss;
	struct err e = {0};

	EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), 0);
	EXPECT_NUMBER(loss.flushed_end, 0);
	log_for_test_data(&made, 0, 1, 'a');
	EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), 0);
	EXPECT_NUMBER(loss.flushed_end, 0);
	EXPECT_NUMBER(loss.lost, 1);
	log_for_test_flush(&made);
	uint64_t end = made.at;
	log_for_test_discard(&made, 0, 4);
	log_for_test_data(&made, 0, 2, 'b');
	EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), 0);
	EXPECT_NUMBER(loss.flushed_end, end);
	EXPECT_NUMBER(loss.kept, 1);
	EXPECT_NUMBER(loss.lost, 2);
	EXPECT_NUMBER(loss.lost_bytes, 6 * 512);
	EXPECT_NUMBER(loss.log_end, made.at);
	EXPECT_TEXT(e.text, "");
	close(made.fd);
}

static const struct wrong {
	const char *name, *why;
	uint64_t sector, sectors, flags;
} wrong[] = {
	{"begins outside", "it lies outside of the disk", 2049, 0, 0},
	{"ends outside", "it lies outside of the disk", 2000, 49, 0},
	{"overflows", "it lies outside of the disk", UINT64_MAX, UINT64_MAX, 0},
	{"shift overflows", "it lies outside of the disk", 1, 1ULL << 55, 0},
	{"longer than the log", "it is longer than the log", 0, 2048, 0},
	{"flush with data", "it is neither write nor discard nor flush", 0, 1, 1},
	{"empty write", "it is neither write nor discard nor flush", 5, 0, 0},
	{"unknown flag", "it is neither write nor discard nor flush", 0, 1, 16},
	{"mark", "it is neither write nor discard nor flush", 0, 1, 8},
};

TEST(write_log, entry_that_cannot_be_is_refused)
{
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct log_for_test made = log_for_test_new();
		struct write_loss loss;
		struct err e = {0};
		log_for_test_entry(&made, wrong[i].sector, wrong[i].sectors, wrong[i].flags);
		EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), -EBADMSG);
		EXPECT(strstr(e.text, wrong[i].why) != NULL);
		close(made.fd);
	}
}

TEST(write_log, superblock_is_held_to_the_entries)
{
	struct log_for_test made = log_for_test_new();
	struct write_loss loss;
	struct err e = {0};

	log_for_test_data(&made, 0, 1, 'a');
	log_for_test_flush(&made);
	log_for_test_super(&made, 3, 512);
	EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), -EBADMSG);
	EXPECT(strstr(e.text, "its superblock tells of more") != NULL);
	log_for_test_super(&made, 2, 4096);
	EXPECT_NUMBER(write_log_measure(made.fd, DISK_SIZE, &loss, &e), -EBADMSG);
	EXPECT(strstr(e.text, "of another kind") != NULL);
	close(made.fd);
}

TEST(write_log, no_log_at_all)
{
	struct write_loss loss;
	struct err e = {0};
	CLEAN_FD int empty = memfd_create("empty", MFD_CLOEXEC);

	EXPECT_NUMBER(write_log_measure(empty, DISK_SIZE, &loss, &e), -EBADMSG);
	EXPECT(strstr(e.text, "it has no superblock") != NULL);
}
