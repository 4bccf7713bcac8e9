// SPDX-License-Identifier: Apache-2.0
// The network as the image ships it.
#include "guest/kit/case.h"
#include "guest/kit/line.h"
#include "guest/kit/unit.h"

AUDIT(network, hosts_file_maps_localhost, .title = "localhost maps to both loopback addresses",
      .priority = P1, .sources = "CIV:test_ipv_localhost",
      .why = "Programs that talk to themselves by name wait for a name server, or fail, at "
	     "every start.",
      .remedy = "Have the lines 127.0.0.1 localhost and ::1 localhost in /etc/hosts.")
{
	const char *text = file_text(t, "/etc/hosts");
	bool has_v4 = false, has_v6 = false;
	struct words words;

	if (!text && file_exists(t, "/usr/lib/libnss_myhostname.so.2"))
		case_skip(t, "image", "there is no /etc/hosts, and systemd answers for localhost");
	REQUIRE(t, text != NULL);
	for (const char *line; (line = text_line(t, &text));) {
		words_split(line, &words);
		for (unsigned i = 1; i < words.count && words.at[i][0] != '#'; i++) {
			/* Debian's installer calls ::1 ip6-localhost as well; localhost must be among the names. */
			bool is_it = strcmp(words.at[i], "localhost") == 0;
			has_v4 = has_v4 || (is_it && has_prefix(words.at[0], "127."));
			has_v6 = has_v6 || (is_it && strcmp(words.at[0], "::1") == 0);
		}
	}
	CHECK(t, has_v4);
	CHECK(t, has_v6);
}

SABOTAGE(network, hosts_file_maps_localhost, "localhost has no IPv6 address")
{
	sabotage_file(t, "/etc/hosts", "127.0.0.1 localhost\n");
}

/* ---- the default profile ---- */

struct profile {
	bool wants_dhcp, refuses_dhcp, has_address;
	const char *path;
};

static void take_networkd(struct trial *t UNUSED, void *arg, const char *section, const char *key,
			  const char *value)
{
	struct profile *profile = arg;

	if (strcmp(section, "Network") != 0)
		return;
	if (strcmp(key, "DHCP") == 0) {
		profile->wants_dhcp = strcmp(value, "yes") == 0 || strcmp(value, "ipv4") == 0 ||
				      strcmp(value, "true") == 0 || strcmp(value, "both") == 0;
		profile->refuses_dhcp = !profile->wants_dhcp && strcmp(value, "ipv6") != 0;
	}
	profile->has_address = profile->has_address || strcmp(key, "Address") == 0;
}

/* Is this profile one for ordinary NICs? Those for bridges, tunnels and containers are not the first NIC's. */
static bool is_for_nics(struct trial *t, const char *path)
{
	static const char *const special[] = {
		"Kind=",   "Type=wlan",	 "Type=wwan", "Name=lo",  "Virtualization=container",
		"Driver=", "Name=host0", "Name=ve-",  "Name=vz-", "Name=vb-",
		"Name=vt-"};
	const char *text = file_text(t, path);

	for (size_t i = 0; text && i < ARRAY_LEN(special); i++)
		if (strstr(text, special[i]))
			return false;
	return text != NULL;
}

/* Gives whether any profile of networkd asks DHCP; counts those that say no. */
static bool check_networkd(struct trial *t, unsigned *ret_profiles)
{
	static const char *const folders[] = {"/etc/systemd/network", "/usr/lib/systemd/network",
					      "/lib/systemd/network"};
	bool wants = false;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			struct profile profile = {
				.path = case_format(t, "%s/%s", folders[i], *name)};
			if (!has_suffix(*name, ".network") || !is_for_nics(t, profile.path))
				continue;
			ini_each_setting(t, profile.path, take_networkd, &profile);
			(*ret_profiles)++;
			wants = wants || profile.wants_dhcp;
			if (profile.refuses_dhcp && !profile.has_address && i == 0)
				FAIL(t, "%s switches DHCP off", profile.path);
		}
	return wants;
}

static bool check_ifcfg(struct trial *t, unsigned *ret_profiles)
{
	static const char *const folders[] = {"/etc/sysconfig/network-scripts",
					      "/etc/sysconfig/network"};
	bool wants = false;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			if (!has_prefix(*name, "ifcfg-") || strcmp(*name, "ifcfg-lo") == 0)
				continue;
			const char *text = file_text(t, path);
			const char *protocol = text ? text_value(t, text, "BOOTPROTO") : NULL;
			const char *on_boot = text ? text_value(t, text, "ONBOOT") : NULL;
			(*ret_profiles)++;
			if (protocol && has_prefix(protocol, "dhcp"))
				wants = true;
			if (on_boot && strcasecmp(on_boot, "no") == 0)
				FAIL(t, "%s says ONBOOT=no", path);
		}
	return wants;
}

static bool check_ifupdown(struct trial *t, unsigned *ret_profiles)
{
	const char *text = file_text(t, "/etc/network/interfaces");
	bool wants = false;

	for (const char *line; text && (line = text_line(t, &text));) {
		if (!has_prefix(line, "iface ") || has_prefix(line, "iface lo "))
			continue;
		(*ret_profiles)++;
		wants = wants || strstr(line, " dhcp") || strstr(line, " auto");
	}
	return wants;
}

static bool check_netplan(struct trial *t, unsigned *ret_profiles)
{
	bool wants = false;

	for (const char *const *name = file_text_names(t, "/etc/netplan"); *name; name++) {
		const char *text = file_text(t, case_format(t, "/etc/netplan/%s", *name));
		(*ret_profiles)++;
		wants = wants ||
			(text && (strstr(text, "dhcp4: true") || strstr(text, "dhcp4: yes") ||
				  strstr(text, "renderer: NetworkManager")));
	}
	return wants;
}

/* NetworkManager asks DHCP on every NIC that has no profile; cloud-init writes profiles for the NICs that it finds. */
static bool has_automatic(struct trial *t)
{
	return file_exists(t, "/usr/sbin/NetworkManager") || file_exists(t, "/usr/bin/cloud-init");
}

AUDIT(network, default_profile_is_dhcp,
      .title = "The shipped network profile enables DHCP on the first NIC at boot", .priority = P1,
      .sources = "LISA:verify_ifcfg_eth0,LISA:verify_network_file_configuration,"
		 "CIV:test_eth0_network_adapter_setup,AZCERT:lisa-std/p1-network-file,"
		 "AZCERT:lisa-std/p1-ifcfg-eth0,AZCERT:gcp/dhcp",
      .why = "A machine that does not ask for an address has no network, and with it no way "
	     "in.",
      .remedy = "Ship a profile that asks DHCP on the first NIC, and starts at boot.")
{
	unsigned profiles = 0;
	bool networkd = check_networkd(t, &profiles), ifcfg = check_ifcfg(t, &profiles);
	bool ifupdown = check_ifupdown(t, &profiles), netplan = check_netplan(t, &profiles);

	note(t, "%u profiles", profiles);
	if (networkd || ifcfg || ifupdown || netplan || (profiles == 0 && has_automatic(t))) {
		check_passed(t);
		return;
	}
	if (profiles == 0 && !unit_path(t, "systemd-networkd.service"))
		case_skip(t, "network", "no network service that Assay knows is installed");
	FAIL(t, "none of %u network profiles asks DHCP", profiles);
}

SABOTAGE(network, default_profile_is_dhcp, "the shipped profile switches DHCP off")
{
	sabotage_file(t, "/etc/systemd/network/00-planted.network",
		      "[Match]\nName=*\n[Network]\nDHCP=no\n");
}
