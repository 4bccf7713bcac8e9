/* SPDX-License-Identifier: Apache-2.0 */
/* The shut-in child: it reads the foreign disk, and all that it can do is to answer over its socket. */
#include <errno.h>
#include <fcntl.h>
#include <libnbd.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "guest/kit/trial.h"
#include "host/image/audit_wire.h"
#include "host/image/describe.h"
#include "host/image/export.h"
#include "host/image/extents.h"
#include "host/image/image.h"
#include "host/image/offline.h"
#include "host/image/shut_in.h"

#define FOREVER_NS (365ULL * 86400 * NS_PER_S)

/* ---- the disk ---- */

struct disk {
	struct nbd_handle *nbd;
	struct extents *extents;
};

static int read_nbd(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct disk *disk = arg;

	return nbd_pread(disk->nbd, buf, size, offset, 0) < 0 ? -EIO : 0;
}

static int64_t begin_nbd(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct disk *disk = arg;

	return nbd_aio_pread(disk->nbd, buf, size, offset, NBD_NULL_COMPLETION, 0);
}

static int finish_nbd(void *arg, int64_t ticket)
{
	const struct disk *disk = arg;
	int done;

	while ((done = nbd_aio_command_completed(disk->nbd, (uint64_t)ticket)) == 0)
		if (nbd_poll(disk->nbd, -1) < 0)
			return -EIO;
	return done < 0 ? -EIO : 0;
}

static int read_files(void *arg, uint64_t offset, void *buf, size_t size)
{
	const struct disk *disk = arg;

	return extents_read(disk->extents, AUDIT_FILES_FD, offset, buf, size);
}

static bool open_nbd(struct disk *disk, struct chunk_source *source)
{
	disk->nbd = nbd_create();
	if (!disk->nbd || nbd_set_export_name(disk->nbd, EXPORT_NAME) < 0 ||
	    nbd_connect_socket(disk->nbd, AUDIT_DISK_FD) < 0)
		return false;
	int64_t size = nbd_get_size(disk->nbd);
	*source = (struct chunk_source){
		.read = read_nbd,
		.begin = begin_nbd,
		.finish = finish_nbd,
		.arg = disk,
		.size = (uint64_t)size,
	};
	return size >= 0;
}

static bool open_files(struct disk *disk, struct chunk_source *source)
{
	disk->extents = extents_take_over(AUDIT_DISK_FD);
	if (!disk->extents)
		return false;
	*source = (struct chunk_source){
		.read = read_files,
		.arg = disk,
		.size = extents_disk_size(disk->extents),
		.is_near = true,
	};
	return true;
}

static bool open_disk(const char *kind, struct disk *disk, struct chunk_source *source)
{
	return strcmp(kind, EXPORT_NBD) == 0 ? open_nbd(disk, source) : open_files(disk, source);
}

/* ---- answering ---- */

struct server {
	struct chunk_source source;
	struct remote_channel remote;
	int probe_fd;
	bool has_remote;
	struct offline *offline;
	struct patience patience;
	struct text in, out;
};

/* A question of ours while one of the host's is open: the host asks the micro-VM's agent. */
static int ask_remote(void *arg, const char *verb, const char *const *arguments, struct text *reply)
{
	CLEAN_TEXT struct text in = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),
			       out = TEXT_INIT(65536);
	const struct server *server = arg;
	struct field code, field;
	struct frame frame = {0};
	struct err e = {0};

	frame_open(&out, FRAME_CALL);
	field_text(&out, FIELD_NAME, verb);
	for (; *arguments; arguments++)
		field_text(&out, FIELD_TEXT, *arguments);
	frame_close(&out);
	int r = wait_write(&server->patience, AUDIT_SOCKET_FD, out.buf, out.length, "the host", &e);
	if (r == 0)
		r = audit_receive(AUDIT_SOCKET_FD, &server->patience, &in, &frame, &e);
	if (r < 0)
		_exit(0); /* the host is gone */
	if (frame.type != FRAME_REPLY || frame_find(&frame, FIELD_CODE, &code, &e) <= 0)
		return -EBADMSG;
	if (field_value(&code) != 0)
		return field_value(&code) > 4095 ? -EIO : -(int)field_value(&code);
	r = frame_find(&frame, FIELD_TEXT, &field, &e);
	return r > 0 ? text_add(reply, field.bytes, field.length) : r;
}

