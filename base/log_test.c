/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines, read back from the run's file. */
#include "base/log.h"

#include <string.h>

#include "base/secret.h"
#include "base/test.h"
#include "base/text.h"

/* What was logged since the last call, without the times. */
static const char *logged(FILE *file)
{
	static char line[16384];
	static long at;

	(void)fseek(file, at, SEEK_SET);
	size_t n = fread(line, 1, sizeof line - 1, file);
	at = ftell(file);
	line[n] = '\0';
	return n > 25 ? line + 25 : line;
}

TEST(log, lines_carry_level_and_context)
{
	FILE *file = tmpfile();

	log_set_file(file);
	log_info("plain %d", 1);
	EXPECT_TEXT(logged(file), "info: plain 1\n");
	{
		LOG_CONTEXT("run", "7");
		{
			LOG_CONTEXT("machine", "deb/0");
			log_warning("slow");
			EXPECT_TEXT(logged(file), "warning run=7 machine=deb/0: slow\n");
		}
		log_error("gone");
		EXPECT_TEXT(logged(file), "error run=7: gone\n");
	}
	errno = ENOENT;
	log_info("%m");
	EXPECT_NUMBER(errno, ENOENT);
	EXPECT_TEXT(logged(file), "info: No such file or directory\n");
	log_set_file(NULL);
	(void)fclose(file);
}

TEST(log, lines_have_no_secrets)
{
	FILE *file = tmpfile();

	log_set_file(file);
	EXPECT(secret_add("hunter2hunter"));
	log_info("token %s", "hunter2hunter");
	EXPECT_TEXT(logged(file), "info: token ***\n");
	secret_forget();
	log_set_file(NULL);
	(void)fclose(file);
}

TEST(log, debug_lines_need_their_switch)
{
	FILE *file = tmpfile();

	log_set_file(file);
	log_debug("qmp", "hidden");
	log_set_debug("plan,qmp");
	log_debug("qmp", "seen");
	log_debug("qm", "hidden");
	log_debug("pla", "hidden");
	EXPECT_TEXT(logged(file), "debug module=qmp: seen\n");
	log_set_debug("all");
	log_debug("link", "seen");
	EXPECT_TEXT(logged(file), "debug module=link: seen\n");
	log_set_debug(NULL);
	log_set_file(NULL);
	(void)fclose(file);
}

TEST(log, foreign_bytes_cannot_forge_a_line)
{
	FILE *file = tmpfile();

	log_set_level(LOG_LEVEL_ERROR); /* keep it off stderr */
	log_set_file(file);
	log_info("a\nb\033[2Jc");
	EXPECT_TEXT(logged(file), "info: a b [2Jc\n");
	CLEAN_FREE char *longest = xnew(20000);
	memset(longest, 'x', 19999);
	log_info("%s", longest);
	const char *line = logged(file);
	EXPECT(strlen(line) < 8192);
	EXPECT(has_suffix(line, "x\n"));
	log_set_file(NULL);
	(void)fclose(file);
}
