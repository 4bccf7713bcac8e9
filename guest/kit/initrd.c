// SPDX-License-Identifier: Apache-2.0
// What is inside of an initrd.
#include "guest/kit/initrd.h"

#include "guest/kit/cpio.h"

#define CHUNK	    65536
#define SECRETS_MAX 65536
#define PARTS_MAX   16

/* What was read last. An audit runs its cases one after another in one process, and four of them read the same initrd. */
static struct {
	char path[256];
	struct tree *tree;
	struct tree_stat stat;
	struct text names, secrets;
	struct initrd initrd;
} kept = {.names = TEXT_INIT(INITRD_NAMES_MAX), .secrets = TEXT_INIT(SECRETS_MAX)};

struct reader {
	struct tree *tree;
	const char *path;
	struct cpio cpio;
};

static const char *secret_in(const struct cpio_entry *entry)
{
	static const char *const marks[] = {"PRIVATE KEY-----", "PuTTY-User-Key-File-"};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (memmem(entry->content, entry->kept, marks[i], strlen(marks[i])))
			return "a private key";
	if (has_suffix(entry->name, "/authorized_keys") && entry->size > 0)
		return "keys that may log in";
	/* A hash has a second '$' behind its kind; "root:*:" and "root:!:" are locked. */
	const char *hash =
		has_suffix(entry->name, "etc/shadow") ? strstr(entry->content, ":$") : NULL;
	if (hash && strchr(hash + 2, '$'))
		return "a password hash";
	return has_suffix(entry->name, ".netrc") && entry->size > 0 ? "stored passwords" : NULL;
}

static void on_entry(void *arg UNUSED, const struct cpio_entry *entry)
{
	const char *name = entry->name;

	while (name[0] == '.' && name[1] == '/')
		name += 2;
	name += strspn(name, "/");
	(void)text_addf(&kept.names, "/%s\n", name);
	kept.initrd.count++;
	const char *secret = S_ISREG(entry->mode) ? secret_in(entry) : NULL;
	if (secret)
		(void)text_addf(&kept.secrets, "/%s: %s\n", name, secret);
}

static ssize_t read_file_at(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct reader *reader = arg;

	return tree_pread(reader->tree, reader->path, offset, buf, size);
}

/* An initrd inside of an initrd does not exist: what is no archive behind an archive is damage here. */
static int take_unpacked(void *arg, const void *bytes, size_t length)
{
	struct reader *reader = arg;
	long used = cpio_feed(&reader->cpio, bytes, length);

	return used < 0 ? (int)used : (size_t)used == length ? 0 : -EBADMSG;
}

/* Feeds the file as it is, from *at on, until something begins that is no archive, or it ends. */
static int read_plain(struct reader *reader, uint64_t *at)
{
	char chunk[CHUNK];

	cpio_init(&reader->cpio, on_entry, NULL);
	for (;;) {
		ssize_t got = read_file_at(reader, *at, chunk, sizeof chunk);
		if (got <= 0)
			return (int)got;
		long used = cpio_feed(&reader->cpio, chunk, (size_t)got);
		if (used < 0)
			return (int)used;
		*at += (uint64_t)used;
		if (used < got)
			return 0;
	}
}

static int read_compressed(struct reader *reader, uint64_t *at)
{
	uint64_t end;
	int r = initrd_segment_end(read_file_at, reader, *at, &end);

	if (r < 0)
		return r;
	cpio_init(&reader->cpio, on_entry, NULL);
	r = initrd_unpack(read_file_at, reader, *at, end, take_unpacked, reader);
	*at = end;
	return r;
}

/* Parts begin at multiples of four, with zeroes between them. Gives whether another one begins, and how. */
static int next_part(struct reader *reader, uint64_t *at, bool *ret_plain)
{
	char chunk[512];

	for (;;) {
		ssize_t got = read_file_at(reader, *at, chunk, sizeof chunk);
		if (got <= 0)
			return (int)got;
		size_t zeroes = 0;
		while (zeroes < (size_t)got && chunk[zeroes] == '\0')
			zeroes++;
		*at += zeroes;
		*ret_plain = chunk[zeroes % sizeof chunk] == '0';
		if (zeroes < (size_t)got)
			return 1;
	}
}

static int read_all(struct reader *reader)
{
	uint64_t at = 0;
	bool is_plain = false;
	int r = 0;

	for (unsigned part = 0; part < PARTS_MAX; part++) {
		r = next_part(reader, &at, &is_plain);
		if (r <= 0)
			break;
		r = is_plain ? read_plain(reader, &at) : read_compressed(reader, &at);
		if (r == 0 && !cpio_is_complete(&reader->cpio))
			r = -EBADMSG;
		if (r < 0)
			break;
	}
	if (r == 0 && kept.initrd.count == 0)
		return -EBADMSG;
	return r == 0 && kept.names.overflowed ? -EFBIG : r;
}

static bool is_kept(struct tree *tree, const char *path, const struct tree_stat *stat)
{
	return kept.tree == tree && strcmp(kept.path, path) == 0 && kept.stat.size == stat->size &&
	       kept.stat.inode == stat->inode && kept.stat.mtime_s == stat->mtime_s;
}

static void forget(void)
{
	text_done(&kept.names);
	text_done(&kept.secrets);
	kept.initrd = (struct initrd){0};
	kept.tree = NULL;
}

static int read_into_kept(struct trial *t, const char *path, const struct tree_stat *stat)
{
	struct reader *reader = case_alloc(t, sizeof *reader);

	forget();
	reader->tree = case_tree(t);
	reader->path = path;
	int r = read_all(reader);
	if (r < 0) {
		forget();
		return r;
	}
	kept.initrd.names = kept.names.buf;
	kept.initrd.secrets = kept.secrets.buf;
	kept.tree = case_tree(t);
	kept.stat = *stat;
	(void)snprintf(kept.path, sizeof kept.path, "%s", path);
	return 0;
}

const struct initrd *initrd_read(struct trial *t, const char *path)
{
	struct tree_stat stat;

	REQUIRE(t, file_stat(t, path, &stat));
	if (is_kept(case_tree(t), path, &stat))
		return &kept.initrd;
	int r = read_into_kept(t, path, &stat);
	if (r == -ENOTSUP)
		case_skip(t, "image:file", "%s is compressed in a way that cannot be undone here",
			  path);
	errno = -r;
	if (r == -EBADMSG)
		FAIL(t, "%s is damaged: it is no complete archive", path);
	REQUIRE_EQ(t, r, 0);
	return &kept.initrd;
}

/* ---- sabotage ---- */

static void add_padding(struct text *out)
{
	while (out->length % 4 != 0)
		(void)text_add(out, "", 1);
}

static void add_entry(struct text *out, unsigned number, unsigned mode, const char *name,
		      const char *content)
{
	(void)text_addf(out, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", number,
			mode, 0, 0, 1, 0, strlen(content), 0, 0, 0, 0, strlen(name) + 1, 0);
	(void)text_add(out, name, strlen(name) + 1);
	add_padding(out);
	(void)text_adds(out, content);
	add_padding(out);
}

void initrd_sabotage(struct trial *t, const char *path, const struct initrd_file *files,
		     size_t count)
{
	CLEAN_TEXT struct text archive = TEXT_INIT(CHUNK);

	for (size_t i = 0; i < count; i++)
		add_entry(&archive, (unsigned)i + 1, S_IFREG | 0600, files[i].name,
			  files[i].content);
	add_entry(&archive, 0, 0, "TRAILER!!!", "");
	tree_plant_file(case_tree(t), path, archive.buf, archive.length, 0600, 0);
}
