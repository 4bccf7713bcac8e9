/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the image is set up for the platform that the policy's `cloud` names. */
#include <fnmatch.h>

#include "guest/kit/fstab.h"
#include "guest/kit/line.h"
#include "guest/kit/policy.h"

#define CONFIG	      "/etc/cloud/cloud.cfg"
#define CONFIG_FOLDER "/etc/cloud/cloud.cfg.d"

/* cloud-init's names of datasources (its modules' dsname), and the udev rules by which a platform names its disks. */
static const struct platform {
	const char *cloud;
	const char *datasources[3];
	const char *rules[4];	    /* globs */
	const char *filesystems[3]; /* of its provisioning media */
	const char *agent_folder;   /* from which its agent runs programs; NULL: from none */
} platforms[] = {
	{"alibaba", {"AliYun"}, {NULL}, {NULL}, NULL},
	{"aws", {"Ec2"}, {"*-ec2-nvme-devices.rules"}, {NULL}, NULL},
	{"azure",
	 {"Azure"},
	 {"*-azure-storage.rules", "*-azure-disk.rules"},
	 {"udf"},
	 "/var/lib/waagent"},
	{"gcp", {"GCE"}, {"*-gce-disk-naming.rules", "*-gce-disk-removal.rules"}, {NULL}, NULL},
	{"hetzner", {"Hetzner"}, {NULL}, {NULL}, NULL},
	{"none", {"NoCloud"}, {NULL}, {"isofs"}, NULL},
	{"openstack", {"OpenStack", "ConfigDrive"}, {NULL}, {"isofs"}, NULL},
	{"oracle", {"Oracle"}, {NULL}, {NULL}, NULL},
	{"vmware", {"VMware", "OVF"}, {NULL}, {NULL}, NULL},
};

static const struct platform *the_platform(struct trial *t)
{
	const char *cloud = policy_text(t, "cloud");

	for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
		if (strcmp(platforms[i].cloud, cloud) == 0)
			return &platforms[i];
	case_skip(t, "policy:cloud", "nothing is known of the platform %s", cloud);
}

/* ---- the datasource ---- */

/* "[ A, B ]" of one line, or lines "- A" below it. */
static const char *list_after(struct trial *t, const char *at)
{
	if (*(at += strspn(at, " \t")) == '[')
		return case_format(t, "%.*s", (int)strcspn(at + 1, "]"), at + 1);
	const char *list = "";
	while (*(at += strcspn(at, "\n"))) {
		at += strspn(at, "\n");
		const char *item = at + strspn(at, " \t");
		if (*item != '-')
			break;
		item += 1 + strspn(item + 1, " \t");
		list = case_format(t, "%s%.*s,", list, (int)strcspn(item, " \t\n#"), item);
	}
	return list;
}

static const char *list_in(struct trial *t, const char *path)
{
	static const char key[] = "datasource_list:";
	const char *text = file_text(t, path), *found = NULL;

	for (const char *line = text; line && *line;) {
		if (has_prefix(line, key))
			found = list_after(t, line + strlen(key));
		line += strcspn(line, "\n");
		line += strspn(line, "\n");
	}
	return found;
}

/* The last file counts: cloud-init merges a list as a whole. */
static const char *datasource_list(struct trial *t, const char **ret_path)
{
	const char *found = list_in(t, CONFIG);

	*ret_path = CONFIG;
	for (const char *const *name = file_names(t, CONFIG_FOLDER); *name; name++) {
		const char *path = case_format(t, CONFIG_FOLDER "/%s", *name);
		const char *list = has_suffix(*name, ".cfg") ? list_in(t, path) : NULL;
		if (!list)
			continue;
		found = list;
		*ret_path = path;
	}
	return found;
}

static bool is_of_platform(const struct platform *platform, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(platform->datasources) && platform->datasources[i]; i++)
		if (strcmp(platform->datasources[i], name) == 0)
			return true;
	return false;
}

AUDIT(provisioning, datasource_is_pinned_as_designed,
      .title = "The datasource list names this platform first and none before it", .priority = P1,
      .needs = "cloud-init,policy:cloud",
      .sources =
	      "CIV:test_cloud_init_datasource_is_oracle,CIV:test_91_azure_datasource_file_content,"
	      "AZCERT:ms-prep/datasource-azure",
      .why = "A datasource that comes before it may answer first: the machine is set up by somebody "
	     "else, or waits for him.",
      .remedy = "Write datasource_list with the platform first into a file of " CONFIG_FOLDER ".")
{
	const struct platform *platform = the_platform(t);
	const char *path, *list;

	if (!file_exists(t, CONFIG))
		case_skip(t, "cloud-init", "cloud-init is not configured");
	list = datasource_list(t, &path);
	if (!list) {
		FAIL(t, "no file of cloud-init has a datasource_list");
		return;
	}
	list += strspn(list, " \t,'\"");
	const char *first = case_format(t, "%.*s", (int)strcspn(list, " \t,'\""), list);
	if (is_of_platform(platform, first))
		check_passed(t);
	else
		FAIL(t, "%s begins with \"%s\", not with %s", path, first,
		     platform->datasources[0]);
}

