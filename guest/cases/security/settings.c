/* SPDX-License-Identifier: Apache-2.0 */
/* Settings that the product's policy prescribes: sshd, passwords, the kernel's build, PAM, mount options. */
#include <ctype.h>
#include <sys/mount.h>

#include "guest/kit/fstab.h"
#include "guest/kit/kernels.h"
#include "guest/kit/line.h"
#include "guest/kit/policy.h"
#include "guest/kit/sshd_config.h"

/* ---- sshd ---- */

/* What OpenSSH does where nothing is set (sshd_config(5)), for what policies ask of. */
static const struct sshd_default {
	const char *keyword, *value;
} sshd_defaults[] = {
	{"AllowAgentForwarding", "yes"},
	{"AllowTcpForwarding", "yes"},
	{"ClientAliveCountMax", "3"},
	{"ClientAliveInterval", "0"},
	{"Compression", "yes"},
	{"GatewayPorts", "no"},
	{"HostbasedAuthentication", "no"},
	{"IgnoreRhosts", "yes"},
	{"KbdInteractiveAuthentication", "yes"},
	{"LogLevel", "INFO"},
	{"LoginGraceTime", "120"},
	{"MaxAuthTries", "6"},
	{"MaxSessions", "10"},
	{"PasswordAuthentication", "yes"},
	{"PermitEmptyPasswords", "no"},
	{"PermitRootLogin", "prohibit-password"},
	{"PermitTunnel", "no"},
	{"PermitUserEnvironment", "no"},
	{"PubkeyAuthentication", "yes"},
	{"StrictModes", "yes"},
	{"TCPKeepAlive", "yes"},
	{"UseDNS", "no"},
	{"UsePAM", "no"},
	{"X11Forwarding", "no"},
};

static const char *sshd_default(const char *keyword)
{
	for (size_t i = 0; i < ARRAY_LEN(sshd_defaults); i++)
		if (strcasecmp(sshd_defaults[i].keyword, keyword) == 0)
			return sshd_defaults[i].value;
	return NULL;
}

AUDIT(security, sshd_settings_match_policy,
      .title = "Other SSH server settings, such as UseDNS and forwarding, follow policy",
      .priority = P3, .needs = "policy:sshd",
      .sources = "AZCERT:aws-mp/usedns-no,AZCERT:gcp/ssh-hardening,AZCERT:lynis/ssh-7408",
      .why = "The platform counts on them, or the product's owner has promised them.",
      .remedy = "Set the value in a file of /etc/ssh/sshd_config.d, or correct sshd in the policy.")
{
	const char *path = sshd_config_path(t);

	for (const char *const *entry = policy_words(t, "sshd"); *entry; entry++) {
		struct policy_pair wanted = policy_pair(t, *entry, '=');
		policy_check_setting(t, path, &wanted,
				     sshd_setting(t, wanted.name, sshd_default(wanted.name)));
	}
}

SABOTAGE(security, sshd_settings_match_policy, "sshd is set to something else")
{
	struct policy_pair wanted = policy_pair(t, policy_words(t, "sshd")[0], '=');

	sshd_sabotage(t, case_format(t, "%s planted", wanted.name));
}

/* ---- passwords ---- */

#define LOGIN_DEFS "/etc/login.defs"

/* "KEY value" or "KEY = value"; the last one counts. */
static const char *word_setting(struct trial *t, const char *text, const char *key)
{
	const char *found = NULL;

	for (const char *line; text && (line = text_line(t, &text));) {
		size_t length = strlen(key);
		const char *at = line + strspn(line, " \t");
		if (strncmp(at, key, length) != 0 || !strchr(" \t=", at[length]))
			continue;
		at += length + strspn(at + length, " \t=");
		found = case_format(t, "%.*s", (int)strcspn(at, " \t#"), at);
	}
	return found;
}

