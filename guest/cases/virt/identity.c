/* SPDX-License-Identifier: Apache-2.0 */
/* What the guest is told about its machine: devices, firmware tables, identity. */
#include "guest/kit/case.h"
#include "guest/kit/knob.h"
#include "guest/kit/pci.h"

#define DMI	    "/sys/class/dmi/id"
#define ACPI_TABLES "/sys/firmware/acpi/tables"
#define TABLE_MAX   (1U << 20)

CASE(virt, declared_pci_devices_are_present,
     .title = "Every declared PCI device is there after the boot", .priority = P0,
     .isolation = ISOLATION_FORK, .needs = "kconfig:PCI",
     .why = "A device that firmware or kernel lost is a network or disk that the customer pays for in vain.",
     .remedy = "Look in the kernel log for the PCI bus's enumeration.",
     .sources =
	     "LISA:verify_device_passthrough_on_guest,LISA:verify_gpu_provision,CIT:vmspec.TestPCIEChanged")
{
	long long nics = plan_number(t, "nics", -1);

	if (nics < 0)
		case_skip(t, "policy:size", "the plan does not tell which devices the size has");
	if (!*file_names(t, PCI_DEVICES))
		case_skip(t, "dev:pci", "the machine has no PCI bus");
	CHECK_EQ(t, pci_count(t, "0x0200"), nics);
	CHECK_GE(t, pci_count(t, "0x01"), 1);
}

static void rescan(void *arg UNUSED)
{
	(void)knob_write("/sys/bus/pci/rescan", "1");
}

SABOTAGE(virt, declared_pci_devices_are_present, "the network card has fallen off the bus")
{
	for (const char *const *name = file_names(t, PCI_DEVICES); *name; name++) {
		if (!has_prefix(pci_class(t, *name), "0x0200"))
			continue;
		case_defer(t, rescan, NULL);
		if (knob_write(case_format(t, PCI_DEVICES "/%s/remove", *name), "1") == 0)
			return;
	}
	/* A size without any: then one too many is as wrong. */
	sabotage_file(t, case_format(t, PCI_DEVICES "/%s/class", *file_names(t, PCI_DEVICES)),
		      "0x020000\n");
}

CASE(virt, smbios_identity_is_visible,
     .title = "UUID and vendor in SMBIOS are there and are those given", .priority = P1,
     .needs = "arch:x86_64,kconfig:DMIID",
     .why = "Agents and licences know their instance and platform by these.",
     .remedy = "Check the machine's SMBIOS settings.", .sources = "imgproof:test_sles_ec2_uuid")
{
	const char *uuid = file_line(t, DMI "/product_uuid"),
		   *vendor = file_line(t, DMI "/sys_vendor");
	const char *given = plan_text(t, "uuid", "");

	/* A machine that was given no UUID has none, and then the kernel shows no file for it. */
	if (given[0])
		CHECK(t, uuid && strcasecmp(uuid, given) == 0);
	CHECK(t, vendor && vendor[0]);
}

SABOTAGE(virt, smbios_identity_is_visible, "the machine has no vendor")
{
	sabotage_file(t, DMI "/sys_vendor", "\n");
}

/* The sum of all bytes; -1 when the table cannot be read or is shorter than a header. */
static int table_sum(unsigned char *bytes, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = 0, got;
	unsigned char sum = 0;

	while (fd >= 0 && (got = read(fd, bytes + length, TABLE_MAX - (size_t)length)) > 0)
		length += got;
	if (fd >= 0)
		close(fd);
	if (length < 36)
		return -1;
	for (ssize_t i = 0; i < length; i++)
		sum = (unsigned char)(sum + bytes[i]);
	return sum;
}

CASE(virt, firmware_tables_are_sound,
     .title = "Every ACPI table the guest sees has a right checksum", .priority = P2,
     .needs = "arch:x86_64,kconfig:ACPI",
     .why = "CPUs, interrupts and devices are found by these tables.",
     .remedy = "Update the firmware; check tables that the machine's settings add.",
     .sources = "own")
{
	const char *const *names = file_names(t, ACPI_TABLES);
	unsigned char *bytes = case_alloc(t, TABLE_MAX);

	if (!*names)
		case_skip(t, "dev:acpi", "the firmware gives no ACPI tables");
	for (unsigned count = 0; *names && count < 40; names++) {
		struct tree_stat stat;
		const char *path = case_format(t, ACPI_TABLES "/%s", *names);
		/* The FACS is the one table without a checksum. */
		if (strcmp(*names, "FACS") == 0 || !file_stat(t, path, &stat) ||
		    !S_ISREG(stat.mode))
			continue;
		count++;
		int sum = table_sum(bytes, path);
		if (sum == 0)
			check_passed(t);
		else
			FAIL(t, "ACPI table %s: its bytes add up to %d, not to 0", *names, sum);
	}
}

SABOTAGE(virt, firmware_tables_are_sound, "a table was changed after its checksum was made")
{
	sabotage_file(t, ACPI_TABLES "/FACP",
		      "FACP: this is not what its checksum says; it has more than a header\n");
}
