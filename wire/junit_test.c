/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML, and that what does not add up is a fault. */
#include "wire/junit.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"
#include "wire/xml.h"

static void expect_junit(const char *document, const char *points, const char *fault)
{
	CLEANUP(tap_tree) struct tap_tree *tree = junit_read(document, strlen(document));
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	const struct tap_oddity *first = tap_first_fault(tree);

	vec_each (&tree->points, point)
		(void)text_addf(&told, "%s %s%s%s|", tap_state_name(point->state), point->name,
				point->reason[0] ? ": " : "", point->reason);
	EXPECT_TEXT(told.buf, points);
	EXPECT_TEXT(first ? first->text : "", fault);
}

TEST(junit, cases_are_points)
{
	expect_junit(
		"<?xml version=\"1.0\"?>\n<!-- by hand -->\n<testsuites tests=\"4\" failures='1'>"
		"<testsuite name=\"s\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\">"
		"<properties><property name=\"a\" value=\"b\"/></properties>"
		"<testcase classname=\"c\" name=\"a &lt;&#65;&#x20ac;\" time=\"0.5\"/>"
		"<testcase name=\"b\"><failure message=\"1 &amp; 2\">trace</failure></testcase>"
		"<testcase name=\"c\"><error/></testcase>"
		"<testcase name=\"d\"><skipped message=\"no disk\"/><system-out><![CDATA[<x>]]>"
		"</system-out></testcase></testsuite></testsuites>\n",
		"passed s > c.a <A\xe2\x82\xac|failed s > b: 1 & 2|undecided s > c|skipped s > d: no disk|",
		"");
}

TEST(junit, times_are_kept)
{
	static const char document[] =
		"<testsuite tests=\"1\"><testcase name=\"a\" time=\"1.25\"/></testsuite>";
	CLEANUP(tap_tree) struct tap_tree *tree = junit_read(document, strlen(document));

	EXPECT_NUMBER(tree->points.items[0].duration_ns, 1250000000);
	EXPECT_NUMBER(tree->levels.items[0].plan, 1);
	EXPECT_TEXT(tree->levels.items[0].protocol, "JUnit");
}

TEST(junit, counts_must_be_what_came)
{
	expect_junit("<testsuite tests=\"2\"><testcase name=\"a\"/></testsuite>", "passed a|",
		     "it says 2 tests, and 1 came");
	expect_junit(
		"<testsuite tests=\"1\" failures=\"0\"><testcase name=\"a\"><failure/></testcase>"
		"</testsuite>",
		"failed a|", "it says 0 failures, and 1 came");
	expect_junit(
		"<testsuites errors=\"1\"><testsuite><testcase name=\"a\"/></testsuite></testsuites>",
		"passed a|", "it says 1 errors, and 0 came");
	/* Whether a suite counts those inside of it or not. */
	expect_junit(
		"<testsuite tests=\"2\"><testcase name=\"a\"/><testsuite tests=\"1\"><testcase "
		"name=\"b\"/></testsuite></testsuite>",
		"passed a|passed b|", "");
	expect_junit(
		"<testsuite tests=\"1\"><testcase name=\"a\"/><testsuite tests=\"1\"><testcase "
		"name=\"b\"/></testsuite></testsuite>",
		"passed a|passed b|", "");
}

TEST(junit, odd_documents_decide_nothing)
{
	expect_junit("", "", "there is no element: this is no XML");
	expect_junit("<html/>", "", "there is no suite: this is no JUnit XML");
	expect_junit("<testsuite><testcase name=\"a\"/>", "passed a|",
		     "the document ends inside of an element: it is cut");
	expect_junit("<testsuite><testcase name=\"a\"><failure message=\"a < b\"/>", "",
		     "an attribute's value holds a '<' that is not written as &lt;");
	expect_junit("<!DOCTYPE x [<!ENTITY a \"b\">]><testsuite/>", "",
		     "a document type is not read");
	expect_junit("<testsuite><testcase name=\"a\"></testsuite>", "",
		     "an element ends that is not the last one that began");
	expect_junit("<testsuite><testcase name=\"\"/></testsuite>", "passed (no name)|",
		     "a case has no name");
	expect_junit("<testsuite><testcase name=\"a\"><failure/><skipped/></testcase></testsuite>",
		     "failed a|", "a has more than one result");
	expect_junit("<testsuite><testcase name=\"a\"><skipped/><failure/></testcase></testsuite>",
		     "failed a|", "a has more than one result");
	expect_junit("<testsuite/><testsuite/>", "", "a second element at the top");
	expect_junit("<testsuites><testcase name=\"a\"/></testsuites>", "",
		     "a case or a suite where none may be");
	expect_junit("x<testsuite/>", "", "there is text outside of the document's element");
	expect_junit("<testsuite a='1' a='2'/>", "", "an element has an attribute twice");
	expect_junit("<testsuite a=1/>", "", "an attribute's value has no quotes");
}

TEST(junit, faults_have_their_line)
{
	static const char document[] =
		"<testsuite>\n<testcase\n name='a'/>\n<testcase name='b'>\n<failure/><error/></testcase>\n"
		"</testsuite>\n";
	CLEANUP(tap_tree) struct tap_tree *tree = junit_read(document, strlen(document));

	EXPECT_NUMBER(tree->points.items[0].line, 2);
	EXPECT_NUMBER(tree->points.items[1].line, 4);
	EXPECT_NUMBER(tree->oddities.items[0].line, 5);
}
