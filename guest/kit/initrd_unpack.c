// SPDX-License-Identifier: Apache-2.0
// Undoing the compression of an initrd. On the host libarchive does it; the agent in the guest has no such library.
#include "guest/kit/initrd.h"

#ifdef ASSAY_HOST_AUDIT

#include <archive.h>
#include <archive_entry.h>

#define CHUNK	     (256U << 10)
#define UNPACKED_MAX (1LL << 30)

struct input {
	initrd_source_fn *source;
	void *arg;
	uint64_t offset, end;
	char buf[CHUNK];
};

static la_ssize_t read_input(struct archive *archive, void *arg, const void **ret)
{
	struct input *input = arg;
	uint64_t left = input->end - input->offset;
	ssize_t got = input->source(input->arg, input->offset, input->buf,
				    left < CHUNK ? (size_t)left : CHUNK);

	if (got < 0) {
		archive_set_error(archive, (int)-got, "the initrd cannot be read");
		return ARCHIVE_FATAL;
	}
	input->offset += (uint64_t)got;
	*ret = input->buf;
	return got;
}

/* Only formats that are undone in this process: libarchive starts programs for others. */
static bool add_filters(struct archive *archive)
{
	int (*const add[])(struct archive *) = {
		archive_read_support_filter_gzip, archive_read_support_filter_xz,
		archive_read_support_filter_lzma, archive_read_support_filter_zstd,
		archive_read_support_filter_lz4,  archive_read_support_filter_bzip2,
	};

	for (size_t i = 0; i < ARRAY_LEN(add); i++)
		if (add[i](archive) == ARCHIVE_FATAL)
			return false;
	return archive_read_support_format_raw(archive) == ARCHIVE_OK;
}

static int pump(struct archive *archive, initrd_sink_fn *sink, void *arg)
{
	struct archive_entry *entry;
	const void *block;
	size_t length;
	la_int64_t at;
	int r;

	if (archive_read_next_header(archive, &entry) != ARCHIVE_OK)
		return -EBADMSG;
	if (archive_filter_count(archive) < 2)
		return -ENOTSUP; /* no filter knew it: it would be given as it is */
	while ((r = archive_read_data_block(archive, &block, &length, &at)) == ARCHIVE_OK) {
		if (at + (la_int64_t)length > UNPACKED_MAX)
			return -EFBIG;
		r = sink(arg, block, length);
		if (r != 0)
			return r;
	}
	return r == ARCHIVE_EOF ? 0 : -EBADMSG;
}

int initrd_unpack(initrd_source_fn *source, void *source_arg, uint64_t offset, uint64_t end,
		  initrd_sink_fn *sink, void *sink_arg)
{
	struct archive *archive = archive_read_new();
	CLEAN_FREE struct input *input = malloc(sizeof *input);
	int r = -ENOMEM;

	if (archive && input) {
		input->source = source;
		input->arg = source_arg;
		input->offset = offset;
		input->end = end;
		r = -ENOTSUP;
		if (add_filters(archive) &&
		    archive_read_open(archive, input, NULL, read_input, NULL) == ARCHIVE_OK)
			r = pump(archive, sink, sink_arg);
	}
	archive_read_free(archive);
	return r;
}

#else

int initrd_unpack(initrd_source_fn *source UNUSED, void *source_arg UNUSED, uint64_t offset UNUSED,
		  uint64_t end UNUSED, initrd_sink_fn *sink UNUSED, void *sink_arg UNUSED)
{
	return -ENOTSUP;
}

#endif
