// SPDX-License-Identifier: Apache-2.0
// How the hashes of new passwords are made.
#include "guest/kit/case.h"
#include "guest/kit/line.h"

/* What pam_unix uses for new passwords: its own argument is stronger than login.defs. */
static const char *scheme_of_new_passwords(struct trial *t)
{
	static const char *const stacks[] = {"/etc/pam.d/common-password", "/etc/pam.d/system-auth",
					     "/etc/pam.d/base-password"};
	static const char *const schemes[] = {"yescrypt", "gost_yescrypt", "sha512",  "sha256",
					      "blowfish", "md5",	   "bigcrypt"};

	for (size_t i = 0; i < ARRAY_LEN(stacks); i++) {
		const char *text = file_text(t, stacks[i]);
		for (const char *line; text && (line = text_line(t, &text));) {
			if (line[0] == '#' || !has_prefix(line, "password") ||
			    !strstr(line, "pam_unix.so"))
				continue;
			for (size_t k = 0; k < ARRAY_LEN(schemes); k++)
				if (list_has(line, schemes[k], " \t"))
					return schemes[k];
		}
	}
	const char *defaults = file_text(t, "/etc/login.defs");
	for (const char *line; defaults && (line = text_line(t, &defaults));) {
		struct words words;
		words_split(line, &words);
		if (words.count > 1 && strcmp(words.at[0], "ENCRYPT_METHOD") == 0)
			return case_format(t, "%s", words.at[1]);
	}
	return NULL;
}

AUDIT(security, password_hash_is_strong, .title = "New passwords are hashed with a strong scheme",
      .priority = P1, .why = "Weak hashes of stolen password files are cracked in minutes.",
      .remedy = "Set ENCRYPT_METHOD YESCRYPT (or SHA512) in /etc/login.defs, and the same in "
		"PAM's password stack.")
{
	const char *scheme = scheme_of_new_passwords(t);

	if (!scheme)
		case_skip(t, "accounts",
			  "neither PAM nor /etc/login.defs says how passwords are hashed");
	CHECK_ONE_OF(t, scheme, "yescrypt", "YESCRYPT", "gost_yescrypt", "sha512", "SHA512",
		     "sha256", "SHA256", "blowfish", "BCRYPT");
}

SABOTAGE(security, password_hash_is_strong, "new passwords are hashed with MD5")
{
	sabotage_file(t, "/etc/login.defs", "ENCRYPT_METHOD MD5\n");
	if (file_exists(t, "/etc/pam.d/common-password"))
		sabotage_file(t, "/etc/pam.d/common-password",
			      "password [success=1] pam_unix.so obscure md5\n");
	if (file_exists(t, "/etc/pam.d/system-auth"))
		sabotage_file(t, "/etc/pam.d/system-auth",
			      "password sufficient pam_unix.so md5 shadow\n");
	if (file_exists(t, "/etc/pam.d/base-password"))
		sabotage_file(t, "/etc/pam.d/base-password", "password required pam_unix.so md5\n");
}
