/* SPDX-License-Identifier: Apache-2.0 */
/* What a machine is made of: the order that goes from the run through the machine to its driver. */
#ifndef ASSAY_HOST_DRIVER_SPEC_H
#define ASSAY_HOST_DRIVER_SPEC_H

#include "host/image/image.h"
#include "host/image/seed.h"
#include "host/runbook/size.h"
#include "wire/case_info.h"

enum accel { ACCEL_AUTO, ACCEL_KVM, ACCEL_TCG };

struct driver;
struct machine_keeper;

/* In what a machine differs from others of its size; all zero: in nothing. */
struct machine_make {
	const char *controller; /* of the root disk: "nvme", "sata", "scsi"; NULL: the size's */
	uint64_t disk_bytes;	/* how large the root disk is; 0: as the image */
	const struct image_seed
		*seed; /* what the provisioning medium says; NULL: how the agent is started */
	const char *credentials; /* more SMBIOS strings of type 11, one a line; NULL: none */
	bool secure_boot;	 /* the firmware starts only what is signed */
	/* NICs in the first ports for what is plugged in, for cables that are laid later. Only a copy of a template has them: its
	 * guest has taken them already. */
	unsigned cables;
};

/* A kernel that is booted directly, by no loader: in place of the micro-VM's, or of the image's own. */
struct machine_kernel {
	const char *path; /* the bzImage */
	const char *
		modules; /* the folder with modules.dep, from which the initramfs gets what it needs; NULL: none */
	const char *
		medium; /* an ISO 9660 file with all of them, which the guest gets as /lib/modules; NULL: none */
	const char *config;  /* its configuration's text; NULL: it is not known */
	const char *release; /* as uname -r says it */
	const char *key;     /* another one for whatever else is in it */
};

struct machine_spec {
	const struct driver *driver; /* NULL: driver_qemu */
	const char *driver_options;  /* "key=value,…" for the driver (see null.c), or NULL */
	const struct image *image;   /* NULL: micro-VM from `kernel` */
	const struct image_options *image_options;
	const struct size *size;
	const char
		*qemu; /* the QEMU program: a name that PATH has, or a path; NULL: the usual one */
	const char *machine;	/* its machine type, of the q35 or the i440FX family; NULL: q35 */
	enum firmware firmware; /* never AUTO */
	enum accel accel;	/* never AUTO: accel_choose() */
	enum entry entry;	/* never AUTO */
	const char *agent_path; /* assay-guest */
	const char *folder;	/* where this machine's files lie (console.log, overlay); exists */
	const char *kernel, *modules; /* micro-VM; also needed to plant a sabotage into a disk */
	const struct machine_kernel *own_kernel; /* what is booted in their place; NULL: nothing */
	const char
		*root_disk; /* an overlay of the image, made before; NULL: the driver makes one */
	const char *extra_disk; /* micro-VM: a qcow2 that it gets as a writable disk, or NULL */
	const char *ssh_key, *ssh_user; /* ENTRY_SSH */
	/* The machine's power will be cut, and then its disks must lose what the guest never flushed. It costs a log of all
	 * that is written. */
	bool cuts_power;
	/* Its memory is a copy of the template's, not a view of it: who takes pages away from a guest (a balloon) takes them out
	 * of the file, and the template is everybody's. */
	bool owns_ram;
	bool netpeer; /* the NICs end in assay-netpeer */
	bool keeps_random; /* a copy of a template is told neither the time nor anything random: it has what was frozen */
	bool serves_time; /* it answers NTP: a clock that is to be looked at as it is must not be set right */
	struct machine_make make;
	const struct machine_keeper
		*keeper; /* of templates of other makes; NULL: nobody keeps any */
	/* Which instance of the image it is, for whoever tells instances apart: cloud-init by its id, a network by the MAC
	 * addresses of the NICs. */
	unsigned instance;
	const struct case_sabotage *sabotage; /* a host-done sabotage to build in, or NULL */
	const char *run_name;		      /* for the names of things that are seen outside */
};

/* "auto", "kvm", "tcg". */
const char *accel_name(enum accel accel);
int accel_parse(const char *name, enum accel *ret) NONNULL(1, 2);

/* True when the spec's sabotage is to leave that device out: "virtio-rng", "virtio-balloon", "vmgenid", … */
bool spec_drops(const struct machine_spec *spec, const char *device) NONNULL(1, 2);

/* The machine type: the sabotage's, else the spec's, else q35. */
const char *spec_machine_type(const struct machine_spec *spec) NONNULL(1);
/* True when it is of the i440FX family, which has PCI and no PCI Express. */
bool spec_is_i440fx(const struct machine_spec *spec) NONNULL(1);

/* The root disk's: the make's, else the size's; NULL: virtio-blk. */
const char *spec_controller(const struct machine_spec *spec) NONNULL(1);

/* True when the make asks for Secure Boot and the spec's sabotage ("secureboot=off") does not take it away. */
bool spec_has_secure_boot(const struct machine_spec *spec) NONNULL(1);

/* The value of a SABOTAGE_MACHINE with that name ("cpu", "machine", "smp", …), else NULL. */
const char *spec_machine_setting(const struct machine_spec *spec, const char *name) NONNULL(1, 2);

/* The kernel that the host gives to the machine; NULL: the machine has its own boot loader. */
const char *spec_kernel(const struct machine_spec *spec) NONNULL(1);
/* The folder with its modules, or NULL. */
const char *spec_modules(const struct machine_spec *spec) NONNULL(1);

#endif
