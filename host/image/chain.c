/* SPDX-License-Identifier: Apache-2.0 */
/* An image's files, followed from the image down its backing chain. */
#include "host/image/chain.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/json.h"
#include "host/image/digest.h"
#include "host/image/memory.h"
#include "host/image/qemu_img.h"
#include "host/image/recognise.h"

#define INFORMATION_MAX	 (1U << 20)
#define INFORMATION_WHAT "info-1" /* one more whenever what is kept changes */

/* What one step down the chain needs. */
struct step {
	const struct image_options *options;
	const struct patience *p;
	const char *shown;  /* how the file is called in messages */
	const char *folder; /* of the image: backing files lie in it */
};

static ssize_t read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = pread(fd, (char *)buf + got, size - got, (off_t)(offset + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int open_file(const char *path, const char *shown, struct stat *ret_st, struct err *e)
{
	/* Non-blocking: a pipe without a writer must not stop us. */
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, BLAME_USER, ENOENT, "%.300s does not exist; check the path",
			       shown);
	if (fd < 0)
		return err_set(e, BLAME_USER, errno, "%.300s cannot be opened: %m", shown);
	if (fstat(fd, ret_st) < 0)
		return err_set(e, BLAME_HOST, errno, "look at %.300s: %m", shown);
	if (S_ISDIR(ret_st->st_mode))
		return err_set(e, BLAME_USER, EISDIR,
			       "%.300s is a directory; name the image file in it", shown);
	if (!S_ISREG(ret_st->st_mode))
		return err_set(e, BLAME_USER, EINVAL,
			       "%.300s is not a regular file; copy the disk into a file first",
			       shown);
	return STEAL_FD(fd);
}

/* "<shown> <problem>; <remedy with the path in it>". */
static int refuse(const struct content *content, const char *shown, struct err *e)
{
	const char *hole = strstr(content->remedy, "%s");

	if (!hole)
		return err_set(e, BLAME_USER, EMEDIUMTYPE, "%.200s %s; %s", shown, content->problem,
			       content->remedy);
	return err_set(e, BLAME_USER, EMEDIUMTYPE, "%.150s %s; %.*s%.150s%s", shown,
		       content->problem, (int)(hole - content->remedy), content->remedy, shown,
		       hole + 2);
}

static int recognise_file(int fd, uint64_t size, const char *shown, struct content *ret,
			  struct err *e)
{
	CLEAN_FREE unsigned char *head = xnew(SAMPLE_HEAD);
	unsigned char tail[SAMPLE_TAIL];
	struct sample sample = {.head = head, .file_size = size};
	ssize_t n = read_at(fd, head, SAMPLE_HEAD, 0);

	if (n < 0)
		return err_set(e, BLAME_HOST, (int)-n, "read %.300s: %m", shown);
	sample.head_size = (size_t)n;
	if (size >= SAMPLE_TAIL) {
		n = read_at(fd, tail, sizeof tail, size - SAMPLE_TAIL);
		if (n == (ssize_t)sizeof tail)
			sample.tail = tail;
	}
	recognise(&sample, ret);
	return ret->format[0] ? 0 : refuse(ret, shown, e);
}

/* What qemu-img tells of a file. */
struct information {
	uint64_t virtual_size;
	bool encrypted;
	char backing[PATH_MAX], backing_format[12];
};

static int parse_information(const char *json, struct information *ret)
{
	json_error_t error;
	json_t *root = json_loads(json, 0, &error);
	const char *backing = json_string_value(json_object_get(root, "backing-filename"));
	const char *format = json_string_value(json_object_get(root, "backing-filename-format"));
	json_int_t size = json_integer_value(json_object_get(root, "virtual-size"));
	int r = 0;

	*ret = (struct information){0};
	ret->virtual_size = (uint64_t)size;
	ret->encrypted = json_is_true(json_object_get(root, "encrypted"));
	if (!root || size <= 0 || (backing && strlen(backing) >= sizeof ret->backing))
		r = -EBADMSG;
	if (r == 0 && backing)
		(void)snprintf(ret->backing, sizeof ret->backing, "%s", backing);
	if (r == 0 && format)
		(void)snprintf(ret->backing_format, sizeof ret->backing_format, "%s", format);
	json_decref(root);
	return r;
}

/* The format is told to qemu-img, which therefore never guesses it: guest data cannot pose as a header. */
static int ask_qemu_img(const struct image_file *file, const struct step *step, struct text *ret,
			struct err *e)
{
	const char *argv[] = {"qemu-img", "info",	"--output=json", "--force-share",
			      "-f",	  file->format, file->path,	 NULL};
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(INFORMATION_MAX);
	int r = qemu_img_ok(argv, step->p, &out, e);

	if (r == -EIO) {
		e->blame = BLAME_USER;
		return err_wrap(e, "%.150s cannot be read as %s", step->shown, file->format);
	}
	if (r == 0)
		(void)text_adds(ret, out.stdout_text.buf);
	return r;
}

/* What qemu-img says of a content is remembered by the digest: `said` stays empty when that was so. */
static int ask_information(const struct image_file *file, const struct step *step,
			   struct text *said, struct information *ret, struct err *e)
{
	CLEAN_TEXT struct text known = TEXT_INIT(INFORMATION_MAX);
	bool is_known =
		memory_recall(step->options->cache_folder, file->digest, INFORMATION_WHAT, &known);
	int r = is_known ? 0 : ask_qemu_img(file, step, said, e);

	if (r < 0)
		return r;
	if (parse_information(is_known ? known.buf : said->buf, ret) < 0)
		return err_set(e, BLAME_HOST, EBADMSG, "%.300s: qemu-img says nothing usable of it",
			       step->shown);
	if (ret->encrypted)
		return err_set(e, BLAME_USER, EMEDIUMTYPE,
			       "%.300s is encrypted; Assay has no key; give it the decrypted disk",
			       step->shown);
	return 0;
}

/* The description of one file, without the closing bracket: it is read only and, `alone`, without what backs it. */
static void describe_file(const struct image_file *file, const char *node, bool alone,
			  struct text *out)
{
	json_open(out, '{');
	json_member(out, "driver", file->format);
	if (node)
		json_member(out, "node-name", node);
	json_key(out, "read-only");
	json_bool(out, true);
	json_key(out, "file");
	json_open(out, '{');
	json_member(out, "driver", "file");
	json_member(out, "filename", file->path);
	json_key(out, "read-only");
	json_bool(out, true);
	json_close(out, '}');
	if (alone && strcmp(file->format, "qcow2") == 0)
		json_member(out, "backing", NULL);
}

/*
 * Do the format's own tables hold together, and does everything they name lie in the file? Leaks are harmless. Unlike
 * `info`, `check` opens backing files; it must not, they have not been looked at yet.
 */
static int check_consistency(const struct image_file *file, const struct step *step, struct err *e)
{
	CLEAN_TEXT struct text description = TEXT_INIT(4 * PATH_MAX);
	CLEAN_DONE(child_output) struct child_output out = CHILD_OUTPUT_INIT(1U << 20);

	(void)text_adds(&description, "json:");
	describe_file(file, NULL, true, &description);
	json_close(&description, '}');
	const char *argv[] = {"qemu-img",      "check",		"--output=json",
			      "--force-share", description.buf, NULL};
	enum { CHECK_CORRUPT = 2, CHECK_LEAKS = 3, CHECK_NOT_SUPPORTED = 63 };

	if (strcmp(file->format, "raw") == 0 || strcmp(file->format, "vpc") == 0)
		return 0;
	int r = qemu_img(argv, step->p, &out, e);
	if (r < 0)
		return r;
	if (!WIFEXITED(out.status))
		return err_set(e, BLAME_HOST, EIO, "%.300s: qemu-img check died", step->shown);
	int code = WEXITSTATUS(out.status);
	if (code == 0 || code == CHECK_LEAKS || code == CHECK_NOT_SUPPORTED)
		return 0;
	return err_set(
		e, BLAME_USER, EBADMSG,
		"%.200s is damaged or truncated: its %s tables do not hold together; copy or "
		"download it again (details: qemu-img check -f %s FILE)",
		step->shown, file->format, file->format);
}

static void remember_identity(struct image_file *file, const struct file_identity *identity)
{
	file->device = identity->device;
	file->inode = identity->inode;
	file->size = identity->size;
	file->mtime_ns = identity->mtime_ns;
	file->ctime_ns = identity->ctime_ns;
}

static int check_and_digest(int fd, struct image_file *file, const struct file_identity *identity,
			    const struct step *step, struct err *e)
{
	const struct image_options *options = step->options;
	const struct digest_progress progress = {options->progress, options->progress_arg};
	int r = check_consistency(file, step, e);

	if (r < 0)
		return r;
	return digest_of_file(fd, step->shown, identity, options->cache_folder, step->p, &progress,
			      file->digest, e);
}

/* Opens file->path, which is resolved already. */
static int look_at_file(struct image_file *file, const struct step *step, struct information *ret,
			struct err *e)
{
	CLEAN_TEXT struct text said = TEXT_INIT(INFORMATION_MAX);
	const char *folder = step->options->cache_folder;
	struct file_identity identity;
	struct content content;
	struct stat st;
	CLEAN_FD int fd = open_file(file->path, step->shown, &st, e);

	if (fd < 0)
		return fd;
	file_identity(&st, &identity);
	remember_identity(file, &identity);
	int r = recognise_file(fd, identity.size, step->shown, &content, e);
	if (r < 0)
		return r;
	memcpy(file->format, content.format, sizeof file->format);
	*ret = (struct information){.virtual_size = file->size};
	/* A file whose digest is remembered was found to hold together when it was taken. */
	bool is_known = folder && digest_recall(folder, &identity, file->digest);
	if (strcmp(file->format, "raw") != 0)
		r = ask_information(file, step, &said, ret, e);
	if (r == 0 && !is_known)
		r = check_and_digest(fd, file, &identity, step, e);
	if (r == 0 && said.length > 0)
		memory_keep(folder, file->digest, INFORMATION_WHAT, said.buf);
	return r;
}

/* True when `path` lies in the folder or below. */
static bool is_inside(const char *path, const char *folder)
{
	size_t length = strlen(folder);

	return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Turns the name in the header into the path of the next file. It is foreign text: it must not lead to a protocol
 * driver, nor, unless allowed, out of the image's folder. */
static int resolve_backing(const struct image_file *file, const char *name, const struct step *step,
			   char **ret, struct err *e)
{
	const char *slash = strrchr(file->path, '/');
	const char *colon = strchr(name, ':'), *first_slash = strchr(name, '/');

	if (colon && (!first_slash || colon < first_slash))
		return err_set(
			e, BLAME_USER, EINVAL,
			"%.150s is backed by \"%.100s\", which is not a plain file; flatten it "
			"with: qemu-img convert",
			step->shown, name);
	if (name[0] == '/' && !step->options->allow_outside_backing)
		return err_set(
			e, BLAME_USER, EINVAL,
			"%.150s is backed by the absolute path %.150s; allow that with "
			"--allow-outside-backing, or, when both lie in one folder, name it without the folder: "
			"qemu-img rebase -u -b NAME -F FORMAT %.150s",
			step->shown, name, step->shown);
	CLEAN_FREE char *joined =
		name[0] == '/' ? xstrdup(name)
			       : xasprintf("%.*s/%s", (int)(slash - file->path), file->path, name);
	CLEAN_FREE char *real = realpath(joined, NULL);
	if (!real && errno == ENOENT)
		return err_set(e, BLAME_USER, ENOENT,
			       "%.150s needs its backing file %.150s, which does not exist; put it "
			       "there: without it the image is not whole",
			       step->shown, joined);
	if (!real)
		return err_set(e, BLAME_USER, errno, "%.150s: its backing file %.150s: %m",
			       step->shown, joined);
	if (!json_keeps(real))
		return err_set(
			e, BLAME_USER, EILSEQ,
			"%.150s: the path of its backing file, %.150s, is not UTF-8, and QEMU takes no "
			"other; rename it",
			step->shown, real);
	if (!is_inside(real, step->folder) && !step->options->allow_outside_backing)
		return err_set(
			e, BLAME_USER, EINVAL,
			"%.150s is backed by %.150s, outside of its folder; move it there, or "
			"allow that with --allow-outside-backing",
			step->shown, real);
	*ret = STEAL_PTR(real);
	return 0;
}

/* How `from` would name it: without the folder that both are in. */
static const char *name_from(const char *from, const char *path)
{
	const char *own = strrchr(from, '/'), *slash = strrchr(path, '/');

	return own && slash && own - from == slash - path &&
			       strncmp(from, path, (size_t)(slash - path)) == 0
		       ? slash + 1
		       : path;
}

/* QEMU will open the backing file as the header of the file above it says: that must be what it is. */
static int compare_formats(const struct image_file *file, const char *claimed, struct err *e)
{
	if (!claimed[0] || strcmp(claimed, file->format) == 0)
		return 0;
	const char *overlay = file[-1].path;
	return err_set(
		e, BLAME_USER, EINVAL,
		"%.150s says that its backing file is %s, but %.150s is %s; set it right with: "
		"qemu-img rebase -u -b %.150s -F %s %.150s",
		overlay, claimed, file->path, file->format, name_from(overlay, file->path),
		file->format, overlay);
}

/* The digest of a file alone is its own; that of a chain is the digest over the lines "<digest>\n", image first. */
static int combine_digests(struct image *image, struct err *e)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(IMAGE_CHAIN_MAX * DIGEST_SIZE);
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length;

	memcpy(image->digest, image->chain[0].digest, sizeof image->digest);
	if (image->chain_count == 1)
		return 0;
	for (unsigned i = 0; i < image->chain_count; i++)
		(void)text_addf(&lines, "%s\n", image->chain[i].digest);
	if (EVP_Digest(lines.buf, lines.length, bytes, &length, EVP_sha256(), NULL) != 1)
		return err_set(e, BLAME_HOST, ENOMEM, "SHA-256 failed");
	for (unsigned i = 0; i < length; i++)
		(void)snprintf(image->digest + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static bool is_in_chain(const struct image *image, const struct image_file *file)
{
	for (const struct image_file *other = image->chain; other < file; other++)
		if (other->device == file->device && other->inode == file->inode)
			return true;
	return false;
}

int chain_open(struct image *image, const struct image_options *options, const struct patience *p,
	       struct err *e)
{
	CLEAN_FREE char *folder = xstrdup(image->path), *next = xstrdup(image->path);
	struct step step = {options, p, image->path, folder};
	struct information info = {0};
	char claimed[12] = "";

	*strrchr(folder, '/') = '\0';
	while (next) {
		if (image->chain_count == IMAGE_CHAIN_MAX)
			return err_set(
				e, BLAME_USER, ELOOP,
				"%.200s has more than %d files in its backing chain; flatten it "
				"with: qemu-img convert",
				image->path, IMAGE_CHAIN_MAX);
		struct image_file *file = &image->chain[image->chain_count++];
		file->path = STEAL_PTR(next);
		step.shown = file->path;
		int r = look_at_file(file, &step, &info, e);
		if (r == 0 && is_in_chain(image, file))
			r = err_set(e, BLAME_USER, ELOOP, "%.300s is its own backing file",
				    file->path);
		if (r == 0)
			r = compare_formats(file, claimed, e);
		if (r == 0 && info.backing[0])
			r = resolve_backing(file, info.backing, &step, &next, e);
		if (r < 0)
			return image->chain_count > 1
				       ? err_wrap(e, "backing of %.100s", image->name)
				       : r;
		if (file == image->chain)
			image->virtual_size = info.virtual_size;
		memcpy(claimed, info.backing_format, sizeof claimed);
	}
	memcpy(image->format, image->chain[0].format, sizeof image->format);
	image->file_size = image->chain[0].size;
	return combine_digests(image, e);
}

void chain_done(struct image *image)
{
	for (unsigned i = 0; i < image->chain_count; i++)
		free(image->chain[i].path);
	image->chain_count = 0;
}

void chain_blockdev(const struct image *image, const char *node, struct text *out)
{
	for (unsigned i = 0; i < image->chain_count; i++) {
		const struct image_file *file = &image->chain[i];
		if (i > 0)
			json_key(out, "backing");
		describe_file(file, i == 0 ? node : NULL, i == image->chain_count - 1, out);
	}
	for (unsigned i = 0; i < image->chain_count; i++)
		json_close(out, '}');
}
