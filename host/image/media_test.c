/* SPDX-License-Identifier: Apache-2.0 */
/* The disk that brings the agent in. */
#include "host/image/image.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "base/text.h"

/* "name mode content|" of each file. */
static void list_iso(const char *path, struct text *out)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	char content[4096];

	archive_read_support_format_iso9660(archive);
	EXPECT_NUMBER(archive_read_open_filename(archive, path, 65536), ARCHIVE_OK);
	while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		la_ssize_t n = archive_read_data(archive, content, sizeof content);
		(void)text_addf(out, "%s %o ", archive_entry_pathname(entry),
				archive_entry_perm(entry));
		(void)text_add(out, content, n > 0 ? (size_t)n : 0);
		(void)text_adds(out, "|");
	}
	archive_read_free(archive);
}

static void make(enum entry entry, struct text *out)
{
	CLEAN_FREE char *agent = xasprintf("%s/agent", test_folder());
	CLEAN_FREE char *iso = xasprintf("%s/iso", test_folder());
	struct err e = {0};
	CLEAN_FD int fd = open(agent, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT(write(fd, "AGENT", 5) == 5);
	CLEAN_FD int medium = open(iso, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(image_media(medium, entry, agent, "i-7", &e), 0);
	list_iso(iso, out);
}

TEST(media, carries_agent_and_seed)
{
	CLEAN_TEXT struct text list = TEXT_INIT(65536);

	make(ENTRY_CLOUD_INIT, &list);
	EXPECT(strstr(list.buf, "assay-guest 755 AGENT|") ||
	       strstr(list.buf, "assay-guest 555 AGENT|"));
	EXPECT(strstr(list.buf, "instance-id: i-7\n"));
	EXPECT(strstr(list.buf, "#cloud-config\n"));
}

TEST(media, has_no_seed_without_cloud_init)
{
	CLEAN_TEXT struct text list = TEXT_INIT(65536);

	make(ENTRY_TMPFILES, &list);
	EXPECT(strstr(list.buf, "assay-guest"));
	EXPECT(!strstr(list.buf, "user-data"));
}

TEST(media, says_that_the_agent_is_missing)
{
	struct err e = {0};

	EXPECT_NUMBER(image_media(-1, ENTRY_CLOUD_INIT, "/nowhere/agent", "i", &e), -ENOENT);
	EXPECT(strstr(e.text, "/nowhere/agent"));
}
