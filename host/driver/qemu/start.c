/* SPDX-License-Identifier: Apache-2.0 */
/* The QEMU driver: making machines, and the table of what it can do. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/driver/qemu/qemu.h"

#define START_SPAN_NS	(30 * NS_PER_S)
#define CUT_SPAN_NS	(20 * NS_PER_S)
#define CREDENTIALS_MAX 16384
#define PORT_SPAN_NS	(5 * NS_PER_S)
#define PORT_RETRY_NS	(20 * NS_PER_MS)

struct qemu *qemu_new(const struct machine_spec *spec)
{
	struct qemu *qemu = xnew(sizeof *qemu);

	qemu->spec = *spec;
	qemu->vm = (struct vm){
		.driver = &driver_qemu,
		.spec = spec,
		.console_fd = -1,
		.control_fd = -1,
		.ended_fd = -1,
	};
	if (spec->image) {
		CLEAN_TEXT struct text credentials = TEXT_INIT(CREDENTIALS_MAX);
		image_credentials(spec->entry, spec->make.seed, &credentials);
		if (spec->make.credentials)
			(void)text_adds(&credentials, spec->make.credentials);
		qemu->credentials = text_steal(&credentials);
	}
	qemu->child = qemu->tpm = (struct child)CHILD_INIT;
	qemu->stderr_fd = qemu->media_fd = qemu->vars_fd = qemu->initrd_fd = -1;
	qemu->tpm_fd = -1;
	for (int i = 0; i < QEMU_NODES_MAX; i++)
		qemu->ram_fds[i] = -1;
	return qemu;
}

void qemu_free(struct vm *vm)
{
	struct qemu *qemu = (struct qemu *)vm;

	if (!vm)
		return;
	process_end(qemu);
	netpeer_free(qemu->netpeer);
	qmp_free(qemu->qmp);
	stream_free(vm->agent);
	scope_close(&vm->console_fd);
	scope_close(&qemu->stderr_fd);
	disks_done(qemu);
	for (unsigned i = 0; i < QEMU_NODES_MAX; i++)
		scope_close(&qemu->ram_fds[i]);
	scope_close(&qemu->tpm_fd);
	vm_events_done(&vm->events);
	free(qemu->credentials);
	free(qemu);
}

static int qemu_check(const struct machine_spec *spec, const struct patience *p, struct err *e)
{
	char version[64];

	return qemu_version(spec->qemu, p, version, e);
}

/* What cannot be is said before anything is made. */
static int check_spec(const struct machine_spec *spec, struct err *e)
{
	const struct size *size = spec->size;

	if (size->cpus < 1 || size->mem_mib < 64)
		return err_set(e, BLAME_USER, EINVAL,
			       "a machine needs a CPU and 64 MiB of memory at least");
	if (size->numa_nodes > QEMU_NODES_MAX || size->data_disks >= QEMU_DISKS_MAX)
		return err_set(e, BLAME_USER, EINVAL,
			       "at most %d NUMA nodes and %d data disks are possible",
			       QEMU_NODES_MAX, QEMU_DISKS_MAX - 1);
	if (ram_nodes(spec) > 1 && size->mem_mib % ram_nodes(spec))
		return err_set(e, BLAME_USER, EINVAL,
			       "%u MiB cannot be divided evenly among %u NUMA nodes", size->mem_mib,
			       size->numa_nodes);
	if (spec->entry == ENTRY_SSH && (size->nics < 1 || !spec->ssh_key || !spec->ssh_user))
		return err_set(e, BLAME_USER, EINVAL, "SSH needs a NIC, a user and a key");
	if (spec->cuts_power && spec->extra_disk)
		return err_set(
			e, BLAME_BUG, EINVAL,
			"a disk that is not the machine's own cannot lose what was written to it");
	if (!spec->image && !spec_kernel(spec))
		return err_set(e, BLAME_USER, EINVAL,
			       "there is neither an image nor a kernel to boot");
	return 0;
}

static int qemu_start(const struct machine_spec *spec, const struct patience *p, struct vm **ret,
		      struct err *e)
{
	struct patience span = patience_within(p, START_SPAN_NS);
	int r = check_spec(spec, e);

