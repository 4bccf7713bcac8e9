/* SPDX-License-Identifier: Apache-2.0 */
/* Needs judged against the plan. */
#include "host/plan/offer.h"

#include <string.h>

typedef bool judge_fn(const struct offer *offer, const struct need *need);

const char *const offer_devices[] = {"cdrom",	       "fw-cfg",     "pvpanic",	   "rtc",
				     "virtio-balloon", "virtio-blk", "virtio-net", "virtio-rng",
				     "virtio-serial",  "vmgenid",    NULL};

/* "tpm" and "tpm>=1" ask for one; "cpus>=4" for four. */
static long long wanted(const struct need *need)
{
	return need->at_least > 0 ? need->at_least : 1;
}

static bool judge_cpus(const struct offer *offer, const struct need *need)
{
	return offer->size->cpus >= wanted(need);
}

static bool judge_cpus_max(const struct offer *offer, const struct need *need)
{
	unsigned most = offer->cpus_max > offer->size->cpus ? offer->cpus_max : offer->size->cpus;

	return most >= wanted(need);
}

static bool judge_dev(const struct offer *offer, const struct need *need)
{
	for (const char *const *device = offer->devices; device && *device; device++)
		if (strcmp(*device, need->name) == 0)
			return true;
	return false;
}

static unsigned pluggable(const struct offer *offer)
{
	return offer->plugs_disks ? offer->hotplug_slots : 0;
}

static bool judge_disk(const struct offer *offer, const struct need *need)
{
	return strcmp(need->name, "data") == 0 && offer->size->data_disks + pluggable(offer) > 0;
}

static bool judge_disks(const struct offer *offer, const struct need *need)
{
	return offer->size->data_disks + pluggable(offer) >= wanted(need);
}

static bool judge_nvme(const struct offer *offer, const struct need *need)
{
	return pluggable(offer) >= wanted(need);
}

static bool judge_hotplug(const struct offer *offer, const struct need *need)
{
	return offer->hotplug_slots >= wanted(need);
}

static bool judge_image(const struct offer *offer, const struct need *need)
{
	if (!offer->image_format)
		return false;
	if (strcmp(need->name, "pristine") == 0)
		return offer->pristine;
	if (strcmp(need->name, "vhd") == 0)
		return strcmp(offer->image_format, "vpc") == 0;
	if (strcmp(need->name, "qcow2") == 0)
		return strcmp(offer->image_format, "qcow2") == 0;
	return strcmp(need->name, "file") == 0;
}

static bool judge_kernel(const struct offer *offer, const struct need *need)
{
	return offer->kernel && strcmp(need->name, "given") == 0;
}

static bool judge_kvm(const struct offer *offer, const struct need *need UNUSED)
{
	return offer->kvm;
}

static bool judge_mem(const struct offer *offer, const struct need *need)
{
	return offer->size->mem_mib >= wanted(need);
}

static bool judge_memory_slots(const struct offer *offer, const struct need *need)
{
	return offer->memory_slots >= wanted(need);
}

/* What assay-netpeer serves; sorted. */
static const char *const peers[] = {"arp", "dhcp", "dns", "ntp", "ra", "router", "tcp"};

static bool judge_netpeer(const struct offer *offer, const struct need *need)
{
	if (!offer->netpeer || offer->size->nics < 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		if (strcmp(peers[i], need->name) == 0)
			return true;
	return false;
}

static bool judge_nics(const struct offer *offer, const struct need *need)
{
	return offer->size->nics >= wanted(need);
}

static bool judge_numa(const struct offer *offer, const struct need *need)
{
	unsigned nodes = offer->size->numa_nodes ? offer->size->numa_nodes : 1;

	return nodes >= wanted(need);
}

/* True when the policy has that key. */
static bool judge_policy(const struct offer *offer, const struct need *need)
{
	size_t length = strlen(need->name);

	for (const char *at = offer->policy; at && *at; at += strspn(at, "\n")) {
		if (strncmp(at, need->name, length) == 0 && at[length] == '=')
			return true;
		at += strcspn(at, "\n");
	}
	return false;
}

static bool judge_reboot(const struct offer *offer, const struct need *need UNUSED)
{
	return offer->image_format != NULL;
}

static bool judge_secure_boot(const struct offer *offer, const struct need *need UNUSED)
{
	return offer->secure_boot;
}

static bool judge_tpm(const struct offer *offer, const struct need *need UNUSED)
{
	return offer->size->tpm;
}

static bool judge_uefi(const struct offer *offer, const struct need *need UNUSED)
{
	return offer->uefi;
}

/* Repositories, payloads: no plan offers them yet. */
static bool judge_never(const struct offer *offer UNUSED, const struct need *need UNUSED)
{
	return false;
}

static bool judge_vms(const struct offer *offer, const struct need *need)
{
	return wanted(need) <= (offer->vms > 1 ? offer->vms : 1);
}

/* Sorted by kind; a unit test compares it with the kinds that wire/need.h gives to the plan. */
static const struct offer_line {
	const char *kind;
	judge_fn *judge;
} offer_lines[] = {
	{"cpus", judge_cpus},
	{"cpus-max", judge_cpus_max},
	{"dev", judge_dev},
	{"disk", judge_disk},
	{"disks", judge_disks},
	{"hotplug-slots", judge_hotplug},
	{"image", judge_image},
	{"iso", judge_never},
	{"kernel", judge_kernel},
	{"kvm", judge_kvm},
	{"mem_mb", judge_mem},
	{"memory-slots", judge_memory_slots},
	{"nested", judge_never},
	{"netpeer", judge_netpeer},
	{"nic", judge_dev},
	{"nics", judge_nics},
	{"numa", judge_numa},
	{"nvme", judge_nvme},
	{"payload", judge_never},
	{"policy", judge_policy},
	{"reboot", judge_reboot},
	{"repo", judge_never},
	{"secureboot", judge_secure_boot},
	{"smt", judge_never},
	{"tpm", judge_tpm},
	{"uefi", judge_uefi},
	{"vms", judge_vms},
};

static enum offer_verdict judge_one(const struct offer *offer, const struct need *need)
{
	if (!need_is_known(need))
		return OFFER_UNKNOWN;
	if (!need_is_of_plan(need))
		return OFFER_MEETS;
	for (const struct offer_line *line = offer_lines;
	     line < offer_lines + ARRAY_LEN(offer_lines); line++)
		if (strcmp(line->kind, need->kind) == 0)
			return line->judge(offer, need) ? OFFER_MEETS : OFFER_LACKS;
	return OFFER_UNKNOWN;
}

enum offer_verdict offer_judge(const struct offer *offer, const char *needs, struct need *ret)
{
	for (const char *at = needs; need_next(&at, ret);) {
		enum offer_verdict verdict = judge_one(offer, ret);
		if (verdict != OFFER_MEETS)
			return verdict;
	}
	return OFFER_MEETS;
}

static void raise_to(unsigned *number, long long wanted, unsigned there)
{
	unsigned missing = wanted > there ? (unsigned)wanted - there : 0;

	if (missing > *number)
		*number = missing;
}

struct hot_devices offer_plugs(const struct offer *offer, const char *needs)
{
	struct hot_devices hot = {0};
	struct need need;

	while (need_next(&needs, &need)) {
		if (strcmp(need.kind, "disk") == 0 || strcmp(need.kind, "disks") == 0)
			raise_to(&hot.disks, wanted(&need), offer->size->data_disks);
		else if (strcmp(need.kind, "nvme") == 0)
			raise_to(&hot.nvmes, wanted(&need), 0);
	}
	return hot;
}
