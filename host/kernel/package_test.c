/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to a kernel, out of archives. */
#include "host/kernel/package.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"

static void expect_place(const char *name, int r, const char *place)
{
	char got[PACKAGE_NAME_MAX] = "";

	EXPECT_NUMBER(package_place(name, got), r);
	EXPECT_TEXT(got, place);
}

TEST(package, takes_what_belongs_to_a_kernel)
{
	expect_place("./boot/vmlinuz-6.1", 1, "boot/vmlinuz-6.1");
	expect_place("lib/modules/6.1/modules.dep", 1, "lib/modules/6.1/modules.dep");
	expect_place("././usr/lib/modules/6.1/a.ko", 1, "lib/modules/6.1/a.ko");
	expect_place("usr/share/doc/x", 0, "");
	expect_place("boot/", 0, "");
	expect_place("", 0, "");
}

TEST(package, names_that_lead_out_are_refused)
{
	expect_place("../boot/x", -EINVAL, "");
	expect_place("boot/../../etc/passwd", -EINVAL, "");
	expect_place("lib/modules/6.1/..", -EINVAL, "");
	expect_place("/boot/x", -EINVAL, "");
	expect_place("boot/..x", 1, "boot/..x");
}

/* ---- archives ---- */

struct member {
	const char *name;
	unsigned type;
	const char *content; /* of a link where it leads */
};

static void add_member(struct archive *archive, const struct member *member)
{
	struct archive_entry *entry = archive_entry_new();
	size_t length = member->type == AE_IFREG ? strlen(member->content) : 0;

	archive_entry_set_pathname(entry, member->name);
	archive_entry_set_filetype(entry, member->type);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_size(entry, (la_int64_t)length);
	if (member->type == AE_IFLNK)
		archive_entry_set_symlink(entry, member->content);
	EXPECT_NUMBER(archive_write_header(archive, entry), ARCHIVE_OK);
	if (length > 0)
		EXPECT_NUMBER(archive_write_data(archive, member->content, length),
			      (long long)length);
	archive_entry_free(entry);
}

static char *make_tar(const char *name, const struct member *members, size_t count)
{
	char *path = xasprintf("%s/%s", test_folder(), name);
	struct archive *archive = archive_write_new();

	(void)archive_write_set_format_pax_restricted(archive);
	(void)archive_write_add_filter_xz(archive);
	EXPECT_NUMBER(archive_write_open_filename(archive, path), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++)
		add_member(archive, &members[i]);
	EXPECT_NUMBER(archive_write_close(archive), ARCHIVE_OK);
	(void)archive_write_free(archive);
	return path;
}

/* The tarball as data.tar.xz of a Debian package. */
static char *make_deb(const char *tar)
{
	char *path = xasprintf("%s/p.deb", test_folder());
	CLEAN_TEXT struct text content = TEXT_INIT(1U << 20), deb = TEXT_INIT(1U << 20);
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	EXPECT_NUMBER(text_read_file(&content, tar), 0);
	text_addf(&deb, "!<arch>\n%-16s%-12d%-6d%-6d%-8s%-10d`\n2.0\n", "debian-binary", 0, 0, 0,
		  "100644", 4);
	text_addf(&deb, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", "data.tar.xz", 0, 0, 0, "100644",
		  content.length);
	text_add(&deb, content.buf, content.length);
	EXPECT_NUMBER(write(fd, deb.buf, deb.length), (long long)deb.length);
	return path;
}

static int unpack(const char *path, struct package_found *found, struct err *e)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_FREE char *folder = xasprintf("%s/into", test_folder());

	(void)mkdir(folder, 0755);
	err_clear(e);
	return package_unpack(path, folder, &p, found, e);
}

static bool is_there(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/into/%s", test_folder(), name);
	CLEAN_TEXT struct text text = TEXT_INIT(1000);

	return text_read_file(&text, path) == 0 && strcmp(text.buf, content) == 0;
}

static const struct member good[] = {
	{"./boot/vmlinuz-1", AE_IFREG, "kernel"},
	{"./usr/share/doc/readme", AE_IFREG, "words"},
	{"./usr/lib/modules/1/a.ko", AE_IFREG, "module"},
	{"./lib/modules/1/build", AE_IFLNK, "/usr/src"},
};

