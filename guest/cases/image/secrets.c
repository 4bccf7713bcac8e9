// SPDX-License-Identifier: Apache-2.0
// Keys, histories and credentials of people and machines that took part in the build.
#include <ctype.h>

#include "guest/kit/accounts.h"

#define SECRET_SIZE_MAX (64U << 10) /* larger files are no keys */
#define SECRET_FILES_MAX                                                                           \
	4000 /* how many are read: an image with more of them has users, not leftovers */

/* ---- homes ---- */

typedef void home_fn(struct trial *t, const char *user, const char *home);

static void each_home(struct trial *t, home_fn *fn)
{
	struct fields user;
	unsigned count = 0;

	for (const char *at = accounts_text(t, ACCOUNTS_PASSWD); fields_next(&at, &user);) {
		if (user.count != 7 || user.at[5][0] != '/' || strcmp(user.at[5], "/") == 0)
			continue;
		fn(t, user.at[0], user.at[5]);
		count++;
	}
	if (count == 0)
		case_skip(t, "accounts", "/etc/passwd names no home");
}

static void check_history(struct trial *t, const char *user, const char *home)
{
	static const char *const names[] = {
		".bash_history", ".zsh_history",    ".ash_history",    ".sh_history",
		".history",	 ".python_history", ".mysql_history",  ".psql_history",
		".lesshst",	 ".viminfo",	    ".sqlite_history", ".node_repl_history"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = case_format(t, "%s/%s", home, names[i]);
		struct tree_stat stat;
		if (file_stat(t, path, &stat) && S_ISREG(stat.mode) && stat.size > 0)
			FAIL(t, "%s holds what \"%s\" typed (%llu bytes)", path, user,
			     (unsigned long long)stat.size);
	}
	check_passed(t);
}

AUDIT(image, no_shell_history, .title = "No account's home holds a non-empty shell history file",
      .priority = P1, .needs = "image:pristine",
      .sources = "LISA:verify_bash_history_is_empty,CIV:test_bash_history_is_empty,"
		 "AZCERT:ms-selftest/48-bash-history,AZCERT:ms-policy/lists-history-locks,"
		 "AZCERT:lisa-std/p1-shell-history,AZCERT:hygiene/shell-history,"
		 "AZCERT:aws-mp/histories-shredded",
      .why = "Histories of the build hold passwords, addresses and what else was typed.",
      .remedy = "Remove the history files of every home before the image is taken.")
{
	each_home(t, check_history);
}

SABOTAGE(image, no_shell_history, "root's shell history was kept")
{
	sabotage_append(t, "/root/.bash_history", "curl -u admin:secret https://registry.example/");
}

static bool is_key_line(const char *line)
{
	line += strspn(line, " \t");
	return line[0] != '\0' && line[0] != '#';
}

static void check_authorized_keys(struct trial *t, const char *user, const char *home)
{
	static const char *const names[] = {"authorized_keys", "authorized_keys2"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = case_format(t, "%s/.ssh/%s", home, names[i]);
		const char *text = file_text(t, path);
		for (const char *line; text && (line = text_line(t, &text));)
			if (is_key_line(line))
				FAIL(t, "%s lets the owner of a key log in as \"%s\": %.80s", path,
				     user, line);
	}
	check_passed(t);
}

AUDIT(image, no_authorized_keys,
      .title = "No account in the never-booted image has an authorized SSH key", .priority = P1,
      .needs = "image:pristine",
      .sources = "LISA:verify_no_pre_exist_users,LISA:verify_vm_not_compromised,"
		 "AZCERT:ms-policy/200.6-no-default-credentials,AZCERT:hygiene/authorized-keys,"
		 "AZCERT:hygiene/vagrant-insecure-key",
      .why = "Whoever holds the key can log in to every machine made from the image.",
      .remedy = "Remove authorized_keys from every home; provisioning brings each machine its "
		"own.")
{
	each_home(t, check_authorized_keys);
}