static void check_words(struct trial *t, const char *path, const char *policy_key)
{
	const char *const *entries = policy_words(t, policy_key);
	const char *text = file_text(t, path);

	for (; *entries; entries++) {
		struct policy_pair wanted = policy_pair(t, *entries, '=');
		policy_check_setting(t, path, &wanted, word_setting(t, text, wanted.name));
	}
}

static void sabotage_words(struct trial *t, const char *path, const char *policy_key)
{
	struct policy_pair wanted = policy_pair(t, policy_words(t, policy_key)[0], '=');

	sabotage_append(t, path, case_format(t, "%s planted", wanted.name));
}

AUDIT(users, password_ageing_matches_policy, .title = "Password ageing defaults follow policy",
      .priority = P4, .needs = "policy:login_defs", .sources = "AZCERT:lynis/auth-9286",
      .why = "New accounts take them over.",
      .remedy = "Set the value in /etc/login.defs, or correct login_defs in the policy.")
{
	check_words(t, LOGIN_DEFS, "login_defs");
}

SABOTAGE(users, password_ageing_matches_policy, "login.defs has another value")
{
	sabotage_words(t, LOGIN_DEFS, "login_defs");
}

/* ---- the kernel's build ---- */

AUDIT(security, kernel_config_is_hardened,
      .title = "The kernel is built with the policy's hardening options", .priority = P2,
      .needs = "policy:kernel_config", .sources = "AZCERT:gcp/kernel-options",
      .why = "What is not built in cannot be switched on later.",
      .remedy = "Build the kernel with the option, or install one that has it.")
{
	const char *const *entries = policy_words(t, "kernel_config");
	struct kernel *kernel = kernels_newest(t);
	const char *config = kernel_config_text(t, kernel);

	if (!config)
		case_skip(t, "kconfig", "the configuration of kernel %s is not in the image",
			  kernel->release);
	for (; *entries; entries++) {
		struct policy_pair wanted = policy_pair(t, *entries, '=');
		const char *value = text_value(t, config, wanted.name);
		policy_check_setting(t, kernel->config, &wanted, value ? value : "n");
	}
}

SABOTAGE(security, kernel_config_is_hardened, "the kernel was built with another value")
{
	struct policy_pair wanted = policy_pair(t, policy_words(t, "kernel_config")[0], '=');
	struct kernel *kernel = kernels_newest(t);

	if (!kernel->config)
		case_skip(t, "kconfig", "the configuration of kernel %s is not in the image",
			  kernel->release);
	sabotage_append(t, kernel->config, case_format(t, "%s=planted", wanted.name));
}

/* ---- PAM ---- */

/* One blank for any white space, none at the ends, no comment; "" for a line that says nothing. */
static const char *plain_line(struct trial *t, const char *line)
{
	char *copy = case_alloc(t, strlen(line) + 1), *to = copy;

	for (; *line && *line != '#'; line++) {
		if (!isspace((unsigned char)*line))
			*to++ = *line;
		else if (to > copy && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > copy && to[-1] == ' ')
		*--to = '\0';
	return copy;
}

static const char *next_plain_line(struct trial *t, const char **at)
{
	for (const char *line; (line = text_line(t, at));) {
		const char *plain = plain_line(t, line);
		if (plain[0])
			return plain;
	}
	return NULL;
}

/* Compares one file with the entries that name it; they stand in its order. */
static void check_pam_file(struct trial *t, const char *name, const char *const *entries)
{
	const char *path = case_format(t, "/etc/pam.d/%s", name), *text = file_text(t, path);

	if (!text)
		text = file_text(t, case_format(t, "/usr/lib/pam.d/%s", name));
	if (!text) {
		FAIL(t, "there is no %s", path);
		return;
	}
	for (; *entries; entries++) {
		struct policy_pair wanted = policy_pair(t, *entries, ':');
		if (strcmp(wanted.name, name) != 0)
			continue;
		const char *line = next_plain_line(t, &text);
		if (line && strcmp(line, plain_line(t, wanted.value)) == 0) {
			check_passed(t);
			continue;
		}
		FAIL(t, "%s has \"%s\" where the policy has \"%s\"", path, line ? line : "nothing",
		     wanted.value);
		return;
	}
	const char *more = next_plain_line(t, &text);
	if (more)
		FAIL(t, "%s has \"%s\" beyond what the policy has", path, more);
}

static bool was_named(struct trial *t, const char *const *entries, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(policy_pair(t, entries[i], ':').name, name) == 0)
			return true;
	return false;
}

