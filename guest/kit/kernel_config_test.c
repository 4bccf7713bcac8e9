/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a kernel's configuration. */
#include "guest/kit/kernel_config.h"

#include "base/test.h"

static const char config[] =
	"# CONFIG_A is not set\nCONFIG_BPF=y\nCONFIG_BPF_SYSCALL=m\nCONFIG_HZ=250\nCONFIG_NAME=\"x y\"";

TEST(kernel_config, finds_whole_names_only)
{
	char value[16];

	EXPECT(kernel_config_value(config, "BPF", value, sizeof value));
	EXPECT_TEXT(value, "y");
	EXPECT(kernel_config_value(config, "CONFIG_BPF_SYSCALL", value, sizeof value));
	EXPECT_TEXT(value, "m");
	EXPECT(kernel_config_value(config, "HZ", value, sizeof value));
	EXPECT_TEXT(value, "250");
	EXPECT(kernel_config_value(config, "NAME", value, sizeof value));
	EXPECT_TEXT(value, "\"x y\"");
	EXPECT(!kernel_config_value(config, "A", value, sizeof value));
	EXPECT(!kernel_config_value(config, "BPF_SYS", value, sizeof value));
	EXPECT(!kernel_config_value("", "BPF", value, sizeof value));
}