SABOTAGE(provisioning, datasource_is_pinned_as_designed, "a later file names another platform")
{
	sabotage_file(t, CONFIG_FOLDER "/99-zz-planted.cfg",
		      "datasource_list: [ Planted, None ]\n");
}

/* ---- udev rules ---- */

static const char *const rules_folders[] = {"/etc/udev/rules.d", "/usr/lib/udev/rules.d",
					    "/lib/udev/rules.d"};

static const char *find_rule(struct trial *t, const char *glob)
{
	for (size_t i = 0; i < ARRAY_LEN(rules_folders); i++)
		for (const char *const *name = file_names(t, rules_folders[i]); *name; name++)
			if (fnmatch(glob, *name, 0) == 0)
				return case_format(t, "%s/%s", rules_folders[i], *name);
	return NULL;
}

AUDIT(image, no_foreign_cloud_rules,
      .title = "Device rules of other clouds are absent from this image", .priority = P3,
      .needs = "policy:cloud", .sources = "kola:disks/no-google-device-links",
      .why = "They make links to the wrong disks, or ask a metadata service that is not there.",
      .remedy = "Remove the package of the other platform.")
{
	const struct platform *own = the_platform(t);

	for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
		for (size_t k = 0; &platforms[i] != own && platforms[i].rules[k]; k++) {
			const char *path = find_rule(t, platforms[i].rules[k]);
			if (path)
				FAIL(t, "%s is of %s", path, platforms[i].cloud);
			else
				check_passed(t);
		}
}

SABOTAGE(image, no_foreign_cloud_rules, "the rules of another cloud are there")
{
	bool is_gcp = strcmp(policy_text(t, "cloud"), "gcp") == 0;

	sabotage_file(t,
		      is_gcp ? "/etc/udev/rules.d/66-azure-storage.rules"
			     : "/etc/udev/rules.d/65-gce-disk-naming.rules",
		      "# planted\n");
}

/* ---- hardening that goes too far ---- */

/* The mount point of the filesystem on which a folder lies, by fstab. */
static bool is_noexec(struct trial *t, const char *folder, const char **ret_where)
{
	const char *text = file_text(t, "/etc/fstab");
	struct fstab_line line;
	size_t longest = 0;
	bool is_off = false;

	while (text && fstab_next(&text, &line)) {
		size_t length = strlen(line.where);
		if (length < longest || line.where[0] != '/' ||
		    strncmp(folder, line.where, length) != 0 ||
		    (length > 1 && folder[length] != '/' && folder[length] != '\0'))
			continue;
		longest = length;
		is_off = fstab_has_option(&line, "noexec");
		*ret_where = case_format(t, "%s", line.where);
	}
	return is_off;
}

static const char *find_off_switch(struct trial *t, const char *module)
{
	static const char *const folders[] = {"/etc/modprobe.d", "/usr/lib/modprobe.d"};
	const char *wanted = case_format(t, "install %s /bin/", module);

	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		for (const char *const *name = file_names(t, folders[i]); *name; name++) {
			const char *path = case_format(t, "%s/%s", folders[i], *name);
			const char *text = file_text(t, path);
			for (const char *line; text && (line = text_line(t, &text));)
				if (has_prefix(line, wanted))
					return path;
		}
	return NULL;
}

AUDIT(security, hardening_does_not_break_platform,
      .title = "No hardening rule blocks what the platform's agents and media need", .priority = P2,
      .needs = "policy:cloud",
      .sources = "AZCERT:ssg/cis-cramfs-udf-squashfs-modules-off,AZCERT:ssg/cis-tmp-noexec,"
		 "AZCERT:ssg/stig-fapolicyd-noexec",
      .why = "A guide's rule that fits a server in a rack leaves a machine of this platform without "
	     "its user, its key or its extensions.",
      .remedy = "Take the rule out: the platform comes before the guide.")
{
	const struct platform *platform = the_platform(t);
	const char *where = "/";

	for (size_t i = 0; i < ARRAY_LEN(platform->filesystems) && platform->filesystems[i]; i++) {
		const char *path = find_off_switch(t, platform->filesystems[i]);
		if (path)
			FAIL(t, "%s switches %s off, which %s's provisioning media are in", path,
			     platform->filesystems[i], platform->cloud);
		else
			check_passed(t);
	}
	if (platform->agent_folder && is_noexec(t, platform->agent_folder, &where))
		FAIL(t, "%s is mounted noexec, and the agent runs programs in %s", where,
		     platform->agent_folder);
	check_passed(t);
}

