/* SPDX-License-Identifier: Apache-2.0 */
/* The micro-VM's initramfs: modules and what they depend on, in their order, unpacked. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"
#include "host/driver/qemu/qemu.h"

/* "body of the module" */
static const unsigned char gzipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
					0x4b, 0xca, 0x4f, 0xa9, 0x54, 0xc8, 0x4f, 0x53, 0x28, 0xc9,
					0x48, 0x55, 0xc8, 0xcd, 0x4f, 0x29, 0xcd, 0x49, 0x05, 0x00,
					0x9c, 0x23, 0x60, 0xfa, 0x12, 0x00, 0x00, 0x00};

static void put(const char *name, const void *content, size_t length)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	EXPECT_NUMBER(write(fd, content, length), (long long)length);
}

static bool holds(const struct text *bytes, const char *what)
{
	return memmem(bytes->buf, bytes->length, what, strlen(what)) != NULL;
}

static int make(const char *dep, struct text *ret)
{
	CLEAN_FREE char *agent = xasprintf("%s/agent", test_folder());
	struct qemu qemu = {
		.spec = {.agent_path = agent, .folder = test_folder(), .modules = test_folder()},
		.initrd_fd = -1};
	struct err e = {0};

	put("agent", "agent", 5);
	put("modules.dep", dep, strlen(dep));
	int r = initrd_make(&qemu, &e);
	CLEAN_FD int fd = qemu.initrd_fd;
	if (r < 0) {
		(void)text_adds(ret, e.text);
		return r;
	}
	EXPECT_NUMBER(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_NUMBER(text_read_fd(ret, fd), 0);
	return 0;
}

TEST(initrd, packed_modules_are_unpacked_after_those_that_they_need)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(1U << 20);

	put("virtio_pci.ko.gz", gzipped, sizeof gzipped);
	put("virtio.ko", "plain", 5);
	EXPECT_NUMBER(make("./virtio_pci.ko.gz: ./virtio.ko\n./virtio.ko:\n", &bytes), 0);
	EXPECT(holds(&bytes, "body of the module"));
	EXPECT(holds(&bytes, "/modules/virtio.ko\n/modules/virtio_pci.ko\n"));
	EXPECT(!holds(&bytes, ".ko.gz"));
}

TEST(initrd, a_damaged_module_is_an_error)
{
	CLEAN_TEXT struct text said = TEXT_INIT(1U << 20);

	put("virtio_pci.ko.gz", gzipped, sizeof gzipped / 2);
	EXPECT(make("./virtio_pci.ko.gz:\n", &said) < 0);
	EXPECT(holds(&said, "unpack ") && holds(&said, "virtio_pci.ko.gz"));
}
