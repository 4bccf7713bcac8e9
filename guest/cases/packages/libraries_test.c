/* SPDX-License-Identifier: Apache-2.0 */
/* Which names the loader of each C library finds without a file. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/test.h"
#include "guest/kit/elf_for_test.h"
#include "guest/kit/trial.h"

#define GLIBC "/lib/ld-linux-x86-64.so.2"
#define MUSL  "/lib/ld-musl-x86_64.so.1"

static const struct system {
	const char *name, *loader;
	const char *interpreter, *needed; /* of its one program */
	const char *library_needs;	  /* of its one library; NULL: there is none */
	enum outcome wanted;
} systems[] = {
	{"musl answers for libc.so", MUSL, MUSL, "libc.so", NULL, OUTCOME_PASS},
	{"and under Alpine's name", MUSL, MUSL, "libc.musl-x86_64.so.1", NULL, OUTCOME_PASS},
	{"and for glibc's parts", MUSL, MUSL, "libm.so.6", "libpthread.so.0", OUTCOME_PASS},
	{"not for other libraries", MUSL, MUSL, "libz.so.1", NULL, OUTCOME_FAIL},
	{"nor for what only begins so", MUSL, MUSL, "libcrypt.so.1", NULL, OUTCOME_FAIL},
	{"a library of musl's", MUSL, MUSL, "libx.so", "libc.so", OUTCOME_PASS},
	{"glibc's loader wants the file", GLIBC, GLIBC, "libc.so.6", NULL, OUTCOME_FAIL},
	{"so for a library", GLIBC, GLIBC, "libx.so", "libc.so.6", OUTCOME_FAIL},
	{"no loader at all", "/lib/other", MUSL, "libc.so", NULL, OUTCOME_FAIL},
};

static void put(const char *root, const char *path, const void *content, size_t length)
{
	CLEAN_FREE char *full = xasprintf("%s%s", root, path);
	CLEAN_FD int fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	EXPECT_NUMBER(write(fd, content, length), (long long)length);
}

static char *make_root(const struct system *system, size_t number)
{
	static const char *const folders[] = {"", "/lib", "/bin"};
	struct elf_for_test loader = elf_for_test("", "ld", "", ""),
			    program = elf_for_test(system->interpreter, "", system->needed, "");
	char *root = xasprintf("%s/%zu", test_folder(), number);

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		CLEAN_FREE char *path = xasprintf("%s%s", root, folders[i]);
		EXPECT_NUMBER(mkdir(path, 0755), 0);
	}
	put(root, system->loader, &loader, sizeof loader);
	put(root, "/bin/program", &program, sizeof program);
	if (system->library_needs) {
		struct elf_for_test library =
			elf_for_test("", "libx.so", system->library_needs, "");
		put(root, "/lib/libx.so", &library, sizeof library);
	}
	return root;
}

TEST(libraries, are_found_as_the_loader_finds_them)
{
	const struct case_def *def = cases_find("packages.shared_libraries_resolve");

	EXPECT(def != NULL);
	for (size_t i = 0; def && i < ARRAY_LEN(systems); i++) {
		const struct system *system = &systems[i];
		CLEAN_FREE char *root = make_root(system, i);
		struct tree *tree = tree_of_folder(root);
		const struct trial_setup setup = {.def = def, .tree = tree, .parameters = ""};
		CLEAN_DONE(result) struct result result;
		result_init(&result, "packages.shared_libraries_resolve");
		trial_execute(&setup, &result);
		CLEAN_FREE char *got =
			xasprintf("%s: %s", system->name, outcome_name(result.outcome));
		CLEAN_FREE char *want =
			xasprintf("%s: %s", system->name, outcome_name(system->wanted));
		EXPECT_TEXT(got, want);
		tree_free(tree);
	}
}
