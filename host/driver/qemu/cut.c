/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a power cut leaves on a disk: all that the guest has flushed, and nothing else. QEMU keeps a log of all writes and
 * flushes; after the cut the disk's state before the log is taken, and the log up to its last flush is written to it again,
 * by QEMU's own block layer in a qemu-storage-daemon.
 */
#include <libnbd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "host/driver/qemu/qemu.h"
#include "host/driver/qemu/write_log.h"
#include "host/image/export.h"

#define DAEMON_MEMORY  (2ULL << 30)
#define DAEMON_CPU_S   3600
#define REPLAY_SPAN_NS (300 * NS_PER_S)
#define PIECE	       (256U << 10)
#define DISCARD_MAX    (1ULL << 30)
/* The log has a fixed size. A write that did not fit was refused to the guest, and stands nowhere; none is as long as this. */
#define LOG_FULL_MARGIN (64ULL << 20)

struct replay {
	const struct patience *p;
	struct nbd_handle *nbd;
	struct child daemon;
	int messages; /* what the daemon has to say */
	struct write_log log;
	unsigned char piece[PIECE];
};

static int start_daemon(struct replay *replay, const struct qemu_disk *disk, int listener,
			struct err *e)
{
	CLEAN_DONE(command) struct command command = {0};

	command_add(&command, "qemu-storage-daemon");
	command_add(&command, "--blockdev");
	argv_disk_before(&command, disk, EXPORT_NAME);
	command_add(&command, "--nbd-server");
	command_addf(&command, "addr.type=fd,addr.str=%d,max-connections=1",
		     command_fd(&command, listener));
	command_add(&command, "--export");
	command_add(&command, "type=nbd,id=export,node-name=" EXPORT_NAME ",writable=on");
	replay->messages = memfd_create("messages", MFD_CLOEXEC);
	if (replay->messages < 0)
		return err_set(e, BLAME_HOST, errno, "memfd: %m");
	struct child_spec spec = {
		.argv = command_argv(&command),
		.fds = command.fds,
		.fd_count = command.fd_count,
		.stderr_fd = replay->messages,
		.limit_memory = DAEMON_MEMORY,
		.limit_cpu_s = DAEMON_CPU_S,
		.no_network = true,
		.no_exec = true,
	};
	return child_start(&spec, &replay->daemon, e);
}

