/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's log of what it measured, and what the TPM holds. Formats: TCG PC Client Platform Firmware Profile. */
#include "guest/kit/case.h"
#include "guest/kit/tpm.h"

#define LOG	 "/sys/kernel/security/tpm0/binary_bios_measurements"
#define LOG_MAX	 (4U << 20)
#define PCRS	 8 /* those of firmware and loader; what comes after is logged elsewhere */
#define SHA256	 0x000b
#define ALGS_MAX 16

#define EV_NO_ACTION 3

/* ---- the log ---- */

struct log_reader {
	const unsigned char *bytes;
	size_t length, at;
	bool failed;
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

/* The first event, in the old format; its data name the algorithms of all that follow. */
static void take_first(struct log_reader *in)
{
	(void)take(in, 4 + 4 + 20);
	uint32_t size = take_number(in, 4);
	size_t end = in->at + size;
	const unsigned char *signature = take(in, 16);

	if (!signature || memcmp(signature, "Spec ID Event03", 16) != 0) {
		in->failed = true; /* a log of a TPM 1.2 */
		return;
	}
	(void)take(in, 4 + 4);
	in->algorithm_count = take_number(in, 4);
	in->failed |= in->algorithm_count > ALGS_MAX || end > in->length;
	for (unsigned i = 0; !in->failed && i < in->algorithm_count; i++) {
		in->algorithms[i].id = take_number(in, 2);
		in->algorithms[i].size = take_number(in, 2);
	}
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
	const unsigned char *digest, *data;
};

static bool take_event(struct log_reader *in, struct event *ret)
{
	if (in->failed || in->at >= in->length)
		return false;
	*ret = (struct event){.pcr = take_number(in, 4), .type = take_number(in, 4)};
	uint32_t count = take_number(in, 4);
	in->failed |= count > ALGS_MAX;
	for (uint32_t i = 0; !in->failed && i < count; i++) {
		uint32_t id = take_number(in, 2);
		unsigned size = digest_size(in, id);
		in->failed |= size == 0;
		const unsigned char *digest = take(in, size);
		if (id == SHA256)
			ret->digest = digest;
	}
	ret->size = take_number(in, 4);
	ret->data = take(in, ret->size);
	return !in->failed;
}

static void extend(unsigned char pcr[SHA256_BYTES], const unsigned char *digest)
{
	unsigned char both[2 * SHA256_BYTES];

	memcpy(both, pcr, SHA256_BYTES);
	memcpy(both + SHA256_BYTES, digest, SHA256_BYTES);
	sha256(both, sizeof both, pcr);
}

/* Gives the number of events, 0 when the log cannot be read to its end. */
static unsigned replay(struct log_reader *in, unsigned char pcrs[PCRS][SHA256_BYTES])
{
	static const char locality[] = "StartupLocality";
	struct event event;
	unsigned count = 0;

	take_first(in);
	for (; take_event(in, &event); count++) {
		if (event.type == EV_NO_ACTION) {
			/* The first register does not begin at zero when the TPM was started from another locality. */
			if (event.size == sizeof locality + 1 &&
			    memcmp(event.data, locality, sizeof locality) == 0)
				pcrs[0][SHA256_BYTES - 1] = event.data[sizeof locality];
		} else if (event.pcr < PCRS && event.digest) {
			extend(pcrs[event.pcr], event.digest);
		}
	}
	return in->failed ? 0 : count;
}

/* ---- against the TPM ---- */

CASE(security, tpm_event_log_replays,
     .title = "Replaying the firmware event log gives the TPM's PCR values", .priority = P1,
     .needs = "tpm,uefi", .isolation = ISOLATION_FORK,
     .why = "Who unlocks disks or admits machines by measurements checks this log against the TPM.",
     .remedy = "Look for a loader that measures without logging, and for the kernel's TPM driver.",
     .sources = "own")
{
	static unsigned char pcrs[PCRS][SHA256_BYTES];
	unsigned char held[SHA256_BYTES];
	struct log_reader in = {.bytes = case_alloc(t, LOG_MAX)};
	int fd, log_fd = open(LOG, O_RDONLY | O_CLOEXEC);

	if (log_fd < 0 && errno == ENOENT)
		case_skip(t, "dev:tpm-event-log", "the firmware has left no log for the kernel");
	REQUIRE(t, log_fd >= 0);
	REQUIRE_OK(t, fd = tpm_open());
	for (ssize_t n; in.length < LOG_MAX &&
			(n = read(log_fd, (unsigned char *)(uintptr_t)in.bytes + in.length,
				  LOG_MAX - in.length)) > 0;)
		in.length += (size_t)n;
	close(log_fd);
	unsigned count = replay(&in, pcrs);
	note(t, "%u events", count);
	REQUIRE(t, count > 0);
	for (unsigned i = 0; i < PCRS; i++) {
		REQUIRE(t, tpm_read_pcr(fd, i, held));
		if (memcmp(held, pcrs[i], SHA256_BYTES) == 0)
			check_passed(t);
		else
			FAIL(t, "PCR %u holds something else than the log's events give", i);
	}
	close(fd);
}

/* TPM2_PCR_Extend of register 4 by a digest of zeros, with an empty password. */
SABOTAGE(security, tpm_event_log_replays, "something was measured that is not in the log")
{
	unsigned char answer[TPM_ANSWER_MAX],
		command[65] = {0x80, 0x02, 0, 0, 0, 65, 0, 0, 0x01, 0x82, 0, 0, 0, 4, 0, 0, 0,
			       9,    0x40, 0, 0, 9, 0,	0, 0, 0,    0,	  0, 0, 0, 1, 0, 11};
	int fd = tpm_open();

	if (fd < 0 || tpm_ask(fd, command, sizeof command, answer) == 0)
		case_broken(t, "the TPM takes no measurement");
	close(fd);
}
