/* SPDX-License-Identifier: Apache-2.0 */
/* The subject: opening the image, and deciding on what machine it is tried. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/cli/execute_book.h"
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

int open_image(struct execution *x, const char *path, const struct image **ret, struct err *e)
{
	struct patience p = patience_for_user(-1);
	CLEANUP(image) struct image *image = NULL;
	uint64_t start_ns = clock_now_ns();

	vec_each (&x->images, opened)
		if (strcmp((*opened)->path, path) == 0) {
			*ret = *opened;
			return 0;
		}
	if (!x->arguments->json && !x->arguments->quiet && isatty(STDERR_FILENO))
		(void)fprintf(stderr, "identifying %s\n", path);
	int r = image_open(path, &x->setup.options, &p, &image, e);
	x->identify_ns += clock_now_ns() - start_ns;
	if (r < 0)
		return r;
	*ret = image;
	if (!vec_add(&x->images, STEAL_PTR(image)))
		abort(); /* there are no more images than cells */
	return 0;
}

/* A resumed run is about the same file, or about nothing. */
static int check_same_image(const struct execution *x, const struct run_cell *cell,
			    const struct image *image, struct err *e)
{
	if (strcmp(cell->image_digest, image->digest) == 0)
		return 0;
	return err_set(
		e, BLAME_USER, ESTALE,
		"%s is another image than that of run %s (SHA-256 %.12s..., was %.12s...): begin a new run",
		image->path, x->earlier->id, image->digest, cell->image_digest);
}

static void take_earlier_size(const struct run_cell *cell, struct size *ret)
{
	*ret = (struct size){.cpus = cell->cpus,
			     .mem_mib = cell->mem_mib,
			     .numa_nodes = cell->numa_nodes,
			     .data_disks = cell->data_disks,
			     .max_mem_mib = cell->max_mem_mib,
			     .data_disk_mib = cell->data_disk_mib,
			     .nics = cell->nics,
			     .tpm = cell->tpm};
	(void)snprintf(ret->name, sizeof ret->name, "%s", cell->size_name);
	(void)snprintf(ret->cpu_model, sizeof ret->cpu_model, "%s", cell->cpu_model);
	(void)snprintf(ret->controller, sizeof ret->controller, "%s", cell->controller);
	(void)snprintf(ret->stand_in, sizeof ret->stand_in, "%s", cell->stand_in);
}

static const char *unless_empty(const char *text)
{
	return text[0] ? text : NULL;
}

static void take_earlier_host(const struct run_cell *cell, struct execution_cell *ret)
{
	ret->image_called = unless_empty(cell->image_called);
	ret->kernel_called = unless_empty(cell->kernel_called);
	ret->host = unless_empty(cell->host);
	ret->qemu_version = unless_empty(cell->qemu_version);
	ret->with.qemu = unless_empty(cell->qemu);
	ret->with.machine = unless_empty(cell->machine);
}

static void replace(char **string, const char *by)
{
	char *copy = xstrdup(by); /* it may be a part of what it replaces */

	free(*string);
	*string = copy;
}

/* A retest's cell is of the image that lies there now. */
static void take_new_version(struct run_cell *cell, const struct image *image)
{
	replace(&cell->image_path, image->path);
	replace(&cell->image_name, image->name);
	replace(&cell->image_digest, image->digest);
	replace(&cell->image_format, image->format);
	replace(&cell->os_name, image->os_name);
	replace(&cell->arch, image->arch);
	replace(&cell->image_filesystem, image->root_type);
}

/* The same cell as that run had. */
static int add_earlier_cell(struct execution *x, struct run_cell *cell, struct err *e)
{
	int firmware = word_index(firmware_words, cell->firmware),
	    entry = word_index(entry_words, cell->entry);
	int accel = word_index(accel_words, cell->accel);
	struct execution_cell added = {0};
	int r = open_earlier_kernel(x, cell, &added.with.kernel, e);

	if (r == 0 && (!added.with.kernel || cell->image_format[0]))
		r = open_image(x, cell->image_path, &added.with.image, e);
	if (r == 0 && added.with.image && x->retests)
		take_new_version(cell, added.with.image);
	else if (r == 0 && added.with.image)
		r = check_same_image(x, cell, added.with.image, e);
	if (r < 0)
		return r;
	/* A run that boots nothing names neither. */
	if ((firmware < 0 && cell->firmware[0]) || (accel < 0 && cell->accel[0]))
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s names a machine that this Assay does not know",
			       x->earlier->id);
	added.with.firmware = firmware < 0 ? FIRMWARE_AUTO : (enum firmware)firmware;
	added.with.entry = entry < 0 ? ENTRY_AUTO : (enum entry)entry;
	take_earlier_size(cell, &added.size);
	added.variants = xstrdup(cell->variants);
	added.vms = cell->machines;
	take_earlier_host(cell, &added);
	/* Another image may have another way in, and a retest's host another accelerator. */
	if (x->retests && (added.with.entry != ENTRY_SSH || x->arguments->entry != ENTRY_AUTO))
		added.with.entry = (enum entry)x->arguments->entry;
	if (!x->retests || x->arguments->accel == ACCEL_AUTO)
		x->arguments->accel = accel < 0 ? ACCEL_AUTO : accel;
	x->arguments->cold = cell->cold;
	return vec_add(&x->cells, added) ? 0 : -E2BIG; /* no run has more */
}

