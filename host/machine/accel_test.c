/* SPDX-License-Identifier: Apache-2.0 */
/* The probe proves what runs and refuses what does not. */
#include "host/machine/accel.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/test.h"
#include "host/machine/accel_guest.h"

#define SPAN_NS (60 * NS_PER_S)

static void need_qemu(void)
{
	if (access("/usr/bin/qemu-system-x86_64", X_OK) < 0)
		test_skip("qemu-system-x86_64 is not installed");
}

TEST(accel, tcg_is_proved_and_remembered)
{
	struct patience p = patience_for(-1, SPAN_NS);
	struct accel_answer first, second;
	struct err e = {0};

	need_qemu();
	EXPECT_NUMBER(accel_probe(ACCEL_TCG, NULL, test_folder(), &p, &first, &e), 0);
	EXPECT(first.proved && !first.remembered);
	EXPECT_TEXT(first.sentence, "TCG runs guests");
	EXPECT_NUMBER(accel_probe(ACCEL_TCG, NULL, test_folder(), &p, &second, &e), 0);
	EXPECT(second.proved && second.remembered);
	accel_forget(test_folder());
	EXPECT_NUMBER(accel_probe(ACCEL_TCG, NULL, test_folder(), &p, &second, &e), 0);
	EXPECT(second.proved && !second.remembered);
}

/* A busy moment may have been too short for the test guest. */
TEST(accel, refusal_of_tcg_is_asked_again)
{
	CLEAN_FREE char *path = xasprintf("%s/accelerator-tcg.json", test_folder());
	CLEAN_TEXT struct text remembered = TEXT_INIT(8192);
	struct patience p = patience_for(-1, SPAN_NS);
	struct accel_answer answer;
	struct err e = {0};

	need_qemu();
	EXPECT_NUMBER(accel_probe(ACCEL_TCG, NULL, test_folder(), &p, &answer, &e), 0);
	EXPECT_NUMBER(text_read_file(&remembered, path), 0);
	char *yes = strstr(remembered.buf, "true,");
	EXPECT(yes != NULL);
	if (!yes)
		return;
	memcpy(yes, "false", 5);
	CLEAN_FREE char *rest =
		xasprintf("%.*s,%s", (int)(yes + 5 - remembered.buf), remembered.buf, yes + 5);
	FILE *file = fopen(path, "we");
	EXPECT(file && fputs(rest, file) >= 0 && fclose(file) == 0);
	EXPECT_NUMBER(accel_probe(ACCEL_TCG, NULL, test_folder(), &p, &answer, &e), 0);
	EXPECT(answer.proved && !answer.remembered);
}

/* Whatever this host's KVM is worth: asked for by name it is given or refused with the reason, and automatic choice
 * agrees with that. */
TEST(accel, choice_agrees_with_the_probe)
{
	struct patience p = patience_for(-1, SPAN_NS);
	struct accel_answer kvm;
	enum accel chosen = ACCEL_AUTO;
	struct err e = {0};

	need_qemu();
	EXPECT_NUMBER(accel_probe(ACCEL_KVM, NULL, test_folder(), &p, &kvm, &e), 0);
	EXPECT(kvm.sentence[0] != '\0');
	EXPECT_NUMBER(accel_choose(ACCEL_AUTO, NULL, test_folder(), &p, &chosen, &e), 0);
	EXPECT_NUMBER(chosen, kvm.proved ? ACCEL_KVM : ACCEL_TCG);
	EXPECT_NUMBER(accel_choose(ACCEL_KVM, NULL, test_folder(), &p, &chosen, &e),
		      kvm.proved ? 0 : -ENOTSUP);
	if (!kvm.proved) {
		EXPECT(strstr(e.text, "the accelerator kvm cannot be used: ") == e.text);
		EXPECT_NUMBER(e.blame, BLAME_HOST);
	}
}

TEST(accel, last_step_is_named)
{
	EXPECT(accel_guest_step("") == NULL);
	EXPECT_TEXT(accel_guest_step("R"), "starting in real mode");
	EXPECT_TEXT(accel_guest_step("RPL"), "entering 64-bit mode");
	EXPECT_TEXT(accel_guest_step("RPLMT"), "handling timer interrupts");
}

TEST(accel, rom_begins_at_the_reset_vector)
{
	static unsigned char rom[ACCEL_GUEST_ROM_SIZE];

	accel_guest_rom(rom);
	/* A near jump from 16 bytes below the end, to the code. */
	EXPECT_NUMBER(rom[0xfff0], 0xe9);
	unsigned target = (0xfff3 + (unsigned)rom[0xfff1] + ((unsigned)rom[0xfff2] << 8)) & 0xffff;
	EXPECT_NUMBER(target, 0xf000);
	EXPECT_NUMBER(rom[0xf000], 0xfa); /* it begins with interrupts off */
}
