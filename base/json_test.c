/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer, checked by a reader that is not ours. */
#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/test.h"

TEST(json, puts_commas_where_they_belong)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1000);

	json_open(&out, '{');
	json_member(&out, "id", "a.b");
	json_member_number(&out, "n", -3);
	json_key(&out, "list");
	json_open(&out, '[');
	json_text(&out, "ends in a comma,");
	json_text(&out, NULL);
	json_bool(&out, true);
	json_open(&out, '{');
	json_close(&out, '}');
	json_open(&out, '[');
	json_close(&out, ']');
	json_number(&out, 7);
	json_close(&out, ']');
	json_key(&out, "real");
	json_double(&out, 0.1);
	json_close(&out, '}');
	EXPECT_TEXT(out.buf, "{\"id\":\"a.b\",\"n\":-3,\"list\":[\"ends in a comma,\",null,true,{},"
			     "[],7],\"real\":0.1}");
}

TEST(json, lines_stand_apart)
{
	CLEAN_TEXT struct text out = TEXT_INIT(1000);

	json_number(&out, 1);
	text_adds(&out, "\n");
	json_number(&out, 2);
	EXPECT_TEXT(out.buf, "1\n2");
}

TEST(json, reals_read_back)
{
	static const double reals[] = {0, -1, 0.1, 1e300, 1.0 / 3, 123456789.123456789, 5e-324};

	for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
		CLEAN_TEXT struct text out = TEXT_INIT(100);
		json_double(&out, reals[i]);
		EXPECT(strtod(out.buf, NULL) == reals[i]);
	}
	CLEAN_TEXT struct text out = TEXT_INIT(100);
	json_open(&out, '[');
	json_double(&out, (double)NAN);
	json_double(&out, (double)INFINITY);
	json_close(&out, ']');
	EXPECT_TEXT(out.buf, "[null,null]");
}

static const struct bytes_case {
	const char *bytes, *json;
} bytes_cases[] = {
	{"plain", "\"plain\""},
	{"\"\\/\b\f\n\r\t", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
	{"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
	{"\xc3\xa4", "\"\xc3\xa4\""},
	{"\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{"\xff", "\"\xef\xbf\xbd\""},
	{"\xc3", "\"\xef\xbf\xbd\""},
	{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xe2\x82x", "\"\xef\xbf\xbd\xef\xbf\xbdx\""},
};

TEST(json, any_bytes_become_valid_strings)
{
	for (size_t i = 0; i < ARRAY_LEN(bytes_cases); i++) {
		CLEAN_TEXT struct text out = TEXT_INIT(1000);
		json_text(&out, bytes_cases[i].bytes);
		EXPECT_TEXT(out.buf, bytes_cases[i].json);
	}
}

TEST(json, says_what_it_keeps)
{
	EXPECT(json_keeps("") && json_keeps("/a b,c\n\x7f") &&
	       json_keeps("/\xc3\xa9/\xef\xbf\xbd"));
	EXPECT(!json_keeps("/\xff") && !json_keeps("/a\xc3") && !json_keeps("\xed\xa0\x80"));
}

TEST(json, every_pair_of_bytes_is_read_by_jansson)
{
	for (int first = 0; first < 256; first++) {
		CLEAN_TEXT struct text out = TEXT_INIT(1 << 16);
		json_open(&out, '[');
		for (int second = 0; second < 256; second++) {
			char pair[2] = {(char)first, (char)second};
			json_bytes(&out, pair, 2);
		}
		json_close(&out, ']');
		json_t *read = json_loads(out.buf, JSON_ALLOW_NUL, NULL);
		EXPECT_NUMBER(json_array_size(read), 256);
		json_decref(read);
	}
}
