// SPDX-License-Identifier: Apache-2.0
// The files that hold accounts: who may read and write them, in what order names are looked up, homes and ranges.
#include "guest/kit/accounts.h"

static const struct account_file {
	const char *name;
	unsigned allowed; /* mode bits that may be set */
} account_files[] = {
	{"passwd", 0644}, {"passwd-", 0644}, {"group", 0644},	{"group-", 0644},
	{"shadow", 0640}, {"shadow-", 0640}, {"gshadow", 0640}, {"gshadow-", 0640},
};

/* Shadow files may be read by the group of that name, which owns nothing else; by no other. */
static bool is_right_group(struct trial *t, uint32_t gid, unsigned mode)
{
	const char *text = file_text(t, "/etc/group");
	struct fields group;

	if (gid == 0 || !(mode & S_IRGRP))
		return true;
	for (const char *at = text ? text : ""; fields_next(&at, &group);)
		if (fields_number(&group, 2) == gid)
			return strcmp(group.at[0], "shadow") == 0;
	return false;
}

AUDIT_EACH(users, account_files_have_right_modes, account_files,
	   .title = "passwd, group and shadow files and backups have right owners and modes",
	   .priority = P1, .sources = "kola:files/etc-permissions",
	   .why = "Who can read the hashes can crack them, who can write the files is root.",
	   .remedy = "chown root:root (root:shadow for the shadow files), mode 0644 for passwd and "
		     "group, 0640 or 0600 for the others.")
{
	const char *path = case_format(t, "/etc/%s", c->name);
	struct tree_stat stat;

	if (!file_stat(t, path, &stat))
		case_skip(t, "accounts", "%s is not there", path);
	if ((stat.mode & 07777 & ~c->allowed) != 0)
		FAIL(t, "%s has mode %04o; at most %04o is allowed", path, stat.mode & 07777,
		     c->allowed);
	else if (stat.uid != 0)
		FAIL(t, "%s belongs to uid %u", path, stat.uid);
	else if (c->allowed == 0640 && !is_right_group(t, stat.gid, stat.mode))
		FAIL(t, "%s can be read by group %u", path, stat.gid);
	else
		check_passed(t);
}

SABOTAGE(users, account_files_have_right_modes, "everybody may read the password hashes")
{
	sabotage_file_mode(t, "/etc/shadow", 0644, 0);
}

/* Whether the first sources of a database are in the machine itself. SSSD may stand before the files: it holds a copy of
 * them. For hosts, myhostname and mymachines are local, and resolved reads /etc/hosts before it asks anybody. */
static bool is_local_first(const struct words *words, bool is_hosts)
{
	static const char *const always[] = {"files", "compat", "altfiles", "db"};
	static const char *const for_hosts[] = {"myhostname", "mymachines", "resolve"};
	const char *first = words->at[1];

	if (strcmp(first, "sss") == 0 && words->count > 2)
		first = words->at[2];
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (strcmp(first, always[i]) == 0)
			return true;
	for (size_t i = 0; is_hosts && i < ARRAY_LEN(for_hosts); i++)
		if (strcmp(first, for_hosts[i]) == 0)
			return true;
	return false;
}

AUDIT(users, name_service_order_is_designed,
      .title = "Local files come first in the name service order, and names resolve",
      .priority = P1, .sources = "kola:rhcos.sssd",
      .why = "When local files do not come first, a machine without network cannot even look "
	     "up root.",
      .remedy = "Begin the lines passwd, group and shadow of nsswitch.conf with files, and "
		"hosts with files too.")
{
	static const char *const databases[] = {"passwd:", "group:", "shadow:", "hosts:"};
	const char *text = file_text(t, "/etc/nsswitch.conf");
	struct words words;
	unsigned judged = 0;

	if (!text)
		text = file_text(t, "/usr/etc/nsswitch.conf");
	if (!text)
		case_skip(t, "glibc", "there is no nsswitch.conf: the C library has a fixed order");
	for (const char *line; (line = text_line(t, &text));) {
		words_split(line, &words);
		for (size_t i = 0; i < ARRAY_LEN(databases) && words.count > 1; i++) {
			if (strcmp(words.at[0], databases[i]) != 0)
				continue;
			judged++;
			if (is_local_first(&words, strcmp(databases[i], "hosts:") == 0))
				check_passed(t);
			else
				FAIL(t, "\"%s\" is asked first for \"%s\"", words.at[1],
				     databases[i]);
		}
	}
	if (judged == 0)
		case_skip(t, "glibc", "nsswitch.conf says nothing of accounts and hosts");
}

