/* SPDX-License-Identifier: Apache-2.0 */
/* NICs that wait for a cable. */
#include "host/driver/cable.h"

#include "wire/network.h"

#define HUB_FIRST 100 /* any number: there are no other hubs */

void cable_backend(struct text *json, unsigned cable)
{
	(void)text_addf(json, "{\"type\":\"hubport\",\"id\":\"hub%u\",\"hubid\":%u}", cable,
			HUB_FIRST + cable);
}

/* Without its announcement, as all NICs of copies: see the driver. */
void cable_device(struct text *json, unsigned cable)
{
	char text[NETWORK_MAC_SIZE];
	uint8_t mac[6];

	network_cable_mac(0, cable, mac);
	(void)text_addf(json,
			"{\"driver\":\"virtio-net-pci\",\"id\":\"cable%u\",\"netdev\":\"hub%u\","
			"\"bus\":\"hot%u\",\"romfile\":\"\",\"guest_announce\":false,"
			"\"mac\":\"%s\"}",
			cable, cable, cable, network_mac_text(mac, text));
}

void cable_plug(struct text *json, unsigned cable)
{
	(void)text_addf(json,
			"{\"type\":\"hubport\",\"id\":\"plug%u\",\"hubid\":%u,"
			"\"netdev\":\"wire%u\"}",
			cable, HUB_FIRST + cable, cable);
}
