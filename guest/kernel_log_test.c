/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the kernel's log. */
#include "guest/kernel_log.h"

#include "base/test.h"

TEST(kernel_log, takes_records_apart)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	kernel_log_add(
		"6,339,5140900,-;NET: Registered protocol family 10\n SUBSYSTEM=x\n DEVICE=y\n",
		&out);
	kernel_log_add("12,340,5140901,-;systemd[1]: from user space\n", &out);
	kernel_log_add("4,341,61000000001,c;a; semicolon\n", &out);
	kernel_log_add("no record", &out);
	kernel_log_add("x,y;z", &out);
	EXPECT_TEXT(out.buf, "[    5.140900] NET: Registered protocol family 10\n"
			     "[61000.000001] a; semicolon\n");
}

TEST(kernel_log, without_a_log_there_is_nothing)
{
	CLEAN_TEXT struct text out = TEXT_INIT(64);

	kernel_log_since(-1, &out);
	EXPECT_TEXT(out.buf, "");
}
