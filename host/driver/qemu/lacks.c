/* SPDX-License-Identifier: Apache-2.0 */
/* What is missing on this host is said before a run begins, all at the same place and with the package that has it. */
#include "host/driver/qemu/lacks.h"

#include <stdio.h>
#include <string.h>

#include "host/driver/qemu/qemu.h"

/* As execvp(3) would find it. */
static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	CLEAN_FREE char *copy = xstrdup(path ? path : "/bin:/usr/bin");
	char *at = copy, *folder;

	while ((folder = strsep(&at, ":"))) {
		CLEAN_FREE char *candidate = xasprintf("%s/%s", folder[0] ? folder : ".", program);
		if (access(candidate, X_OK) == 0)
			return true;
	}
	return false;
}

static int check_program(const char *program, const char *package, struct err *e)
{
	if (is_in_path(program))
		return 0;
	return err_set(e, BLAME_HOST, ENOENT, "%s is not installed: install %s", program, package);
}

int qemu_check_lacks(bool has_uefi, bool has_tpm, struct err *e)
{
	struct firmware_files files;
	int r = check_program("qemu-img", "qemu-utils (or qemu-img)", e);

	if (r == 0 && has_tpm)
		r = check_program("swtpm", "swtpm, or choose a --size without a TPM", e);
	return r == 0 && has_uefi ? firmware_find(false, &files, e) : r;
}

int qemu_firmware(char **ret, struct err *e)
{
	struct firmware_files files;
	int r = firmware_find(false, &files, e);

	if (r == 0)
		*ret = xstrdup(files.code);
	return r;
}

int qemu_firmware_variables(char **ret, struct err *e)
{
	struct firmware_files files;
	int r = firmware_find(false, &files, e);

	if (r == 0)
		*ret = xstrdup(files.vars);
	return r;
}
