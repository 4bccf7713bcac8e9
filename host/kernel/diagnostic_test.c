/* SPDX-License-Identifier: Apache-2.0 */
/* What builds say. */
#include "host/kernel/diagnostic.h"

#include <string.h>

#include "base/test.h"

static const struct {
	const char *line, *told; /* NULL: it is none */
} lines[] = {
	{"/src/kernel/fork.c:12:3: error: 'x' undeclared\n",
	 "kernel/fork.c:12:3: error: 'x' undeclared"},
	{"../kernel/fork.c:12:3: warning: unused [-Wunused]",
	 "kernel/fork.c:12:3: warning: unused [-Wunused]"},
	{"scripts/x.c:1:10: fatal error: gelf.h: No such file or directory",
	 "scripts/x.c:1:10: error: gelf.h: No such file or directory"},
	{"arch/x86/a.S:7: Error: no such instruction: `mvo'",
	 "arch/x86/a.S:7: error: no such instruction: `mvo'"},
	{"init/Kconfig:3:warning: config symbol defined without type",
	 "init/Kconfig:3: warning: config symbol defined without type"},
	{"init/Kconfig:9: syntax error", "init/Kconfig:9: error: syntax error"},
	{"ERROR: modpost: \"f\" [a.ko] undefined!", "error: modpost: \"f\" [a.ko] undefined!"},
	{"WARNING: modpost: vmlinux.o: section mismatch",
	 "warning: modpost: vmlinux.o: section mismatch"},
	{"ld: a.o: in function `g': b.c:9: undefined reference to `f'",
	 "error: a.o: in function `g': b.c:9: undefined reference to `f'"},
	{"ld: warning: orphan section", "warning: orphan section"},
	{"make[2]: *** [scripts/Makefile.build:250: kernel/fork.o] Error 1",
	 "make: [scripts/Makefile.build:250: kernel/fork.o] Error 1"},
	{"cc1: warning: unrecognized option", NULL},
	{"error: \033[31mred", "error:  [31mred"},
	{"  CC      kernel/error.o", NULL},
	{"In file included from kernel/fork.c:3:", NULL},
	{"kernel/fork.c:12:3: note: declared here", NULL},
	{"kernel/fork.c:12:", NULL},
	{":12:3: error: x", NULL},
	{"error: ", NULL},
	{"", NULL},
};

TEST(diagnostic, lines)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		CLEAN_TEXT struct text told = TEXT_INIT(4096);
		struct diagnostic found;
		bool is_one = diagnostic_take(lines[i].line, "/src", &found);
		EXPECT(is_one == (lines[i].told != NULL));
		if (is_one)
			diagnostic_add(&found, &told);
		EXPECT_TEXT(told.buf, lines[i].told ? lines[i].told : "");
	}
}

TEST(diagnostic, long_lines_are_cut)
{
	CLEAN_FREE char *line = xnew(100000);
	struct diagnostic found;

	memset(line, 'a', 99999);
	EXPECT(!diagnostic_take(line, "", &found));
	memcpy(line, "f.c:99999999999999999999:1: error: ", 35);
	EXPECT(!diagnostic_take(line, "", &found) || found.line > 0);
	memcpy(line, "f.c:1:1: error: ", 16);
	EXPECT(diagnostic_take(line, "", &found));
	EXPECT_NUMBER(strlen(found.text), sizeof found.text - 1);
}

TEST(diagnostic, what_the_host_lacks)
{
	EXPECT_TEXT(diagnostic_lack("/bin/sh: 1: flex: not found\n"), "flex (package flex)");
	EXPECT_TEXT(diagnostic_lack("make[1]: gcc: No such file or directory"),
		    "gcc (package gcc)");
	EXPECT_TEXT(diagnostic_lack("make: ccache/gcc: No such file or directory"),
		    "gcc (package gcc)");
	EXPECT_TEXT(
		diagnostic_lack("scripts/x.c:1:10: fatal error: gelf.h: No such file or directory"),
		"gelf.h (package libelf-dev)");
	EXPECT_TEXT(diagnostic_lack("a.c:3: fatal error: openssl/evp.h: No such file"),
		    "the headers of OpenSSL (package libssl-dev)");
	/* Of the tree, not of the host. */
	EXPECT(!diagnostic_lack("/bin/sh: 1: scripts/own-tool: not found"));
	EXPECT(!diagnostic_lack(
		"kernel/fork.c:1:10: fatal error: linux/x.h: No such file or directory"));
	EXPECT(!diagnostic_lack("make: *** No rule to make target 'flex'.  Stop."));
	EXPECT(!diagnostic_lack("flex: not found"));
	EXPECT(!diagnostic_lack(""));
}
