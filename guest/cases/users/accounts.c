// SPDX-License-Identifier: Apache-2.0
// Accounts and groups: the files agree, names and numbers are used once, and only people have shells.
#include "guest/kit/accounts.h"

#define NAMES_MAX 4096

struct name_list {
	const char *names[NAMES_MAX];
	long long ids[NAMES_MAX];
	size_t count;
};

/* Names and numbers of a file whose third field is the number. */
static struct name_list *read_names(struct trial *t, const char *path)
{
	struct name_list *list = case_alloc(t, sizeof *list);
	struct fields fields;

	for (const char *at = accounts_text(t, path);
	     fields_next(&at, &fields) && list->count < NAMES_MAX;) {
		list->names[list->count] = case_format(t, "%s", fields.at[0]);
		list->ids[list->count++] = fields_number(&fields, 2);
	}
	return list;
}

static bool has_name(const struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

/* Every name of one file stands in the other. */
static void check_known(struct trial *t, const char *path, const struct name_list *names,
			const char *other_path, const struct name_list *others)
{
	for (size_t i = 0; i < names->count; i++) {
		if (has_name(others, names->names[i]))
			check_passed(t);
		else
			FAIL(t, "\"%s\" stands in %s, but not in %s", names->names[i], path,
			     other_path);
	}
}

static void check_syntax(struct trial *t, const char *path, unsigned field_count)
{
	const char *text = file_text(t, path);
	struct fields fields;
	unsigned lines = 0;

	if (!text)
		case_skip(t, "accounts", "%s is not there", path);
	for (; fields_next(&text, &fields); lines++) {
		if (fields.count != field_count)
			FAIL(t, "the line of \"%s\" in %s has %u fields instead of %u",
			     fields.at[0], path, fields.count, field_count);
		else if (fields.at[0][0] == '\0')
			FAIL(t, "a line in %s has no name", path);
		else
			check_passed(t);
	}
	if (lines == 0)
		FAIL(t, "%s is empty", path);
}

AUDIT(users, account_files_agree,
      .title = "passwd and shadow name the same accounts in valid syntax", .priority = P1,
      .sources = "AZCERT:lynis/auth-9216",
      .why = "An account that stands in one file only cannot log in, or cannot be locked, "
	     "and tools that add users fail.",
      .remedy = "Run pwck -r and grpck -r in the image, and pwconv after editing passwd by hand.")
{
	if (!file_exists(t, "/etc/shadow"))
		case_skip(t, "accounts", "/etc/shadow is not there: passwords are kept elsewhere");
	check_syntax(t, "/etc/passwd", 7);
	check_syntax(t, "/etc/shadow", 9);
	check_syntax(t, "/etc/group", 4);
	const struct name_list *users = read_names(t, "/etc/passwd"),
			       *secrets = read_names(t, "/etc/shadow");
	check_known(t, "/etc/passwd", users, "/etc/shadow", secrets);
	check_known(t, "/etc/shadow", secrets, "/etc/passwd", users);
}

SABOTAGE(users, account_files_agree, "an account was added to passwd only")
{
	sabotage_append(t, "/etc/passwd", "halfway:x:59999:59999::/nonexistent:/usr/sbin/nologin");
}

static void check_unique(struct trial *t, const char *path, const struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		size_t same = 0;
		while (strcmp(list->names[same], list->names[i]) != 0 &&
		       (list->ids[same] != list->ids[i] || list->ids[i] < 0))
			same++;
		if (same == i)
			check_passed(t);
		else
			FAIL(t, "\"%s\" and \"%s\" in %s share a name or the number %lld",
			     list->names[same], list->names[i], path, list->ids[i]);
	}
}

AUDIT(users, no_duplicate_ids, .title = "No two accounts or groups share a name or number",
      .priority = P1, .sources = "AZCERT:hygiene/duplicate-uid-gid-name",
      .why = "Two names for one number own each other's files, and removing one account "
	     "opens the other's.",
      .remedy = "Give each account and group a number of its own, and change the owner of their "
		"files.")
{
	check_unique(t, "/etc/passwd", read_names(t, "/etc/passwd"));
	check_unique(t, "/etc/group", read_names(t, "/etc/group"));
}

SABOTAGE(users, no_duplicate_ids, "two accounts have one number")
{
	sabotage_append(t, "/etc/passwd", "twin-a:x:59998:59998::/nonexistent:/usr/sbin/nologin");
	sabotage_append(t, "/etc/passwd", "twin-b:x:59998:59998::/nonexistent:/usr/sbin/nologin");
}

