/* SPDX-License-Identifier: Apache-2.0 */
/* The real program at the other end, without a machine. */
#include "host/driver/qemu/netpeer.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/wait.h"

static struct netpeer *start(const char *folder)
{
	struct netpeer *netpeer = NULL;
	struct err e = {0};
	int r = netpeer_start(folder, NULL, 1, &netpeer, &e);

	if (r == -ENOENT)
		test_skip("assay-netpeer is not built");
	EXPECT_TEXT(e.text, "");
	return netpeer;
}

static int ask(struct netpeer *netpeer, const char *question, struct text *answer, struct err *e)
{
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	int r = netpeer_ask(netpeer, question, -1, e);

	while (r == 0) {
		r = wait_fd(&p, netpeer_answer_fd(netpeer), POLLIN, question, e);
		if (r < 0)
			return r;
		r = netpeer_answer(netpeer, answer, e);
		if (r != -EAGAIN)
			return r;
		r = 0;
	}
	return r;
}

TEST(netpeer, answers_and_leaves_a_record)
{
	static const uint8_t question[42] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0,    0xa5, 0x5a, 0x10, 8,    6,
		0,    1,    8,	  0,	6,    4,    0,	  1,	0x52, 0x54, 0,	  0xa5, 0x5a, 0x10,
		10,   0,    2,	  15,	0,    0,    0,	  0,	0,    0,    10,	  0,	2,    2};
	struct netpeer *netpeer = start(test_folder());
	CLEAN_TEXT struct text answer = TEXT_INIT(1024);
	CLEAN_FREE char *path = xasprintf("%s/" NETPEER_CAPTURE, test_folder());
	struct err e = {0};
	struct stat st;

	/* An answer to what nobody waits for any more is passed over. */
	EXPECT_NUMBER(netpeer_ask(netpeer, "set loss 0", -1, &e), 0);
	EXPECT_NUMBER(send(netpeer_nic_fd(netpeer, 0), question, sizeof question, 0),
		      sizeof question);
	EXPECT_NUMBER(ask(netpeer, "await arp 1", &answer, &e), 0);
	EXPECT_TEXT(answer.buf, "1 ");
	EXPECT(stat(path, &st) < 0);
	EXPECT_NUMBER(netpeer_keep_capture(netpeer, &e), 0);
	EXPECT_NUMBER(netpeer_keep_capture(netpeer, &e), 0);
	EXPECT(stat(path, &st) == 0 && st.st_size > 24 + 16 + 42);
	netpeer_free(netpeer);
}

TEST(netpeer, says_no_with_a_sentence)
{
	struct netpeer *netpeer = start(test_folder());
	CLEAN_TEXT struct text answer = TEXT_INIT(1024);
	struct err e = {0};

	EXPECT_NUMBER(ask(netpeer, "set loss 200", &answer, &e), -EREMOTEIO);
	EXPECT_TEXT(e.text, "set loss: from 0 to 100 is possible");
	EXPECT_NUMBER(e.blame, BLAME_GUEST);
	netpeer_free(netpeer);
}

TEST(netpeer, serves_no_more_nics_than_it_can)
{
	struct netpeer *netpeer = NULL;
	struct err e = {0};

	EXPECT_NUMBER(netpeer_start(test_folder(), NULL, 17, &netpeer, &e), -EINVAL);
	EXPECT_NUMBER(e.blame, BLAME_USER);
}

TEST(netpeer, joins_machines_by_cables)
{
	uint8_t frame[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0xca, 0, 1, 8, 0};
	CLEAN_TEXT struct text answer = TEXT_INIT(1024);
	struct netpeer *cables = NULL;
	struct err e = {0};

	if (netpeer_start_cables(test_folder(), NULL, 2, &cables, &e) == -ENOENT)
		test_skip("assay-netpeer is not built");
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(send(netpeer_nic_fd(cables, 3), frame, sizeof frame, 0), sizeof frame);
	struct patience p = patience_for(-1, 20 * NS_PER_S);
	EXPECT_NUMBER(wait_fd(&p, netpeer_nic_fd(cables, 2), POLLIN, "the frame", &e), 0);
	EXPECT_NUMBER(recv(netpeer_nic_fd(cables, 2), frame, sizeof frame, 0), sizeof frame);
	EXPECT_NUMBER(ask(cables, "count 1", &answer, &e), 0);
	EXPECT_TEXT(answer.buf, "0 1 0");
	EXPECT_NUMBER(ask(cables, "set nonsense 1", &answer, &e), -EREMOTEIO);
	err_clear(&e);
	EXPECT_NUMBER(netpeer_keep_capture(cables, &e), 0);
	CLEAN_FREE char *path = xasprintf("%s/" CABLES_CAPTURE, test_folder());
	EXPECT_NUMBER(access(path, R_OK), 0);
	netpeer_free(cables);
}