SABOTAGE(security, hardening_does_not_break_platform, "a guide's rule switches media off")
{
	const struct platform *platform = the_platform(t);

	if (platform->filesystems[0])
		sabotage_file(t, "/etc/modprobe.d/planted.conf",
			      case_format(t, "install %s /bin/false\n", platform->filesystems[0]));
	else if (platform->agent_folder)
		sabotage_append(t, "/etc/fstab", "LABEL=planted /var ext4 noexec 0 2");
	else
		case_skip(t, "policy:cloud", "nothing is known of what %s needs", platform->cloud);
}

/* ---- time ---- */

/* server, pool and peer lines of chrony and ntpd; NTP= of timesyncd; refclock PHC with its device. */
static const struct time_file {
	const char *path;
	bool is_timesyncd;
} time_files[] = {
	{"/etc/chrony/chrony.conf", false},    {"/etc/chrony.conf", false},
	{"/etc/ntpsec/ntp.conf", false},       {"/etc/ntp.conf", false},
	{"/etc/systemd/timesyncd.conf", true},
};
static const char *const time_folders[] = {"/etc/chrony/conf.d", "/etc/chrony/sources.d",
					   "/etc/chrony.d", "/etc/systemd/timesyncd.conf.d",
					   "/usr/lib/systemd/timesyncd.conf.d"};

struct time_sources {
	const char *const *wanted;
	unsigned count;
};

static void judge_time_source(struct trial *t, struct time_sources *sources, const char *path,
			      const char *name)
{
	sources->count++;
	if (policy_list_has(sources->wanted, name))
		check_passed(t);
	else
		FAIL(t, "%s has the source %s, which the policy does not name", path, name);
}

static void read_time_file(struct trial *t, struct time_sources *sources, const char *path,
			   bool is_timesyncd)
{
	const char *text = file_text(t, path);
	struct words words;

	for (const char *line; text && (line = text_line(t, &text));) {
		words_split(line, &words);
		bool is_ntp = is_timesyncd && words.count > 0 && has_prefix(words.at[0], "NTP=");
		if (is_ntp && words.at[0][4])
			judge_time_source(t, sources, path, words.at[0] + 4);
		for (unsigned i = 1; is_ntp && i < words.count; i++)
			judge_time_source(t, sources, path, words.at[i]);
		if (is_timesyncd || words.count < 2)
			continue;
		if (strcmp(words.at[0], "server") == 0 || strcmp(words.at[0], "pool") == 0 ||
		    strcmp(words.at[0], "peer") == 0)
			judge_time_source(t, sources, path, words.at[1]);
		else if (strcmp(words.at[0], "refclock") == 0 && words.count > 2)
			judge_time_source(t, sources, path, words.at[2]);
	}
}

static const char *time_configuration(struct trial *t)
{
	for (size_t i = 0; i < ARRAY_LEN(time_files); i++)
		if (file_exists(t, time_files[i].path))
			return time_files[i].path;
	case_skip(t, "time", "no configuration of chrony, ntpd or timesyncd is found");
}

AUDIT(time, sync_sources_match_policy,
      .title = "The time daemon points at the platform's source and no other", .priority = P2,
      .needs = "policy:time_sources",
      .sources =
	      "CIT:network.TestNTP,CIV:test_oci_timesync_is_configured,"
	      "CIV:test_amazon_timesync_service_is_used,kola:ntp/chrony/coreos-platform-chrony-config,"
	      "AZCERT:ms-prep/chrony-phc,AZCERT:gcp/metadata-ntp",
      .why = "Other sources are slower, not reachable from closed networks, or of another's time.",
      .remedy = "Name the platform's source in the daemon's configuration, or correct time_sources "
		"in the policy.")
{
	struct time_sources sources = {.wanted = policy_words(t, "time_sources")};

	for (size_t i = 0; i < ARRAY_LEN(time_files); i++)
		read_time_file(t, &sources, time_files[i].path, time_files[i].is_timesyncd);
	for (size_t i = 0; i < ARRAY_LEN(time_folders); i++)
		for (const char *const *name = file_names(t, time_folders[i]); *name; name++)
			read_time_file(t, &sources, case_format(t, "%s/%s", time_folders[i], *name),
				       strstr(time_folders[i], "timesyncd") != NULL);
	/* timesyncd has sources that it was built with. */
	if (sources.count == 0)
		judge_time_source(t, &sources, time_configuration(t), "built-in");
}

SABOTAGE(time, sync_sources_match_policy, "a public pool is configured")
{
	const char *path = time_configuration(t);

	sabotage_append(t, path,
			strstr(path, "timesyncd") ? "[Time]\nNTP=pool.planted.example"
						  : "pool pool.planted.example iburst");
}
