/* SPDX-License-Identifier: Apache-2.0 */
/* A micro-VM that reads an image's filesystems for the audit. */
#include "host/machine/micro_helper.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "host/machine/accel.h"
#include "host/machine/machine.h"

#define SIZE	  "cpus=1,mem=512" /* XFS and btrfs want some memory for their own structures */
#define BOOT_SPAN (180 * NS_PER_S)

struct micro {
	struct machine *machine;
	struct machine_spec spec;
	struct size size;
	char *folder; /* owned; NULL: not made */
	int disk;     /* the overlay */
	char disk_path[FILE_PATH_SIZE];
};

static void micro_close(void *opened)
{
	struct micro *micro = opened;

	machine_free(micro->machine);
	scope_close(&micro->disk);
	if (micro->folder) {
		CLEAN_FREE char *console = xasprintf("%s/console.log", micro->folder);
		(void)unlink(console);
		(void)rmdir(micro->folder);
	}
	free(micro->folder);
	free(micro);
}

static int make_folder(struct micro *micro, const struct micro_setup *setup, struct err *e)
{
	char *folder = xasprintf("%s/micro-XXXXXX", setup->scratch_folder);

	if (!mkdtemp(folder)) {
		int r = err_set(e, BLAME_HOST, errno, "make a folder in %.300s: %m",
				setup->scratch_folder);
		free(folder);
		return r;
	}
	micro->folder = folder;
	return 0;
}

static int boot(struct micro *micro, const struct patience *p, struct err *e)
{
	const struct patience soon = patience_within(p, BOOT_SPAN);
	struct boot_report report = {0};
	int r = machine_boot(&micro->spec, &soon, &micro->machine, &report, e);

	boot_report_done(&report);
	return r;
}

static int micro_open(void *arg, const struct image *image, const struct patience *p, void **ret,
		      struct err *e)
{
	const struct micro_setup *setup = arg;
	struct micro *micro = xnew(sizeof *micro);
	enum accel accel = setup->accel;

	micro->disk = -1;
	int r = size_parse(SIZE, &micro->size, e);

	if (r == 0 && !setup->kernel)
		r = err_set(e, BLAME_HOST, ENOENT,
			    "there is no kernel for it; `assay doctor` says how to get one");
	if (r == 0)
		r = accel_choose(setup->accel, NULL, setup->cache_folder, p, &accel, e);
	if (r == 0)
		r = make_folder(micro, setup, e);
	if (r == 0) {
		/* On a copy of its own a filesystem may do what it wants; the image is never written. */
		r = image_overlay(image, micro->folder, 0, p, &micro->disk, e);
	}
	if (r == 0) {
		micro->spec = (struct machine_spec){
			.size = &micro->size,
			.firmware = FIRMWARE_BIOS,
			.accel = accel,
			.entry = ENTRY_INIT,
			.agent_path = setup->agent_path,
			.folder = micro->folder,
			.kernel = setup->kernel,
			.modules = setup->modules,
			.extra_disk = file_path(micro->disk, micro->disk_path),
			.run_name = "audit",
		};
		r = boot(micro, p, e);
	}
	if (r < 0) {
		micro_close(micro);
		return err_wrap(e, "micro-VM");
	}
	*ret = micro;
	return 0;
}

static int micro_call(void *opened, const struct patience *p, const char *verb,
		      const char *const *arguments, struct text *reply, int *ret_code,
		      struct err *e)
{
	struct micro *micro = opened;

	return machine_call(micro->machine, p, verb, arguments, reply, ret_code, e);
}

struct image_helper micro_helper(const struct micro_setup *setup)
{
	union {
		const struct micro_setup *setup;
		void *arg;
	} borrowed = {.setup = setup};

	return (struct image_helper){
		.open = micro_open, .call = micro_call, .close = micro_close, .arg = borrowed.arg};
}
