/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests that register themselves, of the same make as the guest's cases.
 *
 *	TEST(text, keeps_its_maximum)
 *	{
 *		struct text t = TEXT_INIT(4);
 *		EXPECT(text_adds(&t, "12345") == -EMSGSIZE);
 *		EXPECT_TEXT(t.buf, "1234");
 *		text_done(&t);
 *	}
 *
 * One test program per folder: link the *_test.c objects with base/test_main.c. `PROGRAM [PATTERN]` runs the tests
 * whose "group.name" holds PATTERN, each in its own process, and prints TAP. A test without any EXPECT fails.
 */
#ifndef ASSAY_BASE_TEST_H
#define ASSAY_BASE_TEST_H

#include <stdbool.h>

#include "base/scope.h"

struct test {
	const char *group, *name;
	void (*body)(void);
};

void test_expect(bool ok, const char *file, int line, const char *expression);
void test_expect_text(const char *got, const char *want, const char *file, int line,
		      const char *expression);
void test_expect_number(long long got, long long want, const char *file, int line,
			const char *expression);
/* A fresh directory, removed when the test ends. */
const char *test_folder(void);
/* A folder whose code executes its own program under another name defines this: it is called first in main(). */
void test_program_init(int argc, char **argv) __attribute__((weak));
/* Ends the test as skipped, with the reason. */
void test_skip(const char *why) __attribute__((noreturn));

#define TEST(g, n)                                                                                 \
	static void test_##g##_##n(void);                                                          \
	static const struct test test_record_##g##_##n = {#g, #n, test_##g##_##n};                 \
	static const struct test *const test_pointer_##g##_##n                                     \
		__attribute__((used, retain, section("assay_tests"))) = &test_record_##g##_##n;    \
	static void test_##g##_##n(void)

#define EXPECT(expression)	 test_expect((expression), __FILE__, __LINE__, #expression)
#define EXPECT_TEXT(got, want)	 test_expect_text((got), (want), __FILE__, __LINE__, #got)
#define EXPECT_NUMBER(got, want) test_expect_number((got), (want), __FILE__, __LINE__, #got)

#endif