AUDIT(security, pam_stack_matches_reference,
      .title = "Login, password and session stacks equal the reviewed reference", .priority = P1,
      .needs = "policy:pam",
      .sources = "CIV:test_fingerprint_auth,CIV:test_password_auth,CIV:test_smartcard_auth,"
		 "CIV:test_system_auth,CIV:test_postlogin,kola:rhcos.sssd",
      .why = "One line more or less in a stack lets anybody in, or nobody.",
      .remedy = "Restore the file of /etc/pam.d, or correct pam in the policy after a review.")
{
	const char *const *entries = policy_lines(t, "pam");

	for (size_t i = 0; entries[i]; i++) {
		const char *name = policy_pair(t, entries[i], ':').name;
		if (!was_named(t, entries, i, name))
			check_pam_file(t, name, entries);
	}
}

SABOTAGE(security, pam_stack_matches_reference, "a stack begins with a module that permits all")
{
	const char *name = policy_pair(t, policy_lines(t, "pam")[0], ':').name;
	const char *path = case_format(t, "/etc/pam.d/%s", name), *text = file_text(t, path);

	sabotage_file(t, path,
		      case_format(t, "auth sufficient pam_permit.so\n%s", text ? text : ""));
}

/* ---- mount options ---- */

static const char *options_in_fstab(struct trial *t, const char *where)
{
	const char *text = file_text(t, "/etc/fstab");
	struct fstab_line line;

	while (text && fstab_next(&text, &line))
		if (strcmp(line.where, where) == 0)
			return case_format(t, "%s", line.options);
	return NULL;
}

/* mountinfo(5): the fields before " - "; the sixth are the mount's own options. */
static const char *options_in_use(struct trial *t, const char *where)
{
	const char *text = file_text(t, "/proc/self/mountinfo"), *found = NULL;
	struct words words;

	for (const char *line; text && (line = text_line(t, &text));) {
		words_split(line, &words);
		if (words.count > 5 && strcmp(words.at[4], where) == 0)
			found = case_format(t, "%s", words.at[5]);
	}
	return found;
}

CASE(filesystem, mount_options_match_policy,
     .title = "nodev, nosuid and noexec are set where policy demands", .priority = P2,
     .needs = "policy:mount_options", .sources = "own",
     .why = "A folder that everybody may write to is no place for programs and devices.",
     .remedy = "Add the option to the folder's line in /etc/fstab or to its mount unit.")
{
	for (const char *const *entry = policy_lines(t, "mount_options"); *entry; entry++) {
		struct policy_pair wanted = policy_pair(t, *entry, ' ');
		const char *is = options_in_use(t, wanted.name);
		if (!is) {
			const char *listed = options_in_fstab(t, wanted.name);
			FAIL(t, "%s is not mounted%s", wanted.name,
			     listed ? ", though /etc/fstab has it" : " by itself");
			continue;
		}
		for (const char *at = wanted.value; *(at += strspn(at, ","));) {
			const char *option = case_format(t, "%.*s", (int)strcspn(at, ","), at);
			if (list_has(is, option, ","))
				check_passed(t);
			else
				FAIL(t, "%s is mounted without %s: \"%s\"", wanted.name, option,
				     is);
			at += strlen(option);
		}
	}
}

SABOTAGE(filesystem, mount_options_match_policy, "a folder is mounted without its option")
{
	struct policy_pair wanted = policy_pair(t, policy_lines(t, "mount_options")[0], ' ');

	/* In the case's own mount namespace: the mount's flags, all of them off. */
	if (mount(NULL, wanted.name, NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
		case_broken(t, "mount %s again: %m", wanted.name);
}
