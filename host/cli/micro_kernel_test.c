/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernel the micro-VM gets. */
#include "host/cli/micro_kernel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"

/* Writes a file below the test's folder, with the folders that lead to it. */
static void put(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	for (char *slash = path + strlen(test_folder()) + 1; (slash = strchr(slash, '/'));) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash++ = '/';
	}
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	EXPECT(write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

/* Paths are told below the test's folder. */
static void expect_kernel(const char *named, const char *path, const char *modules)
{
	CLEAN_FREE char *cache = xasprintf("%s/cache", test_folder());
	CLEAN_FREE char *full = named ? xasprintf("%s/%s", test_folder(), named) : NULL;
	size_t skip = strlen(test_folder()) + 1;
	struct micro_kernel kernel;

	micro_kernel_find(test_folder(), full, cache, &kernel);
	EXPECT_TEXT(kernel.path ? kernel.path + skip : "", path);
	EXPECT_TEXT(kernel.modules ? kernel.modules + skip : "", modules);
	micro_kernel_done(&kernel);
}

#define DEP                                                                                        \
	"kernel/drivers/virtio/virtio_pci.ko.xz:\nkernel/drivers/block/virtio_blk.ko.xz:\n"        \
	"kernel/drivers/char/virtio_console.ko.xz:\n"

TEST(micro_kernel, the_named_one_comes_first_and_the_hosts_last)
{
	expect_kernel(NULL, "", "");
	put("boot/vmlinuz-6.9.1", "kernel");
	put("lib/modules/6.9.1/modules.dep", DEP);
	expect_kernel(NULL, "boot/vmlinuz-6.9.1", "lib/modules/6.9.1");
	put("cache/kernel/vmlinuz", "kernel");
	expect_kernel(NULL, "cache/kernel/vmlinuz", "");
	put("cache/kernel/modules/modules.dep", "");
	expect_kernel(NULL, "cache/kernel/vmlinuz", "cache/kernel/modules");
	expect_kernel("boot/vmlinuz-6.9.1", "boot/vmlinuz-6.9.1", "lib/modules/6.9.1");
	expect_kernel("mine/bzImage", "mine/bzImage", "");
}

TEST(micro_kernel, of_the_hosts_the_newest_usable_one)
{
	put("boot/vmlinuz-6.9.1", "kernel");
	put("lib/modules/6.9.1/modules.dep", DEP);
	put("lib/modules/6.10.0/modules.builtin", DEP); /* a later release, built in */
	put("lib/modules/6.10.0/vmlinuz", "kernel");
	put("lib/modules/6.11.0/modules.dep", DEP); /* its kernel was removed */
	put("boot/vmlinuz-6.12.0", "kernel");	    /* it cannot reach its disk */
	put("lib/modules/6.12.0/modules.dep", "kernel/drivers/virtio/virtio_pci.ko:\n");
	expect_kernel(NULL, "lib/modules/6.10.0/vmlinuz", "lib/modules/6.10.0");
}
