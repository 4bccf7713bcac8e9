/* SPDX-License-Identifier: Apache-2.0 */
/* The disk that brings the agent in: an ISO 9660 file with Rock Ridge names and modes. */
#include "host/image/seed.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"

#define AGENT_MAX    (16U << 20)
#define AGENT_FOLDER "/run/assay"

/*
 * bootcmd runs at every boot, so the agent is back after a reboot of the guest, and it needs nothing but a shell and
 * mount. /run is mounted noexec on some systems, the medium is not. The agent executes itself from memory, takes the
 * mount away and lives on; its output goes nowhere, or cloud-init would wait for it. The hostname stays what it is.
 * The label is written in upper case in one descriptor and in lower case in the other; readers differ in which they use.
 */
#define BOOTCMD                                                                                    \
	"bootcmd:\n"                                                                               \
	"  - |\n"                                                                                  \
	"    mkdir -p " AGENT_FOLDER "\n"                                                          \
	"    m='mount -t iso9660 -o ro,nosuid,nodev'\n"                                            \
	"    { $m LABEL=cidata " AGENT_FOLDER " || $m LABEL=CIDATA " AGENT_FOLDER "; } &&\n"       \
	"    " AGENT_FOLDER "/assay-guest serve " AGENT_FOLDER " </dev/null >/dev/null 2>&1 &\n"

static const char user_data[] = "#cloud-config\npreserve_hostname: true\n" BOOTCMD;

void image_seed_start_agent(struct text *out)
{
	(void)text_adds(out, BOOTCMD);
}

struct file {
	const char *name;
	const char *bytes;
	size_t length;
	unsigned mode;
};

static int archive_error(struct archive *archive, struct err *e)
{
	const char *why = archive_error_string(archive);

	return err_set(e, BLAME_HOST, archive_errno(archive), "write a medium for the machine: %s",
		       why ? why : "libarchive gives no reason");
}

static int add_file(struct archive *archive, const struct file *file, struct err *e)
{
	struct archive_entry *entry = archive_entry_new();
	int r = 0;

	archive_entry_set_pathname(entry, file->name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, (__LA_MODE_T)file->mode);
	archive_entry_set_size(entry, (la_int64_t)file->length);
	if (archive_write_header(archive, entry) != ARCHIVE_OK ||
	    archive_write_data(archive, file->bytes, file->length) != (la_ssize_t)file->length)
		r = archive_error(archive, e);
	archive_entry_free(entry);
	return r;
}

static int write_iso(int fd, const char *label, const struct file *files, size_t count,
		     struct err *e)
{
	struct archive *archive = archive_write_new();
	int r = 0;

	if (archive_write_set_format_iso9660(archive) != ARCHIVE_OK ||
	    archive_write_set_format_option(archive, "iso9660", "volume-id", label) != ARCHIVE_OK ||
	    archive_write_set_format_option(archive, "iso9660", "rockridge", "useful") !=
		    ARCHIVE_OK ||
	    archive_write_open_fd(archive, fd) != ARCHIVE_OK)
		r = archive_error(archive, e);
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_file(archive, &files[i], e);
	if (r == 0 && archive_write_close(archive) != ARCHIVE_OK)
		r = archive_error(archive, e);
	archive_write_free(archive);
	return r;
}

static int write_media(int fd, enum entry entry, const char *agent_path,
		       const struct image_seed *seed, struct err *e)
{
	CLEAN_TEXT struct text agent = TEXT_INIT(AGENT_MAX);
	const char *network = seed->network_config;
	int r = text_read_file(&agent, agent_path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read the agent %.300s: %m", agent_path);
	const struct file files[] = {
		{"assay-guest", agent.buf, agent.length, 0755},
		{"user-data", seed->user_data, seed->user_data_length, 0644},
		{"meta-data", seed->meta_data, strlen(seed->meta_data), 0644},
		{"network-config", network, network ? strlen(network) : 0, 0644},
	};
	if (entry != ENTRY_CLOUD_INIT)
		return write_iso(fd, "ASSAY", files, 1, e);
	return write_iso(fd, "cidata", files, ARRAY_LEN(files) - (network ? 0 : 1), e);
}

int image_media(int fd, enum entry entry, const char *agent_path, const char *instance_id,
		struct err *e)
{
	CLEAN_FREE char *meta_data = xasprintf("instance-id: %s\n", instance_id);
	const struct image_seed seed = {
		.user_data = user_data,
		.user_data_length = sizeof user_data - 1,
		.meta_data = meta_data,
	};

	return write_media(fd, entry, agent_path, &seed, e);
}

int image_media_seeded(int fd, const char *agent_path, const struct image_seed *seed, struct err *e)
{
	return write_media(fd, ENTRY_CLOUD_INIT, agent_path, seed, e);
}
