/* SPDX-License-Identifier: Apache-2.0 */
/* NVMe controllers and their namespaces, as the several places of the kernel have them. */
#include "guest/kit/block.h"
#include "guest/kit/case.h"
#include "guest/kit/knob.h"
#include "guest/kit/pci.h"

#define CLASS_NVME "0x010802"

static unsigned count_controllers(struct trial *t)
{
	unsigned count = 0;

	for (const char *const *name = file_names(t, "/sys/class/nvme"); *name; name++)
		count++;
	return count;
}

/* "nvme0n1"; a path to it, where there can be several, is "nvme0c0n1". */
static unsigned count_namespaces(struct trial *t)
{
	unsigned count = 0, controller, number;

	for (const char *const *name = file_names(t, "/sys/block"); *name; name++)
		count += sscanf(*name, "nvme%un%u", &controller, &number) == 2;
	return count;
}

CASE(storage, nvme_views_agree,
     .title = "PCI functions, NVMe controllers and namespaces agree in number", .priority = P1,
     .needs = "nvme>=1,kconfig:BLK_DEV_NVME",
     .why = "A controller without its namespaces is a disk that nobody can use.",
     .remedy = "Look in the kernel log for the nvme driver and the controller that it gave up.",
     .sources = "LISA:verify_nvme_basic")
{
	unsigned functions = pci_count(t, CLASS_NVME);

	CHECK_GT(t, functions, 0U);
	CHECK_EQ(t, count_controllers(t), functions);
	for (const char *const *name = file_names(t, "/sys/class/nvme"); *name; name++)
		CHECK_EQ(t,
			 (const char *)file_line(t,
						 case_format(t, "/sys/class/nvme/%s/state", *name)),
			 "live");
	/* One namespace each: so the machine is made. */
	CHECK_EQ(t, count_namespaces(t), functions);
}

SABOTAGE(storage, nvme_views_agree, "a controller is taken from its driver")
{
	const char *const *name = file_names(t, "/sys/bus/pci/drivers/nvme");

	while (*name && !strchr(*name, ':'))
		name++;
	if (!*name)
		case_broken(t, "the nvme driver has no controller");
	REQUIRE_OK(t, knob_write("/sys/bus/pci/drivers/nvme/unbind", *name));
}
