/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where machines come from. A driver makes a VM from a spec or from a template, and hands over the ways to it: a stream
 * to the agent, the serial console, a control channel, a descriptor that tells its end. What is said over them is the
 * machine's business (host/machine), not the driver's.
 *
 *	const struct driver *driver = driver_find("qemu");
 *	r = driver->start(spec, &patience, &vm, e);
 *	... poll vm->agent->fd, vm->console_fd, vm->control_fd (then driver->collect), vm->ended_fd ...
 *	driver->free(vm);
 *
 * All slots are called from the thread that made the VM. Where a slot is NULL the driver cannot do it.
 */
#ifndef ASSAY_HOST_DRIVER_DRIVER_H
#define ASSAY_HOST_DRIVER_DRIVER_H

#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"
#include "host/driver/spec.h"
#include "host/link/stream.h"

#define VM_EVENTS_MAX 256

/* Something that the driver tells of the VM; names and data as in QMP ("SHUTDOWN", "RESET", "GUEST_PANICKED" …). */
struct vm_event {
	uint64_t number; /* of its coming, from 0 */
	char name[48];
	char *data; /* JSON object, "{}" when there is none */
};

/* The oldest fall out when a guest makes more than VM_EVENTS_MAX. */
struct vm_events {
	struct vm_event ring[VM_EVENTS_MAX];
	uint64_t added; /* events ever; the newest is ring[(added - 1) % VM_EVENTS_MAX] */
};

/* Drivers embed it as their first member. The descriptors belong to the driver. */
struct vm {
	const struct driver *driver;
	const struct machine_spec *spec; /* borrowed; outlives the VM */
	struct stream *agent;		 /* NULL: the machine has to make its own way (ENTRY_SSH) */
	int console_fd; /* reads what the console says, writes what is typed; -1: there is none */
	int control_fd; /* readable: call collect; -1: there is none */
	int ended_fd;	/* readable: the VM ended; -1: is seen by the others' closing */
	int netpeer_fd; /* readable: call answer_netpeer; only while spec->netpeer */
	struct vm_events events;
};

struct driver {
	const char *name;

	/* Checks, before anything is made, that this host can run such machines at all. NULL: it always can. */
	int (*check)(const struct machine_spec *spec, const struct patience *p, struct err *e);

	/* Makes a VM from the spec and powers it on. Blame host for what this host lacks, user for a spec that
	 * cannot be. Gives *ret. */
	int (*start)(const struct machine_spec *spec, const struct patience *p, struct vm **ret,
		     struct err *e);

	/* Writes the VM into the existing folder, so that load can make copies of it, and ends it (only free may
	 * be called then). -ENOTSUP when this VM cannot be frozen: it runs on then. */
	int (*freeze)(struct vm *vm, const char *folder, const struct patience *p, struct err *e);

	/* Adds to `digest_of` all that a template depends on and that another host or version may have otherwise.
	 * A template is usable only where the text is the same as when it was frozen. */
	int (*describe)(const struct machine_spec *spec, const struct patience *p,
			struct text *description, struct err *e);

	/* Makes a private copy of the template in spec->folder; it stands still until go. */
	int (*load)(const char *folder, const struct machine_spec *spec, const struct patience *p,
		    struct vm **ret, struct err *e);
	int (*go)(struct vm *vm, const struct patience *p, struct err *e);

	/* Ends the VM at once, as when the plug is pulled; its disks stay for power_on. With spec->cuts_power they lose what was
	 * never flushed, and power_on adds an event WRITES_LOST: {"kept":N,"lost":N,"lost-bytes":N}. */
	int (*power_cut)(struct vm *vm, struct err *e);
	int (*power_on)(struct vm *vm, const struct patience *p, struct err *e);

	/* While the power is off: the provisioning medium is replaced by one with that seed (borrowed). */
	int (*reseed)(struct vm *vm, const struct image_seed *seed, struct err *e);
	/* The same: from its next start on it has the CPUs and the memory of that size (borrowed), which is otherwise its own. */
	int (*resize)(struct vm *vm, const struct size *size, struct err *e);
	/* The same: makes the empty file a qcow2 of the root disk as it is now, which names what it is backed by. */
	int (*copy_root)(struct vm *vm, int to, const struct patience *p, struct err *e);

	/* Takes in what the control channel has, without blocking: events are added to vm->events. */
	int (*collect)(struct vm *vm, struct err *e);

	/* A command on the control channel, arguments and answer as JSON (arguments may be NULL). */
	int (*command)(struct vm *vm, const struct patience *p, const char *name,
		       const char *arguments, struct text *reply, struct err *e);

	/* Hands a descriptor over under a name that commands can use; the caller keeps its own. */
	int (*give_fd)(struct vm *vm, const struct patience *p, const char *name, int fd,
		       struct err *e);

	/* Takes the agent's port away and plugs it in again: some guests (ENTRY_TMPFILES) start the agent only when they
	 * see the port come. */
	int (*replug)(struct vm *vm, const struct patience *p, struct err *e);

	/* Finds the host's port that leads to the guest's SSH server. */
	int (*ssh_port)(struct vm *vm, const struct patience *p, unsigned *ret, struct err *e);

	/* The bytes of this host that the VM's memory takes, as far as it does not share them with a template. */
	uint64_t (*ram_used)(const struct vm *vm);

	/* Asks the other end of the VM's network (spec->netpeer; see netpeer/control.h), with a descriptor or -1. When
	 * netpeer_fd is readable the answer may be there: added to `answer`; -EAGAIN: not yet; -EREMOTEIO (blame guest):
	 * it says no. */
	int (*ask_netpeer)(struct vm *vm, const char *question, int fd, struct err *e);
	int (*answer_netpeer)(struct vm *vm, struct text *answer, struct err *e);
	/* Leaves the record of what went over the VM's network in the machine's folder, if there is one. */
	int (*keep_capture)(struct vm *vm, struct err *e);

	/* The VM's process. */
	pid_t (*pid)(const struct vm *vm);

	/* Why the VM ended by itself: one sentence without the stop. */
	void (*last_words)(struct vm *vm, struct text *out);

	/* True when this host has a firmware for such machines with Secure Boot. */
	bool (*has_secure_boot)(const struct machine_spec *spec);

	/* Ends it at once and removes all of it but evidence. Takes NULL. */
	void (*free)(struct vm *vm);
};

extern const struct driver driver_qemu, driver_null;

/* The driver of that name, NULL when there is none; and their names, NULL-terminated. */
const struct driver *driver_find(const char *name) NONNULL(1);
const char *const *driver_names(void);
/* The spec's driver, QEMU when it names none. */
const struct driver *spec_driver(const struct machine_spec *spec) NONNULL(1);

/* For drivers: adds an event, takes `data` (malloc'ed JSON, or NULL). */
void vm_events_add(struct vm_events *events, const char *name, char *data) NONNULL(1, 2);
/* The oldest event of that name numbered `since` or later, NULL when there is none. */
const struct vm_event *vm_events_find(const struct vm_events *events, uint64_t since,
				      const char *name) NONNULL(1, 3);
void vm_events_done(struct vm_events *events) NONNULL(1);

#endif
