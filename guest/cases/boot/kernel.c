/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the installed kernels was booted. */
#include <sys/utsname.h>

#include "guest/kit/case.h"

/* Only what every distribution names its kernels by. */
static const char *kernel_release(const char *file)
{
	return has_prefix(file, "vmlinuz-") ? file + 8 : NULL;
}

/* Rescue images and leftovers are no kernel that should be booted. */
static bool is_candidate(const char *release, const char *running)
{
	const char *flavour = strrchr(running, '-');

	if (strstr(release, "rescue") || has_suffix(release, ".old") || has_suffix(release, ".bak"))
		return false;
	/* A kernel of another flavour (cloud, rt …) may be installed beside it on purpose. */
	return !flavour || flavour[1] < 'a' || flavour[1] > 'z' || strchr(flavour, '.') ||
	       has_suffix(release, flavour);
}

CASE(boot, runs_newest_installed_kernel, .title = "The running kernel is the newest one installed",
     .priority = P1,
     .why = "An image that boots an older kernel than it holds misses the fixes it claims to have.",
     .remedy = "Make the newest kernel the boot loader's default, or remove the others.",
     .sources = "AZCERT:hygiene/pending-reboot")
{
	struct utsname name;
	unsigned seen = 0;

	REQUIRE_OK(t, uname(&name));
	for (const char *const *file = file_names(t, "/boot"); *file; file++) {
		const char *release = kernel_release(*file);
		if (!release || !is_candidate(release, name.release))
			continue;
		seen++;
		if (strverscmp(release, name.release) > 0)
			FAIL(t, "%s is installed but %s is running", release, name.release);
		else
			check_passed(t);
	}
	if (seen == 0)
		case_skip(t, "fs:boot", "/boot holds no kernel by the usual names");
}

SABOTAGE(boot, runs_newest_installed_kernel, "a newer kernel is installed and not booted")
{
	struct utsname name;

	REQUIRE_OK(t, uname(&name));
	const char *flavour = strrchr(name.release, '-');
	sabotage_file(t, case_format(t, "/boot/vmlinuz-999.0.0-1%s", flavour ? flavour : ""),
		      "a kernel\n");
}

CASE(boot, secure_boot_is_active,
     .title = "Firmware variables show Secure Boot on and setup mode off", .priority = P1,
     .needs = "secureboot",
     .why = "Without it anybody who can write to the disk can start his own kernel.",
     .remedy = "Enrol the keys in the machine's firmware and switch Secure Boot on.",
     .sources = "CIT:imageboot.TestGuestSecureBoot")
{
#define GLOBAL_VARIABLE "8be4df61-93ca-11d2-aa0d-00e098032b8c"
	unsigned char secure[5] = {0}, setup[5] = {1, 1, 1, 1, 1};
	int fd;

	/* Four bytes of attributes come before the value. */
	REQUIRE_OK(t, fd = open("/sys/firmware/efi/efivars/SecureBoot-" GLOBAL_VARIABLE,
				O_RDONLY | O_CLOEXEC));
	CHECK_EQ(t, read(fd, secure, sizeof secure), (ssize_t)sizeof secure);
	close(fd);
	REQUIRE_OK(t, fd = open("/sys/firmware/efi/efivars/SetupMode-" GLOBAL_VARIABLE,
				O_RDONLY | O_CLOEXEC));
	CHECK_EQ(t, read(fd, setup, sizeof setup), (ssize_t)sizeof setup);
	close(fd);
	CHECK_EQ(t, secure[4], 1);
	CHECK_EQ(t, setup[4], 0);
}

SABOTAGE(boot, secure_boot_is_active, "the variable says that Secure Boot is off")
{
	sabotage_file(t, "/sys/firmware/efi/efivars/SecureBoot-" GLOBAL_VARIABLE, "\6");
}
