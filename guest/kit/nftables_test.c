/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in a network namespace of the test's own, as the kernel takes them. */
#include "guest/kit/nftables.h"

#include <sched.h>

#include "base/test.h"

static void enter_namespace(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		test_skip("no network namespace may be made here");
	if (nftables_delete_all() != 0)
		test_skip("the kernel has no nf_tables, or filters from the beginning");
}

TEST(nftables, tables_come_and_go)
{
	enter_namespace();
	EXPECT_NUMBER(nftables_masquerade("one"), 0);
	EXPECT_NUMBER(nftables_drop_incoming("two"), 0);
	EXPECT_NUMBER(nftables_drop_from("three", "lo"), 0);
	EXPECT_NUMBER(nftables_delete_all(), 0);
	EXPECT(!iptables_has_filter());
}

TEST(nftables, chains_that_forward_admit_an_interface)
{
	enter_namespace();
	EXPECT_NUMBER(nftables_admit_forwarded("lo"), 0);
	EXPECT_NUMBER(nftables_masquerade("one"), 0);
	EXPECT_NUMBER(nftables_admit_forwarded("lo"), 0);
}
