/* SPDX-License-Identifier: Apache-2.0 */
/* A filesystem behind an agent's calls. What the agent says is foreign. */
#include "host/image/remote.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/vec.h"

#define PIECE		(256U << 10)
#define FILES_MAX	TREE_ENTRIES_MAX
#define AHEAD_MAX	65536 /* folders that were listed before they were asked for */
#define CONTINUE_MAX	1000  /* replies for one folder */
#define BUCKETS		4096U
#define PIECES_TEXT_MAX (60U << 10) /* the question must fit into what its way takes */

/* A folder whose entries came before they were asked for: records of call_volume.c. */
struct ahead {
	char *path; /* owned; NULL: handed out already */
	char *records;
	size_t length;
	uint32_t next; /* in its bucket: number + 1, 0 ends */
};

DEFINE_VEC(path_vec, char *);
DEFINE_VEC(ahead_vec, struct ahead);

struct remote {
	struct volume volume;
	const struct remote_channel *channel;
	char offset[24]; /* the agent's name for it: where its first byte lies */
	struct tree_stat root;
	char subvolume[TREE_PATH_MAX];
	struct path_vec paths; /* a file's handle is its number here */
	struct ahead_vec ahead;
	uint32_t buckets[BUCKETS]; /* by path: number + 1 of the newest in `ahead` */
	/* The piece that was read last. */
	struct text piece;
	uint64_t piece_handle, piece_at;
	bool has_piece;
};

static struct remote *of(struct volume *volume)
{
	return (struct remote *)(void *)volume;
}

static int ask(const struct remote *remote, const char *verb, const char *const *arguments,
	       struct text *reply)
{
	text_clear(reply);
	return remote->channel->call(remote->channel->arg, verb, arguments, reply);
}

static const char *path_of(const struct remote *remote, uint64_t handle)
{
	return handle < remote->paths.count ? remote->paths.items[handle] : NULL;
}

/* ---- records ---- */

/* Takes the next record, which is terminated; NULL at the end or when the last one is not whole. */
static const char *next_record(const char **at, const char *end)
{
	const char *record = *at,
		   *zero = record < end ? memchr(record, '\0', (size_t)(end - record)) : NULL;

	if (!zero || zero == record)
		return NULL;
	*at = zero + 1;
	return record;
}

/* "E<mode> <uid> <gid> <links> <size> <inode> <mtime> <name>" */
static const char *parse_entry(const char *record, struct tree_stat *ret)
{
	unsigned long long size, inode;
	long long mtime;
	int at = 0;

	*ret = (struct tree_stat){0};
	if (record[0] != 'E' ||
	    sscanf(record, "E%o %u %u %u %llu %llu %lld%n", &ret->mode, &ret->uid, &ret->gid,
		   &ret->links, &size, &inode, &mtime, &at) != 7 ||
	    record[at] != ' ')
		return NULL;
	ret->size = size;
	ret->inode = inode;
	ret->mtime_s = mtime;
	const char *name = record + at + 1;
	return *name && strlen(name) <= VOLUME_NAME_MAX ? name : NULL;
}

/* ---- folders that came ahead ---- */

static uint32_t *bucket(struct remote *remote, const char *path)
{
	uint32_t hash = 2166136261U;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619U;
	return &remote->buckets[hash % BUCKETS];
}

static void keep_ahead(struct remote *remote, const char *path, const char *records,
		       const char *end)
{
	struct ahead ahead = {.length = (size_t)(end - records)};

	if (remote->ahead.count == AHEAD_MAX)
		return;
	ahead.path = xstrdup(path);
	ahead.records = xnew(ahead.length + 1);
	memcpy(ahead.records, records, ahead.length);
	ahead.next = *bucket(remote, path);
	if (vec_add(&remote->ahead, ahead))
		*bucket(remote, path) = (uint32_t)remote->ahead.count;
}

static void ahead_done(struct ahead *ahead)
{
	free(ahead->path);
	free(ahead->records);
	*ahead = (struct ahead){0};
}

static bool take_ahead(struct remote *remote, const char *path, struct ahead *ret)
{
	for (uint32_t number = *bucket(remote, path); number;) {
		struct ahead *ahead = &remote->ahead.items[number - 1];
		number = ahead->next;
		if (!ahead->path || strcmp(ahead->path, path) != 0)
			continue;
		*ret = *ahead;
		ahead->path = ahead->records = NULL;
		return true;
	}
	return false;
}

/* The last folder of a reply may have been broken off: then it is asked for again. */
static bool is_whole(const char *at, const char *end)
{
	const char *record;

	while ((record = next_record(&at, end)) != NULL)
		if (record[0] == 'M')
			return false;
	return true;
}