TEST(package, unpacks_tarballs_and_debian_packages)
{
	CLEAN_FREE char *tar = make_tar("t", good, ARRAY_LEN(good)), *deb = make_deb(tar);
	struct package_found found;
	struct err e = {0};

	EXPECT_NUMBER(unpack(tar, &found, &e), 0);
	EXPECT_NUMBER(found.files, 2);
	EXPECT(is_there("boot/vmlinuz-1", "kernel") && is_there("lib/modules/1/a.ko", "module"));
	EXPECT(!is_there("usr/share/doc/readme", "words"));
	EXPECT(!is_there("lib/modules/1/build", ""));
	EXPECT_NUMBER(unpack(deb, &found, &e), 0);
	EXPECT_NUMBER(found.files, 2);
	EXPECT_NUMBER((long long)found.bytes, 12);
}

TEST(package, packed_modules_become_plain_ones)
{
	/* "module" */
	static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcd\x4f\x29"
				     "\xcd\x49\x05\x00\x26\x28\x24\x0c\x06\x00\x00\x00";
	CLEAN_FREE char *folder = xasprintf("%s/r", test_folder()),
			*module = xasprintf("%s/kernel/a.ko.gz", folder),
			*kernel = xasprintf("%s/kernel", folder),
			*into = xasprintf("%s/into", test_folder());
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	struct package_found found;
	struct err e = {0};

	EXPECT_NUMBER(mkdir(folder, 0755) | mkdir(kernel, 0755) | mkdir(into, 0755), 0);
	CLEAN_FD int fd = open(module, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(write(fd, packed, sizeof packed - 1), (long long)sizeof packed - 1);
	EXPECT_NUMBER(package_copy(folder, into, &p, &found, &e), 0);
	EXPECT_NUMBER(found.unpacked, 1);
	EXPECT(is_there("lib/modules/r/kernel/a.ko", "module"));
	EXPECT_NUMBER(truncate(module, 20), 0);
	EXPECT_NUMBER(package_copy(folder, into, &p, &found, &e), -EBADMSG);
}

TEST(package, a_link_is_no_way_out)
{
	const struct member members[] = {
		{"lib/modules/1", AE_IFLNK, "/tmp"},
		{"lib/modules/1/x", AE_IFREG, "inside"},
	};
	CLEAN_FREE char *tar = make_tar("t", members, ARRAY_LEN(members));
	struct package_found found;
	struct err e = {0};

	EXPECT_NUMBER(unpack(tar, &found, &e), 0);
	EXPECT(is_there("lib/modules/1/x", "inside"));
}

TEST(package, path_tricks_end_it)
{
	const struct member members[] = {{"boot/../../x", AE_IFREG, "out"}};
	CLEAN_FREE char *tar = make_tar("t", members, 1), *deb = make_deb(tar);
	struct package_found found;
	struct err e = {0};

	EXPECT_NUMBER(unpack(tar, &found, &e), -EINVAL);
	EXPECT(e.blame == BLAME_USER && strstr(e.text, "leads out"));
	EXPECT_NUMBER(unpack(deb, &found, &e), -EINVAL);
}

TEST(package, what_is_cut_short_is_refused)
{
	CLEAN_FREE char *tar = make_tar("t", good, ARRAY_LEN(good)), *deb = make_deb(tar);
	struct package_found found;
	struct err e = {0};
	struct stat st;

	EXPECT_NUMBER(stat(deb, &st), 0);
	EXPECT_NUMBER(truncate(deb, st.st_size / 2), 0);
	EXPECT_NUMBER(unpack(deb, &found, &e), -EBADMSG);
	EXPECT(e.blame == BLAME_USER);
	EXPECT_NUMBER(truncate(deb, 40), 0);
	EXPECT(unpack(deb, &found, &e) < 0);
	EXPECT(e.blame == BLAME_USER);
}

TEST(package, a_folder_is_copied_by_its_release)
{
	struct patience p = patience_for(-1, 60 * NS_PER_S);
	CLEAN_FREE char *folder = xasprintf("%s/6.1-x", test_folder()),
			*into = xasprintf("%s/into", test_folder()),
			*dep = xasprintf("%s/modules.dep", folder);
	struct package_found found;
	struct err e = {0};

	EXPECT_NUMBER(mkdir(folder, 0755) | mkdir(into, 0755), 0);
	CLEAN_FD int fd = open(dep, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	EXPECT_NUMBER(write(fd, "a:", 2), 2);
	EXPECT_NUMBER(package_copy(folder, into, &p, &found, &e), 0);
	EXPECT_NUMBER(found.files, 1);
	EXPECT(is_there("lib/modules/6.1-x/modules.dep", "a:"));
}
