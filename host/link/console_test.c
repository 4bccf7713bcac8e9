/* SPDX-License-Identifier: Apache-2.0 */
/* The console's recorder: times, control sequences, marks, faults, stages, floods. */
#include "host/link/console.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"

static struct console *make(void)
{
	CLEAN_FREE char *path = xasprintf("%s/console.log", test_folder());
	struct console *console = NULL;
	struct err e = {0};

	EXPECT_NUMBER(console_new(path, patterns_shipped(&e), &console, &e), 0);
	EXPECT_TEXT(e.text, "");
	if (!console)
		test_skip("there is no console");
	return console;
}

static void feed(struct console *console, const char *text)
{
	console_feed(console, text, strlen(text));
}

static void expect_since(struct console *console, uint64_t mark, const char *want)
{
	CLEAN_TEXT struct text said = TEXT_INIT(65536);
	struct err e = {0};

	EXPECT_NUMBER(console_since(console, mark, &said, &e), 0);
	EXPECT_TEXT(said.buf, want);
}

TEST(console, lines_get_times_in_the_file_only)
{
	CLEANUP(console) struct console *console = make();
	CLEAN_TEXT struct text file = TEXT_INIT(4096);

	feed(console, "one\r\ntwo\n");
	expect_since(console, 0, "one\ntwo\n");
	EXPECT(text_read_file(&file, console_path(console)) == 0);
	EXPECT_NUMBER(file.length, 2 * CONSOLE_PREFIX + 8);
	EXPECT(file.buf[CONSOLE_PREFIX - 1] == ' ' &&
	       memcmp(file.buf + CONSOLE_PREFIX, "one\n", 4) == 0);
}

TEST(console, mark_in_the_middle_of_a_line)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "debian lo");
	uint64_t mark = console_mark(console);
	feed(console, "gin: x\nnext\n");
	expect_since(console, mark, "gin: x\nnext\n");
	EXPECT(console_has_since(console, mark, "gin: "));
	EXPECT(!console_has_since(console, mark, "debian"));
}

static const struct {
	const char *name, *said, *recorded;
} cleaned[] = {
	{"colours", "\033[1;31mred\033[0m\n", "red\n"},
	{"cursor", "\033[2J\033[01;01Hone\033[02;01Htwo\n", "one\ntwo\n"},
	{"title", "\033]0;owned\abody\n", "body\n"},
	{"title_st", "\033]0;owned\033\\body\n", "body\n"},
	{"unended_title", "\033]0;owned\nbody\n", "body\n"},
	{"controls",
	 "a\x01\x02\x07"
	 "b\x7f\n",
	 "ab\n"},
	{"split", "x\033[", "x"},
	{"charset", "\033(Bok\n", "ok\n"},
	{"empty_lines", "\n\na\n", "\n\na\n"},
	{"frame", "|\033[5;1H|\033[6;1Hmenu\n", "||menu\n"},
};

TEST(console, control_sequences_are_taken_out)
{
	for (size_t i = 0; i < ARRAY_LEN(cleaned); i++) {
		CLEANUP(console) struct console *console = make();
		uint64_t mark = console_mark(console);
		feed(console, cleaned[i].said);
		expect_since(console, mark, cleaned[i].recorded);
	}
}

TEST(console, control_sequence_in_two_pieces)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "\033[1;");
	feed(console, "31mred\n");
	expect_since(console, 0, "red\n");
}

TEST(console, fault_is_found_after_its_mark_only)
{
	CLEANUP(console) struct console *console = make();

	uint64_t before = console_mark(console);
	feed(console, "[    8.1] WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2\n");
	uint64_t after = console_mark(console);
	const struct console_hit *hit = console_fault_since(console, before);
	EXPECT(hit != NULL);
	if (hit)
		EXPECT_TEXT(hit->pattern->name, "kernel-warning");
	EXPECT(console_fault_since(console, after) == NULL);
	EXPECT(console_death_since(console, before) == NULL);
}

TEST(console, fault_in_pieces_is_found)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "[    2.1] Kernel pan");
	EXPECT(console_fault_since(console, 0) == NULL);
	feed(console, "ic - not syncing: VFS\n");
	EXPECT(console_death_since(console, 0) != NULL);
}

