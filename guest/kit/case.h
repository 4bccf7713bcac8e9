/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the author of a case uses. A whole case:
 *
 *	#include "guest/kit/case.h"
 *
 *	CASE(time, clocksource_is_stable,
 *	     .title    = "The kernel keeps time from a fast, stable clocksource",
 *	     .priority = P1)
 *	{
 *		const char *name = file_line(t, CLOCKSOURCE "/current_clocksource");
 *		REQUIRE(t, name != NULL);
 *		CHECK_ONE_OF(t, name, "kvm-clock", "tsc", "arch_sys_counter");
 *	}
 *
 *	SABOTAGE(time, clocksource_is_stable, "the kernel fell back to jiffies")
 *	{
 *		sabotage_file(t, CLOCKSOURCE "/current_clocksource", "jiffies\n");
 *	}
 *
 * CASE is of kind guest; AUDIT is the same for cases that only read t's tree (they run offline as well as in the guest);
 * CASE_EACH / AUDIT_EACH run the body for each row of a table whose rows begin with `const char *name`, as `c`.
 * CHECK* records and goes on; REQUIRE* ends the case as a failure; case_broken ends it as broken; case_skip names the
 * need. A case that checks nothing is broken. Values in checks are evaluated once.
 *
 * What a helper allocates belongs to `t` and goes with it. REQUIRE leaves by longjmp: no cleanup attributes in bodies.
 */
#ifndef ASSAY_KIT_CASE_H
#define ASSAY_KIT_CASE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/text.h"
#include "guest/kit/tree.h"
#include "wire/case_info.h"
#include "wire/measure.h"

/* One execution of a case. */
struct trial;

/* A registered case: its record, its body, and its table if it has one. */
struct case_def {
	struct case_info info;
	void (*body)(struct trial *t, const void *row);
	/* row_count rows of row_size, each beginning with its name; NULL: no table */
	const void *rows;
	size_t row_size, row_count;
	const char *file;
};

struct sabotage_def {
	const char *area, *name, *text;
	void (*body)(struct trial *t);
};

#define CASE_REGISTER_(a, n)                                                                       \
	static const struct case_def *const case_pointer_##a##_##n                                 \
		__attribute__((used, retain, section("assay_cases"))) = &case_def_##a##_##n

#define CASE_OF_KIND_(k, a, n, ...)                                                                \
	static void case_body_##a##_##n(struct trial *t);                                          \
	static void case_enter_##a##_##n(struct trial *t, const void *row UNUSED)                  \
	{                                                                                          \
		case_body_##a##_##n(t);                                                            \
	}                                                                                          \
	static const struct case_def case_def_##a##_##n = {                                        \
		.info = {.area = #a, .name = #n, .kind = (k), __VA_ARGS__},                        \
		.body = case_enter_##a##_##n,                                                      \
		.file = __FILE__,                                                                  \
	};                                                                                         \
	CASE_REGISTER_(a, n);                                                                      \
	static void case_body_##a##_##n(struct trial *t)

#define CASE_EACH_OF_KIND_(k, a, n, table, ...)                                                    \
	_Static_assert(offsetof(__typeof__((table)[0]), name) == 0,                                \
		       "the first member of a row is its name");                                   \
	static void case_body_##a##_##n(struct trial *t, const __typeof__((table)[0]) *c);         \
	static void case_enter_##a##_##n(struct trial *t, const void *row)                         \
	{                                                                                          \
		case_body_##a##_##n(t, row);                                                       \
	}                                                                                          \
	static const struct case_def case_def_##a##_##n = {                                        \
		.info = {.area = #a, .name = #n, .kind = (k), __VA_ARGS__},                        \
		.body = case_enter_##a##_##n,                                                      \
		.rows = (table),                                                                   \
		.row_size = sizeof((table)[0]),                                                    \
		.row_count = ARRAY_LEN(table),                                                     \
		.file = __FILE__,                                                                  \
	};                                                                                         \
	CASE_REGISTER_(a, n);                                                                      \
	static void case_body_##a##_##n(struct trial *t, const __typeof__((table)[0]) *c)

