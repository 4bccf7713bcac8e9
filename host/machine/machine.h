/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One live machine's life, top to bottom: boot, settle, freeze, fork, run cases, stop. Every function blocks, within
 * its patience, and belongs to the thread that made the machine.
 *
 *	r = machine_boot(&spec, &p, &machine, e);          (boot loader to agent's greeting)
 *	r = machine_settle(machine, &p, pending, e);       (units, cloud-init, load quiet)
 *	r = machine_freeze(machine, folder, &p, e);        (it is gone; the folder is a template)
 *	r = template_fork(folder, &spec, &p, &fork, e);    (0.1 s later: a pristine machine; or, in two steps:)
 *	r = template_load(folder, &spec, &p, &fork, e);    (it is there and stands still)
 *	r = template_wake(fork, &p, e);
 *	r = machine_run_case(fork, info, flags, &p, result, e);
 *	machine_free(fork);
 */
#ifndef ASSAY_HOST_MACHINE_MACHINE_H
#define ASSAY_HOST_MACHINE_MACHINE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/wait.h"
#include "host/driver/spec.h"
#include "host/plan/offer.h"
#include "wire/case_info.h"
#include "wire/result.h"

struct machine;

enum boot_state { /* what the boot watchdog saw */
		  BOOT_READY,
		  BOOT_STUCK_IN_FIRMWARE,
		  BOOT_NO_LOADER,
		  BOOT_STUCK_IN_LOADER,
		  BOOT_KERNEL_PANIC,
		  BOOT_INITRAMFS_SHELL,
		  BOOT_EMERGENCY_MODE,
		  BOOT_NO_AGENT, /* it is up but the agent did not start */
		  BOOT_STUCK_IN_KERNEL,
		  BOOT_CONSOLE_FLOODED, /* it says more than is recorded, and does not come up */
		  BOOT_MACHINE_ENDED,	/* QEMU ended by itself */
};

struct boot_report {
	enum boot_state state;
	char sentence[512]; /* for people: what happened, in one sentence */
	uint64_t firmware_ns, kernel_ns, agent_ns, settled_ns; /* since power-on, 0: not reached */
	struct text console_tail; /* the last lines, at most 8 KiB; owned */
	char hit[128];		  /* the console pattern that decided, "" none */
};

void boot_report_done(struct boot_report *report) NONNULL(1);

/*
 * Starts it and waits for the agent's greeting. Returns 0 with *ret; or a negative errno: blame guest when the subject
 * does not come up (report says how: that is a result, not an error of the run), blame host for QEMU's failures.
 */
int machine_boot(const struct machine_spec *spec, const struct patience *p, struct machine **ret,
		 struct boot_report *report, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Waits, bounded, until the guest is quiet; what is still pending is added to `pending` (one a line). -EIO (blame guest):
 * the boot ended in emergency mode or a panic after the agent had come up. */
int machine_settle(struct machine *machine, const struct patience *p, struct text *pending,
		   struct err *e) NONNULL(1, 2, 3, 4);

/* Freezes it into `folder` (created; RAM, device state, disk overlay, template.json) and ends it. */
int machine_freeze(struct machine *machine, const char *folder, const struct patience *p,
		   struct err *e) NONNULL(1, 2, 3, 4);

/* True when `folder` holds a whole template that this host's QEMU can wake for that spec; else `why` says why not. */
bool template_is_usable(const char *folder, const struct machine_spec *spec, struct text *why)
	NONNULL(1, 2, 3);

/* Makes a private copy in spec->folder that stands still: for it no time passes until template_wake. */
int template_load(const char *folder, const struct machine_spec *spec, const struct patience *p,
		  struct machine **ret, struct err *e) NONNULL(1, 2, 3, 4, 5);
/* Lets it run: sets clock and entropy, brings in the current agent when the template has another. */
int template_wake(struct machine *machine, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);
/* Both. */
int template_fork(const char *folder, const struct machine_spec *spec, const struct patience *p,
		  struct machine **ret, struct err *e) NONNULL(1, 2, 3, 4, 5);

/*
 * Another machine of its make, in `folder`, which exists and is named as long as the machine lives: a copy of the same
 * template, or, where there is none, booted and settled; then `report` tells how, and it is as of machine_boot.
 */
int machine_twin(const struct machine *machine, const char *folder, const struct patience *p,
		 struct machine **ret, struct boot_report *report, struct err *e)
	NONNULL(1, 2, 3, 4, 5, 6);

/* From now on each of the two is served while the other waits, until one of them goes: a guest whose console nobody reads
 * stands still. */
void machine_join(struct machine *machine, struct machine *partner) NONNULL(1, 2);
void machine_part(struct machine *machine) NONNULL(1);

/* Ends it at once, with all its processes, sockets and temporary files; console.log stays. Takes NULL. */
void machine_free(struct machine *machine);
DEFINE_CLEANUP(machine);

/*
 * Runs one guest or audit case on it. Returns 0 when `result` is decided (whatever the outcome), also when the guest
 * died or the console shows an oops (then it is a failure of that case). A negative errno (blame host or bug) means that
 * no outcome could be had. After it, machine_is_alive tells whether the machine can be used on.
 */
int machine_run_case(struct machine *machine, const struct case_info *info, unsigned flags,
		     const char *parameters, const struct patience *p, struct result *result,
		     struct err *e) NONNULL(1, 2, 5, 6, 7);
bool machine_is_alive(const struct machine *machine) NONNULL(1);

/*
 * For host cases. A call to the agent: verb and arguments, see guest/call.c; *ret_code is 0 or the guest's errno and
 * `reply` gets the text. Returns a negative errno when the agent cannot be reached.
 */
int machine_call(struct machine *machine, const struct patience *p, const char *verb,
		 const char *const *arguments, struct text *reply, int *ret_code, struct err *e)
	NONNULL(1, 2, 3, 5, 6, 7);

/* The same in two steps, so that two machines can be busy at once. Between them the machine is asked nothing else. */
int machine_call_begin(struct machine *machine, const struct patience *p, const char *verb,
		       const char *const *arguments, struct err *e) NONNULL(1, 2, 3, 5);
int machine_call_end(struct machine *machine, const struct patience *p, const char *verb,
		     struct text *reply, int *ret_code, struct err *e) NONNULL(1, 2, 3, 4, 5, 6);

/* As wait_fd for a descriptor that is none of the machine's channels, while these are served: a guest whose console nobody
 * reads stands still. -EHOSTDOWN when the VM ends meanwhile. */
int machine_wait_fd(struct machine *machine, const struct patience *p, int fd, short events,
		    const char *what, struct err *e) NONNULL(1, 2, 5, 6);

/* A QMP command with arguments as JSON ("{}" or NULL: none); the return value is added to `reply` as JSON. */
int machine_qmp(struct machine *machine, const struct patience *p, const char *command,
		const char *arguments, struct text *reply, struct err *e) NONNULL(1, 2, 3, 5, 6);
/* Hands the machine a descriptor under a name that QMP commands can use; the caller keeps its own. */
int machine_give_fd(struct machine *machine, const struct patience *p, const char *name, int fd,
		    struct err *e) NONNULL(1, 2, 3, 5);
/* Waits for a QMP event (also one that came since machine_mark_events); its data is added to `data` as JSON. */
void machine_mark_events(struct machine *machine) NONNULL(1);
int machine_wait_event(struct machine *machine, const struct patience *p, const char *event,
		       struct text *data, struct err *e) NONNULL(1, 2, 3, 4, 5);
/* The same for one whose data has `part` in it. */
int machine_wait_event_of(struct machine *machine, const struct patience *p, const char *event,
			  const char *part, struct text *data, struct err *e)
	NONNULL(1, 2, 3, 5, 6);

/* Waits for the agent's greeting of a machine that is rebooting (-ETIMEDOUT, with the watchdog's reading). */
int machine_wait_agent(struct machine *machine, const struct patience *p,
		       struct boot_report *report, struct err *e) NONNULL(1, 2, 3, 4);
/* Power cut: QEMU is killed, and power_on boots the same disks again. What the guest has not flushed is lost, if the spec
 * says cuts_power; else what it had only written is there as well. */
int machine_power_cut(struct machine *machine, struct err *e) NONNULL(1, 2);
int machine_power_on(struct machine *machine, const struct patience *p, struct boot_report *report,
		     struct err *e) NONNULL(1, 2, 3, 4);

/* The bytes of this host that its memory takes; 0: nobody knows. Only with spec->owns_ram they are all its own. */
uint64_t machine_ram_used(const struct machine *machine) NONNULL(1);

/* Plugs these devices into the running machine, blank disks of `mib`, and waits until the guest has them. -ENODEV (blame
 * guest): it does not take one. */
int machine_plug(struct machine *machine, const struct hot_devices *hot, unsigned mib,
		 const struct patience *p, struct err *e) NONNULL(1, 2, 4, 5);

/* While its power is off: replaces its provisioning medium by one with that seed (borrowed). */
int machine_reseed(struct machine *machine, const struct image_seed *seed, struct err *e)
	NONNULL(1, 2, 3);
/* The same: from its next start on it has the CPUs and the memory of that size, which is otherwise its own. */
int machine_resize(struct machine *machine, const struct size *size, struct err *e)
	NONNULL(1, 2, 3);
/* The same: makes the empty file a qcow2 of the root disk as it is now, with spec->cuts_power without what was never
 * flushed. It names what it is backed by: whoever has that can open it. */
int machine_copy_root(struct machine *machine, int to, const struct patience *p, struct err *e)
	NONNULL(1, 3, 4);
/* True when machines of that driver can have Secure Boot on this host. */
bool machine_has_secure_boot(const struct machine_spec *spec) NONNULL(1);

/* Asks the other end of the machine's network (spec->netpeer; netpeer/control.h has the questions), with a descriptor or -1;
 * adds to the answer. -EREMOTEIO (blame guest): it says no, e.g. that the guest refuses a connection. */
int machine_ask_netpeer(struct machine *machine, const struct patience *p, const char *question,
			int fd, struct text *answer, struct err *e) NONNULL(1, 2, 3, 5, 6);
/* Leaves what a machine has beside its console log for whoever looks into a failure: the record of its network. */
int machine_keep_evidence(struct machine *machine, struct err *e) NONNULL(1, 2);

/* With this begin the names of the block nodes that cases give to a machine. */
#define CASE_NODE_PREFIX "case-"

/* A line of the console that tells of a fault. */
struct machine_fault {
	const char *pattern, *meaning; /* live as long as the program */
	char line[512];
	bool is_doubtful; /* under emulation a host that is too busy makes such lines too */
	bool is_death;	  /* the guest will not come back by itself */
	uint64_t mark;
};

/* The first such line after the mark; false: none. Its own mark finds the next. */
bool machine_fault_after(const struct machine *machine, uint64_t mark, struct machine_fault *ret)
	NONNULL(1, 3);
/* 0, or -EINVAL (blame bug): a name of the comma-separated list (NULL: none) is no console pattern's. */
int machine_check_expected(const char *names, struct err *e) NONNULL(2);

/* Runs a command over SSH, as whoever rents the machine does; its output is added. -EACCES (blame user): the guest refuses
 * the key; other errors of SSH have blame guest. */
struct ssh_login {
	int fd; /* leads to the guest's server; taken */
	const char *user, *key, *command;
};
/* A key for that, kept in the cache: gives the private key's path and the public line of authorized_keys (both to be freed). */
int machine_ssh_key(const struct machine_spec *spec, char **ret_path, char **ret_public,
		    struct err *e) NONNULL(1, 2, 3, 4);
int machine_ssh_run(struct machine *machine, const struct patience *p,
		    const struct ssh_login *login, struct text *output, struct err *e)
	NONNULL(1, 2, 3, 4, 5);

/* The console's log so far: a path, and a mark from which text can be asked. */
const char *machine_console_path(const struct machine *machine) NONNULL(1);
uint64_t machine_console_mark(struct machine *machine) NONNULL(1);
int machine_console_since(struct machine *machine, uint64_t mark, struct text *out, struct err *e)
	NONNULL(1, 3, 4);
/* Types into the serial console. */
int machine_console_type(struct machine *machine, const char *text, struct err *e) NONNULL(1, 2, 3);
/* Waits until the console shows `needle` after `mark`. */
int machine_console_wait(struct machine *machine, uint64_t mark, const char *needle,
			 const struct patience *p, struct err *e) NONNULL(1, 3, 4, 5);
/* The same for any of several, NULL-terminated; gives the index of the one that is there. */
int machine_console_wait_any(struct machine *machine, uint64_t mark, const char *const *needles,
			     const struct patience *p, struct err *e) NONNULL(1, 3, 4, 5);

const struct machine_spec *machine_spec(const struct machine *machine) NONNULL(1);
/* The template that it was forked from; NULL: it was booted. */
const char *machine_template(const struct machine *machine) NONNULL(1);
/* The process that is the VM, for who looks at it from outside; 0: there is none. */
pid_t machine_pid(const struct machine *machine) NONNULL(1);

#endif
