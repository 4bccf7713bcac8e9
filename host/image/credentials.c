/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMBIOS strings by which systemd starts the agent from the disk labelled ASSAY, without a change on the image's own
 * disk: systemd takes credentials from OEM strings (type 11). See systemd.system-credentials(7).
 */
#include <openssl/evp.h>
#include <string.h>

#include "host/image/image.h"

#define AGENT_FOLDER "/run/assay"

#define BY_LABEL  "/dev/disk/by-label/ASSAY"
#define BY_SERIAL "/dev/disk/by-id/virtio-assay" /* one with a seed is labelled otherwise */

#define MOUNT_UNIT(what)                                                                           \
	"[Unit]\n"                                                                                 \
	"Description=Assay's disk\n"                                                               \
	"DefaultDependencies=no\n"                                                                 \
	"[Mount]\n"                                                                                \
	"What=" what "\n"                                                                          \
	"Where=" AGENT_FOLDER "\n"                                                                 \
	"Type=iso9660\n"                                                                           \
	"Options=ro,nosuid,nodev\n"

/*
 * Without default dependencies: it starts as soon as its disk is there, and lives until the very end of a shutdown. An
 * initramfs with systemd in it gets the same credentials; there it must not start.
 */
static const char service_unit[] = "[Unit]\n"
				   "Description=Assay's agent\n"
				   "DefaultDependencies=no\n"
				   "ConditionPathExists=!/etc/initrd-release\n"
				   "IgnoreOnIsolate=yes\n"
				   "Wants=run-assay.mount\n"
				   "After=run-assay.mount\n"
				   "[Service]\n"
				   "ExecStart=" AGENT_FOLDER "/assay-guest serve " AGENT_FOLDER "\n"
				   "OOMScoreAdjust=-1000\n"
				   "TasksMax=infinity\n";

static const char wants_agent[] = "[Unit]\n"
				  "Wants=assay-guest.service\n";

/* The port is plugged anew by the host when udev has had time to notice the rule; then the device pulls the agent in. */
static const char udev_rule[] =
	"ACTION==\"add\", SUBSYSTEM==\"virtio-ports\", ATTR{name}==\"org.assay.agent.0\", "
	"TAG+=\"systemd\", ENV{SYSTEMD_WANTS}+=\"assay-guest.service\"\n";

static void add_base64(struct text *out, const char *bytes, size_t length)
{
	size_t size = (length + 2) / 3 * 4 + 1;
	CLEAN_FREE unsigned char *encoded = xnew(size);
	int encoded_length = EVP_EncodeBlock(encoded, (const unsigned char *)bytes, (int)length);

	(void)text_add(out, (const char *)encoded, (size_t)encoded_length);
}

/* Values have line breaks in them, so they are always given as base64. */
static void add_credential(struct text *out, const char *name, const char *value)
{
	(void)text_addf(out, "io.systemd.credential.binary:%s=", name);
	add_base64(out, value, strlen(value));
	(void)text_adds(out, "\n");
}

/* "f~": a file whose content stands there in base64. */
static void add_tmpfile(struct text *out, const char *path, const char *content)
{
	(void)text_addf(out, "f~ %s 0644 root root - ", path);
	add_base64(out, content, strlen(content));
	(void)text_adds(out, "\n");
}

static void add_units(const char *mount_unit, struct text *out)
{
	add_credential(out, "systemd.extra-unit.run-assay.mount", mount_unit);
	add_credential(out, "systemd.extra-unit.assay-guest.service", service_unit);
	add_credential(out, "systemd.unit-dropin.multi-user.target", wants_agent);
}

static void add_tmpfiles(const char *mount_unit, struct text *out)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(8192);

	(void)text_adds(&lines, "d /run/udev/rules.d 0755 root root -\n");
	add_tmpfile(&lines, "/run/systemd/system/run-assay.mount", mount_unit);
	add_tmpfile(&lines, "/run/systemd/system/assay-guest.service", service_unit);
	add_tmpfile(&lines, "/run/udev/rules.d/99-zz-assay.rules", udev_rule);
	add_credential(out, "tmpfiles.extra", lines.buf);
}

void image_credentials(enum entry entry, const struct image_seed *seed, struct text *out)
{
	const char *mount_unit = seed ? MOUNT_UNIT(BY_SERIAL) : MOUNT_UNIT(BY_LABEL);

	if (entry == ENTRY_SYSTEMD_UNIT)
		add_units(mount_unit, out);
	else if (entry == ENTRY_TMPFILES)
		add_tmpfiles(mount_unit, out);
}
