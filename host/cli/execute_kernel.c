/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel as the subject: opening it, and deciding on what machines it is tried. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/cli/execute.h"
#include "host/kernel/config.h"

static bool is_same_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

int open_kernel(struct execution *x, const char *path, const char *modules,
		const struct kernel_subject **ret, struct err *e)
{
	struct patience p = patience_for_user(-1);
	const struct kernel_order order = {
		.path = path, .modules = modules, .cache = x->setup.cache};
	CLEANUP(kernel_subject) struct kernel_subject *kernel = NULL;
	uint64_t start_ns = clock_now_ns();

	vec_each (&x->kernels, opened)
		if (strcmp((*opened)->path, path) == 0 &&
		    is_same_text((*opened)->modules_given, modules)) {
			*ret = *opened;
			return 0;
		}
	int r = kernel_subject_open(&order, &p, &kernel, e);
	x->identify_ns += clock_now_ns() - start_ns;
	if (r < 0)
		return r;
	*ret = kernel;
	if (!vec_add(&x->kernels, STEAL_PTR(kernel)))
		abort(); /* there are no more kernels than cells */
	return 0;
}

/* Without an image there is nobody who would set a network up. */
static int add_alone(struct execution *x, struct execution_cell *cell)
{
	cell->size.nics = 0;
	(void)vec_add(&x->cells, *cell);
	return 0;
}

static int add_images(struct execution *x, const struct execution_cell *like, struct err *e)
{
	int r = 0;

	vec_each (&x->arguments->images, path) {
		struct execution_cell cell = *like;
		if (r == 0)
			r = open_image(x, *path, &cell.with.image, e);
		if (r == 0 && !vec_add(&x->cells, cell))
			r = err_set(e, BLAME_USER, E2BIG, "more than %d images", EXECUTE_CELLS_MAX);
	}
	return r;
}

int open_kernel_subjects(struct execution *x, struct err *e)
{
	const struct execute_arguments *arguments = x->arguments;
	struct execution_cell cell = {.with = {.firmware = (enum firmware)arguments->firmware,
					       .entry = (enum entry)arguments->entry}};
	int r = choose_size(arguments->size ? arguments->size : "default", &arguments->size_files,
			    &cell.size, e);

	if (r == 0)
		r = open_kernel(x, arguments->kernel, arguments->modules, &cell.with.kernel, e);
	if (r < 0)
		return r;
	return arguments->images.count > 0 ? add_images(x, &cell, e) : add_alone(x, &cell);
}

int open_earlier_kernel(struct execution *x, const struct run_cell *cell,
			const struct kernel_subject **ret, struct err *e)
{
	const char *modules = cell->kernel_modules[0] ? cell->kernel_modules : NULL;
	const struct kernel_subject *kernel;

	if (cell->kernel_digest[0] == '\0')
		return 0;
	int r = open_kernel(x, cell->kernel_path, modules, &kernel, e);
	if (r < 0)
		return r;
	if (strcmp(kernel->key, cell->kernel_key) != 0)
		return err_set(
			e, BLAME_USER, ESTALE,
			"%s is another kernel than that of run %s, or its modules are: begin a "
			"new run",
			kernel->path, x->earlier->id);
	*ret = kernel;
	return 0;
}

/* Its root is mounted by our own initramfs, which knows these. */
static int check_root(const struct image *image, struct err *e)
{
	const struct image_filesystem *root = &image->filesystems[0];
	bool is_known = strcmp(root->type, "ext4") == 0 || strcmp(root->type, "xfs") == 0;

	if (image->filesystem_count > 0 && strcmp(root->mount, "/") == 0 && is_known &&
	    root->uuid[0])
		return 0;
	return err_set(
		e, BLAME_USER, ENOTSUP,
		"no other kernel can be booted in %s: its root has to be an ext4 or XFS with a "
		"UUID, and it is %s",
		image->name, image->root_type[0] ? image->root_type : "not known");
}

int choose_kernel_machine(const struct execution *x UNUSED, struct engine_cell *with, struct err *e)
{
	const struct kernel_subject *kernel = with->kernel;
	const struct kernel_config_of of = {.kernel = kernel->name,
					    .source = kernel->config_source,
					    .has_modules = kernel->modules != NULL,
					    .with_image = with->image != NULL};
	int r = kernel->config ? kernel_config_check(kernel->config, &of, e) : 0;

	if (r == 0 && with->image)
		r = check_root(with->image, e);
	if (r == 0 && !with->image) {
		with->firmware = FIRMWARE_BIOS;
		with->entry = ENTRY_INIT;
	}
	return r;
}
