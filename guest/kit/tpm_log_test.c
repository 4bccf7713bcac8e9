/* SPDX-License-Identifier: Apache-2.0 */
/* Logs as firmware writes them, in both formats and with banks of all kinds. */
#include "guest/kit/tpm_log.h"

#include <stdint.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "guest/kit/sha1.h"
#include "guest/kit/sha256.h"
#include "guest/kit/sha384.h"

#define SHA512	     0x000d
#define EV_NO_ACTION 3
#define EV_IPL	     13

static void add_number(struct text *out, uint32_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		text_add(out, &(char){(char)(number >> (8 * i))}, 1);
}

static void add_bytes(struct text *out, char byte, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		text_add(out, &byte, 1);
}

static void add_old_event(struct text *out, uint32_t pcr, uint32_t type, char digest,
			  const char *data, uint32_t size)
{
	add_number(out, pcr, 4);
	add_number(out, type, 4);
	add_bytes(out, digest, SHA1_BYTES);
	add_number(out, size, 4);
	text_add(out, data, size);
}

struct test_bank {
	unsigned id, size;
};

/* The event that names the algorithms. */
static void add_first(struct text *out, const struct test_bank *banks, unsigned count)
{
	CLEAN_TEXT struct text data = TEXT_INIT(256);

	text_add(&data, "Spec ID Event03", 16);
	add_number(&data, 0, 4);
	add_number(&data, 0x02000200, 4);
	add_number(&data, count, 4);
	for (unsigned i = 0; i < count; i++) {
		add_number(&data, banks[i].id, 2);
		add_number(&data, banks[i].size, 2);
	}
	add_number(&data, 0, 1);
	add_old_event(out, 0, EV_NO_ACTION, 0, data.buf, (uint32_t)data.length);
}

static void add_event(struct text *out, uint32_t pcr, uint32_t type, const struct test_bank *banks,
		      unsigned count, const char *data, uint32_t size)
{
	add_number(out, pcr, 4);
	add_number(out, type, 4);
	add_number(out, count, 4);
	for (unsigned i = 0; i < count; i++) {
		add_number(out, banks[i].id, 2);
		add_bytes(out, 'd', banks[i].size);
	}
	add_number(out, size, 4);
	text_add(out, data, size);
}

static bool replay(const struct text *text, struct tpm_log *log)
{
	return tpm_log_replay((const unsigned char *)text->buf, text->length, log);
}

/* What a register of zeros is after it was extended by a digest of 'd's. */
static void expect_extended(const struct tpm_log_bank *bank, unsigned pcr)
{
	unsigned char both[2 * TPM_DIGEST_MAX] = {0}, want[TPM_DIGEST_MAX];

	memset(both + bank->size, 'd', bank->size);
	if (bank->algorithm == TPM_SHA1)
		sha1(both, 2UL * bank->size, want);
	else if (bank->algorithm == TPM_SHA256)
		sha256(both, 2UL * bank->size, want);
	else
		sha384(both, 2UL * bank->size, want);
	EXPECT(memcmp(bank->pcrs[pcr], want, bank->size) == 0);
}

static const struct test_bank all[] = {
	{TPM_SHA1, SHA1_BYTES}, {TPM_SHA256, SHA256_BYTES}, {TPM_SHA384, SHA384_BYTES}};

TEST(tpm_log, every_bank_is_replayed)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct tpm_log log;

	add_first(&text, all, ARRAY_LEN(all));
	add_event(&text, 4, EV_IPL, all, ARRAY_LEN(all), "grub", 4);
	EXPECT(replay(&text, &log));
	EXPECT_NUMBER(log.events, 1);
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++) {
		EXPECT(log.banks[i].is_logged);
		expect_extended(&log.banks[i], 4);
		EXPECT_NUMBER(log.banks[i].pcrs[5][0], 0);
	}
}

TEST(tpm_log, one_bank_may_be_all)
{
	for (unsigned i = 0; i < ARRAY_LEN(all); i++) {
		CLEAN_TEXT struct text text = TEXT_INIT(4096);
		struct tpm_log log;
		add_first(&text, &all[i], 1);
		add_event(&text, 7, EV_IPL, &all[i], 1, "", 0);
		EXPECT(replay(&text, &log));
		for (unsigned bank = 0; bank < TPM_LOG_BANKS; bank++)
			EXPECT(log.banks[bank].is_logged == (bank == i));
		expect_extended(&log.banks[i], 7);
	}
}

TEST(tpm_log, old_format_is_of_sha1)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct tpm_log log;

	add_old_event(&text, 0, EV_IPL, 'd', "firmware", 8);
	add_old_event(&text, 2, EV_IPL, 'd', "", 0);
	EXPECT(replay(&text, &log));
	EXPECT_NUMBER(log.events, 2);
	EXPECT(log.banks[0].is_logged && !log.banks[1].is_logged && !log.banks[2].is_logged);
	expect_extended(&log.banks[0], 0);
	expect_extended(&log.banks[0], 2);
}

TEST(tpm_log, algorithms_that_nobody_here_knows_are_no_bank)
{
	const struct test_bank unknown = {SHA512, 64};
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct tpm_log log;

	add_first(&text, &unknown, 1);
	add_event(&text, 4, EV_IPL, &unknown, 1, "grub", 4);
	EXPECT(replay(&text, &log));
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++)
		EXPECT(!log.banks[i].is_logged);
}

TEST(tpm_log, locality_is_where_the_first_register_begins)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct tpm_log log;

	add_first(&text, all, ARRAY_LEN(all));
	add_event(&text, 0, EV_NO_ACTION, all, ARRAY_LEN(all), "StartupLocality\0\3", 17);
	EXPECT(replay(&text, &log));
	for (unsigned i = 0; i < TPM_LOG_BANKS; i++)
		EXPECT_NUMBER(log.banks[i].pcrs[0][log.banks[i].size - 1], 3);
}

TEST(tpm_log, every_cut_but_between_events_is_refused)
{
	CLEAN_TEXT struct text text = TEXT_INIT(4096);
	struct tpm_log log;

	add_first(&text, all, ARRAY_LEN(all));
	add_event(&text, 1, EV_IPL, all, ARRAY_LEN(all), "one", 3);
	size_t between = text.length;
	add_event(&text, 2, EV_IPL, all, ARRAY_LEN(all), "two", 3);
	for (size_t length = 0; length < text.length; length++)
		EXPECT(tpm_log_replay((const unsigned char *)text.buf, length, &log) ==
		       (length == between));
}