static int add_earlier_cells(struct execution *x, struct err *e)
{
	int r = 0;

	vec_each (&x->earlier->cells, cell)
		if (r == 0)
			r = add_earlier_cell(x, cell, e);
	return r;
}

int open_subjects(struct execution *x, const char *path, struct err *e)
{
	const struct execute_arguments *arguments = x->arguments;
	struct execution_cell cell = {.with = {.firmware = (enum firmware)arguments->firmware,
					       .entry = (enum entry)arguments->entry}};

	if (x->earlier)
		return add_earlier_cells(x, e);
	if (arguments->kernel)
		return open_kernel_subjects(x, e);
	if (x->book)
		return book_open_subjects(x, e);
	/* What is cheap to refuse is refused before a large image is read. */
	int r = choose_size(arguments->size ? arguments->size : "default", &arguments->size_files,
			    &cell.size, e);
	if (r == 0)
		r = open_image(x, path, &cell.with.image, e);
	if (r == 0)
		(void)vec_add(&x->cells, cell);
	return r;
}

static int choose_entry(const struct execution *x, struct engine_cell *with, struct err *e)
{
	const struct execute_arguments *arguments = x->arguments;

	if (with->entry == ENTRY_AUTO && arguments->ssh_key)
		with->entry = ENTRY_SSH;
	if (with->entry == ENTRY_AUTO)
		with->entry = image_entry(with->image);
	if (with->entry == ENTRY_SSH && (!arguments->ssh_key || !arguments->ssh_user))
		return err_set(e, BLAME_USER, EINVAL, "--enter ssh needs --ssh-key and --ssh-user");
	if (with->entry == ENTRY_SSH)
		return ssh_key_check(arguments->ssh_key, e);
	if (with->entry != ENTRY_NONE)
		return 0;
	if (with->image->os_id[0])
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"no way was found to bring the agent into %s (no cloud-init, systemd is older than 252): "
			"give --ssh-key and --ssh-user, or use `assay audit`",
			with->image->name);
	/* No system was found on it. Whether it comes up all the same, the boot shows. */
	with->entry = ENTRY_CLOUD_INIT;
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
static int check_system(const struct execution *x, const struct image *image, bool boots,
			struct err *e)
{
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

static int choose_machine(const struct execution *x, struct engine_cell *with, bool boots,
			  struct err *e)
{
	int r = with->image ? check_system(x, with->image, boots, e) : 0;

	if (r == 0 && with->kernel)
		r = choose_kernel_machine(x, with, e);
	if (r < 0)
		return r;
	with->accel = (enum accel)x->arguments->accel;
	if (!with->image)
		return 0;
	if (with->firmware == FIRMWARE_AUTO)
		with->firmware = image_firmware(with->image);
	if (!boots) {
		with->entry = ENTRY_NONE;
		return 0;
	}
	if (with->image->arch[0] && strcmp(with->image->arch, "x86_64") != 0)
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"%s holds a system for %s, and only x86_64 can be booted: use `assay audit`",
			with->image->name, with->image->arch);
	return choose_entry(x, with, e);
}

/* What this host must have for any of them. */
static int check_lacks(const struct execution *x, struct err *e)
{
	bool has_uefi = false, has_tpm = false;

	vec_each (&x->cells, cell) {
		has_uefi = has_uefi || cell->with.firmware == FIRMWARE_UEFI;
		has_tpm = has_tpm || cell->size.tpm;
	}
	return qemu_check_lacks(has_uefi, has_tpm, e);
}

/* By what each QEMU runs machines. */
struct proved_accel {
	const char *qemu;
	enum accel accel;
	struct err refused; /* code 0: it is proved */
};
DEFINE_VEC(proved_accels, struct proved_accel);

