// SPDX-License-Identifier: Apache-2.0
// sudo: its rules can be read, and nobody is root without a password who was not meant to be.
#include "guest/kit/case.h"
#include "guest/kit/line.h"
#include "guest/kit/sudoers.h"

/* The user that cloud-init makes, in what this needs of cloud.cfg: "default_user:" and "name:" below it. */
static const char *default_user(struct trial *t)
{
	const char *text = file_text(t, "/etc/cloud/cloud.cfg");
	bool inside = false;

	for (const char *line; text && (line = text_line(t, &text));) {
		const char *word = line + strspn(line, " ");
		if (has_prefix(word, "default_user:"))
			inside = true;
		else if (inside && has_prefix(word, "name:"))
			return word + strlen("name:") + strspn(word + strlen("name:"), " ");
	}
	return "";
}

static void check_passwordless(struct trial *t, void *arg, const char *path, const char *line)
{
	const char *allowed = arg;
	struct words words;

	words_split(line, &words);
	if (!strstr(line, "NOPASSWD") || words.count == 0)
		return;
	/* What provisioning writes for the user that it makes is meant so. */
	if (has_suffix(path, "/90-cloud-init-users") || list_has(allowed, words.at[0], " ,"))
		check_passed(t);
	else
		FAIL(t, "\"%s\" needs no password: \"%s\" in %s", words.at[0], line, path);
}

static void count_file(struct trial *t, void *arg UNUSED, const char *path UNUSED)
{
	check_passed(t);
}

AUDIT(users, no_unexpected_passwordless_sudo,
      .title = "Only allowlisted accounts have password-free sudo", .priority = P1,
      .needs = "cmd:sudo", .sources = "AZCERT:hygiene/nopasswd-sudo",
      .why = "A rule left by the image build makes that account root on every machine.",
      .remedy = "Remove the rule, or name its account in the policy's passwordless_sudo.")
{
	const char *allowed =
		case_format(t, "%s %s", plan_text(t, "passwordless_sudo", ""), default_user(t));

	sudoers_each_file(t, count_file, NULL);
	sudoers_each_line(t, check_passwordless,
			  memcpy(case_alloc(t, strlen(allowed) + 1), allowed, strlen(allowed)));
}

SABOTAGE(users, no_unexpected_passwordless_sudo, "an account may do everything without a password")
{
	sabotage_append(t, "/etc/sudoers", "games ALL=(ALL) NOPASSWD:ALL");
}

static void check_line(struct trial *t, void *arg UNUSED, const char *path, const char *line)
{
	const char *problem = sudoers_line_problem(line);

	if (problem)
		FAIL(t, "\"%s\" in %s %s", line, path, problem);
	else
		check_passed(t);
}

static void check_file(struct trial *t, void *arg UNUSED, const char *path)
{
	struct tree_stat stat;

	REQUIRE(t, file_stat(t, path, &stat));
	if (stat.uid != 0)
		FAIL(t, "%s belongs to uid %u: sudo refuses it", path, stat.uid);
	else if (stat.mode & S_IWOTH)
		FAIL(t, "%s is writable by everyone (mode %04o): sudo refuses it", path,
		     stat.mode & 07777);
	else if ((stat.mode & S_IWGRP) && stat.gid != 0)
		FAIL(t, "%s is writable by group %u (mode %04o): sudo refuses it", path, stat.gid,
		     stat.mode & 07777);
	else
		check_passed(t);
}

AUDIT(users, sudoers_is_valid, .title = "sudo rules parse, with right owner and mode",
      .priority = P1, .needs = "cmd:sudo", .sources = "kola:files/sudoers",
      .why = "With one bad file sudo may refuse everybody, and no administrator gets in to "
	     "repair it.",
      .remedy = "Run visudo -c in the image; files are owned by root with mode 0440.")
{
	sudoers_each_file(t, check_file, NULL);
	sudoers_each_line(t, check_line, NULL);
}

SABOTAGE(users, sudoers_is_valid, "a rule has no command")
{
	sabotage_append(t, "/etc/sudoers", "games ALL=(ALL");
}

static void check_default(struct trial *t, void *arg UNUSED, const char *path, const char *line)
{
	static const char *const askers[] = {"targetpw", "rootpw", "runaspw"};

	if (!has_prefix(line, "Defaults"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
		if (list_has(line, askers[i], " \t,"))
			FAIL(t, "%s asks for another's password: \"%s\"", path, line);
		else
			check_passed(t);
	}
}

AUDIT(users, sudo_does_not_ask_target_password,
      .title = "sudo rules do not ask for the target's password", .priority = P2,
      .needs = "cmd:sudo", .sources = "LISA:verify_default_targetpw,AZCERT:lisa-std/p1-targetpw",
      .why = "Where root has no password, asking for root's password locks every "
	     "administrator out.",
      .remedy = "Remove targetpw, rootpw and runaspw from the Defaults of sudo.")
{
	sudoers_each_file(t, count_file, NULL);
	sudoers_each_line(t, check_default, NULL);
}

SABOTAGE(users, sudo_does_not_ask_target_password, "sudo asks for the target's password")
{
	sabotage_append(t, "/etc/sudoers", "Defaults targetpw");
}
