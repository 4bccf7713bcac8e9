/* SPDX-License-Identifier: Apache-2.0 */
/* The subject: opening the image, and deciding on what machine it is tried. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/cli/execute.h"
#include "host/driver/qemu/lacks.h"
#include "host/link/ssh.h"

const char *const accel_words[] = {"auto", "kvm", "tcg", NULL};	     /* enum accel */
const char *const firmware_words[] = {"auto", "bios", "uefi", NULL}; /* enum firmware */
const char *const entry_words[] = {"auto",     "cloud-init", "systemd-unit",
				   "tmpfiles", "ssh",	     NULL}; /* enum entry */

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static int open_image(struct execution *x, const char *path, struct err *e)
{
	struct patience p = patience_for_user(-1);
	uint64_t start_ns = clock_now_ns();

	if (!x->arguments->json && !x->arguments->quiet && isatty(STDERR_FILENO))
		(void)fprintf(stderr, "identifying %s\n", path);
	int r = image_open(path, &x->images.options, &p, &x->image, e);
	x->identify_ns = clock_now_ns() - start_ns;
	x->with.image = x->image;
	return r;
}

/* A resumed run is about the same file, or about nothing. */
static int compare_earlier(struct execution *x, struct err *e)
{
	const struct run_cell *cell = &x->earlier->cells.items[0];
	int firmware = word_index(firmware_words, cell->firmware),
	    entry = word_index(entry_words, cell->entry);
	int accel = word_index(accel_words, cell->accel);

	if (strcmp(cell->image_digest, x->image->digest) != 0)
		return err_set(
			e, BLAME_USER, ESTALE,
			"%s is another image than that of run %s (SHA-256 %.12s..., was %.12s...): begin a new run",
			x->image->path, x->earlier->id, x->image->digest, cell->image_digest);
	/* A run that boots nothing names neither. */
	if ((firmware < 0 && cell->firmware[0]) || (accel < 0 && cell->accel[0]))
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s names a machine that this Assay does not know",
			       x->earlier->id);
	x->arguments->firmware = firmware < 0 ? FIRMWARE_AUTO : firmware;
	x->arguments->accel = accel < 0 ? ACCEL_AUTO : accel;
	x->arguments->entry = entry < 0 ? ENTRY_AUTO : entry;
	x->arguments->cold = cell->cold;
	x->size = (struct size){.cpus = cell->cpus,
				.mem_mib = cell->mem_mib,
				.numa_nodes = cell->numa_nodes,
				.data_disks = cell->data_disks,
				.max_mem_mib = cell->max_mem_mib,
				.data_disk_mib = cell->data_disk_mib,
				.nics = cell->nics,
				.tpm = cell->tpm};
	(void)snprintf(x->size.name, sizeof x->size.name, "%s", cell->size_name);
	(void)snprintf(x->size.cpu_model, sizeof x->size.cpu_model, "%s", cell->cpu_model);
	return 0;
}

int open_subject(struct execution *x, const char *path, struct err *e)
{
	/* What is cheap to refuse is refused before a large image is read. */
	int r = x->earlier ? 0
			   : size_parse(x->arguments->size ? x->arguments->size : "default",
					&x->size, e);

	if (r == 0)
		r = open_image(x, path, e);
	if (r == 0 && x->earlier)
		r = compare_earlier(x, e);
	return r;
}

static int choose_entry(struct execution *x, struct err *e)
{
	const struct execute_arguments *arguments = x->arguments;

	x->with.entry = (enum entry)arguments->entry;
	if (x->with.entry == ENTRY_AUTO && arguments->ssh_key)
		x->with.entry = ENTRY_SSH;
	if (x->with.entry == ENTRY_AUTO)
		x->with.entry = image_entry(x->image);
	if (x->with.entry == ENTRY_SSH && (!arguments->ssh_key || !arguments->ssh_user))
		return err_set(e, BLAME_USER, EINVAL, "--enter ssh needs --ssh-key and --ssh-user");
	if (x->with.entry == ENTRY_SSH)
		return ssh_key_check(arguments->ssh_key, e);
	if (x->with.entry != ENTRY_NONE)
		return 0;
	if (x->image->os_id[0])
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"no way was found to bring the agent into %s (no cloud-init, systemd is older than 252): "
			"give --ssh-key and --ssh-user, or use `assay audit`",
			x->image->name);
	/* No system was found on it. Whether it comes up all the same, the boot shows. */
	x->with.entry = ENTRY_CLOUD_INIT;
	return 0;
}

/* What lies there instead of a system, in the words of who looked: "ext4, swap". */
static void add_contents(const struct image *image, struct text *out)
{
	unsigned told = 0;

	for (unsigned i = 0; i < image->filesystem_count; i++)
		if (image->filesystems[i].type[0])
			text_addf(out, "%s%s", told++ ? ", " : "", image->filesystems[i].type);
	if (told == 0)
		text_adds(out, strcmp(image->table, "none") == 0
				       ? "no partition table and no filesystem"
				       : "partitions, but no filesystem that is known");
}

/* False for what is there and cannot be read, too: the audit says why. */
static bool is_without_root(const struct image *image)
{
	return !image->root_type[0] && !image->needs_micro_vm && !image->problem[0];
}

/* A system that nobody recognises may come up all the same when firmware finds something to start; and what is asked of the
 * file alone wants no system at all. */
static int check_system(const struct execution *x, bool boots, struct err *e)
{
	const struct image *image = x->image;
	CLEAN_TEXT struct text contents = TEXT_INIT(1024);

	if (!is_without_root(image) ||
	    (boots ? image->boots_bios || image->boots_uefi : !selection_audits(&x->cases)))
		return 0;
	add_contents(image, &contents);
	return err_set(
		e, BLAME_USER, ENODATA,
		"no system was found on %s (it holds %s%s): is it the right file, and was it written to "
		"its end?",
		image->name, contents.buf, boots ? ", and nothing to boot" : "");
}

int choose_machine(struct execution *x, bool boots, struct err *e)
{
	struct patience p = patience_for_user(-1);
	int r = check_system(x, boots, e);

	if (r < 0)
		return r;

	x->with.firmware = (enum firmware)x->arguments->firmware;
	if (x->with.firmware == FIRMWARE_AUTO)
		x->with.firmware = image_firmware(x->image);
	x->with.accel = (enum accel)x->arguments->accel;
	if (!boots) {
		x->with.entry = ENTRY_NONE;
		return 0;
	}
	if (x->image->arch[0] && strcmp(x->image->arch, "x86_64") != 0)
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"%s holds a system for %s, and only x86_64 can be booted: use `assay audit`",
			x->image->name, x->image->arch);
	r = choose_entry(x, e);
	if (r == 0)
		r = qemu_check_lacks(&p, x->with.firmware == FIRMWARE_UEFI, x->size.tpm, e);
	if (r == 0)
		r = accel_choose(x->with.accel, x->images.cache, &p, &x->with.accel, e);
	if (r == 0 && x->arguments->accel == ACCEL_AUTO && x->with.accel == ACCEL_TCG &&
	    !x->arguments->quiet)
		log_warning(
			"KVM does not run guests here (see `assay doctor`): machines are emulated, which is slow");
	return r;
}
