/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario files: what is read, and what is refused with its place. */
#include <string.h>

#include "base/test.h"
#include "base/yaml.h"
#include "host/bundle/runtest.h"

static void expect_lines(const char *bytes, const char *lines)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX), told = TEXT_INIT(65536);

	EXPECT_NUMBER(runtest_parse("math", bytes, strlen(bytes), &runtest, &problems), 0);
	EXPECT_TEXT(problems.buf, "");
	vec_each (&runtest.lines, line)
		(void)text_addf(&told, "%u %s=%s|", line->number, line->tag, line->command);
	EXPECT_TEXT(told.buf, lines);
}

static void expect_problem(const char *bytes, const char *problem)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(runtest_parse("math", bytes, strlen(bytes), &runtest, &problems), 1);
	EXPECT_TEXT(problems.buf, problem);
}

TEST(runtest, reads_tags_and_commands)
{
	expect_lines("", "");
	expect_lines("# math\n\nabs01 abs01\n\tatof01\t atof01 -i 3  \n  # end\n",
		     "3 abs01=abs01|4 atof01=atof01 -i 3|");
	expect_lines("ar01_sh export TCdat=$LTPROOT/x; ar01.sh # or so\n",
		     "1 ar01_sh=export TCdat=$LTPROOT/x; ar01.sh # or so|");
	expect_lines("shell_pipe01 echo \"A\" | p.sh", "1 shell_pipe01=echo \"A\" | p.sh|");
}

TEST(runtest, refuses_what_is_no_line)
{
	expect_problem("a b\n alone\n", "math:2:2: the tag 'alone' has no command: a line has a "
					"tag, blanks, and a command\n");
	expect_problem("a b\nc d\na c\n",
		       "math:3:1: the tag 'a' stands in line 1 already; tags are unique in their "
		       "file\n");
	expect_problem("a b\r\n", "math:1:4: the line ends with a carriage return; these files "
				  "have lines as Unix writes them\n");
	expect_problem("a \033[1mb\n", "math:1:3: there is a byte 1b, which is none of a text\n");
	expect_problem("a/b c\n",
		       "math:1:2: the tag 'a/b' has others than letters, digits and _.+- in it\n");
	expect_problem("a \xff\n", "math:1:1: the line is not UTF-8 (at most 4096 bytes)\n");
}

TEST(runtest, has_its_maxima)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX), bytes = TEXT_INIT(1U << 20);

	for (int i = 0; i < RUNTEST_LINES_MAX + 1; i++)
		(void)text_addf(&bytes, "t%d t\n", i);
	(void)text_addf(&bytes, "long %05000d\n", 1);
	(void)text_addf(&bytes, "%064d long\n", 1);
	EXPECT_NUMBER(runtest_parse("math", bytes.buf, bytes.length, &runtest, &problems), 3);
	EXPECT(strstr(problems.buf, "math:20001:1: there are more than 20000 lines\n") != NULL);
	EXPECT(strstr(problems.buf, "math:20002:1: the line has more than 4096 bytes\n") != NULL);
	EXPECT(strstr(problems.buf, "has more than 63 bytes\n") != NULL);
}

TEST(runtest, refuses_what_is_no_text)
{
	CLEAN_DONE(runtest) struct runtest runtest = RUNTEST_INIT;
	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);

	EXPECT_NUMBER(runtest_parse("math", "a\0b c\n", 6, &runtest, &problems), 1);
	EXPECT_NUMBER(runtest.lines.count, 0);
}
