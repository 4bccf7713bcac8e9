// SPDX-License-Identifier: Apache-2.0
// dpkg's status file and the order of versions.
#include "guest/kit/dpkg_status.h"

#include <string.h>

#include "base/test.h"

static const char status[] =
	"Package: one\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n"
	"Depends: libc6 (>= 2.36), a:any | b (<< 3~) [amd64],\n c\nDescription: first\n more\n .\n\n\n"
	"Package: two\nStatus: deinstall ok config-files\nVersion: 2:0~rc1\n";

TEST(dpkg, steps_through_paragraphs)
{
	const char *at = status;
	struct dpkg_package package;

	EXPECT(dpkg_next(&at, &package));
	EXPECT_TEXT(package.name, "one");
	EXPECT(dpkg_is_installed(&package));
	EXPECT_TEXT(package.arch, "amd64");
	EXPECT(dpkg_next(&at, &package));
	EXPECT_TEXT(package.name, "two");
	EXPECT_TEXT(package.state, "config-files");
	EXPECT(!dpkg_is_installed(&package));
	EXPECT(!dpkg_next(&at, &package));
}

TEST(dpkg, a_status_file_may_be_damaged)
{
	EXPECT(dpkg_status_problem("Package: a\nStatus: install ok installed\n") == NULL);
	EXPECT_TEXT(dpkg_status_problem(""), "is empty");
	EXPECT_TEXT(dpkg_status_problem("\n\n"), "is empty");
	EXPECT_TEXT(dpkg_status_problem("\3\4\5\n"), "begins with what is no package");
	EXPECT_TEXT(dpkg_status_problem("Package: a\nStatus: install ok inst"), "is cut off");
}

TEST(dpkg, fields_keep_their_continuations)
{
	const char *at = status, *value;
	struct dpkg_package package;
	size_t length;

	EXPECT(dpkg_next(&at, &package));
	EXPECT(dpkg_field(&package, "description", &value, &length));
	EXPECT(length == strlen("first\n more\n .") &&
	       memcmp(value, "first\n more\n .", length) == 0);
	EXPECT(!dpkg_field(&package, "Pack", &value, &length));
	EXPECT(!dpkg_field(&package, "Provides", &value, &length));
}

TEST(dpkg, relations_have_alternatives)
{
	const char *at = status, *value;
	struct dpkg_package package;
	struct dpkg_relation relation;
	size_t length;

	EXPECT(dpkg_next(&at, &package));
	EXPECT(dpkg_field(&package, "Depends", &value, &length));
	const char *end = value + length;
	EXPECT(dpkg_relation_next(&value, end, &relation));
	EXPECT_TEXT(relation.name, "libc6");
	EXPECT_TEXT(relation.how, ">=");
	EXPECT_TEXT(relation.version, "2.36");
	EXPECT(relation.is_last_or);
	EXPECT(dpkg_relation_next(&value, end, &relation));
	EXPECT_TEXT(relation.name, "a");
	EXPECT(!relation.is_last_or);
	EXPECT(dpkg_relation_next(&value, end, &relation));
	EXPECT_TEXT(relation.name, "b");
	EXPECT_TEXT(relation.version, "3~");
	EXPECT(relation.is_last_or);
	EXPECT(dpkg_relation_next(&value, end, &relation));
	EXPECT_TEXT(relation.name, "c");
	EXPECT(!dpkg_relation_next(&value, end, &relation));
}

/* Older first; each pair of neighbours must be in this order, and no other. */
TEST(dpkg, orders_versions)
{
	static const char *const order[] = {
		"0~~",	  "0~~a",	"0~",	 "0",	     "0.1",	"0.9",
		"0.10",	  "1.0~rc1-1",	"1.0-1", "1.0-1+b1", "1.0-1.1", "1.0-2",
		"1.0a-1", "1.0+dfsg-1", "1.1",	 "10",	     "1:0",	"2:0"};

	for (size_t i = 0; i + 1 < ARRAY_LEN(order); i++) {
		EXPECT(dpkg_version_compare(order[i], order[i + 1]) < 0);
		EXPECT(dpkg_version_compare(order[i + 1], order[i]) > 0);
		EXPECT(dpkg_version_compare(order[i], order[i]) == 0);
	}
	EXPECT(dpkg_version_compare("1.00-1", "1.0-01") == 0);
	EXPECT(dpkg_version_compare("0:1", "1") == 0);
}

TEST(dpkg, knows_the_five_relations)
{
	EXPECT(dpkg_version_fits("1.0", "", ""));
	EXPECT(dpkg_version_fits("1.0", "=", "1.0"));
	EXPECT(!dpkg_version_fits("1.0", "=", "1.1"));
	EXPECT(dpkg_version_fits("1.0", "<<", "1.1"));
	EXPECT(!dpkg_version_fits("1.0", "<<", "1.0"));
	EXPECT(dpkg_version_fits("1.0", "<=", "1.0"));
	EXPECT(dpkg_version_fits("1.1", ">>", "1.0"));
	EXPECT(!dpkg_version_fits("1.0", ">>", "1.0"));
	EXPECT(dpkg_version_fits("1.0", ">=", "1.0"));
}
