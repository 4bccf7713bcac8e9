/* SPDX-License-Identifier: Apache-2.0 */
/* Trees as disks, and what no tree may hold. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/text.h"
#include "host/bundle/pack.h"

/* ---- names ---- */

static int take(struct pack_names *names, const char *name, enum pack_kind kind, const char *target,
		struct err *e)
{
	const char *plain = NULL;

	err_clear(e);
	return pack_names_take(names, name, kind, target, 1, &plain, e);
}

static void expect_refused(const char *name, enum pack_kind kind, const char *target,
			   const char *why)
{
	CLEANUP(pack_names) struct pack_names *names = pack_names_new();
	struct err e;

	EXPECT_NUMBER(take(names, "a/", PACK_FOLDER, NULL, &e), 1);
	EXPECT_NUMBER(take(names, "a/file", PACK_FILE, NULL, &e), 1);
	EXPECT_NUMBER(take(names, "a/link", PACK_LINK, ".", &e), 1);
	EXPECT(take(names, name, kind, target, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT_TEXT(e.text, why);
}

TEST(pack_names, takes_a_tree)
{
	CLEANUP(pack_names) struct pack_names *names = pack_names_new();
	const char *plain = NULL;
	struct err e;

	EXPECT_NUMBER(take(names, "./", PACK_FOLDER, NULL, &e), 0);
	EXPECT_NUMBER(pack_names_take(names, "./ltp/", PACK_FOLDER, NULL, 0, &plain, &e), 1);
	EXPECT_TEXT(plain, "ltp");
	EXPECT_NUMBER(take(names, "ltp", PACK_FOLDER, NULL, &e), 0);
	EXPECT_NUMBER(take(names, "ltp/bin/a", PACK_FILE, NULL, &e), 1);
	EXPECT_NUMBER(take(names, "ltp/bin/..a", PACK_FILE, NULL, &e), 1);
	EXPECT_NUMBER(take(names, "ltp/bin/b", PACK_HARD_LINK, "./ltp/bin/a", &e), 1);
	EXPECT_NUMBER(take(names, "ltp/bin/c", PACK_LINK, "../../ltp/./bin/a", &e), 1);
	EXPECT_NUMBER(take(names, "ltp/d", PACK_LINK, "nowhere", &e), 1);
}

TEST(pack_names, refuses_what_reaches_out)
{
	expect_refused("/etc/passwd", PACK_FILE, NULL,
		       "its member '/etc/passwd' has an absolute name");
	expect_refused("a/../../b", PACK_FILE, NULL,
		       "its member 'a/../../b' has '..' in its name: it would lie outside of the "
		       "tree");
	expect_refused("..", PACK_FOLDER, NULL,
		       "its member '..' has '..' in its name: it would lie outside of the tree");
	expect_refused("a/b", PACK_LINK, "/etc",
		       "its member 'a/b' is a link that leads out of the tree");
	expect_refused("a/b", PACK_LINK, "../../etc",
		       "its member 'a/b' is a link that leads out of the tree");
	expect_refused("a/b", PACK_LINK, "x/../../../a",
		       "its member 'a/b' is a link that leads out of the tree");
	expect_refused("a/b", PACK_HARD_LINK, "/etc/passwd",
		       "its member 'a/b' is a hard link to what is no file of the tree before it");
	expect_refused("a/b", PACK_HARD_LINK, "a/link",
		       "its member 'a/b' is a hard link to what is no file of the tree before it");
	expect_refused("a/link/b", PACK_FILE, NULL,
		       "its member 'a/link/b' lies below another member that is no folder");
}

TEST(pack_names, refuses_what_is_none)
{
	expect_refused("a/sda", PACK_OTHER, NULL,
		       "its member 'a/sda' is neither a file nor a folder nor a link");
	expect_refused("a/file", PACK_FILE, NULL, "its member 'a/file' is there twice");
	expect_refused("./a/file", PACK_FILE, NULL, "its member './a/file' is there twice");
	expect_refused("a/\nb", PACK_FILE, NULL,
		       "its member 'a/\\x0ab' has a control character in its name");
	expect_refused(".", PACK_FILE, NULL, "its member '.' has no name");
	expect_refused("a/b", PACK_LINK, "", "its member 'a/b' is a link that leads nowhere");
}

TEST(pack_names, has_its_maxima)
{
	CLEANUP(pack_names) struct pack_names *names = pack_names_new();
	const char *plain;
	char name[3 * PACK_DEPTH_MAX + 2] = "";
	struct err e = {0};

	for (size_t i = 0; i <= PACK_DEPTH_MAX; i++)
		(void)snprintf(name + 2 * i, sizeof name - 2 * i, "a/");
	EXPECT_NUMBER(take(names, name, PACK_FILE, NULL, &e), -EPERM);
	EXPECT_NUMBER(
		pack_names_take(names, "big", PACK_FILE, NULL, PACK_BYTES_MAX + 1, &plain, &e),
		-EFBIG);
	EXPECT_TEXT(e.text, "with its member 'big' it has more than 8 GiB");
	CLEANUP(pack_names) struct pack_names *many = pack_names_new();
	int r = 1;
	for (unsigned i = 0; i < PACK_MEMBERS_MAX + 1 && r == 1; i++) {
		(void)snprintf(name, sizeof name, "%u", i);
		r = take(many, name, PACK_FILE, NULL, &e);
	}
	EXPECT_NUMBER(r, -E2BIG);
	EXPECT_TEXT(e.text, "it has more than 200000 members");
}

/* ---- disks ---- */

static void write_tree_file(const char *name, const char *content)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", test_folder(), name);

	for (char *at = path + strlen(test_folder()) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		(void)mkdir(path, 0755);
		*at = '/';
	}
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	EXPECT(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
}

static bool wants_text(void *arg, const char *name)
{
	(void)text_addf(arg, "%s|", name);
	return has_suffix(name, "/text");
}

static int take_text(void *arg, const char *name, const char *bytes, size_t length,
		     struct err *e UNUSED)
{
	(void)text_addf(arg, "(%s=%.*s)", name, (int)length, bytes);
	return 0;
}

static char *cache(void)
{
	char *path = xasprintf("%s/cache", test_folder());

	(void)mkdir(path, 0755);
	return path;
}

TEST(pack, makes_a_disk_of_a_folder)
{
	CLEAN_FREE char *source = xasprintf("%s/tree", test_folder()), *kept = cache();
	CLEAN_FREE char *disk = NULL, *again = NULL, *other = NULL;
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	struct err e = {0};

	write_tree_file("tree/in/text", "well");
	EXPECT_NUMBER(pack_make(source, kept, &disk, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(pack_read(disk, wants_text, take_text, &told, &e), 0);
	EXPECT_TEXT(told.buf, "in/text|(in/text=well)");
	/* The same tree is the same disk; another one is not. */
	EXPECT_NUMBER(pack_make(source, kept, &again, &e), 0);
	EXPECT_TEXT(again, disk);
	write_tree_file("tree/in/more", "");
	EXPECT_NUMBER(pack_make(source, kept, &other, &e), 0);
	EXPECT(other && strcmp(other, disk) != 0);
}

struct tar_member {
	const char *name;
	unsigned type;
	const char *link; /* of a hard link without a type */
};

/* Gives its path. */
static char *make_tarball(const struct tar_member *members, size_t count)
{
	char *path = xasprintf("%s/tree.tar.gz", test_folder());
	struct archive *archive = archive_write_new();

	(void)archive_write_add_filter_gzip(archive);
	(void)archive_write_set_format_pax_restricted(archive);
	EXPECT(archive_write_open_filename(archive, path) == ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, members[i].name);
		archive_entry_set_perm(entry, 0700);
		archive_entry_set_filetype(entry, members[i].type ? members[i].type : AE_IFREG);
		if (members[i].type == AE_IFLNK)
			archive_entry_set_symlink(entry, members[i].link);
		else if (members[i].link)
			archive_entry_set_hardlink(entry, members[i].link);
		bool has_bytes = members[i].type == AE_IFREG && !members[i].link;
		archive_entry_set_size(entry, has_bytes ? 4 : 0);
		EXPECT(archive_write_header(archive, entry) == ARCHIVE_OK);
		if (has_bytes)
			EXPECT(archive_write_data(archive, "well", 4) == 4);
		archive_entry_free(entry);
	}
	EXPECT(archive_write_close(archive) == ARCHIVE_OK);
	archive_write_free(archive);
	return path;
}

TEST(pack, makes_a_disk_of_a_tarball)
{
	const struct tar_member members[] = {{"./ltp/", AE_IFDIR, NULL},
					     {"./ltp/text", AE_IFREG, NULL},
					     {"./ltp/b/text", 0, "./ltp/text"},
					     {"./ltp/c", AE_IFLNK, "b/text"}};
	CLEAN_FREE char *source = make_tarball(members, ARRAY_LEN(members)), *kept = cache();
	CLEAN_FREE char *disk = NULL;
	CLEAN_TEXT struct text told = TEXT_INIT(65536);
	struct err e = {0};

	EXPECT_NUMBER(pack_make(source, kept, &disk, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER(pack_read(disk, wants_text, take_text, &told, &e), 0);
	EXPECT(strstr(told.buf, "(ltp/text=well)") != NULL);
}

static void expect_bad_tarball(const struct tar_member *member, const char *why)
{
	CLEAN_FREE char *source = make_tarball(member, 1), *kept = cache();
	CLEAN_FREE char *disk = NULL;
	struct err e = {0};

	EXPECT(pack_make(source, kept, &disk, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(strstr(e.text, why) != NULL);
	EXPECT(strstr(e.text, "tree.tar.gz: ") == e.text + strlen(test_folder()) + 1);
	/* Nothing is left of it. */
	EXPECT(rmdir(kept) == 0);
}

TEST(pack, refuses_tricks)
{
	expect_bad_tarball(&(struct tar_member){"/etc/evil", AE_IFREG, NULL}, "'/etc/evil'");
	expect_bad_tarball(&(struct tar_member){"a/../../evil", AE_IFREG, NULL}, "'a/../../evil'");
	expect_bad_tarball(&(struct tar_member){"disk", AE_IFBLK, NULL},
			   "'disk' is neither a file");
	expect_bad_tarball(&(struct tar_member){"pipe", AE_IFIFO, NULL},
			   "'pipe' is neither a file");
	expect_bad_tarball(&(struct tar_member){"out", AE_IFLNK, "/etc"}, "'out' is a link");
}

TEST(pack, refuses_what_is_no_tree)
{
	CLEAN_FREE char *source = xasprintf("%s/noise.tar", test_folder()), *kept = cache();
	CLEAN_FREE char *none = xasprintf("%s/none", test_folder());
	CLEAN_FREE char *disk = NULL;
	struct err e = {0};

	write_tree_file("noise.tar", "this is not an archive, whatever its name says");
	EXPECT(pack_make(source, kept, &disk, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(pack_make(none, kept, &disk, &e) < 0);
	EXPECT(strstr(e.text, "No such file") != NULL);
	EXPECT_NUMBER(pack_make("/dev/null", kept, &disk, &e), -EINVAL);
}

TEST(pack, refuses_half_a_tarball)
{
	const struct tar_member members[] = {{"a/text", AE_IFREG, NULL}, {"b", AE_IFREG, NULL}};
	CLEAN_FREE char *source = make_tarball(members, ARRAY_LEN(members)), *kept = cache();
	CLEAN_FREE char *disk = NULL;
	struct err e = {0};
	struct stat st;

	EXPECT(stat(source, &st) == 0 && truncate(source, st.st_size / 2) == 0);
	EXPECT(pack_make(source, kept, &disk, &e) < 0);
	EXPECT_NUMBER(e.blame, BLAME_USER);
	EXPECT(disk == NULL && rmdir(kept) == 0);
}
