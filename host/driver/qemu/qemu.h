/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the QEMU driver share; nobody else includes this. */
#ifndef ASSAY_HOST_DRIVER_QEMU_QEMU_H
#define ASSAY_HOST_DRIVER_QEMU_QEMU_H

#include "base/child.h"
#include "base/file.h"
#include "base/vec.h"
#include "host/driver/driver.h"
#include "host/driver/qemu/netpeer.h"
#include "host/driver/qemu/qmp.h"
#include "host/driver/qemu/version.h"

#define QEMU_DISKS_MAX (SIZE_DISKS_MAX + 1) /* the root disk is the first */
#define QEMU_NODES_MAX 8
#define QEMU_FDS_MAX   64
#define QEMU_FIRST_FD  10 /* lower numbers are the shim's and the standard ones */

/* PCIe root ports for devices that come while the guest runs. */
#define QEMU_HOTPLUG_PORTS SIZE_HOTPLUG_PORTS
#define QEMU_HOTPLUG_PORT  "hot%u"
#define QEMU_BALLOON_PORT  "balloon"

#define WRITE_LOG_MAX (4ULL << 30) /* a sparse file; a disk whose writes are more refuses them */

#define AGENT_PORT    "org.assay.agent.0"
#define AGENT_PORT_ID "agent0"

/* Files in a template's folder. */
#define TEMPLATE_STATE "state"	 /* device state, as QEMU migrates it */
#define TEMPLATE_RAM   "ram%u"	 /* per NUMA node */
#define TEMPLATE_DISK  "disk%u"	 /* disk 0 is the root disk's overlay */
#define TEMPLATE_EMPTY "empty%u" /* an empty qcow2 of the disk's size, copied for each fork */
#define TEMPLATE_VARS  "vars"	 /* the UEFI variables */
#define TEMPLATE_MEDIA "media"	 /* the disk that brings the agent in */
#define TEMPLATE_TPM   "tpm"	 /* the TPM's permanent state */

/* One disk, from the guest's view. All of a machine's own files have no name: they go with the last descriptor. */
struct qemu_disk {
	int fd; /* the top layer, writable */
	/* Where the power will be cut: the log of the disk's writes since QEMU was started, and what the top layer was
	 * then. Else -1. */
	int log_fd, before_fd;
	uint64_t size;	 /* of the disk, known while it has a log */
	char format[12]; /* of the top layer */
	char *backing; /* the layer below, in a template's folder; NULL: none, or as the header says */
	char backing_format[12];
};

/* What a machine consists of on this side. */
struct qemu {
	struct vm vm;
	struct machine_spec spec;
	struct child child, tpm;
	struct netpeer *netpeer; /* NULL: QEMU is the other end of the network */
	struct qmp *qmp;
	int stderr_fd; /* a file in memory of a fixed size */
	struct qemu_disk disks[QEMU_DISKS_MAX];
	unsigned disk_count;
	int media_fd, vars_fd, initrd_fd; /* -1: none */
	int ram_fds[QEMU_NODES_MAX];
	unsigned node_count;
	int tpm_fd;		     /* the TPM's permanent state; -1: none */
	const char *template_folder; /* while it is loaded, else NULL */
	char *credentials;	     /* SMBIOS strings, one a line; NULL: none */
	bool is_fork;		     /* its RAM is a template's, or a copy of it */
};

/* A command line under construction, with the descriptors that go with it. */
DEFINE_VEC(word_vec, char *);
struct command {
	struct word_vec words; /* owned */
	struct child_fd fds[QEMU_FDS_MAX];
	size_t fd_count;
};
void command_done(struct command *command) NONNULL(1);
DEFINE_CLEAN_DONE(command);
void command_add(struct command *command, const char *word) NONNULL(1, 2);
void command_addf(struct command *command, const char *format, ...) PRINTF(2, 3) NONNULL(1, 2);
/* The words, with NULL at their end; they still belong to the command. */
const char *const *command_argv(struct command *command) NONNULL(1);
/* The number under which QEMU sees the descriptor. */
int command_fd(struct command *command, int fd) NONNULL(1);

/* What the guest sees, without anything that differs from one start to the next: argv.c. */
void argv_machine(struct command *command, const struct qemu *qemu) NONNULL(1, 2);
void argv_disks(struct command *command, const struct qemu *qemu) NONNULL(1, 2);
/* The word that opens what the disk was before its log, as the node of that name. */
void argv_disk_before(struct command *command, const struct qemu_disk *disk, const char *name)
	NONNULL(1, 2, 3);
/* What the guest's disk number `disk` is called in QMP, and the node that swallows all and never answers. */
#define QEMU_DISK_NAME "disk%u"
#define QEMU_GONE_NAME "gone%u"

/* firmware.c: gives the paths of the UEFI code and of the variables' first state; a secure one has Microsoft's keys in them and
 * starts nothing else. */
struct firmware_files {
	char code[256], vars[256];
};
bool qemu_has_secure_boot(const struct machine_spec *spec);
int firmware_find(bool secure, struct firmware_files *ret, struct err *e) NONNULL(2, 3);

