/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel as what is validated, and what of it is kept for machines. */
#include "host/kernel/subject.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/text.h"
#include "host/kernel/config.h"
#include "host/kernel/package.h"
#include "host/kernel/prepare.h"
#include "host/store/folder.h"

/* ---- life ---- */

void kernel_subject_free(struct kernel_subject *kernel)
{
	if (!kernel)
		return;
	char *const strings[] = {kernel->path,	  kernel->modules_given, kernel->kernel,
				 kernel->modules, kernel->medium,	 kernel->config};

	for (size_t i = 0; i < ARRAY_LEN(strings); i++)
		free(strings[i]);
	scope_close(&kernel->lock_fd);
	free(kernel);
}

/* ---- what was given ---- */

static int digest_path(const char *path, const char *cache, const struct patience *p,
		       char digest[DIGEST_SIZE], struct err *e)
{
	const struct digest_progress silent = {0};
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct file_identity identity;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	file_identity(&st, &identity);
	return digest_of_file(fd, path, &identity, cache, p, &silent, digest, e);
}

static int resolve(const char *path, char **ret, struct stat *st, struct err *e)
{
	*ret = realpath(path, NULL);
	if (!*ret || stat(*ret, st) < 0)
		return err_set(e, BLAME_USER, errno, "%s: %m", path);
	return 0;
}

static bool begins_as_package(const char *path)
{
	unsigned char bytes[512];
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	return got > 0 && package_is_one(bytes, (size_t)got);
}

static int look_at_kernel(struct kernel_subject *kernel, const struct kernel_order *order,
			  const struct patience *p, struct err *e)
{
	struct stat st;
	int r = resolve(order->path, &kernel->path, &st, e);

	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode))
		return err_set(e, BLAME_USER, EISDIR,
			       "%s is a folder, and a kernel is a file: its bzImage (in a build, "
			       "arch/x86/boot/bzImage) or its package",
			       order->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, BLAME_USER, EINVAL, "%s is no file", order->path);
	const char *slash = strrchr(kernel->path, '/');
	(void)snprintf(kernel->name, sizeof kernel->name, "%s", slash + 1);
	kernel->is_package = begins_as_package(kernel->path);
	return digest_path(kernel->path, order->cache, p, kernel->digest, e);
}

static int look_at_modules(struct kernel_subject *kernel, const struct kernel_order *order,
			   const struct patience *p, char digest[DIGEST_SIZE], struct err *e)
{
	struct stat st;

	(void)snprintf(digest, DIGEST_SIZE, "none");
	if (!order->modules)
		return 0;
	int r = resolve(order->modules, &kernel->modules_given, &st, e);
	if (r < 0)
		return err_wrap(e, "--modules");
	return S_ISDIR(st.st_mode) ? prepare_fingerprint(kernel->modules_given, digest, e)
				   : digest_path(kernel->modules_given, order->cache, p, digest, e);
}

/* ---- what is kept ---- */

static char *kept_path(const struct kernel_subject *kernel, const char *folder, const char *name,
		       const char *more)
{
	CLEAN_FREE char *path =
		xasprintf("%s/%s%s%s", folder, name, more, more[0] ? kernel->release : "");

	return access(path, R_OK) == 0 ? STEAL_PTR(path) : NULL;
}

static int load_config(struct kernel_subject *kernel, const char *folder, struct err *e)
{
	CLEAN_FREE char *path = kept_path(kernel, folder, KEPT_ROOT, "/boot/config-");
	CLEAN_FREE char *source = xasprintf("%s/" KEPT_CONFIG_SOURCE, folder);
	CLEAN_TEXT struct text text = TEXT_INIT(KERNEL_CONFIG_MAX), words = TEXT_INIT(64);

	if (!path)
		return 0;
	int r = text_read_file(&text, path);
	if (r < 0)
		return err_set(e, BLAME_USER, -r, "the kernel's configuration %.300s: %m", path);
	(void)text_read_file(&words, source);
	(void)snprintf(kernel->config_source, sizeof kernel->config_source, "%s",
		       words.length > 0 ? words.buf : "the configuration beside it");
	kernel->config = text_steal(&text);
	return 0;
}

