/* SPDX-License-Identifier: Apache-2.0 */
/* A root disk that is larger than the image. */
#include "host/cases/provisioning/seeded.h"

#define REBOOT_S 450
#define SETTLE_S 120

static long long root_size(struct host_trial *t)
{
	const char *words = host_ask(t, "probe", "filesystem_size", "/", NULL);
	long long size = -1;

	HOST_REQUIRE(t,
		     words && number_parse(host_format(t, "%.*s", (int)strcspn(words, "\n"), words),
					   0, INT64_MAX, &size) == 0);
	return size;
}

static bool file_has(struct host_trial *t, const char *path, const char *word)
{
	const char *content = host_guest_read(t, path);

	return content && strstr(content, word);
}

static bool folder_has(struct host_trial *t, const char *folder, const char *word)
{
	const char *names = host_ask(t, "list", folder, NULL);

	return names && strstr(names, word);
}

/* Nobody enlarges the root of an image that has nothing for it. */
static void require_promise(struct host_trial *t)
{
	bool by_cloud_init = machine_spec(host_machine(t))->entry == ENTRY_CLOUD_INIT &&
			     file_has(t, "/etc/cloud/cloud.cfg", "growpart");
	bool by_systemd = folder_has(t, "/usr/lib/repart.d", ".conf") ||
			  folder_has(t, "/etc/repart.d", ".conf") ||
			  file_has(t, "/etc/fstab", "x-systemd.growfs");

	if (!by_cloud_init && !by_systemd)
		host_skip(t, "cmd:growpart", "nothing in the image enlarges the root filesystem");
}

/* Filesystems take a part of what they get for themselves. */
static void check_growth(struct host_trial *t, long long before)
{
	long long grown = root_size(t) - before;

	host_note(t, "the root filesystem grew by %lld MiB", grown >> 20);
	HOST_CHECK_GE(t, grown >> 20, (long long)(SEED_GROWTH >> 20) * 85 / 100);
}

HOST_CASE(provisioning, root_grows_at_first_boot,
	  .title = "On a larger disk the root filesystem fills it at first boot", .priority = P0,
	  .isolation = ISOLATION_FORK, .boots_again = true, .timeout_s = 600,
	  .why = "Customers pay for the disk's size, and see the image's.",
	  .remedy =
		  "Install growpart and list growpart and resizefs in cloud_init_modules, or ship "
		  "a repart.d file and x-systemd.growfs; the root's partition must be the last.",
	  .sources = "kola:basic.FCOSGrowpart,kola:basic.RHCOSGrowpart,kola:disks/growfs,"
		     "imgproof:test_sles_grow_root,AZCERT:openstack/root-grows")
{
	require_promise(t);
	long long before = root_size(t);
	seed_machine(t, false);
	check_growth(t, before);
}

HOST_SABOTAGE(provisioning, root_grows_at_first_boot,
	      "cloud-init is configured to do nothing but its early commands")
{
	host_plant(t, &seed_ignored);
}

HOST_CASE(provisioning, root_regrows_after_resize,
	  .title = "After the disk was enlarged the root filesystem follows at the next boot",
	  .priority = P1, .isolation = ISOLATION_REBOOT, .timeout_s = 600,
	  .why = "Platforms enlarge disks of machines that exist, and promise the space.",
	  .remedy =
		  "Let growpart and resizefs run at every boot, as cloud-init's own configuration "
		  "does.",
	  .sources = "CIT:disk.TestDiskResize")
{
	const struct machine_spec *spec = machine_spec(host_machine(t));

	if (!spec->image)
		host_skip(t, "image:file", "the machine has no image");
	require_promise(t);
	long long before = root_size(t);
	HOST_REQUIRE(t, host_qmp(t, "block_resize",
				 host_format(t, "{\"node-name\":\"disk0\",\"size\":%llu}",
					     (unsigned long long)spec->image->virtual_size +
						     SEED_GROWTH)) != NULL);
	HOST_REQUIRE(t, host_reboot(t, REBOOT_S));
	(void)host_settle(t, SETTLE_S);
	check_growth(t, before);
}

HOST_SABOTAGE(provisioning, root_regrows_after_resize, "growing is switched off")
{
	static const char *const units[] = {"systemd-repart.service", "systemd-growfs-root.service",
					    "systemd-growfs@-.service"};

	host_guest_write(t, "/etc/growroot-disabled", "");
	if (host_call(t, "stat", "/etc/cloud/cloud.cfg.d", NULL) == 0)
		host_guest_write(t, "/etc/cloud/cloud.cfg.d/99-zz-assay.cfg",
				 seed_ignored.argument);
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (host_call(t, "stat", "/etc/systemd/system", NULL) == 0)
			host_guest_link(t, host_format(t, "/etc/systemd/system/%s", units[i]),
					"/dev/null");
}
