/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image: a disk file known by its content. Assay opens it read-only and never changes it.
 *
 *	CLEANUP(image) struct image *image = NULL;
 *	r = image_open(path, &options, &patience, &image, e);
 *	printf("%s %s\n", image->digest, image->os_name);
 *	...
 *	r = image_prove_unchanged(image, &patience, e);
 */
#ifndef ASSAY_HOST_IMAGE_IMAGE_H
#define ASSAY_HOST_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/wait.h"
#include "wire/result.h"

/* How the agent can be brought in. */
enum entry {
	ENTRY_AUTO,
	ENTRY_CLOUD_INIT,   /* NoCloud disk labelled cidata */
	ENTRY_SYSTEMD_UNIT, /* credentials systemd.extra-unit.* through SMBIOS (systemd >= 256) */
	ENTRY_TMPFILES,	    /* credential tmpfiles.extra through SMBIOS (systemd >= 252) */
	ENTRY_SSH,	    /* a key that the user gave */
	ENTRY_INIT,	    /* micro-VM: the agent is the init */
	ENTRY_NONE,	    /* no way in was found */
};

enum firmware { FIRMWARE_AUTO, FIRMWARE_BIOS, FIRMWARE_UEFI };

/*
 * Who reads filesystems that are not read in process: a micro-VM that has the image's disk (host/machine/micro_helper.h
 * makes one). `open` is called when it is needed for the first time, `close` at the end of the same operation.
 */
struct image;
struct image_helper {
	int (*open)(void *arg, const struct image *image, const struct patience *p, void **ret,
		    struct err *e);
	/* As machine_call. */
	int (*call)(void *opened, const struct patience *p, const char *verb,
		    const char *const *arguments, struct text *reply, int *ret_code, struct err *e);
	void (*close)(void *opened);
	void *arg;
};

struct image_options {
	const char *cache_folder;	   /* where digests are remembered */
	const char *micro_kernel;	   /* kernel of the micro-VM; NULL: search */
	const char *agent_path;		   /* assay-guest */
	const struct image_helper *helper; /* NULL: what is not read in process stays unread */
	bool allow_outside_backing;	   /* follow backing files outside of the image's folder */
	/* Told how far the digest is, when it has to be taken (may be NULL). */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	void *progress_arg;
};

/* A file of the chain: the image itself, then what it is backed by. */
#define IMAGE_CHAIN_MAX 8
struct image_file {
	char *path;					  /* absolute, links resolved */
	char format[12];				  /* qemu's word */
	char digest[65];				  /* SHA-256 of this file alone */
	uint64_t device, inode, size, mtime_ns, ctime_ns; /* as it was when opened */
};

#define IMAGE_FILESYSTEMS_MAX 32
struct image_filesystem {
	char type[16], uuid[40], label[40], mount[64]; /* mount: where fstab puts it, "" unknown */
	uint64_t offset, size;			       /* bytes, in the disk */
};

struct extents;
struct image_seed;
struct image {
	char *path;	 /* absolute, links resolved */
	char name[96];	 /* the file's base name */
	char format[12]; /* qemu's word: qcow2 raw vpc vhdx vmdk; by content, never by name */
	char digest[65]; /* SHA-256 of the file (with its backing chain, when it has one), hex */
	uint64_t file_size, virtual_size;
	/* What was found on the disk by looking, without booting. */
	char arch[16]; /* x86_64, aarch64, … of the shell or kernel found; "" unknown */
	char os_id[32], os_version[32], os_name[96]; /* os-release ID, VERSION_ID, PRETTY_NAME */
	char table[8];				     /* gpt, dos, none */
	bool boots_bios, boots_uefi;
	bool has_cloud_init, has_sshd;
	int systemd_version; /* 0: no systemd */
	char root_type[16];  /* ext4, xfs, btrfs, … */
	bool needs_micro_vm; /* its files lie in something that is read only by a kernel in a micro-VM: without a helper
			      * image_audit says -ENOTSUP, and what the root's files tell is not known */
	char problem
		[320]; /* why its files, or some that its fstab mounts, are not read even so: then image_audit says
			      * -ENOTSUP; "" when they are */
	struct image_filesystem filesystems[IMAGE_FILESYSTEMS_MAX];
	unsigned filesystem_count;
	struct image_file chain[IMAGE_CHAIN_MAX];
	unsigned chain_count;
	struct extents
		*extents; /* where the disk's bytes lie in these files; NULL: not as they are */
};

