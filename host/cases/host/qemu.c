/* SPDX-License-Identifier: Apache-2.0 */
/* The side below the guest: QEMU, its devices, and the image that it must not touch. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/cases/host_case.h"

/* With older ones freezing with x-ignore-shared, or vmgenid on q35, has not been seen to work. */
#define OLDEST_MAJOR 6

#define PLANTED_BYTES (1 << 20)

HOST_CASE(host, qemu_is_supported, .title = "QEMU's version and devices are those the plan needs",
	  .priority = P0, .isolation = ISOLATION_FORK, .timeout_s = 30,
	  .sabotage = DROP_DEVICE("the machine has no random device", "virtio-rng"),
	  .why = "Results from a machine that lacks devices tell nothing about the image.",
	  .remedy = "Install a QEMU of at least version 6.", .sources = "own")
{
	static const char *const devices[] = {"child<virtio-rng-pci>", "child<virtserialport>",
					      "child<vmgenid>"};
	const char *version = host_qmp(t, "query-version", NULL);
	const char *at = version ? strstr(version, "\"major\"") : NULL;
	int major = 0;

	at = at ? strchr(at, ':') : NULL;
	HOST_REQUIRE(t, at && sscanf(at, ": %d", &major) == 1);
	HOST_CHECK_GE(t, major, OLDEST_MAJOR);
	/* Devices stand in one of two folders: those that were given a name, and the others. */
	const char *named = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral\"}");
	const char *others = host_qmp(t, "qom-list", "{\"path\":\"/machine/peripheral-anon\"}");
	HOST_REQUIRE(t, named && others);
	const char *list = host_format(t, "%s%s", named, others);
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
		HOST_CHECK_CONTAINS(t, list, devices[i]);
}

/* The image that a sabotage has made and changed; in its place the case judges it. */
static _Thread_local struct image *planted_image;

HOST_CASE(
	host, base_image_is_never_changed,
	.title = "The base image is the same after the guest has written", .priority = P0,
	.isolation = ISOLATION_FORK, .timeout_s = 300,
	.why = "An image that its test has changed is not the one that was tested, nor the one that is shipped.",
	.remedy = "This is Assay's own fault: report it.", .sources = "own")
{
	const struct image *image =
		planted_image ? planted_image : machine_spec(host_machine(t))->image;
	struct err e = {0};

	if (!image)
		host_skip(t, "image:file", "the machine has no image");
	HOST_REQUIRE(t, host_call(t, "write", "/var/tmp/assay-written", "the guest was here\n",
				  "sync", NULL) == 0);
	HOST_REQUIRE(t, host_call(t, "sync", NULL) == 0);
	int r = image_prove_unchanged(image, host_patience(t), &e);
	if (r < 0)
		HOST_FAIL(t, "%s", e.text);
	else
		host_check_passed(t);
	image_free(planted_image);
	planted_image = NULL;
}

HOST_SABOTAGE(host, base_image_is_never_changed, "one byte of the image has become another")
{
	const char *path = host_format(t, "%s/planted.raw", machine_spec(host_machine(t))->folder);
	struct image_options options = {.cache_folder = machine_spec(host_machine(t))->folder};
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct err e = {0};

	/* A boot sector's beginning and end: without them it would be refused as no disk of a system. */
	if (fd < 0 || ftruncate(fd, PLANTED_BYTES) < 0 || pwrite(fd, "\xeb\x3c\x90", 3, 0) != 3 ||
	    pwrite(fd, "\x55\xaa", 2, 510) != 2)
		host_broken(t, "create %s: %m", path);
	if (image_open(path, &options, host_patience(t), &planted_image, &e) < 0)
		host_broken(t, "%s", e.text);
	if (pwrite(fd, "x", 1, PLANTED_BYTES / 2) != 1)
		host_broken(t, "write %s: %m", path);
	close(fd);
}
