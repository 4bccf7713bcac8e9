/* SPDX-License-Identifier: Apache-2.0 */
/* The indexes that modprobe reads. */
#include "guest/modprobe.h"

#include "base/test.h"

static const char dep[] = "kernel/fs/isofs/isofs.ko: kernel/drivers/cdrom/cdrom.ko\n"
			  "kernel/drivers/cdrom/cdrom.ko:\n"
			  "kernel/crypto/algif_hash.ko.xz: kernel/crypto/b.ko kernel/crypto/a.ko\n";

static void expect_plan(const char *module, int r, const char *plan)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	EXPECT_NUMBER(modprobe_plan(dep, module, &out), r);
	EXPECT_TEXT(out.buf, plan);
}

TEST(modprobe, loads_the_deepest_first)
{
	expect_plan("isofs", 0, "kernel/drivers/cdrom/cdrom.ko\nkernel/fs/isofs/isofs.ko\n");
	expect_plan("cdrom", 0, "kernel/drivers/cdrom/cdrom.ko\n");
	expect_plan("algif-hash", 0,
		    "kernel/crypto/a.ko\nkernel/crypto/b.ko\nkernel/crypto/algif_hash.ko.xz\n");
	expect_plan("iso", -ENOENT, "");
	expect_plan("isofs2", -ENOENT, "");
}

TEST(modprobe, knows_aliases)
{
	CLEAN_TEXT struct text out = TEXT_INIT(4096);

	modprobe_aliases("# x\nalias net-pf-38 af_alg\nalias pci:v*d*sv* virtio_pci\nalias short\n",
			 "net-pf-38", &out);
	EXPECT_TEXT(out.buf, "af_alg\n");
	text_clear(&out);
	modprobe_aliases("alias net_pf_38 a\nalias net-pf-* b\nalias net-pf-39 c", "net-pf-38",
			 &out);
	EXPECT_TEXT(out.buf, "a\nb\n");
}

TEST(modprobe, is_known_by_its_name)
{
	EXPECT(modprobe_is_meant("/sbin/modprobe") && modprobe_is_meant("modprobe"));
	EXPECT(!modprobe_is_meant("/init") && !modprobe_is_meant("/sbin/modprobe2"));
}
