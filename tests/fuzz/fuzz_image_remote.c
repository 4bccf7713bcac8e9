/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent in a micro-VM says of a filesystem: every answer is the input. */
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "host/image/remote.h"

#define ENTRIES_MAX 500

struct agent {
	const uint8_t *data;
	size_t size;
	unsigned asked;
};

struct visit {
	struct volume *volume;
	unsigned *left, depth;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int call(void *arg, const char *verb, const char *const *arguments, struct text *reply)
{
	struct agent *agent = arg;

	(void)arguments;
	if (strcmp(verb, "volume-mount") == 0)
		return text_add(reply, "E40755 0 0 2 0 1 0 /", 21);
	if (++agent->asked > ENTRIES_MAX)
		return -EIO;
	return text_add(reply, (const char *)agent->data, agent->size);
}

static int visit_entry(void *arg, const char *name, size_t length, uint64_t handle,
		       const struct tree_stat *stat)
{
	const struct visit *visit = arg;
	char piece[100];

	if (length == 0 || length > VOLUME_NAME_MAX || memchr(name, '/', length))
		abort();
	if (--*visit->left == 0)
		return -E2BIG;
	(void)visit->volume->ops->read(visit->volume, handle, 3, piece, sizeof piece);
	(void)visit->volume->ops->readlink(visit->volume, handle, piece, sizeof piece);
	if (!S_ISDIR(stat->mode) || visit->depth == 4)
		return 0;
	struct visit deeper = {visit->volume, visit->left, visit->depth + 1};
	int r = visit->volume->ops->list(visit->volume, handle, visit_entry, &deeper);
	return r == -E2BIG ? r : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent agent = {data, size, 0};
	const struct remote_channel channel = {call, &agent};
	const struct chunk_source disk = {.size = 1 << 20}; /* nothing of it is read here */
	CLEANUP(chunks) struct chunks *chunks = chunks_new(&disk);
	CLEANUP(span) struct span *span = span_of_range(chunks, 0, 1 << 20);
	CLEANUP(volume) struct volume *volume = NULL;
	unsigned left = ENTRIES_MAX;

	if (remote_open(&channel, "xfs", span, &volume) < 0)
		abort();
	struct visit visit = {volume, &left, 0};
	(void)volume->ops->list(volume, volume->root, visit_entry, &visit);
	return 0;
}