/* Splits a reply into folders. The first is what was asked for; gives how much of the reply is its. */
static size_t split_reply(struct remote *remote, const struct text *reply)
{
	const char *at = reply->buf, *end = reply->buf + reply->length, *record, *path = NULL,
		   *records = NULL;
	size_t first = reply->length;
	bool is_first = true;

	while ((record = next_record(&at, end)) != NULL) {
		if (record[0] != 'D')
			continue;
		if (path && !is_first)
			keep_ahead(remote, path, records, record);
		if (path && is_first) {
			first = (size_t)(record - reply->buf);
			is_first = false;
		}
		path = record + 1;
		records = at;
	}
	if (path && !is_first && is_whole(records, end))
		keep_ahead(remote, path, records, end);
	return first;
}

/* ---- the ops ---- */

struct listing {
	struct remote *remote;
	const char *folder;
	volume_entry_fn *entry;
	void *arg;
	long long more; /* where the folder goes on; 0: it does not */
	int error;
};

static int give_entry(struct listing *listing, const char *record)
{
	struct remote *remote = listing->remote;
	struct tree_stat stat;
	const char *name = parse_entry(record, &stat);

	if (!name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EBADMSG;
	char *path = xasprintf("%s/%s", listing->folder[1] ? listing->folder : "", name);
	if (!vec_add(&remote->paths, path)) {
		free(path);
		return -E2BIG;
	}
	return listing->entry(listing->arg, name, strlen(name), remote->paths.count - 1, &stat);
}

static int give_records(struct listing *listing, const char *records, size_t length)
{
	const char *at = records, *record;
	long long number;
	int r = 0;

	listing->more = 0;
	while (r == 0 && (record = next_record(&at, records + length)) != NULL) {
		if (record[0] == 'E')
			r = give_entry(listing, record);
		else if (record[0] == 'M' && number_parse(record + 1, 1, FILES_MAX, &number) == 0)
			listing->more = number;
		else if (record[0] == 'X' && number_parse(record + 1, 1, 4095, &number) == 0)
			listing->error = -(int)number;
	}
	return r;
}

static int list_by_asking(struct listing *listing)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(REMOTE_REPLY_MAX);
	char skip[24] = "0";
	int r = 0;

	for (unsigned i = 0; i < CONTINUE_MAX && r == 0; i++) {
		const char *arguments[] = {listing->remote->offset, listing->folder, skip, NULL};
		r = ask(listing->remote, "volume-list", arguments, &reply);
		if (r < 0)
			return r;
		r = give_records(listing, reply.buf, split_reply(listing->remote, &reply));
		if (r != 0 || listing->more == 0)
			break;
		(void)snprintf(skip, sizeof skip, "%lld", listing->more);
	}
	return r != 0 || listing->more == 0 ? r : -E2BIG;
}

static int remote_list(struct volume *volume, uint64_t handle, volume_entry_fn *entry, void *arg)
{
	struct listing listing = {.remote = of(volume), .entry = entry, .arg = arg};
	struct ahead ahead;
	int r;

	if (!path_of(of(volume), handle))
		return -EINVAL;
	CLEAN_FREE char *folder =
		xstrdup(path_of(of(volume), handle)); /* the vector moves while it grows */
	listing.folder = folder;
	if (take_ahead(of(volume), folder, &ahead)) {
		r = give_records(&listing, ahead.records, ahead.length);
		ahead_done(&ahead);
	} else {
		r = list_by_asking(&listing);
	}
	return r ? r : listing.error ? -EBADMSG : 0;
}

/* Only the root is asked for: all others came with their folder. */
static int remote_stat(struct volume *volume, uint64_t handle, struct tree_stat *ret)
{
	if (handle != 0)
		return -ENOTSUP;
	*ret = of(volume)->root;
	return 0;
}

static int fetch_piece(struct remote *remote, uint64_t handle, uint64_t at)
{
	char from[24], size[24];
	const char *arguments[] = {remote->offset, path_of(remote, handle), from, size, NULL};

	if (!arguments[1])
		return -EINVAL;
	(void)snprintf(from, sizeof from, "%llu", (unsigned long long)at);
	(void)snprintf(size, sizeof size, "%u", PIECE);
	remote->has_piece = false;
	int r = ask(remote, "volume-read", arguments, &remote->piece);
	if (r < 0)
		return r;
	remote->has_piece = true;
	remote->piece_handle = handle;
	remote->piece_at = at;
	return 0;
}

