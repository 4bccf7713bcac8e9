/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's log of what it measured. */
#include "guest/kit/tpm_log.h"

#include <stdint.h>
#include <string.h>

#include "guest/kit/sha1.h"
#include "guest/kit/sha256.h"
#include "guest/kit/sha384.h"

#define ALGS_MAX	16
#define EV_NO_ACTION	3
#define SIGNATURE	"Spec ID Event03"
#define SIGNATURE_BYTES 16

typedef void digest_fn(const void *bytes, size_t length, unsigned char *ret);

static const struct algorithm {
	const char *name;
	unsigned id, size;
	digest_fn *digest;
} known[TPM_LOG_BANKS] = {
	{"SHA-1", TPM_SHA1, SHA1_BYTES, sha1},
	{"SHA-256", TPM_SHA256, SHA256_BYTES, sha256},
	{"SHA-384", TPM_SHA384, SHA384_BYTES, sha384},
};

struct log_reader {
	const unsigned char *bytes;
	size_t length, at;
	bool failed;
	bool is_old; /* every event has one digest, of SHA-1 */
	struct {
		unsigned id, size;
	} algorithms[ALGS_MAX];
	unsigned algorithm_count;
};

static const unsigned char *take(struct log_reader *in, size_t size)
{
	if (in->failed || in->length - in->at < size) {
		in->failed = true;
		return NULL;
	}
	in->at += size;
	return in->bytes + in->at - size;
}

/* A little-endian number of `size` bytes. */
static uint32_t take_number(struct log_reader *in, unsigned size)
{
	const unsigned char *at = take(in, size);
	uint32_t number = 0;

	for (unsigned i = 0; at && i < size; i++)
		number |= (uint32_t)at[i] << (8 * i);
	return number;
}

/* The first event, in the old format; its data name the algorithms of all that follow. Where they do not, the whole log is in
 * the old format, and this its first event. */
static void take_first(struct log_reader *in)
{
	(void)take(in, 4 + 4 + SHA1_BYTES);
	uint32_t size = take_number(in, 4);
	size_t end = in->at + size;
	if (in->failed || in->length - in->at < size) {
		in->failed = true;
		return;
	}
	if (size < SIGNATURE_BYTES || memcmp(in->bytes + in->at, SIGNATURE, SIGNATURE_BYTES) != 0) {
		in->is_old = true;
		in->at = 0;
		return;
	}
	(void)take(in, SIGNATURE_BYTES + 4 + 4);
	in->algorithm_count = take_number(in, 4);
	in->failed |= in->algorithm_count > ALGS_MAX;
	for (unsigned i = 0; !in->failed && i < in->algorithm_count; i++) {
		in->algorithms[i].id = take_number(in, 2);
		in->algorithms[i].size = take_number(in, 2);
	}
	in->failed |= in->at > end;
	in->at = end;
}

static unsigned digest_size(const struct log_reader *in, unsigned id)
{
	for (unsigned i = 0; i < in->algorithm_count; i++) {
		if (in->algorithms[i].id == id)
			return in->algorithms[i].size;
	}
	return 0;
}

struct event {
	uint32_t pcr, type, size;
	const unsigned char *digests[TPM_LOG_BANKS]; /* NULL: it has none of that algorithm */
	const unsigned char *data;
};

static void take_digest(struct log_reader *in, unsigned id, unsigned size, struct event *event)
{
	const unsigned char *digest = take(in, size);

	in->failed |= size == 0;
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++)
		if (known[i].id == id && known[i].size == size)
			event->digests[i] = digest;
}

static bool take_event(struct log_reader *in, struct event *ret)
{
	if (in->failed || in->at >= in->length)
		return false;
	*ret = (struct event){.pcr = take_number(in, 4), .type = take_number(in, 4)};
	uint32_t count = in->is_old ? 0 : take_number(in, 4);
	in->failed |= count > ALGS_MAX;
	if (in->is_old)
		take_digest(in, TPM_SHA1, SHA1_BYTES, ret);
	for (uint32_t i = 0; !in->failed && i < count; i++) {
		uint32_t id = take_number(in, 2);
		take_digest(in, id, digest_size(in, id), ret);
	}
	ret->size = take_number(in, 4);
	ret->data = take(in, ret->size);
	return !in->failed;
}

static void extend(const struct algorithm *algorithm, unsigned char *pcr,
		   const unsigned char *digest)
{
	unsigned char both[2 * TPM_DIGEST_MAX];

	memcpy(both, pcr, algorithm->size);
	memcpy(both + algorithm->size, digest, algorithm->size);
	algorithm->digest(both, 2 * algorithm->size, pcr);
}

/* The first register does not begin at zero when the TPM was started from another locality. */
static void take_locality(const struct event *event, struct tpm_log *log)
{
	static const char locality[] = "StartupLocality";

	if (event->size != sizeof locality + 1 ||
	    memcmp(event->data, locality, sizeof locality) != 0)
		return;
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++)
		log->banks[i].pcrs[0][known[i].size - 1] = event->data[sizeof locality];
}

static void apply(const struct event *event, struct tpm_log *log)
{
	if (event->type == EV_NO_ACTION) {
		take_locality(event, log);
		return;
	}
	for (unsigned i = 0; i < TPM_LOG_BANKS && event->pcr < TPM_LOG_PCRS; i++)
		if (event->digests[i])
			extend(&known[i], log->banks[i].pcrs[event->pcr], event->digests[i]);
}

bool tpm_log_replay(const unsigned char *bytes, size_t length, struct tpm_log *ret)
{
	struct log_reader in = {.bytes = bytes, .length = length};
	struct event event;

	memset(ret, 0, sizeof *ret);
	take_first(&in);
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++) {
		struct tpm_log_bank *bank = &ret->banks[i];
		bank->name = known[i].name;
		bank->algorithm = known[i].id;
		bank->size = known[i].size;
		bank->is_logged = in.is_old ? known[i].id == TPM_SHA1
					    : digest_size(&in, known[i].id) == known[i].size;
	}
	for (; take_event(&in, &event); ret->events++)
		apply(&event, ret);
	return !in.failed && ret->events > 0;
}