#define CASE(a, n, ...)		     CASE_OF_KIND_(CASE_KIND_GUEST, a, n, __VA_ARGS__)
#define AUDIT(a, n, ...)	     CASE_OF_KIND_(CASE_KIND_AUDIT, a, n, __VA_ARGS__)
#define CASE_EACH(a, n, table, ...)  CASE_EACH_OF_KIND_(CASE_KIND_GUEST, a, n, table, __VA_ARGS__)
#define AUDIT_EACH(a, n, table, ...) CASE_EACH_OF_KIND_(CASE_KIND_AUDIT, a, n, table, __VA_ARGS__)

/* The planted defect of case a.n; it runs right before the case, in the same private surroundings. */
#define SABOTAGE(a, n, what)                                                                       \
	static void sabotage_body_##a##_##n(struct trial *t);                                      \
	static const struct sabotage_def sabotage_def_##a##_##n = {#a, #n, what,                   \
								   sabotage_body_##a##_##n};       \
	static const struct sabotage_def *const sabotage_pointer_##a##_##n                         \
		__attribute__((used, retain, section("assay_sabotages"))) =                        \
			&sabotage_def_##a##_##n;                                                   \
	static void sabotage_body_##a##_##n(struct trial *t)

/* Sabotages that only the host can do, as data: `.sabotage = CMDLINE("…", "maxcpus=1")` in the case's options. */
#define CMDLINE(what, arg)                                                                         \
	{                                                                                          \
		.kind = SABOTAGE_CMDLINE, .text = (what), .argument = (arg)                        \
	}
#define DROP_DEVICE(what, dev)                                                                     \
	{                                                                                          \
		.kind = SABOTAGE_DROP, .text = (what), .argument = (dev)                           \
	}
#define DISK_FILE(what, p, data)                                                                   \
	{                                                                                          \
		.kind = SABOTAGE_DISK_FILE, .text = (what), .path = (p), .argument = (data)        \
	}
#define MACHINE(what, setting)                                                                     \
	{                                                                                          \
		.kind = SABOTAGE_MACHINE, .text = (what), .argument = (setting)                    \
	}

/* Values in checks, whatever their type. */
enum value_type { VALUE_SIGNED, VALUE_UNSIGNED, VALUE_REAL, VALUE_TEXT, VALUE_BOOL };
struct value {
	enum value_type type;
	union {
		long long i;
		unsigned long long u;
		double r;
		const char *s; /* may be NULL: printed as "nothing" */
	};
};
static inline struct value value_signed(long long i)
{
	return (struct value){.type = VALUE_SIGNED, .i = i};
}
static inline struct value value_unsigned(unsigned long long u)
{
	return (struct value){.type = VALUE_UNSIGNED, .u = u};
}
static inline struct value value_real(double r)
{
	return (struct value){.type = VALUE_REAL, .r = r};
}
static inline struct value value_text(const char *s)
{
	return (struct value){.type = VALUE_TEXT, .s = s};
}
static inline struct value value_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .u = b};
}
/* clang-format off */
#define VALUE_(x) _Generic((x), \
	bool: value_bool, char: value_signed, signed char: value_signed, short: value_signed, int: value_signed, \
	long: value_signed, long long: value_signed, unsigned char: value_unsigned, \
	unsigned short: value_unsigned, unsigned: value_unsigned, unsigned long: value_unsigned, \
	unsigned long long: value_unsigned, float: value_real, double: value_real, \
	char *: value_text, const char *: value_text)(x)
/* clang-format on */

