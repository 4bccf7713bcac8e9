/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a hallmark's file holds: it does not open, or it is read, and neither harms. The statement inside is tried as
 * well, as no fuzzer forges a signature. */
#include <stdint.h>
#include <stdlib.h>

#include "host/hallmark/envelope.h"
#include "host/hallmark/hallmark.h"

static const char public_key[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
				 "-----END PUBLIC KEY-----\n";

static struct key *make_key(void)
{
	char path[] = "/tmp/fuzz-hallmark-XXXXXX";
	int fd = mkstemp(path);
	struct key *key = NULL;
	struct err e = {0};

	if (fd < 0 || write(fd, public_key, sizeof public_key - 1) < 0 ||
	    key_read_public(path, &key, &e) < 0)
		abort();
	(void)unlink(path);
	(void)close(fd);
	return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	CLEAN_TEXT struct text payload = TEXT_INIT(ENVELOPE_MAX);
	CLEAN_DONE(hallmark) struct hallmark hallmark = {0};
	const struct hallmark_subject *subject;
	static struct key *key;
	struct err e = {0};

	if (!key)
		key = make_key();
	if (envelope_open(key, HALLMARK_TYPE, (const char *)bytes, size, &payload, &e) == 0)
		abort(); /* nobody has the private key */
	if (hallmark_read((const char *)bytes, size, &hallmark, &e) == 0) {
		char time_[HALLMARK_TIME_SIZE];
		(void)hallmark_time(hallmark.expires_ns, time_);
		(void)hallmark_check(&hallmark, "", 0, &subject, &e);
		/* Without a gate, and as a sign-off, it is good for none. */
		if (hallmark_check_gate(&hallmark, hallmark.gate_sha256, &e) == 0 &&
		    (!hallmark.gate_sha256[0] || hallmark.sign_off[0]))
			abort();
	}
	return 0;
}