/* Why it went wrong: the daemon's words are better than what its client sees of them. */
static int nbd_error(struct replay *replay, struct err *e)
{
	char said[300];
	ssize_t n = pread(replay->messages, said, sizeof said - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	const char *why = said[0] ? said : nbd_get_error();
	return err_set(e, BLAME_HOST, EIO, "qemu-storage-daemon: %s",
		       why ? why : "no reason given");
}

static int wait_nbd(struct replay *replay, struct err *e)
{
	unsigned direction = nbd_aio_get_direction(replay->nbd);
	short events = (short)((direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0) |
			       (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0));
	int r = wait_fd(replay->p, nbd_aio_get_fd(replay->nbd), events,
			"qemu-storage-daemon to write a disk", e);

	if (r < 0) {
		e->blame = e->blame == BLAME_GUEST ? BLAME_HOST : e->blame;
		return r;
	}
	return nbd_poll(replay->nbd, 0) < 0 ? nbd_error(replay, e) : 0;
}

static int connect_nbd(struct replay *replay, int socket_fd, struct err *e)
{
	replay->nbd = nbd_create();
	if (!replay->nbd || nbd_set_export_name(replay->nbd, EXPORT_NAME) < 0 ||
	    nbd_aio_connect_socket(replay->nbd, socket_fd) < 0)
		return nbd_error(replay, e);
	while (!nbd_aio_is_ready(replay->nbd)) {
		if (nbd_aio_is_dead(replay->nbd) || nbd_aio_is_closed(replay->nbd))
			return nbd_error(replay, e);
		int r = wait_nbd(replay, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Until the command is done; `cookie` is what libnbd gave for it, negative when it refused. */
static int finish(struct replay *replay, int64_t cookie, struct err *e)
{
	int done = 0;

	if (cookie < 0)
		return nbd_error(replay, e);
	while ((done = nbd_aio_command_completed(replay->nbd, (uint64_t)cookie)) == 0) {
		int r = wait_nbd(replay, e);
		if (r < 0)
			return r;
	}
	return done < 0 ? nbd_error(replay, e) : 0;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

static int replay_data(struct replay *replay, const struct logged_write *write, struct err *e)
{
	int r = 0;

	for (uint64_t at = 0; at < write->length && r == 0;) {
		size_t size = write->length - at < PIECE ? (size_t)(write->length - at) : PIECE;
		if (pread(replay->log.fd, replay->piece, size, (off_t)(write->data + at)) !=
		    (ssize_t)size)
			return err_set(e, BLAME_HOST, EIO, "read QEMU's log of writes: %m");
		int64_t cookie =
			is_zero(replay->piece, size)
				? nbd_aio_zero(replay->nbd, size, write->offset + at,
					       NBD_NULL_COMPLETION, 0)
				: nbd_aio_pwrite(replay->nbd, replay->piece, size,
						 write->offset + at, NBD_NULL_COMPLETION, 0);
		r = finish(replay, cookie, e);
		at += size;
	}
	return r;
}

static int replay_discard(struct replay *replay, const struct logged_write *write, struct err *e)
{
	int r = 0;

	for (uint64_t at = 0; at < write->length && r == 0; at += DISCARD_MAX) {
		uint64_t size = write->length - at < DISCARD_MAX ? write->length - at : DISCARD_MAX;
		r = finish(
			replay,
			nbd_aio_trim(replay->nbd, size, write->offset + at, NBD_NULL_COMPLETION, 0),
			e);
	}
	return r;
}

/* Up to there, and then the flush itself: afterwards the daemon may be killed. */
static int replay_until(struct replay *replay, uint64_t end, struct err *e)
{
	struct logged_write write;
	int r = 1;

	while (r >= 0 && replay->log.at < end) {
		r = write_log_next(&replay->log, &write, e);
		if (r > 0 && write.kind == LOGGED_DATA)
			r = replay_data(replay, &write, e);
		else if (r > 0 && write.kind == LOGGED_DISCARD)
			r = replay_discard(replay, &write, e);
	}
	return r < 0 ? r : finish(replay, nbd_aio_flush(replay->nbd, NBD_NULL_COMPLETION, 0), e);
}

static void replay_free(struct replay *replay)
{
	if (!replay)
		return;
	nbd_close(replay->nbd);
	child_done(&replay->daemon);
	scope_close(&replay->messages);
	free(replay);
}
DEFINE_CLEANUP(replay);

static int replay_disk(const struct qemu_disk *disk, uint64_t end, const struct patience *p,
		       struct err *e)
{
	CLEANUP(replay) struct replay *replay = xnew(sizeof *replay);
	CLEAN_FD int listener = -1, client = -1;

	replay->p = p;
	replay->daemon = (struct child)CHILD_INIT;
	replay->messages = -1;
	replay->log = write_log_of(disk->log_fd, disk->size);
	int r = export_connect(&listener, &client, e);
	if (r == 0)
		r = start_daemon(replay, disk, listener, e);
	scope_close(&listener); /* only the daemon's counts: its end must be seen */
	listener = -1;
	if (r == 0)
		r = connect_nbd(replay, STEAL_FD(client), e);
	return r < 0 ? r : replay_until(replay, end, e);
}

static int lose_unflushed(struct qemu_disk *disk, const struct patience *p, struct write_loss *ret,
			  struct err *e)
{
	struct patience span = patience_within(p, REPLAY_SPAN_NS);
	int r = write_log_measure(disk->log_fd, disk->size, ret, e);

	if (r == 0 && ret->log_end > WRITE_LOG_MAX - LOG_FULL_MARGIN)
		r = err_set(
			e, BLAME_HOST, ENOSPC,
			"the guest wrote more than the %llu MiB that can be kept until the power cut",
			(WRITE_LOG_MAX - LOG_FULL_MARGIN) >> 20);
	if (r == 0 && ret->flushed_end > 0)
		r = replay_disk(disk, ret->flushed_end, &span, e);
	if (r < 0)
		return err_wrap(e, "what the power cut left on a disk");
	scope_close(&disk->fd);
	disk->fd = STEAL_FD(disk->before_fd);
	scope_close(&disk->log_fd);
	disk->log_fd = -1;
	return 0;
}

static int start_log(struct qemu_disk *disk, const char *folder, struct err *e)
{
	int r = disk_size(disk, &disk->size, e);

	if (r < 0)
		return r;
	scope_close(&disk->log_fd);
	scope_close(&disk->before_fd);
	disk->log_fd = disk->before_fd = -1;
	disk->before_fd = file_unnamed(folder, e);
	if (disk->before_fd < 0)
		return disk->before_fd;
	r = file_copy(disk->fd, disk->before_fd, e);
	if (r < 0)
		return r;
	disk->log_fd = file_unnamed(folder, e);
	if (disk->log_fd >= 0 && ftruncate(disk->log_fd, (off_t)WRITE_LOG_MAX) < 0)
		return err_set(e, BLAME_HOST, errno, "make a log of writes: %m");
	return disk->log_fd < 0 ? disk->log_fd : 0;
}

int disks_log(struct qemu *qemu, struct err *e)
{
	int r = 0;

	for (unsigned i = 0; i < qemu->disk_count && r == 0; i++)
		r = start_log(&qemu->disks[i], qemu->spec.folder, e);
	return r;
}

/* A request that is under way may have its place in the log without being in it yet, and flushing, as QEMU does when it stops
 * a machine, would make durable what the guest has not. Giving the guest another disk waits for what is under way, and no
 * more: that one answers nothing, so that to the guest the power is gone. */
static int take_away(struct qemu *qemu, unsigned number, const struct patience *p, struct err *e)
{
	CLEAN_FREE char *arguments =
		xasprintf("{\"path\":\"/machine/peripheral/" QEMU_DISK_NAME
			  "\",\"property\":\"drive\",\"value\":\"" QEMU_GONE_NAME "\"}",
			  number, number);

	return qmp_execute(qemu->qmp, p, "qom-set", arguments, NULL, e);
}

int disks_cut(struct qemu *qemu, const struct patience *p, struct err *e)
{
	int r = 0;

	/* A QEMU that has ended has completed everything. */
	if (!qemu->qmp || !qemu->child.pid || child_has_ended(&qemu->child))
		return 0;
	for (unsigned i = 0; i < qemu->disk_count && r == 0; i++)
		if (qemu->disks[i].log_fd >= 0)
			r = take_away(qemu, i, p, e);
	return r;
}

static void tell_loss(struct qemu *qemu, const struct write_loss *loss)
{
	vm_events_add(&qemu->vm.events, "WRITES_LOST",
		      xasprintf("{\"kept\":%llu,\"lost\":%llu,\"lost-bytes\":%llu}",
				(unsigned long long)loss->kept, (unsigned long long)loss->lost,
				(unsigned long long)loss->lost_bytes));
}

int disks_lose(struct qemu *qemu, const struct patience *p, struct err *e)
{
	struct write_loss all = {0}, loss;
	bool has_logs = false;

	for (unsigned i = 0; i < qemu->disk_count; i++) {
		if (qemu->disks[i].log_fd < 0)
			continue;
		int r = lose_unflushed(&qemu->disks[i], p, &loss, e);
		if (r < 0)
			return r;
		has_logs = true;
		all.kept += loss.kept;
		all.lost += loss.lost;
		all.lost_bytes += loss.lost_bytes;
	}
	if (has_logs)
		tell_loss(qemu, &all);
	return 0;
}