SABOTAGE(users, name_service_order_is_designed, "accounts are looked up in the network first")
{
	sabotage_file(t, "/etc/nsswitch.conf",
		      "passwd: ldap\ngroup: ldap\nshadow: ldap\nhosts: dns\n");
}

AUDIT(users, home_directories_are_private,
      .title = "Each home exists, belongs to its user and is closed to others", .priority = P2,
      .why = "Whoever can write to a home can plant keys and shell files there.",
      .remedy = "chown the home to its user and take the write right from group and others.")
{
	struct fields user;
	struct tree_stat stat;
	unsigned judged = 0;

	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);) {
		long long uid = fields_number(&user, 2);
		bool is_person = uid == 0 || (uid >= 1000 && uid < 60000);
		if (user.count != 7 || !is_person || !file_stat(t, user.at[5], &stat) ||
		    !S_ISDIR(stat.mode))
			continue;
		judged++;
		if (stat.uid != uid)
			FAIL(t, "the home %s of \"%s\" belongs to uid %u", user.at[5], user.at[0],
			     stat.uid);
		else if (stat.mode & (S_IWGRP | S_IWOTH))
			FAIL(t, "the home %s of \"%s\" can be written by others (mode %04o)",
			     user.at[5], user.at[0], stat.mode & 07777);
		else
			check_passed(t);
	}
	if (judged == 0)
		case_skip(t, "accounts", "no account has a home that is there");
}

SABOTAGE(users, home_directories_are_private, "everybody may write to root's home")
{
	tree_plant_mode(case_tree(t), "/root", 0777, 0);
}

#define RANGES_MAX 512

static void check_ranges(struct trial *t, const char *path)
{
	const char *text = file_text(t, path);
	long long first[RANGES_MAX], last[RANGES_MAX];
	unsigned count = 0;
	struct fields range;

	for (const char *at = text ? text : ""; fields_next(&at, &range) && count < RANGES_MAX;) {
		long long start = fields_number(&range, 1), size = fields_number(&range, 2);
		if (range.count != 3 || start < 0 || size <= 0) {
			FAIL(t, "the line of \"%s\" in %s is no range", range.at[0], path);
			continue;
		}
		for (unsigned i = 0; i < count; i++)
			if (start <= last[i] && start + size - 1 >= first[i])
				FAIL(t, "the range of \"%s\" in %s overlaps one before it",
				     range.at[0], path);
		first[count] = start, last[count++] = start + size - 1;
		check_passed(t);
	}
}

AUDIT(users, subordinate_ids_do_not_overlap,
      .title = "Subordinate id ranges do not overlap each other or real ids", .priority = P2,
      .why = "Containers of two users with one range can reach each other's files.",
      .remedy = "Give each user a range of its own in /etc/subuid and /etc/subgid.")
{
	if (!file_exists(t, "/etc/subuid"))
		case_skip(t, "accounts", "/etc/subuid is not there");
	check_passed(t);
	check_ranges(t, "/etc/subuid");
	check_ranges(t, "/etc/subgid");
}

SABOTAGE(users, subordinate_ids_do_not_overlap, "two users have one range")
{
	sabotage_file(t, "/etc/subuid", "one:100000:65536\ntwo:100000:65536\n");
}
