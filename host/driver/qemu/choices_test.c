/* SPDX-License-Identifier: Apache-2.0 */
/* What a QEMU says of its machines, as several of its versions say it. */
#include "host/driver/qemu/choices.h"

#include "base/test.h"
#include "base/text.h"

static const char machines[] =
	"Supported machines are:\n"
	"microvm              microvm (i386)\n"
	"pc                   Standard PC (i440FX + PIIX, 1996) (alias of pc-i440fx-7.2)\n"
	"pc-i440fx-7.2        Standard PC (i440FX + PIIX, 1996) (default)\n"
	"q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)\n"
	"pc-q35-7.2           Standard PC (Q35 + ICH9, 2009)\n"
	"ubuntu-q35           Ubuntu 24.04 PC (Q35 + ICH9, 2009) (alias of pc-q35-noble)\n"
	"isapc                ISA-only PC\n"
	"none                 empty machine\n"
	"broken\n";

TEST(qemu_choices, machine_types_are_read)
{
	CLEAN_DONE(qemu_choices) struct qemu_choices choices = QEMU_CHOICES_INIT;

	qemu_choices_read_machines(&choices, machines);
	EXPECT_NUMBER(choices.machines.count, 8);
	const struct qemu_machine *q35 = qemu_choices_machine(&choices, "q35");
	EXPECT(q35);
	EXPECT(q35->is_pc);
	EXPECT_TEXT(q35->stands_for, "pc-q35-7.2");
	const struct qemu_machine *version = qemu_choices_machine(&choices, "pc-i440fx-7.2");
	EXPECT(version);
	EXPECT(version->is_pc);
	EXPECT_TEXT(version->stands_for, "");
	EXPECT(qemu_choices_machine(&choices, "ubuntu-q35"));
	EXPECT(qemu_choices_machine(&choices, "ubuntu-q35")->is_pc);
	EXPECT(qemu_choices_machine(&choices, "microvm"));
	EXPECT(!qemu_choices_machine(&choices, "microvm")->is_pc);
	EXPECT(!qemu_choices_machine(&choices, "broken"));
	EXPECT(!qemu_choices_machine(&choices, "Supported"));
	EXPECT_TEXT(qemu_choices_nearest_machine(&choices, "q53"), "q35");
	EXPECT_TEXT(qemu_choices_nearest_machine(&choices, "pc-q35-7.3"), "pc-q35-7.2");
	EXPECT(!qemu_choices_nearest_machine(&choices, "microvn")); /* none that can be used */
}

TEST(qemu_choices, cpu_models_are_read)
{
	static const char *const said[] = {
		"Available CPUs:\nx86 486                   (alias configured by machine type)\n"
		"x86 EPYC-Rome-v2\nx86 max                   Enables all features\n\n"
		"Recognized CPUID flags:\n  3dnow 3dnowext\n",
		"Available CPUs:\n  486                   (alias configured by machine type)\n"
		"  EPYC-Rome-v2\n  max                   Enables all features\n\n"
		"Recognized CPUID flags:\n  3dnow 3dnowext\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(said); i++) {
		CLEAN_DONE(qemu_choices) struct qemu_choices choices = QEMU_CHOICES_INIT;
		qemu_choices_read_cpus(&choices, said[i]);
		EXPECT_NUMBER(choices.cpus.count, 3);
		EXPECT(qemu_choices_has_cpu(&choices, "EPYC-Rome-v2"));
		EXPECT(!qemu_choices_has_cpu(&choices, "3dnow"));
		EXPECT_TEXT(qemu_choices_nearest_cpu(&choices, "EPYC-Rme-v2"), "EPYC-Rome-v2");
	}
}

/* What it said is foreign: a name that is too long is none, and of too many the rest is passed over. */
TEST(qemu_choices, strange_answers_are_no_choices)
{
	CLEAN_DONE(qemu_choices) struct qemu_choices choices = QEMU_CHOICES_INIT;
	CLEAN_TEXT struct text many = TEXT_INIT(1U << 20);

	(void)text_addf(&many, "%0100d too long\n\n \n", 1);
	for (int i = 0; i < QEMU_CHOICES_MAX + 10; i++)
		(void)text_addf(&many, "m%d a machine\n", i);
	qemu_choices_read_machines(&choices, many.buf);
	EXPECT_NUMBER(choices.machines.count, QEMU_CHOICES_MAX);
	qemu_choices_read_cpus(&choices, "");
	EXPECT_NUMBER(choices.cpus.count, 0);
}