AUDIT(users, only_root_has_uid_zero, .title = "No account but root has uid 0", .priority = P1,
      .sources = "LISA:verify_vm_not_compromised,AZCERT:hygiene/uid-0",
      .why = "A second account with uid 0 is root under another name: the classic back door.",
      .remedy = "Remove the account; give people sudo rights instead.")
{
	const struct name_list *users = read_names(t, "/etc/passwd");

	for (size_t i = 0; i < users->count; i++) {
		if (users->ids[i] == 0 && strcmp(users->names[i], "root") != 0)
			FAIL(t, "\"%s\" has uid 0", users->names[i]);
		else
			check_passed(t);
	}
}

SABOTAGE(users, only_root_has_uid_zero, "a second account has uid 0")
{
	sabotage_append(t, "/etc/passwd", "toor:x:0:0::/root:/bin/sh");
}

/* The distribution's limit between system accounts and people. */
static long long first_user_id(struct trial *t)
{
	const char *text = file_text(t, "/etc/login.defs");
	long long limit = 1000;

	for (const char *line; text && (line = text_line(t, &text));) {
		struct words words;
		words_split(line, &words);
		if (words.count > 1 && strcmp(words.at[0], "UID_MIN") == 0)
			(void)number_parse(words.at[1], 1, UINT32_MAX, &limit);
	}
	return limit;
}

static bool is_login_shell(const char *shell)
{
	static const char *const harmless[] = {"nologin",  "false", "sync",
					       "shutdown", "halt",  "true"};
	const char *base = strrchr(shell, '/');

	base = base ? base + 1 : shell;
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (strcmp(base, harmless[i]) == 0)
			return false;
	return true;
}

AUDIT(users, system_accounts_have_no_shell, .title = "No system account owns a login shell",
      .priority = P1, .sources = "kola:fcos.users.shells,CIT:security.TestPasswordSecurity",
      .why = "A service account with a shell can be logged into as soon as somebody sets a "
	     "password or plants a key.",
      .remedy = "Set the account's shell to /usr/sbin/nologin, or list it in the policy's "
		"system_shells.")
{
	long long limit = first_user_id(t);
	const char *allowed = plan_text(t, "system_shells", "postgres git");
	struct fields user;

	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);) {
		long long uid = fields_number(&user, 2);
		if (user.count == 7 && uid == 0)
			check_passed(t); /* a small system has root and no other */
		if (user.count != 7 || uid <= 0 || uid >= limit)
			continue;
		if (is_login_shell(user.at[6]) && !list_has(allowed, user.at[0], " ,"))
			FAIL(t, "system account \"%s\" (uid %lld) has the shell \"%s\"", user.at[0],
			     uid, user.at[6][0] ? user.at[6] : "/bin/sh");
		else
			check_passed(t);
	}
}

SABOTAGE(users, system_accounts_have_no_shell, "a system account got a shell")
{
	sabotage_append(t, "/etc/passwd", "builder:x:998:998::/nonexistent:/bin/bash");
}

AUDIT(users, accounts_match_allowlist,
      .title = "Accounts are exactly the shipped ones plus the configured default user",
      .priority = P1,
      .sources = "kola:files/fcos_users,CIV:test_username,AZCERT:hygiene/debug-accounts",
      .why = "An account of the build is a door that stands open on every machine.",
      .remedy = "Remove the account, or name it in the policy's accounts.")
{
	long long first = first_user_id(t);
	const char *allowed = plan_text(t, "accounts", "");
	struct fields user;

	/* What provisioning makes comes on top; before it has run, there are no people. */
	if (!is_offline(t) && allowed[0] == '\0')
		case_skip(t, "policy:accounts",
			  "after provisioning only the plan can say whose accounts are meant");
	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);) {
		long long uid = fields_number(&user, 2);
		if (uid >= first && uid < 60000 && !list_has(allowed, user.at[0], " ,"))
			FAIL(t, "the image has the account \"%s\" (uid %lld)", user.at[0], uid);
		else
			check_passed(t);
	}
}

SABOTAGE(users, accounts_match_allowlist, "the builder's account was left")
{
	sabotage_append(t, "/etc/passwd", "packer:x:1000:1000::/home/packer:/usr/sbin/nologin");
}
