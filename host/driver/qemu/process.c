/* SPDX-License-Identifier: Apache-2.0 */
/* The QEMU process: its channels, its start, its end, its last words. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "host/driver/qemu/qemu.h"
#include "host/driver/steal.h"

#define STDERR_MAX  65536
#define END_SPAN_MS 2000
#define SANDBOX	    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"

/* QEMU's ends of its channels. */
struct channels {
	int qmp, agent, console, tpm;
};

static void channels_done(struct channels *channels)
{
	scope_close(&channels->qmp);
	scope_close(&channels->agent);
	scope_close(&channels->console);
	scope_close(&channels->tpm);
}
DEFINE_CLEAN_DONE(channels);

static int pair(int *ret_ours, int *ret_theirs, const char *what, struct err *e)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, BLAME_HOST, errno, "a socket for %s: %m", what);
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	return 0;
}

static int open_channels(struct qemu *qemu, struct channels *theirs, struct err *e)
{
	int qmp = -1, agent = -1, console = -1;
	int r = pair(&qmp, &theirs->qmp, "QMP", e);

	if (r < 0)
		return r;
	qmp_free(qemu->qmp);
	qemu->qmp = qmp_new(qmp, &qemu->vm.events);
	qemu->vm.control_fd = qmp;
	r = pair(&agent, &theirs->agent, "the agent", e);
	if (r < 0)
		return r;
	stream_free(qemu->vm.agent);
	qemu->vm.agent = stream_of_fd(agent);
	r = pair(&console, &theirs->console, "the console", e);
	if (r < 0)
		return r;
	scope_close(&qemu->vm.console_fd);
	qemu->vm.console_fd = console;
	(void)fcntl(console, F_SETFL, O_NONBLOCK);
	return 0;
}

/* A file of a fixed size: what QEMU (or a guest that makes it talk) writes beyond is refused. */
static int open_stderr(struct qemu *qemu, struct err *e)
{
	int fd = memfd_create("qemu-stderr", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, STDERR_MAX) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
		scope_close(&fd);
		return err_set(e, BLAME_HOST, errno, "a file for QEMU's messages: %m");
	}
	scope_close(&qemu->stderr_fd);
	qemu->stderr_fd = fd;
	return 0;
}

static void add_socket(struct command *command, const char *id, int fd)
{
	command_add(command, "-chardev");
	command_addf(command, "socket,id=%s,fd=%d", id, command_fd(command, fd));
}

/* What is not the guest's to see. */
static void add_frame(struct command *command, const struct qemu *qemu,
		      const struct channels *channels)
{
	static const char *const words[] = {
		"-nodefaults", "-no-user-config",	"-display", "none",
		"-global",     "migration.x-events=on", "-mon",	    "chardev=qmp,mode=control",
	};
	const char *sandbox = spec_machine_setting(&qemu->spec, "sandbox");

	command_add(command, qemu->spec.qemu ? qemu->spec.qemu : QEMU_PROGRAM);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		command_add(command, words[i]);
	command_add(command, "-sandbox");
	command_add(command, sandbox ? sandbox : SANDBOX);
	command_add(command, "-name");
	command_add(command, qemu->spec.run_name && !strchr(qemu->spec.run_name, ',')
				     ? qemu->spec.run_name
				     : "assay");
	add_socket(command, "qmp", channels->qmp);
	add_socket(command, "agent", channels->agent);
	add_socket(command, "console", channels->console);
	if (channels->tpm >= 0) {
		add_socket(command, "tpm", channels->tpm);
		command_add(command, "-tpmdev");
		command_add(command, "emulator,id=tpm0,chardev=tpm");
		command_add(command, "-device");
		command_add(command, "tpm-crb,tpmdev=tpm0");
	}
	if (qemu->template_folder) {
		command_add(command, "-incoming");
		command_add(command, "defer");
		command_add(command, "-S");
	}
}

static int start_child(struct qemu *qemu, struct command *command, struct err *e)
{
	struct child_spec spec = {
		.argv = command_argv(command),
		.fds = command->fds,
		.fd_count = command->fd_count,
		.stderr_fd = qemu->stderr_fd,
		.stdout_fd = qemu->stderr_fd,
		.files_only = true,
	};
	int r = child_start(&spec, &qemu->child, e);

	qemu->vm.ended_fd = r == 0 ? qemu->child.pidfd : -1;
	if (r == 0)
		steal_watch(qemu->child.pid);
	return r;
}