static ssize_t remote_read(struct volume *volume, uint64_t handle, uint64_t offset, void *buf,
			   size_t size)
{
	struct remote *remote = of(volume);
	uint64_t at = offset / PIECE * PIECE, within = offset - at;

	if (!remote->has_piece || remote->piece_handle != handle || remote->piece_at != at) {
		int r = fetch_piece(remote, handle, at);
		if (r < 0)
			return r;
	}
	if (within >= remote->piece.length)
		return 0;
	size_t n = remote->piece.length - (size_t)within < size
			   ? remote->piece.length - (size_t)within
			   : size;
	memcpy(buf, remote->piece.buf + within, n);
	return (ssize_t)n;
}

static ssize_t take_reply(const struct text *reply, void *buf, size_t size)
{
	if (size > 0 && reply->length > size)
		return -ERANGE;
	memcpy(buf, reply->buf, size > 0 ? reply->length : 0);
	return (ssize_t)reply->length;
}

static ssize_t remote_readlink(struct volume *volume, uint64_t handle, char *buf, size_t size)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(TREE_PATH_MAX);
	const char *arguments[] = {of(volume)->offset, path_of(of(volume), handle), NULL};

	if (!arguments[1])
		return -EINVAL;
	int r = ask(of(volume), "volume-readlink", arguments, &reply);
	return r < 0 ? r : take_reply(&reply, buf, size);
}

static ssize_t remote_xattr(struct volume *volume, uint64_t handle, const char *name, void *buf,
			    size_t size)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(65536);
	const char *arguments[] = {of(volume)->offset, path_of(of(volume), handle), name, NULL};

	if (!arguments[1])
		return -EINVAL;
	int r = ask(of(volume), "volume-xattr", arguments, &reply);
	return r < 0 ? r : take_reply(&reply, buf, size);
}

static void remote_free(struct volume *volume)
{
	struct remote *remote = of(volume);

	vec_each (&remote->paths, path)
		free(*path);
	vec_done(&remote->paths);
	vec_each (&remote->ahead, ahead)
		ahead_done(ahead);
	vec_done(&remote->ahead);
	text_done(&remote->piece);
	free(remote);
}

static const struct volume_ops remote_ops = {
	.list = remote_list,
	.stat = remote_stat,
	.read = remote_read,
	.readlink = remote_readlink,
	.xattr = remote_xattr,
	.free = remote_free,
};

/* ---- opening ---- */

bool remote_knows(const char *type)
{
	static const char *const types[] = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Of one piece the agent needs to know no more than where it lies. */
static int ask_to_mount(struct remote *remote, const char *type, const struct span *span,
			struct text *reply)
{
	CLEAN_TEXT struct text pieces = TEXT_INIT(PIECES_TEXT_MAX);
	char length[24];
	const char *arguments[] = {remote->offset, length, type, NULL, NULL};

	(void)snprintf(remote->offset, sizeof remote->offset, "%llu",
		       (unsigned long long)span_start(span));
	(void)snprintf(length, sizeof length, "%llu", (unsigned long long)span_size(span));
	if (!span_is_range(span)) {
		span_describe(span, &pieces);
		arguments[3] = pieces.buf;
	}
	return pieces.overflowed ? -E2BIG : ask(remote, "volume-mount", arguments, reply);
}

/* The root's entry, and perhaps "S<path>": the subvolume that is mounted where none is named. */
static int take_mounted(struct remote *remote, const struct text *reply)
{
	const char *at = reply->buf, *end = reply->buf + reply->length, *record;

	record = next_record(&at, end);
	if (!record || !parse_entry(record, &remote->root))
		return -EBADMSG;
	record = next_record(&at, end);
	if (!record || record[0] != 'S')
		return 0;
	if (record[1] != '/' || strlen(record + 1) >= sizeof remote->subvolume)
		return -EBADMSG;
	(void)snprintf(remote->subvolume, sizeof remote->subvolume, "%s", record + 1);
	remote->volume.subvolume = remote->subvolume;
	return 0;
}

int remote_open(const struct remote_channel *channel, const char *type, const struct span *span,
		struct volume **ret)
{
	struct remote *remote = xnew(sizeof *remote);
	CLEAN_TEXT struct text reply = TEXT_INIT(REMOTE_REPLY_MAX);

	*remote = (struct remote){
		.volume = {.ops = &remote_ops},
		.channel = channel,
		.paths = VEC_INIT(FILES_MAX),
		.ahead = VEC_INIT(AHEAD_MAX),
		.piece = TEXT_INIT(REMOTE_REPLY_MAX),
	};
	(void)vec_add(&remote->paths, xstrdup("/"));
	int r = ask_to_mount(remote, type, span, &reply);
	if (r == 0)
		r = take_mounted(remote, &reply);
	if (r < 0) {
		remote_free(&remote->volume);
		return r;
	}
	*ret = &remote->volume;
	return 0;
}
