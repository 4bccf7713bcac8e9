/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels in the cache. */
#include "host/kernel/subject.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"
#include "host/kernel/kernel_for_test.h"

static char *put(const char *name, const void *bytes, size_t length)
{
	char *path = xasprintf("%s/%s", test_folder(), name);

	for (char *slash = path + strlen(test_folder()) + 1; (slash = strchr(slash, '/'));) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash++ = '/';
	}
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	EXPECT_NUMBER(write(fd, bytes, length), (long long)length);
	return path;
}

static int open_it(const char *path, const char *modules, struct kernel_subject **ret,
		   struct err *e)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_FREE char *cache = xasprintf("%s/cache", test_folder());
	const struct kernel_order order = {.path = path, .modules = modules, .cache = cache};

	(void)mkdir(cache, 0755);
	err_clear(e);
	return kernel_subject_open(&order, &p, ret, e);
}

TEST(kernel_subject, a_kernel_alone)
{
	struct kernel_for_test bytes = kernel_for_test("6.1.0-x (a@b) #1");
	CLEAN_FREE char *path = put("k/vmlinuz", bytes.bytes, sizeof bytes.bytes),
			*config = put("k/config-6.1.0-x", "CONFIG_64BIT=y\n", 15);
	CLEANUP(kernel_subject) struct kernel_subject *kernel = NULL, *again = NULL;
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct err e = {0};

	EXPECT_NUMBER(open_it(path, NULL, &kernel, &e), 0);
	EXPECT_TEXT(kernel->release, "6.1.0-x");
	EXPECT_TEXT(kernel->name, "vmlinuz");
	EXPECT_TEXT(kernel->config, "CONFIG_64BIT=y\n");
	EXPECT_TEXT(kernel->config_source, "the config-RELEASE beside it");
	EXPECT(!kernel->modules && kernel->medium);
	EXPECT_NUMBER(access(kernel->kernel, R_OK), 0);
	EXPECT_NUMBER(kernel_subject_prove_unchanged(kernel, &p, &e), 0);

	EXPECT_NUMBER(open_it(path, NULL, &again, &e), 0);
	EXPECT_TEXT(again->kernel, kernel->kernel);

	/* What a machine has of it stays what it was. */
	EXPECT_NUMBER(truncate(path, 100), 0);
	EXPECT_NUMBER(kernel_subject_prove_unchanged(kernel, &p, &e), -ESTALE);
	EXPECT_NUMBER(open_it(path, NULL, &again, &e), -ENOEXEC);
	EXPECT(e.blame == BLAME_USER);
	kernel_subject_free(STEAL_PTR(again));
	again = NULL;
	(void)config;
}

TEST(kernel_subject, modules_of_another_kernel)
{
	struct kernel_for_test bytes = kernel_for_test("6.1.0-x (a@b) #1");
	CLEAN_FREE char *path = put("vmlinuz", bytes.bytes, sizeof bytes.bytes);
	CLEAN_FREE char *dep = put("m/lib/modules/6.1.0-y/modules.dep", "", 0);
	CLEAN_FREE char *tree = xasprintf("%s/m", test_folder());
	CLEANUP(kernel_subject) struct kernel_subject *kernel = NULL;
	struct err e = {0};

	EXPECT_NUMBER(open_it(path, tree, &kernel, &e), -EINVAL);
	EXPECT(strstr(e.text, "are of kernel 6.1.0-y, and vmlinuz is kernel 6.1.0-x") != NULL);
	CLEAN_FREE char *empty = xasprintf("%s/cache", test_folder());
	EXPECT_NUMBER(open_it(path, empty, &kernel, &e), -ENODATA);
	EXPECT_NUMBER(open_it(path, "/nonexistent", &kernel, &e), -ENOENT);
	(void)dep;
}

TEST(kernel_subject, the_longest_unused_go_first)
{
	struct kernel_for_test bytes = kernel_for_test("6.1.0-x (a@b) #1");
	CLEAN_FREE char *path = put("vmlinuz", bytes.bytes, sizeof bytes.bytes);
	CLEAN_FREE char *cache = xasprintf("%s/cache", test_folder());
	struct kernel_subject *kernel = NULL;
	struct err e = {0};
	uint64_t freed = 1;

	EXPECT_NUMBER(open_it(path, NULL, &kernel, &e), 0);
	CLEAN_FREE char *kept = xstrdup(kernel->kernel);
	struct kernels_size size;
	kernels_measure(cache, &size);
	EXPECT(size.count == 1 && size.bytes >= sizeof bytes.bytes);
	EXPECT_NUMBER(kernels_prune(cache, 0, &freed, &e), 0);
	EXPECT_NUMBER((long long)freed, 0); /* it is in use */
	EXPECT_NUMBER(access(kept, R_OK), 0);
	kernel_subject_free(kernel);
	EXPECT_NUMBER(kernels_prune(cache, 0, &freed, &e), 0);
	EXPECT(freed > 0);
	EXPECT(access(kept, R_OK) < 0);
}