	if (r < 0)
		return r;
	struct qemu *qemu = qemu_new(spec);
	r = disks_make(qemu, p, e);
	if (r == 0)
		r = ram_make(qemu, e);
	if (r == 0)
		r = process_start(qemu, &span, e);
	if (r < 0) {
		qemu_free(&qemu->vm);
		return r;
	}
	*ret = &qemu->vm;
	return 0;
}

static int qemu_power_cut(struct vm *vm, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	struct patience span = patience_for(-1, CUT_SPAN_NS);
	int r = process_error(qemu, disks_cut(qemu, &span, e), e);

	process_end(qemu);
	vm->control_fd = -1;
	qmp_free(qemu->qmp);
	qemu->qmp = NULL;
	if (r != -EHOSTDOWN)
		return r;
	err_clear(e); /* it has ended by itself: then nothing is under way either */
	return 0;
}

/* The RAM is empty then, also that of a fork. */
static int qemu_power_on(struct vm *vm, const struct patience *p, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	struct patience span;

	process_end(qemu);
	int r = disks_lose(qemu, p, e);
	if (r == 0)
		r = ram_make(qemu, e);
	span = patience_within(p, START_SPAN_NS);
	return r < 0 ? r : process_start(qemu, &span, e);
}

static int qemu_reseed(struct vm *vm, const struct image_seed *seed, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;

	scope_close(&qemu->media_fd);
	qemu->media_fd = -1;
	qemu->spec.make.seed = seed;
	return disk_make_media(qemu, e);
}

static int check_off(const struct qemu *qemu, const char *what, struct err *e)
{
	if (qemu->child.pid == 0)
		return 0;
	return err_set(e, BLAME_BUG, EBUSY, "%s: the machine is switched on", what);
}

/* What was made for the old size, and is not made anew at a start, has to fit the new one. */
static bool has_same_rest(const struct size *a, const struct size *b)
{
	return a->numa_nodes == b->numa_nodes && a->data_disks == b->data_disks &&
	       a->data_disk_mib == b->data_disk_mib && a->nics == b->nics && a->tpm == b->tpm;
}

int qemu_resize(struct vm *vm, const struct size *size, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	struct machine_spec spec = qemu->spec;
	int r = check_off(qemu, "another size", e);

	if (r < 0)
		return r;
	if (!has_same_rest(spec.size, size))
		return err_set(e, BLAME_BUG, EINVAL,
			       "a machine can get other CPUs and memory, and nothing else");
	spec.size = size;
	r = check_spec(&spec, e);
	if (r == 0)
		qemu->spec.size = size;
	return r;
}

int qemu_copy_root(struct vm *vm, int to, const struct patience *p, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	int r = check_off(qemu, "a copy of the root disk", e);

	if (r == 0)
		r = disks_lose(qemu, p, e);
	return r < 0 ? r : disk_copy_root(qemu, to, p, e);
}

static int qemu_collect(struct vm *vm, struct err *e)
{
	return qmp_collect(((struct qemu *)vm)->qmp, e);
}

static int qemu_command(struct vm *vm, const struct patience *p, const char *name,
			const char *arguments, struct text *reply, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;

	if (!qemu->qmp)
		return err_set(e, BLAME_BUG, ENOTCONN, "%s: the machine is switched off", name);
	if (strcmp(name, "balloon") == 0 && ram_is_private(qemu))
		return err_set(e, BLAME_USER, EREMOTEIO,
			       "the balloon of a fork would take pages out of its template: a case "
			       "that moves it has to need dev:virtio-balloon");
	CLEAN_FREE char *placed = strcmp(name, "device_add") == 0 && arguments
					  ? ports_place(&qemu->spec, arguments)
					  : NULL;
	return process_error(
		qemu, qmp_execute(qemu->qmp, p, name, placed ? placed : arguments, reply, e), e);
}

static int qemu_give_fd(struct vm *vm, const struct patience *p, const char *name, int fd,
			struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;

	if (!qemu->qmp)
		return err_set(e, BLAME_BUG, ENOTCONN, "getfd: the machine is switched off");
	return process_error(qemu, qmp_give_fd(qemu->qmp, p, name, fd, e), e);
}

