/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logical volumes of a disk that is not running. Linear and striped ones are read: they are lists of extents. Of the
 * others it is said what they are.
 *
 *	CLEANUP(lvm) struct lvm *lvm = lvm_open(chunks, members, count);
 *	for (struct lvm_volume *volume; (volume = lvm_volume(lvm, n)) != NULL; n++)
 *		if (!volume->span)
 *			printf("%s/%s %s\n", volume->group, volume->name, volume->problem);
 */
#ifndef ASSAY_HOST_IMAGE_LVM_H
#define ASSAY_HOST_IMAGE_LVM_H

#include "guest/kit/volume_name.h"
#include "host/image/span.h"

#define LVM_NAME_SIZE	128 /* NAME_LEN of lvm2 */
#define LVM_MEMBERS_MAX 32
#define LVM_VOLUMES_MAX 64

struct lvm_volume {
	char group[LVM_NAME_SIZE], name[LVM_NAME_SIZE];
	char mapped_name[VOLUME_NAME_SIZE]; /* device-mapper's */
	struct span *span;		    /* NULL: it cannot be read; may be taken */
	unsigned member;   /* that its first byte lies on; only when it can be read */
	char problem[200]; /* why, to stand behind "the logical volume G/V " */
};

struct lvm;

/* `members` are the parts of the disk that have LVM's label, of one piece each; more than LVM_MEMBERS_MAX are not looked
 * at. They are borrowed for the call, the chunks for the life of what it gives. */
struct lvm *lvm_open(struct chunks *chunks, const struct span *const *members, unsigned count)
	NONNULL(1);
void lvm_free(struct lvm *lvm);
DEFINE_CLEANUP(lvm);

/* The volumes that hold something for others than LVM itself; NULL past the last. */
struct lvm_volume *lvm_volume(struct lvm *lvm, unsigned n) NONNULL(1);

/* Why not all that lies in the member is among the volumes, to stand behind "the physical volume there: "; "" when all of
 * it is. */
const char *lvm_member_problem(const struct lvm *lvm, unsigned member) NONNULL(1);

#endif
