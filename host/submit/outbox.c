/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox as a folder. */
#include "host/submit/outbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "host/store/claim.h"
#include "host/store/folder.h"

#define BODY_MAX (512U << 20)

int outbox_open(struct outbox *outbox, struct err *e)
{
	int r = state_folder("outbox", &outbox->folder, e);

	return r == 0 ? folder_make(outbox->folder, e) : r;
}

void outbox_done(struct outbox *outbox)
{
	free(outbox->folder);
	outbox->folder = NULL;
}

static char *path_of(const struct outbox *outbox, const char *key, const char *ending)
{
	return xasprintf("%s/%s.%s", outbox->folder, key, ending);
}

/* The names in it are on the disk as well. */
static int flush_names(const struct outbox *outbox, struct err *e)
{
	CLEAN_FD int fd = open(outbox->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return err_set(e, BLAME_HOST, errno, "flush the folder %s: %m", outbox->folder);
	return 0;
}

int outbox_claim(const struct outbox *outbox, const char *key, int *ret, struct err *e)
{
	CLEAN_FREE char *path = path_of(outbox, key, "lock");

	return claim_take(path, ret, e);
}

void outbox_release(const struct outbox *outbox, const char *key, int *claim)
{
	CLEAN_FREE char *path = path_of(outbox, key, "lock");

	claim_drop(path, claim);
}

/* ---- one of them ---- */

int outbox_save(const struct outbox *outbox, const struct submission *it, struct err *e)
{
	CLEAN_FREE char *path = path_of(outbox, it->key, "json");
	CLEAN_TEXT struct text bytes = TEXT_INIT(SUBMISSION_MAX);

	submission_encode(it, &bytes);
	if (bytes.overflowed)
		return err_set(e, BLAME_HOST, EMSGSIZE, "%s would be too large", path);
	int r = file_write(path, bytes.buf, bytes.length, e);
	return r == 0 ? flush_names(outbox, e) : r;
}

/* First what is sent: without the other file it is nothing yet. */
int outbox_put(const struct outbox *outbox, struct submission *it, const struct text *body,
	       struct err *e)
{
	CLEAN_FREE char *path = path_of(outbox, it->key, "body");

	(void)sha256_text(body->buf, body->length, it->sha256);
	it->size = body->length;
	int r = file_write(path, body->buf, body->length, e);
	return r == 0 ? outbox_save(outbox, it, e) : r;
}

int outbox_load(const struct outbox *outbox, const char *key, struct submission *ret, struct err *e)
{
	CLEAN_FREE char *path = path_of(outbox, key, "json");
	CLEAN_TEXT struct text bytes = TEXT_INIT(SUBMISSION_MAX);
	int r = text_read_file(&bytes, path);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	r = submission_decode(bytes.buf, bytes.length, ret, e);
	if (r == 0 && strcmp(ret->key, key) != 0)
		r = err_set(e, BLAME_HOST, EBADMSG, "it is of another name");
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

int outbox_body(const struct outbox *outbox, const struct submission *it, struct text *ret,
		struct err *e)
{
	CLEAN_FREE char *path = path_of(outbox, it->key, "body");
	char sha256[SHA256_SIZE];

	text_init(ret, BODY_MAX);
	int r = text_read_file(ret, path);
	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	if (strcmp(sha256_text(ret->buf, ret->length, sha256), it->sha256) != 0)
		return err_set(e, BLAME_HOST, EBADMSG,
			       "%s is damaged: take it out by assay submit --drop %s, and submit "
			       "the run again",
			       path, it->run);
	return 0;
}

/* Last what is sent: what has only that is nothing any more. */
int outbox_remove(const struct outbox *outbox, const char *key, struct err *e)
{
	static const char *const endings[] = {"json", "body"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		CLEAN_FREE char *path = path_of(outbox, key, endings[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_set(e, BLAME_HOST, errno, "remove %s: %m", path);
	}
	return flush_names(outbox, e);
}

/* ---- all of them ---- */

/* The key in a name such as "<key>.json"; "": it is none. */
static void key_in(const char *name, char key[SHA256_SIZE])
{
	key[0] = '\0';
	if (strlen(name) != SHA256_SIZE - 1 + strlen(".json") || !has_suffix(name, ".json"))
		return;
	memcpy(key, name, SHA256_SIZE - 1);
	key[SHA256_SIZE - 1] = '\0';
	if (!is_sha256(key))
		key[0] = '\0';
}

static int by_age(const void *a, const void *b)
{
	const struct submission *one = a, *other = b;

	if (one->queued_ns != other->queued_ns)
		return one->queued_ns < other->queued_ns ? -1 : 1;
	return strcmp(one->key, other->key);
}

static int list_one(const struct outbox *outbox, const char *name, struct submissions *ret,
		    struct text *remarks, struct err *e)
{
	char key[SHA256_SIZE];
	struct submission it;
	struct err why = {0};

	key_in(name, key);
	int r = key[0] ? outbox_load(outbox, key, &it, &why) : -ENOENT;
	if (r == -ENOENT)
		return 0; /* something else, or it has just been done */
	if (r < 0)
		(void)text_addf(remarks, "%s\n", why.text);
	else if (!vec_add(ret, it))
		return err_set(e, BLAME_HOST, E2BIG, "more than %d wait in %s", OUTBOX_MAX,
			       outbox->folder);
	return 0;
}

int outbox_list(const struct outbox *outbox, struct submissions *ret, struct text *remarks,
		struct err *e)
{
	DIR *dir = opendir(outbox->folder);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return err_set(e, BLAME_HOST, errno, "look into %s: %m", outbox->folder);
	while (r == 0 && (entry = readdir(dir)))
		r = list_one(outbox, entry->d_name, ret, remarks, e);
	(void)closedir(dir);
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, by_age);
	return r;
}