/* QEMU lets the old port's channel go a moment after it has taken the port away. */
static int add_port(struct vm *vm, const struct patience *p, struct err *e)
{
	static const char port[] =
		"{\"driver\":\"virtserialport\",\"id\":\"" AGENT_PORT_ID
		"\",\"bus\":\"serial0.0\",\"nr\":1,\"chardev\":\"agent\",\"name\":\"" AGENT_PORT
		"\"}";
	struct patience span = patience_within(p, PORT_SPAN_NS);
	struct err waiting = {0};

	for (;;) {
		CLEAN_TEXT struct text ignored = TEXT_INIT(1024);
		int r = qemu_command(vm, p, "device_add", port, &ignored, e);
		if (r != -EREMOTEIO ||
		    wait_span(&span, PORT_RETRY_NS, "the port to be free", &waiting) < 0)
			return r;
		err_clear(e);
	}
}

static int qemu_replug(struct vm *vm, const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text ignored = TEXT_INIT(1024);
	int r = qemu_command(vm, p, "device_del", "{\"id\":\"" AGENT_PORT_ID "\"}", &ignored, e);

	return r < 0 ? r : add_port(vm, p, e);
}

/* "info usernet" lists "TCP[HOST_FORWARD]  14  127.0.0.1 41005  10.0.2.15  22  0  0"; the port was left to the kernel. */
static int qemu_ssh_port(struct vm *vm, const struct patience *p, unsigned *ret, struct err *e)
{
	CLEAN_TEXT struct text said = TEXT_INIT(65536);
	int r = qemu_command(vm, p, "human-monitor-command", "{\"command-line\":\"info usernet\"}",
			     &said, e);

	if (r < 0)
		return r;
	const char *line = strstr(said.buf, "TCP[HOST_FORWARD]");
	if (!line || sscanf(line, "TCP[HOST_FORWARD] %*d 127.0.0.1 %u", ret) != 1)
		return err_set(e, BLAME_HOST, ENOTCONN,
			       "QEMU forwards no port to the guest's SSH server");
	return 0;
}

static uint64_t qemu_ram_used(const struct vm *vm)
{
	return ram_used((const struct qemu *)vm);
}

static int qemu_ask_netpeer(struct vm *vm, const char *question, int fd, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;

	if (!qemu->netpeer)
		return err_set(e, BLAME_BUG, ENOTCONN, "%s: the network's other end is QEMU's own",
			       question);
	return netpeer_ask(qemu->netpeer, question, fd, e);
}

static int qemu_answer_netpeer(struct vm *vm, struct text *answer, struct err *e)
{
	return netpeer_answer(((struct qemu *)vm)->netpeer, answer, e);
}

static int qemu_keep_capture(struct vm *vm, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;

	return qemu->netpeer ? netpeer_keep_capture(qemu->netpeer, e) : 0;
}

static pid_t qemu_pid(const struct vm *vm)
{
	const struct qemu *qemu = (const struct qemu *)vm;

	return child_has_ended(&qemu->child) ? 0 : qemu->child.pid;
}

const struct driver driver_qemu = {
	.name = "qemu",
	.check = qemu_check,
	.start = qemu_start,
	.freeze = qemu_freeze,
	.describe = qemu_describe,
	.load = qemu_load,
	.go = qemu_go,
	.power_cut = qemu_power_cut,
	.power_on = qemu_power_on,
	.reseed = qemu_reseed,
	.resize = qemu_resize,
	.copy_root = qemu_copy_root,
	.collect = qemu_collect,
	.command = qemu_command,
	.give_fd = qemu_give_fd,
	.replug = qemu_replug,
	.ssh_port = qemu_ssh_port,
	.ram_used = qemu_ram_used,
	.ask_netpeer = qemu_ask_netpeer,
	.answer_netpeer = qemu_answer_netpeer,
	.keep_capture = qemu_keep_capture,
	.pid = qemu_pid,
	.last_words = process_last_words,
	.has_secure_boot = qemu_has_secure_boot,
	.free = qemu_free,
};