TEST(console, prompts_without_an_end_are_seen_when_it_is_quiet)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "grub rescue> ");
	EXPECT(console_stage(console) == NULL);
	console_scan_prompt(console);
	const struct console_hit *stage = console_stage(console);
	EXPECT(stage != NULL);
	if (stage)
		EXPECT_NUMBER(stage->pattern->stage, STAGE_LOADER_SHELL);
}

TEST(console, stage_is_forgotten_at_power_on)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "debian login: \n");
	EXPECT(console_stage(console) && console_stage_ns(console, STAGE_LOGIN) > 0);
	console_power_on(console);
	EXPECT(!console_stage(console) && console_stage_ns(console, STAGE_LOGIN) == 0);
}

TEST(console, services_behind_the_login_prompt_take_nothing_back)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "debian login: \n[  OK  ] Started late.service.\n");
	const struct console_hit *stage = console_stage(console);
	EXPECT(stage && stage->pattern->stage == STAGE_LOGIN);
}

TEST(console, line_of_a_hit_has_single_blanks)
{
	CLEANUP(console) struct console *console = make();

	feed(console, "     Welcome   to GRUB!      \n");
	const struct console_hit *stage = console_stage(console);
	EXPECT(stage == NULL); /* the line itself is as it came */
	feed(console, "     Welcome to GRUB!      \n");
	stage = console_stage(console);
	EXPECT(stage != NULL);
	if (stage)
		EXPECT_TEXT(stage->line, "Welcome to GRUB!");
}

TEST(console, death_is_seen_behind_many_faults)
{
	CLEANUP(console) struct console *console = make();

	uint64_t mark = console_mark(console);
	feed(console, "Kernel panic - not syncing: x\n");
	for (int i = 0; i < 3 * CONSOLE_HITS_MAX; i++)
		feed(console, "Oops: 0002 [#1] SMP\n");
	EXPECT(console_death_since(console, mark) != NULL);
}

/* A guest that talks without end fills neither the disk nor the memory, and a fault in it is still seen. */
TEST(console, flood_is_bounded_and_said)
{
	CLEANUP(console) struct console *console = make();
	CLEAN_FREE char *line = xnew(1025);
	CLEAN_TEXT struct text said = TEXT_INIT((size_t)2 * CONSOLE_FILE_MAX);
	struct err e = {0};
	struct stat st;

	memset(line, 'x', 1023);
	line[1023] = '\n';
	for (unsigned i = 0; i < CONSOLE_FILE_MAX / 1024 + 100; i++)
		feed(console, line);
	feed(console, "Kernel panic - not syncing: x\n");
	EXPECT(stat(console_path(console), &st) == 0 && st.st_size <= CONSOLE_FILE_MAX + 1024);
	EXPECT(console_flooded(console));
	EXPECT_NUMBER(console_since(console, 0, &said, &e), -EMSGSIZE);
	EXPECT_TEXT(e.text, "the guest flooded its console: more than 16 MiB");
	EXPECT(console_death_since(console, 0) != NULL);
	EXPECT(console_boot_flooded(console));
	console_power_on(console);
	EXPECT(console_flooded(console) && !console_boot_flooded(console));
}

TEST(console, long_line_is_cut_into_several)
{
	CLEANUP(console) struct console *console = make();
	CLEAN_FREE char *line = xnew(3 * CONSOLE_LINE_MAX + 1);
	CLEAN_TEXT struct text said = TEXT_INIT(65536);
	struct err e = {0};

	memset(line, 'x', (size_t)3 * CONSOLE_LINE_MAX);
	feed(console, line);
	feed(console, "\n");
	EXPECT_NUMBER(console_since(console, 0, &said, &e), 0);
	EXPECT_NUMBER(said.length, 3 * CONSOLE_LINE_MAX + 4);
}

TEST(console, tail_keeps_the_newest_lines)
{
	CLEANUP(console) struct console *console = make();
	CLEAN_TEXT struct text tail = TEXT_INIT(CONSOLE_TAIL_MAX);

	for (int i = 0; i < 5000; i++) {
		CLEAN_FREE char *line = xasprintf("line %d\n", i);
		feed(console, line);
	}
	console_tail(console, &tail);
	EXPECT(tail.length > CONSOLE_TAIL_MAX / 4 && !tail.overflowed);
	EXPECT(has_suffix(tail.buf, " line 4999\n"));
	EXPECT(strspn(tail.buf, " ") > 0); /* it begins with a whole line: with a time */
}
