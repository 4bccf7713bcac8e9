// SPDX-License-Identifier: Apache-2.0
// What the build left behind: logs, leases, seeds of trouble in files that nobody looks at.
#include "guest/kit/case.h"
#include "guest/kit/line.h"

struct leftovers {
	struct trial *t;
	const char *what;
	unsigned found;
};

/* Log files that exist empty from their package on, and those of the installer that distributions ship. */
static bool is_expected_log(const char *path)
{
	return has_suffix(path, "/README") || has_suffix(path, "/.placeholder") ||
	       has_suffix(path, "/.keep");
}

static int visit_log(void *arg, const char *path, const struct tree_stat *stat)
{
	struct leftovers *left = arg;

	if (!S_ISREG(stat->mode) || stat->size == 0 || is_expected_log(path))
		return 0;
	if (left->found++ < 10)
		FAIL(left->t, "%s has %llu bytes %s", path, (unsigned long long)stat->size,
		     left->what);
	return 0;
}

AUDIT(image, no_build_logs,
      .title = "The never-booted image holds no journal or log lines from the build",
      .priority = P2, .needs = "image:pristine",
      .sources = "AZCERT:ms-policy/lists-history-locks,AZCERT:hygiene/logs",
      .why = "Logs of the build tell names and addresses of the builder, and confuse those "
	     "who look for this machine's faults.",
      .remedy = "Empty the files below /var/log and remove the journals before the image is "
		"taken.")
{
	struct leftovers left = {.t = t, .what = "of log"};

	if (tree_walk(case_tree(t), "/var/log", visit_log, &left) == -ENOENT)
		note(t, "/var/log is not there");
	check_passed(t);
}

SABOTAGE(image, no_build_logs, "a log of the build was left")
{
	sabotage_file(t, "/var/log/auth.log",
		      "Jan  1 00:00:00 build-7f3a sshd[1]: Accepted publickey for root\n");
}

/* Fails for each file with content in the folder whose name fits. */
static void check_folder(struct trial *t, const char *folder, const char *part, const char *what)
{
	for (const char *const *name = file_names(t, folder); *name; name++) {
		const char *path = case_format(t, "%s/%s", folder, *name);
		struct tree_stat stat;
		if (strstr(*name, part) && file_lstat(t, path, &stat) && S_ISREG(stat.mode) &&
		    stat.size > 0)
			FAIL(t, "%s is %s", path, what);
	}
	check_passed(t);
}

AUDIT(image, no_dhcp_leases, .title = "No DHCP lease from the build machine is left behind",
      .priority = P2, .needs = "image:pristine", .sources = "AZCERT:hygiene/dhcp-leases",
      .why = "A machine that asks for another's address again may get it while the other one "
	     "uses it.",
      .remedy = "Remove the leases before the image is taken.")
{
	static const char *const folders[] = {
		"/var/lib/dhcp",	   "/var/lib/dhclient",		"/var/lib/dhcpcd",
		"/var/lib/NetworkManager", "/run/systemd/netif/leases", "/var/lib/wicked"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		check_folder(t, folders[i], "lease", "a lease of an earlier machine");
}

SABOTAGE(image, no_dhcp_leases, "a lease of the build machine was left")
{
	sabotage_file(t, "/var/lib/dhcp/dhclient.eth0.leases",
		      "lease { fixed-address 192.0.2.9; }\n");
}

AUDIT(image, no_crash_leftovers,
      .title = "The image contains no core dumps, vmcores or saved oops records", .priority = P2,
      .sources = "AZCERT:hygiene/core-dumps",
      .why = "Dumps hold memory of the build machine, with its secrets, and take space on "
	     "every machine.",
      .remedy = "Remove what lies in /var/lib/systemd/coredump, /var/crash and "
		"/var/lib/systemd/pstore.")
{
	static const char *const folders[] = {"/var/lib/systemd/coredump", "/var/crash",
					      "/var/lib/systemd/pstore", "/var/spool/abrt",
					      "/var/spool/apport"};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (const char *const *name = file_names(t, folders[i]); *name; name++)
			if ((*name)[0] != '.' && strcmp(*name, "kexec_cmd") != 0)
				FAIL(t, "%s/%s was left by a crash", folders[i], *name);
		check_passed(t);
	}
}

SABOTAGE(image, no_crash_leftovers, "a core dump was left")
{
	sabotage_file(t, "/var/lib/systemd/coredump/core.sh.0.zst", "core");
}

