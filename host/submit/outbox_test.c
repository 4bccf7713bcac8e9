/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox keeps what was put there. */
#include "host/submit/outbox.h"

#include <string.h>

#include "base/test.h"
#include "host/store/folder.h"

static void put(const struct outbox *outbox, const char *run, uint64_t queued_ns,
		struct submission *ret)
{
	CLEAN_TEXT struct text body = TEXT_INIT(100);
	struct err e = {0};

	EXPECT_NUMBER(submission_init(ret, "https://a/submit", "assay", run, "/runs/x", &e), 0);
	ret->queued_ns = queued_ns;
	(void)text_addf(&body, "{\"run\":\"%s\"}", run);
	EXPECT_NUMBER(outbox_put(outbox, ret, &body, &e), 0);
}

TEST(outbox, gives_back_what_was_put)
{
	struct outbox outbox = {.folder = xstrdup(test_folder())};
	struct submissions list = VEC_INIT(OUTBOX_MAX);
	CLEAN_TEXT struct text body = TEXT_INIT(0), remarks = TEXT_INIT(1000);
	struct submission one, two, back;
	struct err e = {0};

	put(&outbox, "two", 2, &two);
	put(&outbox, "one", 1, &one);
	EXPECT_NUMBER(outbox_list(&outbox, &list, &remarks, &e), 0);
	EXPECT(list.count == 2);
	EXPECT_TEXT(list.items[0].run, "one");
	EXPECT_TEXT(remarks.buf, "");
	EXPECT_NUMBER(outbox_load(&outbox, one.key, &back, &e), 0);
	EXPECT_NUMBER(outbox_body(&outbox, &back, &body, &e), 0);
	EXPECT_TEXT(body.buf, "{\"run\":\"one\"}");
	EXPECT_NUMBER(outbox_remove(&outbox, one.key, &e), 0);
	EXPECT_NUMBER(outbox_remove(&outbox, one.key, &e), 0);
	EXPECT_NUMBER(outbox_load(&outbox, one.key, &back, &e), -ENOENT);
	EXPECT_TEXT(e.text, "");
	vec_done(&list);
	outbox_done(&outbox);
}

TEST(outbox, damage_is_told_and_hides_no_other)
{
	struct outbox outbox = {.folder = xstrdup(test_folder())};
	struct submissions list = VEC_INIT(OUTBOX_MAX);
	CLEAN_TEXT struct text body = TEXT_INIT(0), remarks = TEXT_INIT(10000);
	struct submission one, two;
	struct err e = {0};

	put(&outbox, "one", 1, &one);
	put(&outbox, "two", 2, &two);
	CLEAN_FREE char *json = xasprintf("%s/%s.json", outbox.folder, one.key);
	CLEAN_FREE char *sent = xasprintf("%s/%s.body", outbox.folder, two.key);
	CLEAN_FREE char *other = xasprintf("%s/notes.json", outbox.folder);
	EXPECT_NUMBER(file_write(json, "{}", 2, &e), 0);
	EXPECT_NUMBER(file_write(sent, "{}", 2, &e), 0);
	EXPECT_NUMBER(file_write(other, "{}", 2, &e), 0);
	EXPECT_NUMBER(outbox_list(&outbox, &list, &remarks, &e), 0);
	EXPECT(list.count == 1);
	EXPECT(strstr(remarks.buf, one.key) != NULL);
	EXPECT_NUMBER(outbox_body(&outbox, &list.items[0], &body, &e), -EBADMSG);
	EXPECT(strstr(e.text, "is damaged") != NULL);
	vec_done(&list);
	outbox_done(&outbox);
}

TEST(outbox, is_one_holders_at_a_time)
{
	struct outbox outbox = {.folder = xstrdup(test_folder())};
	struct submission one;
	struct err e = {0};
	int mine = -1, other = -1;

	put(&outbox, "one", 1, &one);
	EXPECT_NUMBER(outbox_claim(&outbox, one.key, &mine, &e), 0);
	EXPECT_NUMBER(outbox_claim(&outbox, one.key, &other, &e), -EBUSY);
	outbox_release(&outbox, one.key, &mine);
	EXPECT_NUMBER(outbox_claim(&outbox, one.key, &other, &e), 0);
	outbox_release(&outbox, one.key, &other);
	outbox_done(&outbox);
}
