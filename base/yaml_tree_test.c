/* SPDX-License-Identifier: Apache-2.0 */
/* Trees: what is merged, and the laws that merging keeps. */
#include "base/yaml_tree.h"

#include <string.h>

#include "base/test.h"

static struct yaml_node *parse(const char *yaml)
{
	CLEAN_TEXT struct text problems = TEXT_INIT(4096);
	struct yaml_node *root = yaml_parse("f", yaml, strlen(yaml), 65536, false, &problems);

	EXPECT_TEXT(problems.buf, "");
	return root;
}

static void print(const struct yaml_node *node, struct text *out)
{
	if (!node)
		(void)text_adds(out, "~");
	else if (node->kind == YAML_SCALAR)
		(void)text_adds(out, node->text);
	if (!node || node->kind == YAML_SCALAR)
		return;
	(void)text_adds(out, node->kind == YAML_MAPPING ? "{" : "[");
	vec_each (&node->pairs, pair) {
		if (pair != node->pairs.items)
			(void)text_adds(out, ", ");
		if (pair->key)
			(void)text_addf(out, "%s: ", pair->key->text);
		print(pair->value, out);
	}
	(void)text_adds(out, node->kind == YAML_MAPPING ? "}" : "]");
}

static char *printed(const struct yaml_node *node)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1U << 20);

	print(node, &out);
	return text_steal(&out);
}

static struct yaml_node *merged(struct yaml_node *top, struct yaml_node *low)
{
	yaml_merge(top, low);
	return top;
}

TEST(yaml_tree, mappings_are_joined_and_all_else_is_replaced)
{
	CLEANUP(yaml_node)
	struct yaml_node *top =
		merged(parse("a: {x: 1, y: [1]}\nb: [1]\nc: 1\n"),
		       parse("d: 4\nc: {z: 1}\nb: [2, 3]\na: {y: [2], z: {q: 3}}\n"));
	CLEAN_FREE char *text = printed(top);

	EXPECT_TEXT(text, "{a: {x: 1, y: [1], z: {q: 3}}, b: [1], c: 1, d: 4}");
}

TEST(yaml_tree, keys_are_found_and_taken)
{
	CLEANUP(yaml_node) struct yaml_node *root = parse("a: 1\nb: {c: 2}\nd:\n");

	EXPECT_TEXT(yaml_lookup(root, "a")->text, "1");
	EXPECT(!yaml_lookup(root, "c") && !yaml_lookup_key(root, "c"));
	EXPECT_NUMBER(yaml_lookup_key(root, "d")->place.line, 3);
	CLEANUP(yaml_node) struct yaml_node *b = yaml_take(root, "b");
	CLEAN_FREE char *taken = printed(b), *left = printed(root);
	EXPECT_TEXT(taken, "{c: 2}");
	EXPECT_TEXT(left, "{a: 1, d: }");
	EXPECT(!yaml_take(root, "b"));
	EXPECT_NUMBER(root->pairs.count, 2);
}

TEST(yaml_tree, nodes_know_how_they_are_written)
{
	CLEANUP(yaml_node)
	struct yaml_node *root = parse("plain: a b\nquoted: 'a'\nfolded: a\n  b\nlist:\n  - x\n");

	EXPECT(yaml_lookup(root, "plain")->is_plain && !yaml_lookup(root, "quoted")->is_plain);
	EXPECT(!yaml_lookup(root, "folded")->is_plain ||
	       yaml_lookup(root, "folded")->text[1] == ' ');
	EXPECT_NUMBER(yaml_lookup(root, "list")->place.line, 6);
	EXPECT_NUMBER(yaml_lookup(root, "list")->place.column, 5);
}

TEST(yaml_tree, depth_and_keys_are_limited)
{
	CLEAN_TEXT struct text deep = TEXT_INIT(65536), wide = TEXT_INIT(1U << 20),
			       problems = TEXT_INIT(65536);

	for (int i = 0; i < YAML_DEPTH_MAX + 2; i++)
		(void)text_adds(&deep, "[");
	for (int i = 0; i < YAML_DEPTH_MAX + 2; i++)
		(void)text_adds(&deep, "]");
	EXPECT(!yaml_parse("f", deep.buf, deep.length, 65536, false, &problems));
	EXPECT(problems.length > 0);
	text_clear(&problems);
	for (int i = 0; i < 5000; i++)
		(void)text_addf(&wide, "k%d: 1\n", i);
	EXPECT(!yaml_parse("f", wide.buf, wide.length, 1U << 20, false, &problems));
	EXPECT_TEXT(problems.buf, "f:1:1: a mapping has more than 4096 keys\n");
}

/* ---- laws ---- */

static unsigned long long state = 7;

static unsigned below(unsigned limit)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 40) % limit;
}

/* A key is the same kind of thing in each tree, as in files that are meant for each other. */
static void make_map(struct text *out, int depth)
{
	static const char *const keys[] = {"a", "b", "list", "map", "other"};

	(void)text_adds(out, "{");
	for (size_t i = 0, count = 0; i < ARRAY_LEN(keys); i++) {
		if (below(2) == 0 || (i > 2 && depth == 0))
			continue;
		(void)text_addf(out, "%s%s: ", count++ ? ", " : "", keys[i]);
		if (i < 2)
			(void)text_addf(out, "%u", below(100));
		else if (i == 2)
			(void)text_addf(out, "[%u, %u]", below(100), below(100));
		else
			make_map(out, depth - 1);
	}
	(void)text_adds(out, "}");
}

TEST(yaml_tree, merging_keeps_its_laws)
{
	for (int round = 0; round < 500; round++) {
		CLEAN_TEXT struct text a = TEXT_INIT(65536), b = TEXT_INIT(65536),
				       c = TEXT_INIT(65536);
		make_map(&a, 3);
		make_map(&b, 3);
		make_map(&c, 3);
		CLEANUP(yaml_node)
		struct yaml_node *left = merged(merged(parse(a.buf), parse(b.buf)), parse(c.buf)),
				 *right = merged(parse(a.buf), merged(parse(b.buf), parse(c.buf))),
				 *same = merged(parse(a.buf), parse(a.buf)),
				 *none = merged(parse("{}"), parse(a.buf));
		CLEAN_FREE char *left_text = printed(left), *right_text = printed(right);
		CLEAN_FREE char *same_text = printed(same), *none_text = printed(none);
		EXPECT_TEXT(left_text, right_text); /* associative */
		EXPECT_TEXT(same_text, a.buf);	    /* idempotent */
		EXPECT_TEXT(none_text, a.buf);	    /* nothing lets all through */
	}
}