AUDIT(image, no_build_nameserver,
      .title = "The never-booted image has no nameserver copied from the build network",
      .priority = P2, .needs = "image:pristine", .sources = "AZCERT:hygiene/resolv.conf",
      .why = "Machines ask a server of the build network and resolve nothing, or tell "
	     "strangers what they look for.",
      .remedy = "Link /etc/resolv.conf to what the network service writes, or leave it empty.")
{
	const char *target = file_link(t, "/etc/resolv.conf");
	const char *text = target ? NULL : file_text(t, "/etc/resolv.conf");
	struct words words;

	check_passed(t); /* a link into /run has no content before the first boot */
	for (const char *line; text && (line = text_line(t, &text));) {
		words_split(line, &words);
		if (words.count < 2 || strcmp(words.at[0], "nameserver") != 0)
			continue;
		if (!has_prefix(words.at[1], "127.") && strcmp(words.at[1], "::1") != 0)
			FAIL(t, "/etc/resolv.conf names the server %s", words.at[1]);
	}
}

SABOTAGE(image, no_build_nameserver, "the build network's name server was kept")
{
	sabotage_remove(t, "/etc/resolv.conf");
	sabotage_file(t, "/etc/resolv.conf", "nameserver 192.0.2.53\n");
}

/* A setting such as http_proxy=… or Acquire::http::Proxy "…", comments aside. */
static void check_proxy(struct trial *t, const char *path)
{
	static const char *const names[] = {"http_proxy",
					    "https_proxy",
					    "HTTP_PROXY",
					    "HTTPS_PROXY",
					    "ftp_proxy",
					    "Acquire::http::Proxy",
					    "Acquire::https::Proxy",
					    "proxy"};
	const char *text = file_text(t, path);

	for (const char *line; text && (line = text_line(t, &text));) {
		line += strspn(line, " \t");
		if (has_prefix(line, "export "))
			line += strlen("export ");
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			size_t length = strlen(names[i]);
			const char *value = line + length + strspn(line + length, " \t=\"'");
			if (strncasecmp(line, names[i], length) == 0 &&
			    strchr(" \t=", line[length]) && line[length] && *value &&
			    *value != ';' && strncasecmp(value, "DIRECT", 6) != 0 &&
			    strcmp(value, "_none_") != 0)
				FAIL(t, "%s sets a proxy: \"%s\"", path, line);
		}
	}
}

AUDIT(image, no_proxy_settings,
      .title = "No build-time proxy is left in environment or package manager settings",
      .priority = P2, .sources = "AZCERT:hygiene/proxy-left",
      .why = "Machines send their traffic, or nothing at all, to a proxy of the build "
	     "network.",
      .remedy = "Take the proxy out of the environment and the package manager's configuration.")
{
	static const char *const files[] = {
		"/etc/environment",	"/etc/apt/apt.conf", "/etc/dnf/dnf.conf", "/etc/yum.conf",
		"/etc/sysconfig/proxy", "/root/.wgetrc",     "/root/.curlrc"};
	static const char *const folders[] = {"/etc/apt/apt.conf.d", "/etc/profile.d"};

	check_passed(t);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		check_proxy(t, files[i]);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_text_names(t, folders[i]); *name; name++)
			check_proxy(t, case_format(t, "%s/%s", folders[i], *name));
}

SABOTAGE(image, no_proxy_settings, "the build's proxy was kept")
{
	sabotage_append(t, "/etc/environment", "http_proxy=http://192.0.2.1:3128");
}

AUDIT(image, no_persistent_net_rules,
      .title = "No rule file pins a network name to a build-time MAC address", .priority = P1,
      .sources = "LISA:verify_udev_rules_moved,AZCERT:lisa-std/p1-persistent-net-rules,"
		 "AZCERT:gcp/no-persistent-net-rules,AZCERT:openstack/no-mac",
      .why = "A rule for the build machine's MAC address gives the real NIC another name, "
	     "and it stays without network.",
      .remedy = "Remove the rule; names follow from the NIC's place.")
{
	static const char *const folders[] = {"/etc/udev/rules.d", "/etc/systemd/network"};

	check_passed(t);
	for (const char *const *name = file_text_names(t, folders[0]); *name; name++) {
		const char *text = file_text(t, case_format(t, "%s/%s", folders[0], *name));
		for (const char *line; text && (line = text_line(t, &text));)
			if (line[0] != '#' && strstr(line, "ATTR{address}==") &&
			    strstr(line, "NAME="))
				FAIL(t, "%s/%s pins a name: \"%s\"", folders[0], *name, line);
	}
	for (const char *const *name = file_names(t, folders[1]); *name; name++) {
		const char *text =
			has_suffix(*name, ".link")
				? file_text(t, case_format(t, "%s/%s", folders[1], *name))
				: NULL;
		const char *mac = text ? text_value(t, text, "MACAddress") : NULL;
		const char *permanent = text ? text_value(t, text, "PermanentMACAddress") : NULL;
		if ((mac || permanent) && text_value(t, text, "Name"))
			FAIL(t, "%s/%s pins a name to %s", folders[1], *name,
			     mac ? mac : permanent);
	}
}

SABOTAGE(image, no_persistent_net_rules, "a name is pinned to the build machine's NIC")
{
	sabotage_file(
		t, "/etc/udev/rules.d/70-persistent-net.rules",
		"SUBSYSTEM==\"net\", ACTION==\"add\", ATTR{address}==\"52:54:00:12:34:56\", NAME=\"eth0\"\n");
}