/* It is there before the guest is, and stays when QEMU is started again. */
static int start_netpeer(struct qemu *qemu, struct err *e)
{
	const struct machine_spec *spec = &qemu->spec;

	if (qemu->netpeer)
		return 0;
	int r = netpeer_start(spec->folder, spec->agent_path, netpeer_nics(spec->size->nics),
			      &qemu->netpeer, e);
	if (r == 0 && spec->serves_time)
		r = netpeer_ask(qemu->netpeer, "set ntp 1", -1, e);
	if (r == 0)
		qemu->vm.netpeer_fd = netpeer_answer_fd(qemu->netpeer);
	return r;
}

int process_start(struct qemu *qemu, const struct patience *p, struct err *e)
{
	CLEAN_DONE(channels) struct channels theirs = {-1, -1, -1, -1};
	CLEAN_DONE(command) struct command command = {0};
	int r = open_channels(qemu, &theirs, e);

	if (r == 0)
		r = open_stderr(qemu, e);
	if (r == 0 && qemu->spec.size->tpm && !spec_drops(&qemu->spec, "tpm"))
		r = tpm_start(qemu, p, &theirs.tpm, e);
	if (r == 0 && qemu->spec.cuts_power)
		r = disks_log(qemu, e);
	if (r == 0 && qemu->spec.netpeer)
		r = start_netpeer(qemu, e);
	if (r < 0)
		return r;
	add_frame(&command, qemu, &theirs);
	argv_disks(&command, qemu);
	argv_machine(&command, qemu);
	r = start_child(qemu, &command, e);
	if (r < 0)
		return r;
	channels_done(&theirs); /* or their closing would never be seen */
	theirs = (struct channels){-1, -1, -1, -1};
	return process_error(qemu, qmp_await_ready(qemu->qmp, p, e), e);
}

void process_end(struct qemu *qemu)
{
	steal_leave(qemu->child.pid);
	child_done(&qemu->child);
	qemu->vm.ended_fd = -1;
	child_done(&qemu->tpm);
}

/* Spare wires have no NIC yet: QEMU warns of each at its start. */
static bool is_of_spare_wire(const char *line, const char *end)
{
	return memmem(line, (size_t)(end - line), "warning: netdev", 15) != NULL;
}

/* How long the program's name is with which QEMU begins what it says. */
static size_t own_name(const char *program, const char *start, const char *end)
{
	size_t length = strlen(program);

	return (size_t)(end - start) > length + 2 && memcmp(start, program, length) == 0 &&
			       start[length] == ':' && start[length + 1] == ' '
		       ? length + 2
		       : 0;
}

/* The last line that is not empty and says something. */
static void last_line(const char *program, const char *text, struct text *out)
{
	const char *end = text + strlen(text), *start;

	do {
		while (end > text && strchr("\r\n ", end[-1]))
			end--;
		for (start = end; start > text && start[-1] != '\n';)
			start--;
		if (!is_of_spare_wire(start, end))
			break;
		end = start;
	} while (end > text);
	start += own_name(program, start, end);
	struct text clean = TEXT_INIT(300);
	for (; start < end; start++)
		(void)text_add(&clean, *start >= 0x20 && *start < 0x7f ? start : "?", 1);
	(void)text_adds(out, clean.buf);
	text_done(&clean);
}

void process_last_words(struct vm *vm, struct text *out)
{
	struct qemu *qemu = (struct qemu *)vm;
	CLEAN_FREE char *said = xnew(STDERR_MAX + 1);
	size_t before = out->length;

	if (qemu->stderr_fd >= 0 && pread(qemu->stderr_fd, said, STDERR_MAX, 0) > 0)
		last_line(qemu->spec.qemu ? qemu->spec.qemu : QEMU_PROGRAM, said, out);
	if (out->length == before)
		(void)text_adds(out, "QEMU ended without a word");
	else
		(void)text_adds(out, " (QEMU)");
}

int process_error(struct qemu *qemu, int r, struct err *e)
{
	CLEAN_TEXT struct text words = TEXT_INIT(400);
	struct pollfd ended = {.fd = qemu->child.pidfd, .events = POLLIN};

	if (r >= 0 || r == -ECANCELED)
		return r;
	if (r != -ECONNRESET && !(qemu->child.pid && child_has_ended(&qemu->child)))
		return r;
	(void)poll(&ended, 1, END_SPAN_MS); /* its sockets close a moment before it is gone */
	process_last_words(&qemu->vm, &words);
	return err_set(e, BLAME_HOST, EHOSTDOWN, "QEMU could not run the machine: %s", words.buf);
}