SABOTAGE(image, no_authorized_keys, "root trusts a key of the build")
{
	sabotage_file(
		t, "/root/.ssh/authorized_keys",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPlantedPlantedPlantedPlantedPlantedPlanted builder\n");
}

AUDIT(image, root_ssh_dir_is_clean,
      .title = "Root's .ssh directory holds only the expected number of authorized keys",
      .priority = P1, .sources = "CIV:test_no_sshkeys_knownhosts,CIV:test_no_extra_public_keys",
      .why = "Known hosts, keys and settings of root tell where the builder went, and may "
	     "open the way there.",
      .remedy = "Leave nothing but authorized_keys in /root/.ssh.")
{
	for (const char *const *name = file_names(t, "/root/.ssh"); *name; name++) {
		struct tree_stat stat;
		if (strcmp(*name, "authorized_keys") == 0 ||
		    (file_stat(t, case_format(t, "/root/.ssh/%s", *name), &stat) && stat.size == 0))
			check_passed(t);
		else
			FAIL(t, "/root/.ssh/%s was left", *name);
	}
	const char *text = file_text(t, "/root/.ssh/authorized_keys");
	long long count = 0, allowed = plan_number(t, "root_keys", is_offline(t) ? 0 : 16);
	for (const char *line; text && (line = text_line(t, &text));)
		count += is_key_line(line);
	CHECK_LE(t, count, allowed);
}

SABOTAGE(image, root_ssh_dir_is_clean, "root's known_hosts was kept")
{
	sabotage_file(t, "/root/.ssh/known_hosts", "git.example ssh-ed25519 AAAA\n");
}

/* ---- secrets by their content ---- */

struct hunt {
	struct trial *t;
	const char *(*suspicion)(const char *text, size_t length);
	bool by_name_only; /* look only into files whose names say that they hold keys */
	unsigned read;
};

/* Packages bring keys of their own only as examples and tests; those are public. */
static bool is_excused(const char *path)
{
	static const char *const parts[] = {"/doc/",
					    "/examples/",
					    "/testdata/",
					    "/tests/",
					    "/test/",
					    "/etc/ssl/private/ssl-cert-snakeoil.key",
					    "/etc/pki/tls/private/localhost.key",
					    "/etc/ssh/ssh_host_"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strstr(path, parts[i]))
			return true;
	return false;
}

static bool is_key_name(const char *path)
{
	static const char *const endings[] = {".key",	".pem",	    ".p12", ".pfx",
					      ".ppk",	".jks",	    "_rsa", "_dsa",
					      "_ecdsa", "_ed25519", "_key", ".kdbx"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (has_suffix(path, endings[i]))
			return true;
	return false;
}

static const char *private_key_in(const char *text, size_t length)
{
	static const char *const marks[] = {
		"-----BEGIN PRIVATE KEY-----",		 "-----BEGIN RSA PRIVATE KEY-----",
		"-----BEGIN EC PRIVATE KEY-----",	 "-----BEGIN DSA PRIVATE KEY-----",
		"-----BEGIN OPENSSH PRIVATE KEY-----",	 "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"-----BEGIN PGP PRIVATE KEY BLOCK-----", "PuTTY-User-Key-File-"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (memmem(text, length, marks[i], strlen(marks[i])))
			return "a private key";
	return NULL;
}

static int hunt_file(void *arg, const char *path, const struct tree_stat *stat)
{
	struct hunt *hunt = arg;
	CLEAN_TEXT struct text content = TEXT_INIT(SECRET_SIZE_MAX);

	if (!S_ISREG(stat->mode) || stat->size < 16 || stat->size > SECRET_SIZE_MAX ||
	    is_excused(path))
		return 0;
	if ((hunt->by_name_only && !is_key_name(path)) || hunt->read >= SECRET_FILES_MAX)
		return 0;
	hunt->read++;
	if (tree_read(case_tree(hunt->t), path, &content) < 0)
		return 0;
	const char *what = hunt->suspicion(content.buf, content.length);
	if (what)
		FAIL(hunt->t, "%s holds %s", path, what);
	return 0;
}

AUDIT(image, no_private_keys, .title = "No private key material lies outside the allowlisted paths",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:hygiene/private-keys,AZCERT:aws-mp/access-no-secrets",
      .why = "A private key in an image is in the hands of everybody who gets the image.",
      .remedy = "Remove the key, and revoke it: it has been published.")
{
	static const char *const all_files[] = {"/root", "/home",      "/opt",
						"/srv",	 "/usr/local", "/var/lib/cloud"};
	static const char *const named_files[] = {"/etc", "/var/lib", "/var/www"};
	struct hunt hunt = {.t = t, .suspicion = private_key_in};

	for (size_t i = 0; i < ARRAY_LEN(all_files); i++)
		(void)tree_walk(case_tree(t), all_files[i], hunt_file, &hunt);
	hunt.by_name_only = true;
	for (size_t i = 0; i < ARRAY_LEN(named_files); i++)
		(void)tree_walk(case_tree(t), named_files[i], hunt_file, &hunt);
	note(t, "%u files were read", hunt.read);
	check_passed(t);
}

SABOTAGE(image, no_private_keys, "a private key was left under /opt")
{
	sabotage_file(t, "/opt/deploy/id_deploy",
		      "-----BEGIN OPENSSH PRIVATE KEY-----\nplanted\n"
		      "-----END OPENSSH PRIVATE KEY-----\n");
}

/* The prefix of a token and how many letters and digits follow it. */
static const struct token {
	const char *prefix, *what;
	size_t length;
} tokens[] = {
	{"AKIA", "an AWS access key id", 16},
	{"ASIA", "an AWS session key id", 16},
	{"ghp_", "a GitHub token", 36},
	{"gho_", "a GitHub token", 36},
	{"glpat-", "a GitLab token", 20},
	{"AIza", "a Google API key", 35},
	{"xoxb-", "a Slack token", 20},
	{"AccountKey=", "an Azure storage key", 40},
	{"\"type\": \"service_account\"", "a Google service account", 0},
};

/* How long the letters and digits of a token at `from` are; what is read ends with a NUL. */
static size_t token_length(const char *from)
{
	size_t length = 0;

	while (isalnum((unsigned char)from[length]) ||
	       strchr("-_+/", from[length] ? from[length] : '!'))
		length++;
	return length;
}

/* NUL bytes may stand before it: databases hold tokens too. */
static const char *token_in(const char *text, size_t text_length)
{
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		const struct token *token = &tokens[i];
		const char *end = text + text_length;
		for (const char *at = text;
		     (at = memmem(at, (size_t)(end - at), token->prefix, strlen(token->prefix)));
		     at++) {
			size_t length = token_length(at + strlen(token->prefix));
			bool is_alone = at == text || !isalnum((unsigned char)at[-1]);
			if (is_alone && length >= token->length &&
			    (token->length == 0 || length < 120))
				return token->what;
		}
	}
	return NULL;
}

static void check_credential_files(struct trial *t, const char *user UNUSED, const char *home)
{
	static const char *const names[] = {".aws/credentials",
					    ".azure/accessTokens.json",
					    ".azure/msal_token_cache.json",
					    ".config/gcloud/credentials.db",
					    ".config/gcloud/application_default_credentials.json",
					    ".docker/config.json",
					    ".kube/config",
					    ".netrc",
					    ".git-credentials",
					    ".oci/config",
					    ".vault-token",
					    ".terraform.d/credentials.tfrc.json"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *path = case_format(t, "%s/%s", home, names[i]);
		struct tree_stat stat;
		if (file_stat(t, path, &stat) && S_ISREG(stat.mode) && stat.size > 2)
			FAIL(t, "%s keeps credentials", path);
	}
	check_passed(t);
}

AUDIT(image, no_cloud_credentials,
      .title = "No cloud access key, token file or service-account secret is left in the image",
      .priority = P1, .needs = "image:pristine",
      .sources = "AZCERT:hygiene/secrets-scan,AZCERT:hygiene/cloud-credentials-in-env,"
		 "AZCERT:aws-mp/access-no-secrets",
      .why = "Whoever gets the image can act, and spend, in the builder's name.",
      .remedy = "Remove the file, and revoke the credentials: they have been published.")
{
	static const char *const files[] = {"/etc/environment", "/etc/boto.cfg", "/etc/profile",
					    "/etc/bash.bashrc", "/etc/rc.local"};
	static const char *const folders[] = {
		"/root",	"/home",	  "/opt",
		"/srv",		"/usr/local/bin", "/usr/local/etc",
		"/etc/default", "/etc/cloud",	  "/etc/systemd/system",
		"/etc/cron.d"};
	struct hunt hunt = {.t = t, .suspicion = token_in};

	each_home(t, check_credential_files);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *text = file_text(t, files[i]),
			   *what = text ? token_in(text, strlen(text)) : NULL;
		if (what)
			FAIL(t, "%s holds %s", files[i], what);
	}
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		(void)tree_walk(case_tree(t), folders[i], hunt_file, &hunt);
}

SABOTAGE(image, no_cloud_credentials, "an AWS key was left in root's home")
{
	sabotage_file(t, "/root/.aws/credentials",
		      "[default]\naws_access_key_id = AKIAPLANTED0PLANTED0\n");
}