/* ports.c: where devices are plugged in. */
void ports_add(struct command *command, const struct machine_spec *spec) NONNULL(1, 2);
/* The arguments of a device_add, with the port that they name as the machine has it; NULL: they stay as they are. */
char *ports_place(const struct machine_spec *spec, const char *arguments) NONNULL(1, 2);

/* files.c: copies, and the room for them. */
int file_copy(int from, int to, struct err *e) NONNULL(3); /* holes stay holes */
int file_copy_path(const char *path, int to, struct err *e) NONNULL(1, 3);
/* Gives the unnamed file a name, or copies it when it lies on another file system. */
int file_name(int fd, const char *path, struct err *e) NONNULL(2, 3);
int file_check_room(const char *folder, uint64_t bytes, const char *what, struct err *e)
	NONNULL(1, 3, 4);
uint64_t file_used(int fd); /* bytes of disk or memory */

/* disk.c, ram.c, tpm.c: the parts of a new machine and of a fork. */
int disks_make(struct qemu *qemu, const struct patience *p, struct err *e) NONNULL(1, 2, 3);
int disks_fork(struct qemu *qemu, const char *folder, struct err *e) NONNULL(1, 2, 3);
int disks_freeze(struct qemu *qemu, const char *folder, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3, 4);
void disks_done(struct qemu *qemu) NONNULL(1);
/* The disk that brings the agent in, with the seed of the machine's make. */
int disk_make_media(struct qemu *qemu, struct err *e) NONNULL(1, 2);
/* Makes the empty file a copy of the root disk's top layer that says itself what is below it. */
int disk_copy_root(const struct qemu *qemu, int to, const struct patience *p, struct err *e)
	NONNULL(1, 3, 4);
/* The virtual size: of a raw layer its length, of a qcow2 what its header says. */
int disk_size(const struct qemu_disk *disk, uint64_t *ret, struct err *e) NONNULL(1, 2, 3);
unsigned ram_nodes(const struct machine_spec *spec) NONNULL(1);
int ram_make(struct qemu *qemu, struct err *e) NONNULL(1, 2);
int ram_fork(struct qemu *qemu, const char *folder, struct err *e) NONNULL(1, 2, 3);
/* True when it is a private view of a template's file. */
bool ram_is_private(const struct qemu *qemu) NONNULL(1);
uint64_t ram_used(const struct qemu *qemu) NONNULL(1);
int ram_freeze(struct qemu *qemu, const char *folder, struct err *e) NONNULL(1, 2, 3);
int tpm_start(struct qemu *qemu, const struct patience *p, int *ret_fd, struct err *e)
	NONNULL(1, 2, 3, 4);

/* cut.c: machines whose power is cut. Before a start: a log for each disk. */
int disks_log(struct qemu *qemu, struct err *e) NONNULL(1, 2);
/* Right before QEMU is killed: takes the guest's disks away, so that the logs tell of all that was completed. */
int disks_cut(struct qemu *qemu, const struct patience *p, struct err *e) NONNULL(1, 2, 3);
/* Afterwards: the disks lose what was never flushed, and the logs go. An event WRITES_LOST tells how much that was. */
int disks_lose(struct qemu *qemu, const struct patience *p, struct err *e) NONNULL(1, 2, 3);

/* initrd.c: the micro-VM's file system: the agent as /init, and the modules that it needs to reach us. */
int initrd_make(struct qemu *qemu, struct err *e) NONNULL(1, 2);

/* process.c: starting and ending the process. With a template_folder it waits for a device state to come in, and stands still afterwards. */
int process_start(struct qemu *qemu, const struct patience *p, struct err *e) NONNULL(1, 2, 3);
void process_end(struct qemu *qemu) NONNULL(1);
/* An error of QMP's is turned into QEMU's last words when it has ended. */
int process_error(struct qemu *qemu, int r, struct err *e) NONNULL(1, 3);
void process_last_words(struct vm *vm, struct text *out) NONNULL(1, 2);

/* freeze.c */
int qemu_freeze(struct vm *vm, const char *folder, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3, 4);
int qemu_load(const char *folder, const struct machine_spec *spec, const struct patience *p,
	      struct vm **ret, struct err *e) NONNULL(1, 2, 3, 4, 5);
int qemu_go(struct vm *vm, const struct patience *p, struct err *e) NONNULL(1, 2, 3);

/* version.c */
int qemu_describe(const struct machine_spec *spec, const struct patience *p, struct text *out,
		  struct err *e) NONNULL(1, 2, 3, 4);

/* start.c */
struct qemu *qemu_new(const struct machine_spec *spec) NONNULL(1);
void qemu_free(struct vm *vm);
int qemu_resize(struct vm *vm, const struct size *size, struct err *e) NONNULL(1, 2, 3);
int qemu_copy_root(struct vm *vm, int to, const struct patience *p, struct err *e) NONNULL(1, 3, 4);

#endif