static const struct proved_accel *prove_accel(const struct execution *x, const char *qemu,
					      struct proved_accels *proved)
{
	struct patience p = patience_for_user(-1);
	struct proved_accel now = {.qemu = qemu};

	vec_each (proved, it)
		if (strcmp(it->qemu ? it->qemu : "", qemu ? qemu : "") == 0)
			return it;
	(void)accel_choose((enum accel)x->arguments->accel, qemu, x->setup.cache, &p, &now.accel,
			   &now.refused);
	if (!vec_add(proved, now))
		abort(); /* there are no more than cells */
	return &proved->items[proved->count - 1];
}

/* QEMU would refuse it in the middle of the run. */
static void check_cpu(const struct execution_cell *cell, struct err *ret)
{
	if (cell->with.accel == ACCEL_TCG && strcmp(cell->size.cpu_model, "host") == 0)
		(void)err_set(ret, BLAME_HOST, ENOTSUP,
			      "the CPU model 'host' is there with KVM only, and it does not run "
			      "guests here");
}

static int choose_accel(struct execution *x, struct err *e)
{
	struct proved_accels proved = VEC_INIT(EXECUTE_CELLS_MAX);
	int r = check_lacks(x, e);
	bool emulates = false;

	vec_each (&x->cells, cell) {
		if (r < 0)
			break;
		const struct proved_accel *found = prove_accel(x, cell->with.qemu, &proved);
		struct err refused = found->refused;
		cell->with.accel = found->accel;
		emulates = emulates || (refused.code == 0 && found->accel == ACCEL_TCG);
		if (refused.code == 0)
			check_cpu(cell, &refused);
		if (refused.code == ECANCELED)
			r = err_set(e, refused.blame, refused.code, "%s", refused.text);
		else if (refused.code != 0)
			r = refuse_cell(x, cell, &refused, e);
	}
	vec_done(&proved);
	if (r == 0 && x->arguments->accel == ACCEL_AUTO && emulates && !x->arguments->quiet)
		log_warning(
			"KVM does not run guests here (see `assay doctor`): machines are emulated, which is slow");
	return r < 0 ? r : drop_cells(x, e);
}

int refuse_cell(struct execution *x, const struct execution_cell *cell, const struct err *refused,
		struct err *e)
{
	if (!x->book)
		return err_set(e, refused->blame, refused->code, "%s", refused->text);
	book_leave_out(x->book, cell, "%s", refused->text);
	return 0;
}

/* Why none of them can be run: what the last one was left out for, or that there never was one. */
int refuse_no_cell(const struct execution *x, const char *why, struct err *e)
{
	const struct combine *combine = x->book->combine;
	CLEAN_TEXT struct text excluded = TEXT_INIT(1024);

	if (x->book->demand.request.is_increment && combine->count == 0)
		return err_set(e, BLAME_USER, EALREADY,
			       "nothing is to be run: %zu cells of %s still cover all that %s asks "
			       "for",
			       combine->kept, x->arguments->book.since, x->book->runbook->path);
	for (size_t i = 0; i < combine->constraint_count && combine->count == 0; i++)
		if (combine->excluded[i] > 0)
			text_addf(&excluded, "%sline %u excludes %llu combination%s",
				  excluded.length > 0 ? ", " : "the constraint in ",
				  x->book->runbook->constraints.items[i].place.line,
				  (unsigned long long)combine->excluded[i],
				  combine->excluded[i] == 1 ? "" : "s");
	why = excluded.length > 0 ? excluded.buf : why;
	return err_set(e, BLAME_USER, ENODATA, "no cell of %s can be run%s%s",
		       x->book->runbook->path, why[0] ? ": " : "", why);
}

int drop_cells(struct execution *x, struct err *e)
{
	size_t kept = 0;
	const char *why = "";

	if (!x->book)
		return 0;
	vec_each (&x->cells, cell) {
		if (!x->book->why_not[cell->combination]) {
			x->cells.items[kept++] = *cell;
			continue;
		}
		why = x->book->why_not[cell->combination];
		free(cell->variants);
	}
	x->cells.count = kept;
	if (kept > 0 ||
	    (x->only_plans && (x->book->demand.request.is_increment || x->arguments->json)))
		return 0;
	return refuse_no_cell(x, why, e);
}

int choose_machines(struct execution *x, bool boots, struct err *e)
{
	int r = 0;

	vec_each (&x->cells, cell) {
		struct err refused = {0};
		if (r == 0 && choose_machine(x, &cell->with, boots, &refused) < 0)
			r = refuse_cell(x, cell, &refused, e);
	}
	if (r == 0)
		r = drop_cells(x, e);
	return r == 0 && boots ? choose_accel(x, e) : r;
}
