/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/network.h"

#include <string.h>

#include "base/test.h"

TEST(network, has_addresses_for_each_nic)
{
	char buf[NETWORK_TEXT_SIZE];
	uint8_t mac[6];

	EXPECT_TEXT(network_text(network_address(0, NETWORK_GUEST), buf), "10.0.2.15");
	EXPECT_TEXT(network_text(network_address(7, NETWORK_GATEWAY), buf), "10.0.9.2");
	EXPECT_TEXT(network_text(NETWORK_OUTSIDE, buf), NETWORK_OUTSIDE_TEXT);
	network_guest_mac(1, mac);
	EXPECT(memcmp(mac, "\x52\x54\x00\xa5\x5a\x11", 6) == 0);
	network_gateway_mac(1, mac);
	EXPECT(memcmp(mac, "\x52\x55\x0a\x00\x03\x02", 6) == 0);
}

TEST(network, ends_of_cables_have_addresses_of_their_own)
{
	char text[NETWORK_MAC_SIZE];
	uint8_t mac[6];

	network_cable_mac(2, 1, mac);
	EXPECT_TEXT(network_mac_text(mac, text), "52:54:00:ca:01:02");
}

TEST(network, tells_cases)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	network_parameters(2, &out);
	EXPECT(strstr(out.buf, "address1=10.0.3.15\n") != NULL);
	EXPECT(strstr(out.buf, "gateway0=10.0.2.2\n") != NULL);
	EXPECT(strstr(out.buf, "prefix6_0=fd00:a55a:0:2\n") != NULL);
	EXPECT(strstr(out.buf, "netmask=255.255.255.0\n") != NULL);
}
