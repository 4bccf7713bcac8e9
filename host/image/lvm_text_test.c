/* SPDX-License-Identifier: Apache-2.0 */
/* LVM's text format. */
#include "host/image/lvm_text.h"

#include <string.h>

#include "base/test.h"
#include "base/text.h"

static struct lvm_text *parse(const char *text)
{
	return lvm_text_parse(text, strlen(text) + 1); /* its end counts, as on the disk */
}

TEST(lvm_text, sections_texts_numbers_lists)
{
	CLEANUP(lvm_text)
	struct lvm_text *text = parse(
		"vg-1 { # a comment with \" and }\n"
		"\tid=\"a\\\"b\\\\c\" status = [\"READ\", \"WRITE\",]\n"
		"empty = [] seqno = 7\n"
		"lv.x+y_z { a { b { start = 4294967296 } } }\n"
		"stripes = [\n\"pv0\", 0,\n\"pv1\", 12\n]#end\n"
		"}\n"
		"contents = \"Text\"\nbare = word\nnegative = -1\nfraction = 1.5\n# the last comment");
	EXPECT(text != NULL);
	const struct lvm_node *root = lvm_text_root(text),
			      *group = lvm_find(root, LVM_SECTION, "vg-1"), *list;
	uint64_t number = 0;

	EXPECT(group && group == root->child);
	EXPECT_TEXT(lvm_find_text(group, "id"), "a\"b\\c");
	EXPECT_TEXT(lvm_find_text(root, "contents"), "Text");
	EXPECT_TEXT(lvm_find_text(root, "bare"), "word");
	EXPECT_TEXT(lvm_find_text(root, "fraction"), "1.5");
	EXPECT_TEXT(lvm_find_text(root, "negative"), "-1");
	EXPECT_TEXT(lvm_find_text(root, "id"), "");
	EXPECT(lvm_list_has(group, "status", "READ") && lvm_list_has(group, "status", "WRITE"));
	EXPECT(!lvm_list_has(group, "status", "VISIBLE") && !lvm_list_has(group, "empty", ""));
	EXPECT(lvm_find_number(group, "seqno", 7, 7, &number) && number == 7);
	EXPECT(!lvm_find_number(group, "seqno", 8, 9, &number));
	EXPECT(!lvm_find_number(group, "seqno", 0, 6, &number));
	const struct lvm_node *deep =
		lvm_find(lvm_find(lvm_find(group, LVM_SECTION, "lv.x+y_z"), LVM_SECTION, "a"),
			 LVM_SECTION, "b");
	EXPECT(lvm_find_number(deep, "start", 0, UINT64_MAX, &number) && number == 1ULL << 32);
	list = lvm_find(group, LVM_LIST, "stripes");
	EXPECT(list && list->child->kind == LVM_TEXT && list->child->next->kind == LVM_NUMBER);
	EXPECT_NUMBER((long long)list->child->next->next->next->number, 12);
	EXPECT(lvm_find(NULL, LVM_SECTION, "x") == NULL);
}

TEST(lvm_text, refuses_what_is_none)
{
	static const char *const texts[] = {
		"a",	      "a =",	     "a {", "}",     "a = [",	"a = [1 2]",
		"a = [1,,2]", "a = \"b",     "= 1", "a = }", "a { } }", "a = [[1]]",
		"{ }",	      "a = [b = 1]", "a b", "a = {", "a = ]1",	"\"a\" = 1"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(lvm_text) struct lvm_text *text = parse(texts[i]);
		EXPECT_TEXT(text ? texts[i] : "", "");
	}
}

TEST(lvm_text, depth_has_an_end)
{
	CLEAN_TEXT struct text deep = TEXT_INIT(1 << 20);

	for (int i = 0; i < 100000; i++)
		(void)text_adds(&deep, "a{");
	CLEANUP(lvm_text) struct lvm_text *text = parse(deep.buf);
	EXPECT(text == NULL);
}

TEST(lvm_text, so_has_their_number)
{
	CLEAN_TEXT struct text wide = TEXT_INIT(4 << 20);

	for (int i = 0; i < 300000; i++)
		(void)text_adds(&wide, "a=1 ");
	CLEANUP(lvm_text) struct lvm_text *text = parse(wide.buf);
	EXPECT(text == NULL);
}

TEST(lvm_text, nothing_is_a_text)
{
	CLEANUP(lvm_text) struct lvm_text *text = lvm_text_parse("", 0);

	EXPECT(text && lvm_text_root(text)->child == NULL);
}
