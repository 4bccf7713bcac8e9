/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cell's machine offers, and the needs of a case judged against it - without the sabotage, so that a planted
 * defect never becomes a skip.
 *
 *	struct offer offer = {.size = &size, .uefi = true, .devices = devices};
 *	if (offer_judge(&offer, info->needs, &need) == OFFER_LACKS)
 *		... skip, need.text is not met ...
 */
#ifndef ASSAY_HOST_PLAN_OFFER_H
#define ASSAY_HOST_PLAN_OFFER_H

#include "host/runbook/size.h"
#include "wire/need.h"

/* What is plugged into a running machine for one case, since its size lacks it. */
struct hot_devices {
	unsigned disks; /* blank ones, as the size's data disks are */
	unsigned nvmes; /* the same, behind NVMe controllers */
};

struct offer {
	const struct size *size;
	bool uefi, kvm, secure_boot;
	bool netpeer;		    /* the NICs may end in assay-netpeer */
	bool pristine;		    /* the disk is looked at as it was handed over */
	const char *image_format;   /* qemu's word; NULL: no image file (micro-VM) */
	const char *kernel;	    /* release of the kernel that is tried; NULL: the image's own */
	const char *policy;	    /* lines key=value; NULL: none */
	const char *const *devices; /* what dev:X and nic:X may name, NULL-terminated; NULL: none */
	unsigned hotplug_slots, memory_slots, cpus_max;
	bool plugs_disks; /* disks that the size lacks are plugged in, as far as there are slots */
	unsigned vms;	  /* machines that a case may have at once */
};

/* What every machine has, whatever its size, in the words of needs; NULL-terminated. */
extern const char *const offer_devices[];

enum offer_verdict {
	OFFER_MEETS,
	OFFER_LACKS,   /* *ret is the first need that is not met */
	OFFER_UNKNOWN, /* *ret is a word that is no need at all: a mistake in the case */
};

/* Judges the needs that are the plan's to judge; the guest's are left to the guest. */
enum offer_verdict offer_judge(const struct offer *offer, const char *needs, struct need *ret)
	NONNULL(1, 3);

/* What has to be plugged in for needs that are met; nothing for most. */
struct hot_devices offer_plugs(const struct offer *offer, const char *needs) NONNULL(1);

#endif