/* All of it was checked when it was put there. */
static int load_kept(struct kernel_subject *kernel, const char *folder, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_KERNEL, folder);
	CLEAN_TEXT struct text text = TEXT_INIT(BZIMAGE_MAX);
	struct bzimage image;
	int r = text_read_file(&text, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	r = bzimage_parse(text.buf, text.length, kernel->name, &image, e);
	if (r < 0)
		return r;
	memcpy(kernel->release, image.release, sizeof kernel->release);
	memcpy(kernel->version, image.version, sizeof kernel->version);
	kernel->kernel = STEAL_PTR(path);
	kernel->modules = kept_path(kernel, folder, KEPT_ROOT, "/lib/modules/");
	CLEAN_FREE char *index =
		xasprintf("%s/modules.dep", kernel->modules ? kernel->modules : "");
	if (access(index, R_OK) < 0)
		free(STEAL_PTR(kernel->modules));
	kernel->medium = kept_path(kernel, folder, KEPT_MEDIUM, "");
	return load_config(kernel, folder, e);
}

static int lock_kept(struct kernel_subject *kernel, const char *folder, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_LOCK, folder);

	kernel->lock_fd = open(path, O_RDWR | O_CLOEXEC);
	if (kernel->lock_fd < 0)
		return -errno;
	(void)futimens(kernel->lock_fd, NULL); /* last used */
	if (flock(kernel->lock_fd, LOCK_SH) < 0)
		return err_set(e, BLAME_HOST, errno, "lock %s: %m", path);
	/* Who cleans up removes the name before the lock. */
	return access(path, F_OK) < 0 ? -ENOENT : 0;
}

static int find_or_prepare(struct kernel_subject *kernel, const struct kernel_order *order,
			   const struct patience *p, struct err *e)
{
	CLEAN_FREE char *kernels = xasprintf("%s/" KEPT_FOLDER, order->cache);
	CLEAN_FREE char *folder = xasprintf("%s/%s", kernels, kernel->key);
	uint64_t freed = 0;
	int r = folder_make(kernels, e);

	if (r == 0)
		r = lock_kept(kernel, folder, e);
	if (r == -ENOENT) {
		scope_close(&kernel->lock_fd);
		kernel->lock_fd = -1;
		err_clear(e);
		r = prepare_kernel(kernel, kernels, folder, p, e);
		if (r == 0)
			r = lock_kept(kernel, folder, e);
		if (r == 0)
			r = kept_prune(kernels, KERNELS_CACHE_MAX, &freed, e);
	}
	if (r < 0 && e->code == 0)
		return err_set(e, BLAME_HOST, -r, "keep the kernel in %s: %m", kernels);
	return r < 0 ? r : load_kept(kernel, folder, e);
}

int kernel_subject_open(const struct kernel_order *order, const struct patience *p,
			struct kernel_subject **ret, struct err *e)
{
	CLEANUP(kernel_subject) struct kernel_subject *kernel = xnew(sizeof *kernel);
	char modules[DIGEST_SIZE];

	kernel->lock_fd = -1;
	int r = look_at_kernel(kernel, order, p, e);
	if (r == 0)
		r = look_at_modules(kernel, order, p, modules, e);
	if (r == 0)
		r = prepare_key(kernel->digest, modules, kernel->key, e);
	if (r == 0)
		r = find_or_prepare(kernel, order, p, e);
	if (r < 0)
		return r;
	*ret = STEAL_PTR(kernel);
	return 0;
}

int kernel_subject_prove_unchanged(const struct kernel_subject *kernel, const struct patience *p,
				   struct err *e)
{
	char digest[DIGEST_SIZE];
	int r = digest_path(kernel->path, NULL, p, digest, e);

	if (r < 0 || strcmp(digest, kernel->digest) == 0)
		return r;
	return err_set(e, BLAME_HOST, ESTALE,
		       "%s was changed during the run: its SHA-256 was %.12s..., and is %.12s...",
		       kernel->path, kernel->digest, digest);
}