/* Where the file is, links followed; the caller frees *ret. -ENOENT and the like (blame user): it is not there. */
int image_find(const char *path, char **ret, struct err *e) NONNULL(1, 2, 3);

/* Opens, recognises and identifies. Errors with blame user say what is wrong with the file and what to do: missing,
 * empty, truncated, encrypted, not a disk, compressed, backing file missing / absolute / outside. A file on which no
 * operating system is found is an image all the same (os_id ""). */
int image_open(const char *path, const struct image_options *options, const struct patience *p,
	       struct image **ret, struct err *e) NONNULL(1, 2, 3, 4, 5);
void image_free(struct image *image);
DEFINE_CLEANUP(image);

/* -ESTALE (blame host) when the file's identity or content changed since image_open. Cheap when inode, size and mtime
 * are as they were (then ctime is compared too); else the digest is taken again. */
int image_prove_unchanged(const struct image *image, const struct patience *p, struct err *e)
	NONNULL(1, 2, 3);

/* The best entry for that image: cloud-init, else systemd credentials by version, else ENTRY_NONE. */
enum entry image_entry(const struct image *image) NONNULL(1);
const char *entry_name(
	enum entry
		entry); /* "cloud-init", "systemd-unit", "tmpfiles", "ssh", "init", "none", "auto" */
const char *firmware_name(enum firmware firmware); /* "auto", "bios", "uefi" */
/* UEFI if it boots so, else BIOS. */
enum firmware image_firmware(const struct image *image) NONNULL(1);

/* Creates a qcow2 overlay over the image, a file in `folder` that has no name; *ret_fd is the caller's. virtual_size 0: as
 * large as the image. Says so when the disk there is too full for a machine. */
int image_overlay(const struct image *image, const char *folder, uint64_t virtual_size,
		  const struct patience *p, int *ret_fd, struct err *e) NONNULL(1, 2, 4, 5, 6);

/* Adds the SMBIOS type 11 strings, one a line, that start the agent from the disk labelled ASSAY; none for other entries
 * than systemd-unit and tmpfiles. With tmpfiles the host must take the agent's port away and plug it in again, every few
 * seconds until the agent greets: udev reads its new rule at most every 3 s, and only then sees the port with it. A medium with
 * a seed (NULL: none) has another label. */
void image_credentials(enum entry entry, const struct image_seed *seed, struct text *out)
	NONNULL(3);

/* Runs audit cases on the disk, offline, in a child that has shut itself in. `on_result` is called for each id in
 * order (it borrows the result). Cases that crash or hang the child are results (broken), and the rest still run.
 * `parameters` as in trial_setup. */
typedef void audit_result_fn(void *arg, struct result *result);
int image_audit(const struct image *image, const struct image_options *options,
		const char *const *ids, size_t count, bool sabotage, const char *parameters,
		const struct patience *p, audit_result_fn *on_result, void *arg, struct err *e)
	NONNULL(1, 2, 3, 7, 8, 10);

/* Must be called early in main(): when this process is the shut-in audit child, it does that work and never returns. */
void image_audit_init(int argc, char **argv);

/* Provisioning media: an ISO 9660 file system, written to `fd`, with the agent on it, and for ENTRY_CLOUD_INIT also user-data and
 * meta-data (volume label cidata, otherwise ASSAY). */
int image_media(int fd, enum entry entry, const char *agent_path, const char *instance_id,
		struct err *e) NONNULL(3, 4, 5);

#endif
