/* SPDX-License-Identifier: Apache-2.0 */
/* Planting a defect into a machine's disk before it boots: a micro-VM changes the overlay, never the image. */
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "host/machine/internal.h"

#define PLANT_MEM_MIB 256
#define PLANT_SPAN_NS (60 * NS_PER_S)

/* Its console log is evidence of the planting, not of the machine: it gets a folder of its own. */
static int run_probe(struct machine *micro, const struct case_sabotage *sabotage,
		     const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);
	const char *file[] = {"plant_file", sabotage->path, sabotage->argument, NULL};
	const char *argument[] = {"plant_kernel_argument", sabotage->argument, NULL};
	int code = 0;
	int r = machine_call(micro, p, "probe",
			     sabotage->kind == SABOTAGE_DISK_FILE ? file : argument, &reply, &code,
			     e);

	if (r < 0)
		return r;
	if (code != 0)
		return err_set(e, BLAME_HOST, code, "%s: %m",
			       reply.buf[0] ? reply.buf : "the micro-VM could not change the disk");
	return 0;
}

/* The disk's overlay is whole only after an orderly end. */
static int power_off(struct machine *micro, const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(4096);
	int code = 0;
	int r = machine_call(micro, p, "poweroff", NULL, &reply, &code, e);

	while (r == 0 && !micro->ended)
		r = machine_pump(micro, p, "the micro-VM to power off", e);
	return r;
}

static int plant(const struct machine_spec *micro_spec, const struct case_sabotage *sabotage,
		 const struct patience *p, struct err *e)
{
	CLEANUP(machine) struct machine *micro = NULL;
	struct boot_report report;
	int r = machine_boot(micro_spec, p, &micro, &report, e);

	boot_report_done(&report);
	if (r == 0)
		r = run_probe(micro, sabotage, p, e);
	return r < 0 ? r : power_off(micro, p, e);
}

/* A kernel that we give takes an argument directly; the other kinds are in the machine's make. */
static bool needs_planting(const struct machine_spec *spec)
{
	return spec->sabotage && spec->image &&
	       ((spec->sabotage->kind == SABOTAGE_CMDLINE && !spec->own_kernel) ||
		spec->sabotage->kind == SABOTAGE_DISK_FILE);
}

int sabotage_plant(const struct machine_spec *spec, const struct patience *p, int *ret_fd,
		   struct err *e)
{
	const struct size size = {.name = "plant", .cpus = 1, .mem_mib = PLANT_MEM_MIB};
	struct patience span = patience_within(p, PLANT_SPAN_NS * machine_slowness(spec));

	*ret_fd = -1;
	if (!needs_planting(spec) || spec_driver(spec) != &driver_qemu)
		return 0;
	if (!spec->kernel)
		return err_set(
			e, BLAME_HOST, ENOENT,
			"planting a sabotage into the disk needs a kernel for the micro-VM; `assay doctor` says how to get one");
	CLEAN_FREE char *folder = xasprintf("%s/plant", spec->folder);
	CLEAN_FD int fd = -1;
	char disk[FILE_PATH_SIZE];
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_set(e, BLAME_HOST, errno, "make the folder %s: %m", folder);
	int r = image_overlay(spec->image, folder, spec->make.disk_bytes, &span, &fd, e);
	struct machine_spec micro = {
		.image_options = spec->image_options,
		.size = &size,
		.qemu = spec->qemu,
		.firmware = FIRMWARE_BIOS,
		.accel = spec->accel,
		.entry = ENTRY_INIT,
		.agent_path = spec->agent_path,
		.folder = folder,
		.kernel = spec->kernel,
		.modules = spec->modules,
		.extra_disk = file_path(fd, disk),
		.run_name = "plant",
	};
	if (r == 0)
		r = plant(&micro, spec->sabotage, &span, e);
	if (r < 0)
		return err_wrap(e, "plant the sabotage \"%s\"", spec->sabotage->text);
	*ret_fd = STEAL_FD(fd);
	return 0;
}