static const char *const address_keys[] = {
	"HWADDR=",	"macaddress:", "MACAddress=", "PermanentMACAddress=", "IPADDR=", "Address=",
	"mac-address=", "address1=",   "LLADDR="};

static void check_network_file(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);

	for (const char *line; text && (line = text_line(t, &text));) {
		line += strspn(line, " \t");
		for (size_t i = 0; i < ARRAY_LEN(address_keys); i++) {
			const char *value = line + strlen(address_keys[i]);
			if (!has_prefix(line, address_keys[i]))
				continue;
			value += strspn(value, " \"'");
			if (*value && !has_prefix(value, "127.") && !has_prefix(value, "::1"))
				FAIL(t, "%s binds an address: \"%s\"", path, line);
		}
	}
}

AUDIT(image, no_static_network_leftovers,
      .title = "No network configuration binds an address or MAC of the build machine",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:hygiene/netplan-ifcfg-leftovers",
      .why = "A machine with the build machine's address or MAC does not reach its own "
	     "network, or disturbs another's.",
      .remedy = "Remove the file; the image's default profile asks DHCP on any NIC.")
{
	static const char *const folders[] = {"/etc/netplan",
					      "/etc/sysconfig/network-scripts",
					      "/etc/sysconfig/network",
					      "/etc/systemd/network",
					      "/etc/NetworkManager/system-connections",
					      "/etc/network/interfaces.d"};

	check_passed(t);
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_text_names(t, folders[i]); *name; name++)
			if (strcmp(*name, "ifcfg-lo") != 0)
				check_network_file(t, case_format(t, "%s/%s", folders[i], *name));
	const char *text = file_text(t, "/etc/network/interfaces");
	for (const char *line; text && (line = text_line(t, &text));)
		if (has_prefix(line, "iface ") && strstr(line, " static") &&
		    !has_prefix(line, "iface lo "))
			FAIL(t, "/etc/network/interfaces binds an address: \"%s\"", line);
}

SABOTAGE(image, no_static_network_leftovers, "a profile fits only the build machine's NIC")
{
	sabotage_file(
		t, "/etc/netplan/50-cloud-init.yaml",
		"network:\n  ethernets:\n    eth0:\n      match:\n        macaddress: 52:54:00:12:34:56\n");
}

static int count_old_file(void *arg, const char *path, const struct tree_stat *stat)
{
	struct leftovers *left = arg;

	if (S_ISDIR(stat->mode))
		return 0;
	if (left->found++ < 10)
		FAIL(left->t, "%s was left", path);
	return 0;
}

AUDIT(image, no_temp_leftovers,
      .title = "Temporary directories of the never-booted image are empty", .priority = P3,
      .needs = "image:pristine", .sources = "AZCERT:hygiene/tmp",
      .why = "What the build left in temporary folders takes space on every machine and may "
	     "hold secrets.",
      .remedy = "Empty /tmp and /var/tmp before the image is taken.")
{
	static const char *const folders[] = {"/tmp", "/var/tmp"};
	struct leftovers left = {.t = t};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)tree_walk(case_tree(t), folders[i], count_old_file, &left);
		check_passed(t);
	}
}

SABOTAGE(image, no_temp_leftovers, "the build left a file in /var/tmp")
{
	sabotage_file(t, "/var/tmp/provision.sh", "#!/bin/sh\n");
}

static int count_package(void *arg, const char *path, const struct tree_stat *stat)
{
	static const char *const endings[] = {".deb", ".rpm", ".apk", ".pkg.tar.zst"};
	struct leftovers *left = arg;

	for (size_t i = 0; S_ISREG(stat->mode) && i < ARRAY_LEN(endings); i++)
		if (has_suffix(path, endings[i]) && left->found++ < 5)
			FAIL(left->t, "%s was left in the cache (%llu bytes)", path,
			     (unsigned long long)stat->size);
	return 0;
}

AUDIT(image, no_package_cache, .title = "Downloaded package files were cleaned from the image",
      .priority = P3, .needs = "image:pristine", .sources = "AZCERT:hygiene/package-caches",
      .why = "Downloaded packages are dead weight on every machine.",
      .remedy = "Run apt-get clean, dnf clean all or zypper clean -a before the image is taken.")
{
	static const char *const folders[] = {"/var/cache/apt/archives",  "/var/cache/dnf",
					      "/var/cache/libdnf5",	  "/var/cache/yum",
					      "/var/cache/zypp/packages", "/var/cache/apk",
					      "/var/cache/pacman/pkg"};
	struct leftovers left = {.t = t};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		(void)tree_walk(case_tree(t), folders[i], count_package, &left);
		check_passed(t);
	}
}

SABOTAGE(image, no_package_cache, "a downloaded package was left")
{
	sabotage_file(t, "/var/cache/apt/archives/stray_1.0_amd64.deb", "!<arch>\n");
}
