/* SPDX-License-Identifier: Apache-2.0 */
/* The openssl command: it is what scripts encrypt with. */
#include "guest/kit/program.h"

#define PLAIN	"/run/assay-plain"
#define CODED	"/run/assay-coded"
#define OPENED	"/run/assay-opened"
#define TEXT	"the text that is to come back\n"
#define TEXT_64 "dGhlIHRleHQgdGhhdCBpcyB0byBjb21l" /* it in base64, but for its end */

static void remove_files(void *arg UNUSED)
{
	(void)unlink(PLAIN);
	(void)unlink(CODED);
	(void)unlink(OPENED);
}

CASE(security, openssl_roundtrip_works,
     .title = "openssl encrypts and decrypts a file to the same bytes", .priority = P2,
     .needs = "cmd:openssl", .isolation = ISOLATION_FORK,
     .why = "A cryptography policy that fits nothing breaks every certificate and every download.",
     .remedy = "Read what openssl says; check openssl.cnf and the policy for cryptography.",
     .sources = "own")
{
	int fd = open(PLAIN, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	case_defer(t, remove_files, NULL);
	REQUIRE_EQ(t, write(fd, TEXT, sizeof TEXT - 1), (ssize_t)sizeof TEXT - 1);
	close(fd);
	struct program_result run =
		program_run(t, 40, "openssl", "enc", "-e", "-a", "-aes-256-cbc", "-pbkdf2", "-iter",
			    "1000", "-pass", "pass:assay", "-in", PLAIN, "-out", CODED, NULL);
	if (run.exit_code != 0)
		FAIL(t, "openssl does not encrypt: %.300s", run.output);
	const char *coded = file_text(t, CODED);
	CHECK(t, coded && *coded && !strstr(coded, TEXT_64));
	run = program_run(t, 40, "openssl", "enc", "-d", "-a", "-aes-256-cbc", "-pbkdf2", "-iter",
			  "1000", "-pass", "pass:assay", "-in", CODED, "-out", OPENED, NULL);
	if (run.exit_code != 0)
		FAIL(t, "openssl does not decrypt: %.300s", run.output);
	CHECK_EQ(t, file_text(t, OPENED), TEXT);
}

SABOTAGE(security, openssl_roundtrip_works, "the configuration activates no algorithms")
{
	static const char *const places[] = {"/etc/ssl/openssl.cnf", "/etc/pki/tls/openssl.cnf",
					     "/usr/lib/ssl/openssl.cnf"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (file_exists(t, places[i])) {
			sabotage_file(
				t, places[i],
				"openssl_conf = init\n[init]\nproviders = providers\n[providers]\n"
				"null = nothing\n[nothing]\nactivate = 1\n");
			return;
		}
	}
	case_broken(t, "openssl's configuration is nowhere to be found");
}
