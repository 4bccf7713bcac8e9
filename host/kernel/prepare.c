/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a kernel into the cache: unpacked, checked, indexed, ready for machines. */
#include "host/kernel/prepare.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/vec.h"
#include "host/kernel/config.h"
#include "host/kernel/medium.h"
#include "host/kernel/module.h"
#include "host/kernel/package.h"
#include "host/store/folder.h"

#define KEPT_FORMAT    1 /* another one when other things are made of the same kernel */
#define NEW_FOLDER     ".new-XXXXXX"
#define DEPTH_MAX      64
#define KINDS_LOOKED   4096
#define LISTING_MAX    (32U << 20)
#define KERNELS_LISTED 10000

/* ---- keys ---- */

static int digest_text(const struct text *text, char ret[DIGEST_SIZE], struct err *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (text->overflowed ||
	    !EVP_Digest(text->buf, text->length, hash, &length, EVP_sha256(), NULL))
		return err_set(e, BLAME_HOST, EIO, "the digest of the kernel's modules failed");
	for (size_t i = 0; i < (DIGEST_SIZE - 1) / 2; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

int prepare_key(const char *kernel_digest, const char *modules_digest, char ret[DIGEST_SIZE],
		struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(512);

	text_addf(&text, "format %d\nkernel %s\nmodules %s\n", KEPT_FORMAT, kernel_digest,
		  modules_digest);
	return digest_text(&text, ret, e);
}

/* nftw() hands nothing on; a thread has one such walk at a time. */
static __thread struct text *listing;

/* Its order is that of the folder, which stays while nothing is changed there. */
static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw UNUSED)
{
	if (type == FTW_F)
		text_addf(listing, "%s %lld %lld.%09ld\n", path, (long long)st->st_size,
			  (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	return listing->overflowed;
}

int prepare_fingerprint(const char *folder, char ret[DIGEST_SIZE], struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(LISTING_MAX);

	listing = &text;
	(void)nftw(folder, list_one, DEPTH_MAX, FTW_PHYS);
	if (text.overflowed)
		return err_set(
			e, BLAME_USER, E2BIG,
			"%s holds more than the modules of a kernel: is it the right folder?",
			folder);
	return digest_text(&text, ret, e);
}

/* ---- making ---- */

struct preparing {
	const struct kernel_subject *subject;
	const struct patience *p;
	char *folder, *root; /* owned: of the new one, and in it */
	bool of_package;
	char *given; /* owned: the bzImage as it was unpacked or given */
	struct text content;
	struct bzimage image;
	bool has_new_names; /* modules were unpacked: an index that came along does not know them */
	int lock_fd;	    /* keeps whoever cleans up away while it is made */
};

static void preparing_done(struct preparing *preparing)
{
	struct err ignored = {0};

	if (preparing->folder)
		(void)folder_remove(preparing->folder, &ignored);
	scope_close(&preparing->lock_fd);
	free(preparing->folder);
	free(preparing->root);
	free(preparing->given);
	text_done(&preparing->content);
}
DEFINE_CLEAN_DONE(preparing);

static int is_package(const char *path, bool *ret, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char first[KINDS_LOOKED] = "";
	ssize_t got = fd < 0 ? -1 : read(fd, first, sizeof first);

	if (got < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	*ret = package_is_one(first, (size_t)got);
	return 0;
}

/* The names in root/`below` that begin with `prefix`; the first one goes to *ret, more than one is no choice of ours. */
static unsigned find_names(const char *root, const char *below, const char *prefix, char **ret)
{
	CLEAN_FREE char *folder = xasprintf("%s/%s", root, below);
	DIR *dir = opendir(folder);
	unsigned count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.' || !has_prefix(entry->d_name, prefix))
			continue;
		if (count++ == 0)
			*ret = xstrdup(entry->d_name);
	}
	if (dir)
		(void)closedir(dir);
	return count;
}

/* boot/vmlinuz-RELEASE as Debian has it, else lib/modules/RELEASE/vmlinuz as Fedora has it. */
static int find_in_package(struct preparing *preparing, struct err *e)
{
	CLEAN_FREE char *name = NULL, *release = NULL;
	const char *path = preparing->subject->path;
	unsigned count = find_names(preparing->root, "boot", "vmlinuz-", &name);

	if (count == 1) {
		preparing->given = xasprintf("%s/boot/%s", preparing->root, name);
		return 0;
	}
	if (count == 0 && find_names(preparing->root, "lib/modules", "", &release) == 1)
		preparing->given = xasprintf("%s/lib/modules/%s/vmlinuz", preparing->root, release);
	if (preparing->given && access(preparing->given, R_OK) == 0)
		return 0;
	if (count > 1)
		return err_set(
			e, BLAME_USER, EINVAL,
			"%s holds %u kernels (boot/%s is one): give one of them, and the rest by "
			"--modules",
			path, count, name);
	return err_set(
		e, BLAME_USER, ENODATA,
		"%s holds no kernel (neither boot/vmlinuz-RELEASE nor "
		"lib/modules/RELEASE/vmlinuz): if the package only depends on one, give that",
		path);
}

static int take_kernel(struct preparing *preparing, struct err *e)
{
	const char *path = preparing->subject->path;
	struct package_found found;
	int r = is_package(path, &preparing->of_package, e);

	if (r == 0 && preparing->of_package) {
		r = package_unpack(path, preparing->root, preparing->p, &found, e);
		preparing->has_new_names = found.unpacked > 0;
		if (r == 0)
			r = find_in_package(preparing, e);
	} else if (r == 0) {
		preparing->given = xstrdup(path);
	}
	if (r < 0)
		return r;
	r = text_read_file(&preparing->content, preparing->given);
	if (r < 0)
		return r == -EMSGSIZE ? err_set(e, BLAME_USER, EFBIG,
						"%s is larger than any kernel (256 MiB)", path)
				      : err_set(e, BLAME_USER, -r, "read %s: %m", preparing->given);
	const char *slash = strrchr(preparing->given, '/');
	return bzimage_parse(preparing->content.buf, preparing->content.length,
			     preparing->of_package ? slash + 1 : path, &preparing->image, e);
}

static int keep_kernel(struct preparing *preparing, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_KERNEL, preparing->folder);

	return file_write(path, preparing->content.buf, preparing->content.length, e);
}

/* ---- its configuration ---- */

/* True when there is one at that path. */
static bool read_config(const char *path, struct text *out)
{
	text_clear(out);
	return text_read_file(out, path) == 0 && kernel_config_is_one(out->buf);
}

static const char *find_config(const struct preparing *preparing, struct text *out)
{
	const char *release = preparing->image.release;
	const char *path = preparing->subject->path, *slash = strrchr(path, '/');
	CLEAN_FREE char *boot = xasprintf("%s/boot/config-%s", preparing->root, release);
	CLEAN_FREE char *own = xasprintf("%s/lib/modules/%s/config", preparing->root, release);
	CLEAN_FREE char *beside = xasprintf("%.*s/config-%s", (int)(slash - path), path, release);
	CLEAN_FREE char *build = xasprintf("%.*s/../../../.config", (int)(slash - path), path);

	if (kernel_config_inside(preparing->content.buf, preparing->content.length,
				 &preparing->image, out) == 0)
		return "its own configuration";
	if (read_config(boot, out))
		return preparing->of_package ? "the package's boot/config-RELEASE"
					     : "boot/config-RELEASE of its modules";
	if (read_config(own, out))
		return "the config among its modules";
	if (preparing->of_package)
		return NULL;
	if (read_config(beside, out))
		return "the config-RELEASE beside it";
	return has_suffix(path, "/arch/x86/boot/bzImage") && read_config(build, out)
		       ? "the .config of its build"
		       : NULL;
}

/* In boot/ for the micro-VM, among its modules for an image and whoever looks at installed kernels. */
static int keep_config(const struct preparing *preparing, struct err *e)
{
	CLEAN_TEXT struct text text = TEXT_INIT(KERNEL_CONFIG_MAX);
	const char *source = find_config(preparing, &text), *release = preparing->image.release;
	CLEAN_FREE char *boot = xasprintf("%s/boot", preparing->root);
	CLEAN_FREE char *path = xasprintf("%s/config-%s", boot, release);
	CLEAN_FREE char *words = xasprintf("%s/" KEPT_CONFIG_SOURCE, preparing->folder);
	CLEAN_FREE char *own = xasprintf("%s/lib/modules/%s/config", preparing->root, release);

	if (!source)
		return 0;
	int r = folder_make(boot, e);
	if (r == 0)
		r = file_write(path, text.buf, text.length, e);
	if (r == 0)
		r = file_write(own, text.buf, text.length, e);
	return r == 0 ? file_write(words, source, strlen(source), e) : r;
}

/* ---- modules ---- */

static int take_modules(struct preparing *preparing, struct err *e)
{
	const char *given = preparing->subject->modules_given;
	struct package_found found;
	struct stat st;

	if (!given)
		return 0;
	int r = stat(given, &st) < 0 ? err_set(e, BLAME_USER, errno, "%s: %m", given) : 0;
	if (r == 0)
		r = S_ISDIR(st.st_mode)
			    ? package_copy(given, preparing->root, preparing->p, &found, e)
			    : package_unpack(given, preparing->root, preparing->p, &found, e);
	if (r == 0 && found.unpacked > 0)
		preparing->has_new_names = true;
	if (r == 0 && found.files == 0)
		r = err_set(e, BLAME_USER, ENODATA,
			    "--modules %s: no modules were found in it: there has to be "
			    "lib/modules/RELEASE, or in a folder that release's own content",
			    given);
	return r;
}

static int of_another(const struct preparing *preparing, const char *other, struct err *e)
{
	const char *given = preparing->subject->modules_given;

	return err_set(e, BLAME_USER, EINVAL,
		       "the modules%s%s are of kernel %.100s, and %s is kernel %s: give those that "
		       "were built with it",
		       given ? " in " : "", given ? given : "", other, preparing->subject->name,
		       preparing->image.release);
}

/* A folder without a release in its path was taken under its own name; the modules themselves say what they are of. */
static int name_modules(struct preparing *preparing, const char *folder, struct err *e)
{
	CLEAN_FREE char *name = NULL;
	unsigned count = find_names(preparing->root, "lib/modules", "", &name);
	char vermagic[VERMAGIC_SIZE];

	if (count == 0)
		return 0;
	CLEAN_FREE char *found = xasprintf("%s/lib/modules/%s", preparing->root, name);
	int r = modules_vermagic(found, vermagic, e);
	if (r < 0)
		return r;
	size_t length = strcspn(vermagic, " ");
	if (count > 1 || strlen(preparing->image.release) != length ||
	    strncmp(vermagic, preparing->image.release, length) != 0) {
		vermagic[length] = '\0';
		return of_another(preparing, length > 0 ? vermagic : name, e);
	}
	return rename(found, folder) < 0 ? err_set(e, BLAME_HOST, errno, "rename %.300s: %m", found)
					 : 0;
}

static int check_vermagic(const struct preparing *preparing, const char *folder, struct err *e)
{
	char vermagic[VERMAGIC_SIZE];
	int r = modules_vermagic(folder, vermagic, e);

	if (r < 0 || vermagic[0] == '\0')
		return r;
	size_t length = strcspn(vermagic, " ");
	vermagic[length] = '\0';
	return strcmp(vermagic, preparing->image.release) == 0 ? 0
							       : of_another(preparing, vermagic, e);
}

/* The kernel itself stands there too, for whoever looks at installed kernels. */
static int make_medium(const struct preparing *preparing, const char *modules, const char *folder,
		       struct err *e)
{
	CLEAN_FREE char *kernel = xasprintf("%s/vmlinuz", folder);
	CLEAN_FREE char *medium = xasprintf("%s/" KEPT_MEDIUM, preparing->folder);
	int r = file_write(kernel, preparing->content.buf, preparing->content.length, e);

	return r == 0 ? kernel_medium_make(modules, medium, e) : r;
}

static int prepare_modules(struct preparing *preparing, struct err *e)
{
	CLEAN_FREE char *modules = xasprintf("%s/lib/modules", preparing->root);
	CLEAN_FREE char *folder = xasprintf("%s/%s", modules, preparing->image.release);
	int r = take_modules(preparing, e);

	if (r == 0 && access(folder, F_OK) < 0)
		r = name_modules(preparing, folder, e);
	bool has_modules = r == 0 && access(folder, F_OK) == 0;
	if (has_modules)
		r = check_vermagic(preparing, folder, e);
	if (r == 0 && has_modules)
		r = modules_index(preparing->root, preparing->image.release,
				  preparing->has_new_names, preparing->p, e);
	if (r == 0)
		r = folder_make(folder, e);
	if (r == 0)
		r = keep_config(preparing, e); /* among them, before they go onto the medium */
	return r == 0 ? make_medium(preparing, modules, folder, e) : r;
}

static int make_new(struct preparing *preparing, const char *kernels, struct err *e)
{
	preparing->folder = xasprintf("%s/" NEW_FOLDER, kernels);
	if (!mkdtemp(preparing->folder)) {
		free(STEAL_PTR(preparing->folder));
		return err_set(e, BLAME_HOST, errno, "make a folder in %s: %m", kernels);
	}
	preparing->root = xasprintf("%s/" KEPT_ROOT, preparing->folder);
	CLEAN_FREE char *lock = xasprintf("%s/" KEPT_LOCK, preparing->folder);
	int r = folder_make(preparing->root, e);
	if (r < 0)
		return r;
	preparing->lock_fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (preparing->lock_fd < 0 || flock(preparing->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, BLAME_HOST, errno, "lock %.300s: %m", lock);
	return 0;
}

/* Another process may have made the same one meanwhile: then that is it. */
static int publish(struct preparing *preparing, const char *folder, struct err *e)
{
	if (rename(preparing->folder, folder) == 0) {
		free(STEAL_PTR(preparing->folder));
		return 0;
	}
	return errno == EEXIST || errno == ENOTEMPTY
		       ? 0
		       : err_set(e, BLAME_HOST, errno, "rename %.300s: %m", preparing->folder);
}

int prepare_kernel(const struct kernel_subject *kernel, const char *kernels, const char *folder,
		   const struct patience *p, struct err *e)
{
	CLEAN_DONE(preparing)
	struct preparing preparing = {
		.subject = kernel, .p = p, .content = TEXT_INIT(BZIMAGE_MAX), .lock_fd = -1};
	int r = make_new(&preparing, kernels, e);

	if (r == 0)
		r = take_kernel(&preparing, e);
	if (r == 0)
		r = keep_kernel(&preparing, e);
	if (r == 0)
		r = prepare_modules(&preparing, e);
	if (r == 0)
		r = publish(&preparing, folder, e);
	return r;
}

/* ---- keeping it small ---- */

struct kept {
	char *path; /* owned */
	uint64_t bytes;
	struct timespec used;
};
DEFINE_VEC(kepts, struct kept);

static int compare_kept(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec > y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec > y->used.tv_nsec ? -1 : x->used.tv_nsec < y->used.tv_nsec;
}

static void list_kept(const char *parent, struct kepts *ret)
{
	DIR *dir = opendir(parent);

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		CLEAN_FREE char *path = xasprintf("%s/%s", parent, entry->d_name);
		CLEAN_FREE char *lock = xasprintf("%s/" KEPT_LOCK, path);
		struct stat st;
		if (stat(lock, &st) < 0)
			continue;
		struct kept kept = {.path = path, .bytes = folder_usage(path), .used = st.st_mtim};
		if (vec_add(ret, kept))
			path = NULL;
	}
	if (dir)
		(void)closedir(dir);
	if (ret->count > 0)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_kept);
}

static const char *const kept_folders[] = {KEPT_FOLDER, KEPT_BUILDS, KEPT_SOURCES};

void kernels_measure(const char *cache, struct kernels_size *ret)
{
	*ret = (struct kernels_size){0};
	for (size_t i = 0; i < ARRAY_LEN(kept_folders); i++) {
		CLEAN_FREE char *parent = xasprintf("%s/%s", cache, kept_folders[i]);
		struct kepts kepts = VEC_INIT(KERNELS_LISTED);
		list_kept(parent, &kepts);
		/* What they are built in is no kernel. */
		ret->count += strcmp(kept_folders[i], KEPT_SOURCES) == 0 ? 0 : kepts.count;
		vec_each (&kepts, kept) {
			ret->bytes += kept->bytes;
			free(kept->path);
		}
		vec_done(&kepts);
	}
}

static int remove_unused(const struct kept *kept, uint64_t *ret_freed, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" KEPT_LOCK, kept->path);
	CLEAN_FD int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0; /* a run has it */
	(void)unlink(path);
	*ret_freed += kept->bytes;
	return folder_remove(kept->path, e);
}

int kept_prune(const char *parent, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
{
	struct kepts kepts = VEC_INIT(KERNELS_LISTED);
	uint64_t bytes = 0;
	int r = 0;

	list_kept(parent, &kepts);
	vec_each (&kepts, kept) {
		bytes += kept->bytes;
		if (r == 0 && bytes > max_bytes)
			r = remove_unused(kept, ret_freed, e);
		free(kept->path);
	}
	vec_done(&kepts);
	return r;
}

int kernels_prune(const char *cache, uint64_t max_bytes, uint64_t *ret_freed, struct err *e)
{
	int r = 0;

	*ret_freed = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(kept_folders); i++) {
		CLEAN_FREE char *parent = xasprintf("%s/%s", cache, kept_folders[i]);
		r = kept_prune(parent, max_bytes, ret_freed, e);
	}
	return r;
}
