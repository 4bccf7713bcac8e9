/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about a machine; nobody else includes this. */
#ifndef ASSAY_HOST_MACHINE_INTERNAL_H
#define ASSAY_HOST_MACHINE_INTERNAL_H

#include <poll.h>

#include "host/driver/driver.h"
#include "host/link/agent.h"
#include "host/link/console.h"
#include "host/machine/machine.h"

#define MACHINE_FACTS_MAX 16384

struct machine {
	struct machine_spec spec; /* what it points to is borrowed */
	struct size size;	  /* from machine_resize: then spec.size is this one */
	struct vm *vm;
	struct agent *agent;
	struct console *console;
	uint64_t power_on_ns;
	uint64_t events_mark; /* for machine_wait_event */
	uint64_t events_seen; /* those that machine_pump has acted upon */
	bool console_closed, control_closed;
	bool agent_lost;    /* its channel closed, or what it said cannot be trusted any more */
	bool agent_greeted; /* since the last power-on or reset */
	bool ended;	    /* the VM is gone, or will not go on */
	bool has_no_room;   /* that is why it ended */
	bool frozen;
	bool has_old_agent; /* the one that it was frozen with, and that a reboot brings back, is not the current one */
	unsigned
		stale_replies; /* of calls that nobody waits for any more: they still come, before those of later calls */
	struct machine *
		partner; /* whose console and events are served while this one waits; NULL: nobody's */
	struct pollfd other;	/* one more descriptor that a wait is for: machine_wait_fd */
	struct err agent_error; /* why agent_lost */
	char *template_folder;	/* from which it was forked; NULL: it was booted */
	struct text facts;	/* "key=value\n"… of the greeting */
	char agent_version[64];
	const void *bundle;	/* the suite whose disks it has; NULL: none */
	char bundle_device[64]; /* its blank disk's name in the guest */
	bool bundle_slow;	/* the guest's kernel is a slow one, as suites understand it */
	char frozen_agent
		[65]; /* of a fork: the SHA-256 of the agent that the template was frozen with */
};

/* Makes a machine around a VM; takes the VM also on failure. */
int machine_new(const struct machine_spec *spec, struct vm *vm, struct machine **ret, struct err *e)
	NONNULL(1, 2, 3, 4);

/* Takes the stream to the agent over from the VM, when the agent is reached that way. */
void machine_take_agent(struct machine *machine) NONNULL(1);

/*
 * The one place where a machine waits: until anything has come from any of its channels, and takes it in (console into
 * the recorder, events, bytes of the agent). 0: something came; -ETIMEDOUT, -ECANCELED as of wait_fd. That the VM ended
 * or the agent is lost is no error here: callers look at the flags.
 */
int machine_pump(struct machine *machine, const struct patience *p, const char *what, struct err *e)
	NONNULL(1, 2, 3, 4);

/* An argument of a call that may hold any bytes. */
struct call_argument {
	const char *bytes;
	size_t length;
};

/* As machine_call, for such arguments. */
int machine_call_bytes(struct machine *machine, const struct patience *p, const char *verb,
		       const struct call_argument *arguments, size_t count, struct text *reply,
		       int *ret_code, struct err *e) NONNULL(1, 2, 3, 6, 7, 8);

/* Takes in what is there already, without waiting. */
void machine_take_in(struct machine *machine) NONNULL(1);

/* Sends what was added to agent_out. */
int machine_send(struct machine *machine, const struct patience *p, const char *what, struct err *e)
	NONNULL(1, 2, 3, 4);

/* The agent's next frame, valid until the machine's next wait. Errors: -EHOSTDOWN the VM ended; -ECONNRESET or -EBADMSG
 * the agent is lost; -ETIMEDOUT; -ECANCELED. */
int machine_next_frame(struct machine *machine, const struct patience *p, struct frame *ret,
		       const char *what, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Takes in a greeting frame: protocol, version, facts. */
int machine_greeted(struct machine *machine, const struct frame *frame, struct err *e)
	NONNULL(1, 2, 3);

/* True when the guest itself asked for the power-off. */
bool machine_powered_itself_off(const struct machine *machine) NONNULL(1);

/* The sentence for a VM that ended: by the guest's own doing (blame guest) or by itself (blame host). Returns -EHOSTDOWN. */
int machine_end_error(struct machine *machine, struct err *e) NONNULL(1, 2);

/* True when the host may be to blame for what the console says: see `emulated` in assay-patterns(5). */
bool machine_doubts(const struct machine *machine, const struct pattern *pattern) NONNULL(1, 2);

/* Waits for the greeting under the boot watchdog; fills the report. */
int boot_watch(struct machine *machine, const struct patience *p, struct boot_report *report,
	       struct err *e) NONNULL(1, 2, 3, 4);

/* After settling: -EIO (blame guest) when the console shows that the boot failed although the agent had come up. */
int boot_judge_settled(struct machine *machine, struct err *e) NONNULL(1, 2);

/* True when the agent has to be reached over SSH and is not yet. */
bool machine_wants_ssh(const struct machine *machine) NONNULL(1);

/* One try to connect, upload the agent and start it: then the session is the machine's agent stream. 0 also when the guest
 * is not yet so far; an error when it never will be. */
int machine_try_ssh(struct machine *machine, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);

/* Gives the agent in the guest the current one to execute; waits for its greeting. */
int machine_load_agent(struct machine *machine, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);

/* A file that becomes a disk of a running machine. */
struct plugged_disk {
	const char *name, *path; /* the name is its serial number too */
	const char *driver;	 /* "virtio-blk-pci" or "nvme" */
	unsigned number;	 /* which of those that are plugged in: each has its port */
	bool read_only;
};
/* Makes an empty file; plugs it in; waits until the guest has it, and adds its name in there to `reply`. */
int plug_make_file(const char *path, unsigned mib, struct err *e) NONNULL(1, 3);
int plug_disk(struct machine *machine, const struct plugged_disk *disk, const struct patience *p,
	      struct err *e) NONNULL(1, 2, 3, 4);
int plug_await(struct machine *machine, const char *name, const struct patience *p,
	       struct text *reply, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* How much longer things take than with hardware virtualisation. */
unsigned machine_slowness(const struct machine_spec *spec) NONNULL(1);

/* Plants a sabotage of the kinds CMDLINE and DISK_FILE into a new disk for a machine that is still to be booted. *ret_fd is
 * the caller's: the disk, or -1 when there is nothing to plant. */
int sabotage_plant(const struct machine_spec *spec, const struct patience *p, int *ret_fd,
		   struct err *e) NONNULL(1, 2, 3, 4);

#endif
