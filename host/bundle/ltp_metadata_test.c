/* SPDX-License-Identifier: Apache-2.0 */
/* Limits and fixes as LTP's metadata has them. */
#include <string.h>

#include "base/test.h"
#include "host/bundle/ltp_metadata.h"

static const char json[] =
	"{\"testsuite\": {\"short_name\": \"LTP\"}, \"defaults\": {\"timeout\": 30}, \"tests\": {"
	"\"plain\": {\"fname\": \"plain.c\"},"
	"\"slow\": {\"timeout\": \"10\", \"runtime\": \"60\", \"test_variants\": \"3\"},"
	"\"quick\": {\"runtime\": \"2\", \"min_runtime\": \"5\"},"
	"\"endless\": {\"timeout\": \"TST_UNLIMITED_TIMEOUT\"},"
	"\"fs\": {\"all_filesystems\": true, \"test_variants\": \"2\"},"
	"\"two\": {\"filesystems\": [{\"type\": \"ext4\"}, {\"type\": \"xfs\"}]},"
	"\"wild\": {\"test_variants\": \"99999999999\", \"runtime\": \"99999999999\"},"
	"\"cve\": {\"tags\": [[\"linux-git\", \"34b88a68f26a\"], [\"CVE\", \"2016-7117\"], 3]}}}";

static struct ltp_metadata *parse(const char *text)
{
	struct ltp_metadata *metadata = NULL;
	struct err e = {0};

	EXPECT_NUMBER(ltp_metadata_parse("ltp.json", text, strlen(text), &metadata, &e), 0);
	return metadata;
}

static void expect_limit(const struct ltp_metadata *metadata, const char *tag, const char *command,
			 unsigned body_s, unsigned run_s, unsigned rounds)
{
	struct bundle_limit limit;

	ltp_metadata_limit(metadata, tag, command, &limit);
	EXPECT_NUMBER(limit.body_s, body_s);
	EXPECT_NUMBER(limit.run_s, run_s);
	EXPECT_NUMBER(limit.rounds, rounds);
}

TEST(ltp_metadata, gives_limits)
{
	CLEANUP(ltp_metadata) struct ltp_metadata *metadata = parse(json);

	expect_limit(metadata, "a", "plain -i 3", 30, 1, 1);
	expect_limit(metadata, "a", "slow;true", 40, 60, 3);
	expect_limit(metadata, "quick", "sudo quick", 30, 5, 1);
	expect_limit(metadata, "a", "endless", 3630, 1, 1);
	expect_limit(metadata, "a", "fs", 30, 1, 20);
	expect_limit(metadata, "a", "two_64", 30, 1, 2);
	expect_limit(metadata, "a", "wild", 30, 86400, 1000);
	expect_limit(metadata, "a", "unknown", 900, 0, 1);
	expect_limit(metadata, "a", "df01.sh -f ext4", 300, 0, 1);
	expect_limit(NULL, "a", "plain", 900, 0, 1);
}

TEST(ltp_metadata, gives_fixes)
{
	CLEANUP(ltp_metadata) struct ltp_metadata *metadata = parse(json);
	CLEAN_TEXT struct text fixes = TEXT_INIT(1024);

	ltp_metadata_fixes(metadata, "a", "plain", &fixes);
	EXPECT_TEXT(fixes.buf, "");
	ltp_metadata_fixes(metadata, "cve", "x", &fixes);
	EXPECT_TEXT(fixes.buf, "linux-git 34b88a68f26a, CVE-2016-7117");
}

TEST(ltp_metadata, refuses_what_is_none)
{
	static const char *const bad[] = {"", "{", "[]", "{\"tests\": []}", "{\"a\": 1, \"a\": 2}"};
	struct ltp_metadata *metadata = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};
		EXPECT_NUMBER(ltp_metadata_parse("ltp.json", bad[i], strlen(bad[i]), &metadata, &e),
			      -EBADMSG);
		EXPECT_NUMBER(e.blame, BLAME_USER);
	}
}
