/* SPDX-License-Identifier: Apache-2.0 */
/* Freezing a running machine into a folder, and waking private copies of it. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "host/driver/qemu/qemu.h"

#define MIGRATE_SPAN_NS (60 * NS_PER_S)
#define QUIT_SPAN_NS	(20 * NS_PER_S)
#define WAKE_SPAN_NS	(30 * NS_PER_S)

static bool status_is(const struct vm_event *event, const char *status)
{
	json_t *data = json_loads(event->data, 0, NULL);
	const char *is = json_string_value(json_object_get(data, "status"));
	bool same = is && strcmp(is, status) == 0;

	json_decref(data);
	return same;
}

/* Until the migration has ended, one way or the other; `what` it was, for people. */
static int await_migration(struct qemu *qemu, const struct patience *p, uint64_t since,
			   const char *what, struct err *e)
{
	const struct vm_event *event;

	for (;;) {
		int r = qmp_await_event(qemu->qmp, p, since, "MIGRATION", &event, e);
		if (r < 0)
			return r;
		if (status_is(event, "completed"))
			return 0;
		if (status_is(event, "failed"))
			return err_set(e, BLAME_HOST, EIO, "QEMU could not %s the device state",
				       what);
		since = event->number + 1;
	}
}

/* RAM that lies in a shared file is left out of what is migrated: that makes freezing and waking quick. */
static int leave_out_ram(struct qemu *qemu, const struct patience *p, struct err *e)
{
	static const char capabilities[] =
		"{\"capabilities\":[{\"capability\":\"x-ignore-shared\",\"state\":true}]}";

	return qmp_execute(qemu->qmp, p, "migrate-set-capabilities", capabilities, NULL, e);
}

static int write_state(struct qemu *qemu, const char *folder, const struct patience *p,
		       struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_STATE, folder);
	CLEAN_FD int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	uint64_t since = qemu->vm.events.added;

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "write %s: %m", path);
	int r = leave_out_ram(qemu, p, e);
	if (r == 0)
		r = qmp_give_fd(qemu->qmp, p, "state", fd, e);
	if (r == 0)
		r = qmp_execute(qemu->qmp, p, "migrate", "{\"uri\":\"fd:state\"}", NULL, e);
	/* The guest is not stopped before: then its copies would wake up stopped. QEMU stops it for the last bytes. */
	return r < 0 ? r : await_migration(qemu, p, since, "write", e);
}

/* The image files must be closed in order before their content counts. */
static int quit(struct qemu *qemu, const struct patience *p, struct err *e)
{
	struct patience span = patience_within(p, QUIT_SPAN_NS);
	struct err ignored = {0};
	int status = 0;

	/* It may be gone before it answers. */
	(void)qmp_execute(qemu->qmp, &span, "quit", NULL, NULL, &ignored);
	qemu->vm.ended_fd = -1;
	return child_wait(&qemu->child, &span, &status, e);
}

static uint64_t bytes_needed(const struct qemu *qemu)
{
	return (32U << 20) + ram_used(qemu); /* device state and small files */
}

/* QEMU goes on with the machine when it cannot write its state. */
static int not_supported(struct err *e)
{
	e->code = ENOTSUP;
	return err_wrap(e, "this machine cannot be frozen");
}

int qemu_freeze(struct vm *vm, const char *folder, const struct patience *p, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	struct patience span = patience_within(p, MIGRATE_SPAN_NS);

	if (ram_is_private(qemu))
		return err_set(e, BLAME_HOST, ENOTSUP,
			       "a fork whose RAM is a view of its template's cannot be frozen");
	int r = file_check_room(folder, bytes_needed(qemu), "the template", e);
	if (r < 0)
		return r;
	r = process_error(qemu, write_state(qemu, folder, &span, e), e);
	if (r == -EREMOTEIO || r == -EIO)
		return not_supported(e);
	if (r < 0)
		return r;
	r = quit(qemu, p, e);
	if (r == 0)
		r = ram_freeze(qemu, folder, e);
	return r < 0 ? r : disks_freeze(qemu, folder, p, e);
}

/* Loads the device state. QEMU ends itself when the state does not fit. */
static int load_state(struct qemu *qemu, int state_fd, const struct patience *p, struct err *e)
{
	uint64_t since = qemu->vm.events.added;
	int r = leave_out_ram(qemu, p, e);

	if (r == 0)
		r = qmp_give_fd(qemu->qmp, p, "state", state_fd, e);
	if (r == 0)
		r = qmp_execute(qemu->qmp, p, "migrate-incoming", "{\"uri\":\"fd:state\"}", NULL,
				e);
	return r < 0 ? r : await_migration(qemu, p, since, "load", e);
}

int qemu_load(const char *folder, const struct machine_spec *spec, const struct patience *p,
	      struct vm **ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" TEMPLATE_STATE, folder);
	CLEAN_FD int state = open(path, O_RDONLY | O_CLOEXEC);
	struct patience span = patience_within(p, WAKE_SPAN_NS);

	if (state < 0)
		return err_set(e, BLAME_HOST, errno, "open %s: %m", path);
	struct qemu *qemu = qemu_new(spec);
	qemu->template_folder = folder;
	int r = ram_fork(qemu, folder, e);
	if (r == 0)
		r = disks_fork(qemu, folder, e);
	if (r == 0)
		r = process_start(qemu, &span, e);
	if (r == 0)
		r = process_error(qemu, load_state(qemu, state, &span, e), e);
	qemu->template_folder = NULL;
	if (r < 0) {
		qemu_free(&qemu->vm);
		return r;
	}
	*ret = &qemu->vm;
	return 0;
}

int qemu_go(struct vm *vm, const struct patience *p, struct err *e)
{
	struct qemu *qemu = (struct qemu *)vm;
	struct patience span = patience_within(p, WAKE_SPAN_NS);

	return process_error(qemu, qmp_execute(qemu->qmp, &span, "cont", NULL, NULL, e), e);
}
