/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's log of what it measured, and what the TPM holds. Formats: TCG PC Client Platform Firmware Profile. */
#include "guest/kit/case.h"
#include "guest/kit/tpm_log.h"

#define LOG	"/sys/kernel/security/tpm0/binary_bios_measurements"
#define LOG_MAX (4U << 20)

static const char *read_log(struct trial *t, size_t *ret_length)
{
	char *bytes = case_alloc(t, LOG_MAX);
	int fd = open(LOG, O_RDONLY | O_CLOEXEC);
	size_t length = 0;

	if (fd < 0 && errno == ENOENT)
		case_skip(t, "dev:tpm-event-log", "the firmware has left no log for the kernel");
	REQUIRE(t, fd >= 0);
	for (ssize_t n; length < LOG_MAX && (n = read(fd, bytes + length, LOG_MAX - length)) > 0;)
		length += (size_t)n;
	close(fd);
	*ret_length = length;
	return bytes;
}

/* Returns whether the TPM has that bank. */
static bool check_bank(struct trial *t, int fd, const struct tpm_log_bank *bank)
{
	unsigned char held[TPM_DIGEST_MAX];

	if (!tpm_read_pcr(fd, 0, bank->algorithm, held, bank->size))
		return false;
	for (unsigned i = 0; i < TPM_LOG_PCRS; i++) {
		REQUIRE(t, tpm_read_pcr(fd, i, bank->algorithm, held, bank->size));
		if (memcmp(held, bank->pcrs[i], bank->size) == 0)
			check_passed(t);
		else
			FAIL(t, "PCR %u of %s holds something else than the log's events give", i,
			     bank->name);
	}
	return true;
}

CASE(security, tpm_event_log_replays,
     .title = "Replaying the firmware event log gives the TPM's PCR values", .priority = P1,
     .needs = "tpm,uefi", .isolation = ISOLATION_FORK,
     .why = "Who unlocks disks or admits machines by measurements checks this log against the TPM.",
     .remedy = "Look for a loader that measures without logging, and for the kernel's TPM driver.",
     .sources = "own")
{
	static struct tpm_log log;
	unsigned logged = 0, checked = 0;
	size_t length;
	const char *bytes = read_log(t, &length);
	int fd;

	REQUIRE_OK(t, fd = tpm_open());
	REQUIRE(t, tpm_log_replay((const unsigned char *)bytes, length, &log));
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++) {
		bool is_checked = log.banks[i].is_logged && check_bank(t, fd, &log.banks[i]);
		logged += log.banks[i].is_logged;
		checked += is_checked;
		if (log.banks[i].is_logged)
			note(t, "%u events for the bank of %s, which the TPM %s", log.events,
			     log.banks[i].name, is_checked ? "has" : "has not");
	}
	close(fd);
	if (logged == 0)
		case_skip(t, "dev:tpm-event-log",
			  "the log has events for none of SHA-1, SHA-256 and SHA-384");
	/* Whoever compares them finds nothing to compare. */
	CHECK_GT(t, checked, 0);
}

/* TPM2_PCR_Event of a byte in register 4, in whatever banks there are, with an empty password. */
SABOTAGE(security, tpm_event_log_replays, "something was measured that is not in the log")
{
	static const unsigned char command[] = {0x80, 0x02, 0, 0, 0, 30, 0, 0, 0x01, 0x3c,
						0,    0,    0, 4, 0, 0,	 0, 9, 0x40, 0,
						0,    9,    0, 0, 0, 0,	 0, 0, 1,    'x'};
	unsigned char answer[TPM_ANSWER_MAX];
	int fd = tpm_open();

	if (fd < 0 || tpm_ask(fd, command, sizeof command, answer) == 0)
		case_broken(t, "the TPM takes no measurement");
	close(fd);
}
