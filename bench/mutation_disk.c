/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations on a disk that is not booted: its tree is read in copies of this process. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "bench/mutation_bench.h"
#include "host/image/export.h"
#include "host/image/extents.h"
#include "host/image/image.h"
#include "host/image/offline.h"
#include "host/image/shut_in.h"
#include "host/store/folder.h"

#define FILES_FD 100 /* and further: where the extents' files are put, one beside the other */

struct mutation_disk {
	struct extents *extents;
	struct offline *offline;
	struct tree *tree; /* borrowed */
};

void mutation_disk_free(struct mutation_disk *disk)
{
	if (!disk)
		return;
	offline_free(disk->offline);
	extents_free(disk->extents);
	free(disk);
}
DEFINE_CLEANUP(mutation_disk);

static int read_files(void *arg, uint64_t offset, void *buf, size_t size)
{
	return extents_read(arg, FILES_FD, offset, buf, size);
}

/* The files next to each other, as extents_read wants them; only those are left open. */
static int take_files(struct mutation_disk *disk, const struct image *image, struct err *e)
{
	CLEAN_DONE(export) struct export export = EXPORT_INIT;
	int r = export_open(image, &export, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < export.file_count; i++)
		if (fcntl(export.files[i], F_DUPFD_CLOEXEC, FILES_FD + (int)i) != FILES_FD + (int)i)
			return err_set(e, BLAME_HOST, EMFILE, "descriptor %u is not free",
				       FILES_FD + i);
	disk->extents = extents_take_over(export.fd);
	return disk->extents ? 0 : err_set(e, BLAME_BUG, EIO, "the list of extents is none");
}

static int find_disk(struct mutation_disk *disk, const char *path, struct err *e)
{
	CLEANUP(image) struct image *image = NULL;
	CLEAN_FREE char *cache = NULL;
	const struct patience p = patience_for(-1, OPEN_SPAN_NS);
	int r = cache_folder("", &cache, e);

	if (r < 0)
		return r;
	const struct image_options image_options = {.cache_folder = cache};
	r = image_open(path, &image_options, &p, &image, e);
	if (r < 0)
		return r;
	if (image->needs_micro_vm || image->problem[0])
		return err_set(e, BLAME_USER, ENOTSUP,
			       "%.100s: its files are not read in process%s%.200s", image->name,
			       image->problem[0] ? ": " : "", image->problem);
	/* Copies of one process cannot share the daemon's socket. */
	if (!image->extents)
		return err_set(
			e, BLAME_USER, ENOTSUP,
			"%.100s: its bytes do not lie in the file as they are; unpack it with "
			"`qemu-img convert -O qcow2`",
			image->name);
	return take_files(disk, image, e);
}

static int see_nothing(void *arg UNUSED, const char *path UNUSED,
		       const struct tree_stat *stat UNUSED)
{
	return 0;
}

/* Opens the tree and reads all folders once, so that no copy has to. What cases keep is kept by none: they run in copies only. */
static int open_tree(struct mutation_disk *disk, struct err *e)
{
	CLEAN_FD int probe = memfd_create("probe", MFD_CLOEXEC);
	const struct chunk_source source = {
		.read = read_files,
		.arg = disk->extents,
		.size = extents_disk_size(disk->extents),
		.is_near = true,
	};

	if (probe < 0)
		return err_set(e, BLAME_HOST, errno, "memfd: %m");
#if !defined(__SANITIZE_ADDRESS__) /* its reports need more than we have then */
	if (!shut_in(SHUT_IN_WITH_COPIES))
		return err_set(e, BLAME_HOST, ENOSYS, "the sandbox cannot be set up");
#endif
	disk->offline = offline_open(&source, probe, NULL);
	if (!offline_has_root(disk->offline))
		return err_set(e, BLAME_USER, ENOENT, "there is no operating system on the disk");
	disk->tree = offline_tree(disk->offline);
	(void)tree_walk(disk->tree, "/", see_nothing, NULL);
	return 0;
}

int mutation_disk_open(const char *path, struct mutation_disk **ret, struct err *e)
{
	CLEANUP(mutation_disk) struct mutation_disk *disk = xnew(sizeof *disk);
	int r = find_disk(disk, path, e);

	if (r == 0)
		r = open_tree(disk, e);
	if (r == 0)
		*ret = STEAL_PTR(disk);
	return r;
}

int mutation_disk_run(struct mutation_disk *disk, struct mutation_trial *trials, size_t count,
		      const struct mutation_setup *setup, struct err *e)
{
	return mutation_run(disk->tree, trials, count, setup, e);
}