enum comparison { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

/* Where a check stands and how it is written. */
struct check_site {
	const char *expression, *file;
	unsigned line;
	bool required;
};
#define SITE_(text, req) (&(const struct check_site){(text), __FILE__, __LINE__, (req)})

/* The functions behind the macros. Each returns whether the check held (a required one does not return if not). */
bool check_true(struct trial *t, const struct check_site *site, bool ok);
bool check_ok(struct trial *t, const struct check_site *site, long long returned, int error);
bool check_compare(struct trial *t, const struct check_site *site, struct value got,
		   enum comparison how, struct value want);
bool check_errno(struct trial *t, const struct check_site *site, long long returned, int error,
		 int want);
bool check_one_of(struct trial *t, const struct check_site *site, const char *got,
		  const char *const *wanted);
bool check_contains(struct trial *t, const struct check_site *site, const char *text,
		    const char *needle, bool wanted);

#define CHECK(t, e) check_true((t), SITE_(#e, false), (e))
#define CHECK_EQ(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " == " #want, false), VALUE_(got), COMPARE_EQ, VALUE_(want))
#define CHECK_NE(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " != " #want, false), VALUE_(got), COMPARE_NE, VALUE_(want))
#define CHECK_LT(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " < " #want, false), VALUE_(got), COMPARE_LT, VALUE_(want))
#define CHECK_LE(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " <= " #want, false), VALUE_(got), COMPARE_LE, VALUE_(want))
#define CHECK_GT(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " > " #want, false), VALUE_(got), COMPARE_GT, VALUE_(want))
#define CHECK_GE(t, got, want)                                                                     \
	check_compare((t), SITE_(#got " >= " #want, false), VALUE_(got), COMPARE_GE, VALUE_(want))
/* A call that returns -1 and sets errno, or 0/positive. */
#define CHECK_OK(t, call)                                                                          \
	({                                                                                         \
		errno = 0;                                                                         \
		long long r_ = (call);                                                             \
		check_ok((t), SITE_(#call, false), r_, errno);                                     \
	})
#define CHECK_ERRNO(t, call, want)                                                                 \
	({                                                                                         \
		errno = 0;                                                                         \
		long long r_ = (call);                                                             \
		check_errno((t), SITE_(#call, false), r_, errno, (want));                          \
	})
#define CHECK_ONE_OF(t, got, ...)                                                                  \
	check_one_of((t), SITE_(#got " in {" #__VA_ARGS__ "}", false), (got),                      \
		     (const char *const[]){__VA_ARGS__, NULL})
#define CHECK_CONTAINS(t, text, needle)                                                            \
	check_contains((t), SITE_(#text " contains " #needle, false), (text), (needle), true)
#define CHECK_LACKS(t, text, needle)                                                               \
	check_contains((t), SITE_(#text " lacks " #needle, false), (text), (needle), false)
/* check_true does not return from a required check that failed; abort() tells that to compilers and analyzers. */
#define REQUIRE(t, e)                                                                              \
	({                                                                                         \
		bool held_ = (e);                                                                  \
		(void)check_true((t), SITE_(#e, true), held_);                                     \
		if (!held_)                                                                        \
			abort();                                                                   \
	})
#define REQUIRE_EQ(t, got, want)                                                                   \
	check_compare((t), SITE_(#got " == " #want, true), VALUE_(got), COMPARE_EQ, VALUE_(want))
#define REQUIRE_OK(t, call)                                                                        \
	({                                                                                         \
		errno = 0;                                                                         \
		long long r_ = (call);                                                             \
		check_ok((t), SITE_(#call, true), r_, errno);                                      \
	})

/* A failed check made by hand, where the macros do not fit: CHECK(t, false) with a sentence. */
void check_failed(struct trial *t, const struct check_site *site, const char *format, ...)
	PRINTF(3, 4);
#define FAIL(t, ...) check_failed((t), SITE_(__func__, false), __VA_ARGS__)
/* Counts a check that held, for loops that only report offenders by FAIL. */
void check_passed(struct trial *t);

void case_skip(struct trial *t, const char *need, const char *format, ...) PRINTF(3, 4)
	__attribute__((noreturn));
void case_broken(struct trial *t, const char *format, ...) PRINTF(2, 3) __attribute__((noreturn));
/* A line for the evidence. */
void note(struct trial *t, const char *format, ...) PRINTF(2, 3);

/*
 * What the case has measured: each call adds a sample to the name; `unit` as of wire/measure.h, `better` is MEASURE_LOWER or
 * MEASURE_HIGHER. It decides nothing: runs are compared by it (`assay compare`). Under its sabotage, and offline, it is not
 * kept. A name, unit or number that cannot be breaks the case.
 */
void case_measure(struct trial *t, const char *name, const char *unit, enum measure_better better,
		  double sample);

/* What the plan promised of this machine: "cpus", "mem_mib", "disks", "nics", "firmware", "accel" …; the fallback
 * when it is not told. */
long long plan_number(struct trial *t, const char *key, long long fallback);
const char *plan_text(struct trial *t, const char *key, const char *fallback);

/* True when the trial runs on a disk that is not booted. */
bool is_offline(struct trial *t);
struct tree *case_tree(struct trial *t);

/* Memory of the trial, zeroed; ends the case as broken when it asks for too much (64 MiB in all). */
void *case_alloc(struct trial *t, size_t size) __attribute__((returns_nonnull));
const char *case_format(struct trial *t, const char *format, ...) PRINTF(2, 3)
	__attribute__((returns_nonnull));
/* Runs fn(arg) when the trial ends, last registered first (also after REQUIRE). */
void case_defer(struct trial *t, void (*fn)(void *arg), void *arg);

/*
 * Files, through the trial's tree (so that sabotage, offline audit and the record of what was read work). In a guest case
 * the tree is the running system, /proc and /sys included.
 */
const char *
file_text(struct trial *t,
	  const char *path); /* whole content (at most 8 MiB); NULL when it is not there. The case
			      * breaks when there are NUL bytes in it: it is no text. In a guest
			      * proc and sysfs may have some */
const char *file_line(struct trial *t,
		      const char *path); /* first line without its end; NULL when it is not there */
bool file_exists(struct trial *t, const char *path); /* links followed */
bool file_stat(struct trial *t, const char *path,
	       struct tree_stat *ret); /* links followed; false when not there */
bool file_lstat(struct trial *t, const char *path, struct tree_stat *ret);
const char *file_link(struct trial *t,
		      const char *path); /* a link's target; NULL when it is none */
long long file_number(struct trial *t, const char *path,
		      long long fallback); /* its first line as a number */
/* The names in a folder, sorted, NULL-terminated; an empty list when it is not there. */
const char *const *file_names(struct trial *t, const char *folder);
/* As file_names, for folders of which a program reads every file as a text: hidden ones, which editors leave and which may
 * be no texts, it does not. */
const char *const *file_text_names(struct trial *t, const char *folder);
/* Each line of a text: `for (const char *at = text, *line; (line = text_line(t, &at));)`; gives a copy without its end. */
const char *text_line(struct trial *t, const char **at);
/* The value of KEY in lines "KEY=value" (quotes taken off), NULL when it is not there: os-release, kernel config … */
const char *text_value(struct trial *t, const char *text, const char *key);

/* Sabotage helpers. In the guest a file is replaced for this trial by a bind mount in its private mount namespace;
 * offline it is planted into the tree. */
void sabotage_file(struct trial *t, const char *path, const char *content);
void sabotage_file_mode(struct trial *t, const char *path, unsigned mode, unsigned uid);
void sabotage_remove(struct trial *t, const char *path);
void sabotage_link(struct trial *t, const char *path, const char *target);
/* Adds a line to the end of what is in the file (creates it when it is not there). */
void sabotage_append(struct trial *t, const char *path, const char *line);
/* Replaces every `old` by `fresh` in the file; broken when `old` is not in it. */
void sabotage_replace(struct trial *t, const char *path, const char *old, const char *fresh);

#endif
