/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as bytes; and the kernel's word on some that change nothing. */
#include "guest/kit/netlink.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "base/test.h"

TEST(netlink, attributes_are_padded_and_nested)
{
	struct ifinfomsg link = {.ifi_index = 7};
	struct netlink request;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE, &link, sizeof link);
	EXPECT_NUMBER(request.length, 32);
	netlink_text(&request, IFLA_IFNAME, "ab");
	EXPECT_NUMBER(request.length, 40);
	size_t nest = netlink_nest(&request, IFLA_LINKINFO);
	netlink_u8(&request, 1, 5);
	netlink_u16(&request, 2, 5);
	netlink_u32(&request, 3, 5);
	netlink_close(&request, nest);
	EXPECT_NUMBER(nest, 40);
	EXPECT_NUMBER(request.length, 68);
	const struct rtattr *attribute = (const struct rtattr *)(const void *)(request.bytes + 40);
	EXPECT_NUMBER(attribute->rta_len, 28);
	attribute = (const struct rtattr *)(const void *)(request.bytes + 32);
	EXPECT_NUMBER(attribute->rta_len, 7);
}

TEST(netlink, what_does_not_fit_is_not_sent)
{
	struct ifinfomsg link = {.ifi_index = 7};
	char long_text[NETLINK_REQUEST_MAX];
	struct netlink request;

	memset(long_text, 'x', sizeof long_text);
	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	netlink_add(&request, IFLA_IFNAME, long_text, sizeof long_text);
	EXPECT(request.is_full);
	EXPECT_NUMBER(netlink_do(-1, &request), -EMSGSIZE);
}

TEST(netlink, kernel_says_no)
{
	struct ifinfomsg link = {.ifi_index = 0x7fffffff};
	struct netlink request;
	int fd = netlink_open();

	if (fd < 0)
		test_skip("no netlink here");
	netlink_begin(&request, RTM_NEWLINK, 0, &link, sizeof link);
	int r = netlink_do(fd, &request);
	EXPECT(r == -ENODEV || r == -EPERM);
	close(fd);
}