static void answer_describe(struct server *server)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(DESCRIPTION_MAX);

	describe(server->offline, &lines);
	frame_open(&server->out, FRAME_REPLY);
	field_number(&server->out, FIELD_CODE, 0);
	field_text(&server->out, FIELD_TEXT, lines.buf);
	frame_close(&server->out);
}

static int copy_field(const struct frame *frame, enum field_key key, struct text *out,
		      struct err *e)
{
	struct field field;
	int r = frame_find(frame, key, &field, e);

	return r > 0 ? text_add(out, field.bytes, field.length) : r;
}

static int answer_run(struct server *server, const struct frame *frame, struct err *e)
{
	CLEAN_TEXT struct text id = TEXT_INIT(CASE_ID_SIZE),
			       parameters = TEXT_INIT(FRAME_PAYLOAD_MAX);
	CLEAN_DONE(result) struct result result;
	struct field flags;
	int r = copy_field(frame, FIELD_ID, &id, e);

	if (r == 0)
		r = copy_field(frame, FIELD_TEXT, &parameters, e);
	if (r < 0)
		return r;
	result_init(&result, id.buf);
	const struct trial_setup setup = {
		.def = cases_find(id.buf),
		.tree = offline_tree(server->offline),
		.parameters = parameters.buf,
		.sabotage = frame_find(frame, FIELD_FLAGS, &flags, e) > 0 &&
			    field_value(&flags) & RUN_SABOTAGE,
	};
	if (setup.def)
		trial_execute(&setup, &result);
	else
		result_set(&result, OUTCOME_BROKEN, "there is no case %s", id.buf);
	audit_encode_result(&result, &server->out);
	return 0;
}

static int serve_one(struct server *server, struct err *e)
{
	struct frame frame;
	int r = audit_receive(AUDIT_SOCKET_FD, &server->patience, &server->in, &frame, e);

	if (r < 0)
		return r;
	text_clear(&server->out);
	/* Not before the first question: looking may need the host's help, which it gives while it waits for an answer. */
	if (!server->offline)
		server->offline = offline_open(&server->source, server->probe_fd,
					       server->has_remote ? &server->remote : NULL);
	if (frame.type == FRAME_CALL)
		answer_describe(server);
	else if (frame.type == FRAME_RUN)
		r = answer_run(server, &frame, e);
	else
		r = -EBADMSG;
	if (r == 0)
		r = wait_write(&server->patience, AUDIT_SOCKET_FD, server->out.buf,
			       server->out.length, "the audit", e);
	return r;
}

static _Noreturn void serve(const char *kind, bool has_remote)
{
	struct disk disk = {0};
	struct server server = {
		.probe_fd = memfd_create("probe", MFD_CLOEXEC),
		.has_remote = has_remote,
		.remote = {.call = ask_remote, .arg = &server},
		.patience = patience_for(-1, FOREVER_NS),
		.in = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),
		.out = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),
	};
	struct err e = {0};

	if (server.probe_fd < 0 || !open_disk(kind, &disk, &server.source))
		_exit(AUDIT_EXIT_DISK);
	if (!shut_in(SHUT_IN_ALONE))
		_exit(AUDIT_EXIT_SANDBOX);
	while (serve_one(&server, &e) == 0)
		;
	_exit(0);
}

void image_audit_init(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], AUDIT_CHILD_NAME) == 0 &&
	    strcmp(argv[0], AUDIT_CHILD_PROGRAM) == 0)
		serve(argv[2], strcmp(argv[3], AUDIT_WITH_HELPER) == 0);
}
