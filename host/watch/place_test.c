/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is overwritten, and what was begun can be done again. Claims, too. */
#include "host/watch/place.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "base/text.h"
#include "host/store/folder.h"
#include "host/store/claim.h"

struct desk {
	char *folder, *names, *inbox;
	struct place_to to;
};

static void desk_make(struct desk *desk)
{
	struct err e = {0};

	desk->folder = xasprintf("%s/shipped", test_folder());
	desk->names = xasprintf("%s/names", test_folder());
	desk->inbox = xasprintf("%s/in", test_folder());
	EXPECT_NUMBER(folder_make(desk->folder, &e), 0);
	EXPECT_NUMBER(folder_make(desk->names, &e), 0);
	EXPECT_NUMBER(folder_make(desk->inbox, &e), 0);
	desk->to = (struct place_to){desk->folder, desk->names};
}

static void desk_done(struct desk *desk)
{
	free(desk->folder);
	free(desk->names);
	free(desk->inbox);
}
DEFINE_CLEAN_DONE(desk);

static char *put(const char *folder, const char *name, const char *bytes)
{
	char *path = xasprintf("%s/%s", folder, name);
	struct err e = {0};

	EXPECT_NUMBER(file_write(path, bytes, strlen(bytes), &e), 0);
	return path;
}

static void expect_file(const char *folder, const char *name, const char *bytes)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", folder, name);
	CLEAN_TEXT struct text text = TEXT_INIT(1024);

	EXPECT_NUMBER(text_read_file(&text, path), 0);
	EXPECT_TEXT(text.buf, bytes);
}

TEST(place, names_are_free_and_reserved)
{
	CLEAN_DONE(desk) struct desk desk;
	char as[ARRIVAL_NAME_SIZE];
	struct err e = {0};

	desk_make(&desk);
	free(put(desk.folder, "a.qcow2", "x"));
	free(put(desk.folder, "a-2.qcow2.junit.xml", "x"));
	EXPECT_NUMBER(place_reserve(&desk.to, "a.qcow2", "one", as, &e), 0);
	EXPECT_TEXT(as, "a-3.qcow2");
	EXPECT_NUMBER(place_reserve(&desk.to, "a.qcow2", "two", as, &e), 0);
	EXPECT_TEXT(as, "a-4.qcow2");
	/* Whoever was killed after it gets it again. */
	EXPECT_NUMBER(place_reserve(&desk.to, "a.qcow2", "one", as, &e), 0);
	EXPECT_TEXT(as, "a-3.qcow2");
	place_release(&desk.to, as, "two"); /* it is not two's */
	EXPECT_NUMBER(place_reserve(&desk.to, "a.qcow2", "three", as, &e), 0);
	EXPECT_TEXT(as, "a-5.qcow2");
	place_release(&desk.to, "a-3.qcow2", "one");
	EXPECT_NUMBER(place_reserve(&desk.to, "a.qcow2", "four", as, &e), 0);
	EXPECT_TEXT(as, "a-3.qcow2");
}

TEST(place, long_names_leave_room_for_papers)
{
	CLEAN_DONE(desk) struct desk desk;
	char name[ARRIVAL_NAME_SIZE], as[ARRIVAL_NAME_SIZE];
	struct err e = {0};

	desk_make(&desk);
	memset(name, 'x', sizeof name - 1);
	memcpy(name + sizeof name - 7, ".qcow2", 7);
	EXPECT_NUMBER(place_reserve(&desk.to, name, "one", as, &e), 0);
	EXPECT(strlen(as) < 200 && has_suffix(as, ".qcow2"));
}

TEST(place, papers_are_put_once_and_never_over_others)
{
	CLEAN_DONE(desk) struct desk desk;
	struct err e = {0};

	desk_make(&desk);
	CLEAN_FREE char *paper = put(desk.inbox, "report.json", "ours");
	free(put(desk.folder, "b.report.json", "theirs"));
	EXPECT_NUMBER(place_paper(&desk.to, paper, "a", ".report.json", &e), 0);
	EXPECT_NUMBER(place_paper(&desk.to, paper, "a", ".report.json", &e), 0);
	expect_file(desk.folder, "a.report.json", "ours");
	EXPECT_NUMBER(place_paper(&desk.to, paper, "b", ".report.json", &e), -EEXIST);
	expect_file(desk.folder, "b.report.json", "theirs");
}

static struct arrival_file look_at(const char *path)
{
	struct arrival_file file = {0};
	struct stat stat_;

	EXPECT(lstat(path, &stat_) == 0);
	arrival_file_read(&stat_, &file);
	return file;
}

TEST(place, papers_are_taken_back_and_nothing_else)
{
	CLEAN_DONE(desk) struct desk desk;
	struct err e = {0};

	desk_make(&desk);
	CLEAN_FREE char *json = put(desk.inbox, "report.json", "ours");
	free(put(desk.inbox, "report.html", "ours too"));
	free(put(desk.folder, "a.report.html", "theirs"));
	EXPECT_NUMBER(place_paper(&desk.to, json, "a", ".report.json", &e), 0);
	place_withdraw(&desk.to, desk.inbox, "a");
	CLEAN_FREE char *gone = xasprintf("%s/a.report.json", desk.folder);
	EXPECT(access(gone, F_OK) < 0);
	expect_file(desk.folder, "a.report.html", "theirs");
	expect_file(desk.inbox, "report.json", "ours");
}

TEST(place, images_are_moved_or_linked_and_never_over_others)
{
	CLEAN_DONE(desk) struct desk desk;
	struct err e = {0};

	desk_make(&desk);
	CLEAN_FREE char *image = put(desk.inbox, "a", "image");
	free(put(desk.folder, "taken", "theirs"));
	const struct arrival_file file = look_at(image);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "taken", false, &e), -EEXIST);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "taken", true, &e), -EEXIST);
	expect_file(desk.folder, "taken", "theirs");
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "linked", true, &e), 0);
	EXPECT(access(image, F_OK) == 0);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "moved", false, &e), 0);
	EXPECT(access(image, F_OK) < 0);
	expect_file(desk.folder, "linked", "image");
	expect_file(desk.folder, "moved", "image");
}

/* Whatever has got the name since it was judged. */
TEST(place, another_file_of_that_name_does_not_get_there)
{
	CLEAN_DONE(desk) struct desk desk;
	struct err e = {0};

	desk_make(&desk);
	CLEAN_FREE char *image = put(desk.inbox, "a", "image");
	const struct arrival_file file = look_at(image);
	CLEAN_FREE char *kept = xasprintf("%s/kept", desk.inbox);
	EXPECT(rename(image, kept) == 0);
	free(put(desk.inbox, "a", "other"));
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "x", false, &e), -ESTALE);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "x", true, &e), -ESTALE);
	expect_file(desk.inbox, "a", "other");
	CLEAN_FREE char *path = xasprintf("%s/x", desk.folder);
	EXPECT(access(path, F_OK) < 0);
	/* A link that leads to it is none of it. */
	EXPECT(unlink(image) == 0 && symlink("kept", image) == 0);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "x", false, &e), -ESTALE);
	EXPECT_NUMBER(place_image(&desk.to, image, &file, "x", true, &e), -ESTALE);
	EXPECT(access(path, F_OK) < 0);
}

/* /dev/shm is another file system than that of the tests, where there is one: there an image is copied. */
TEST(place, a_copy_is_of_that_file_only)
{
	char far[] = "/dev/shm/assay-place-XXXXXX";
	CLEAN_DONE(desk) struct desk desk;
	struct err e = {0};

	desk_make(&desk);
	if (!mkdtemp(far))
		return;
	CLEAN_FREE char *image = put(desk.inbox, "a", "image");
	CLEAN_FREE char *hidden = xasprintf("%s/.a.placed", desk.inbox);
	const struct place_to to = {.folder = far, .names = desk.to.names};
	struct arrival_file file = look_at(image);
	file.mtime_ns++;
	EXPECT_NUMBER(place_image(&to, image, &file, "x", false, &e), -ESTALE);
	expect_file(desk.inbox, "a", "image");
	CLEAN_FREE char *path = xasprintf("%s/x", far), *part = xasprintf("%s/.x.part", far);
	EXPECT(access(path, F_OK) < 0 && access(part, F_OK) < 0);
	file = look_at(image);
	EXPECT_NUMBER(place_image(&to, image, &file, "x", false, &e), 0);
	expect_file(far, "x", "image");
	EXPECT(access(image, F_OK) < 0 && access(hidden, F_OK) < 0);
	EXPECT(unlink(path) == 0 && rmdir(far) == 0);
}

TEST(claim, has_one_holder)
{
	CLEAN_FREE char *path = xasprintf("%s/x.lock", test_folder());
	struct err e = {0};
	int one = -1, two = -1;

	EXPECT_NUMBER(claim_take(path, &one, &e), 0);
	EXPECT_NUMBER(claim_take(path, &two, &e), -EBUSY);
	EXPECT_NUMBER(two, -1);
	claim_drop(path, &one);
	EXPECT(one == -1 && access(path, F_OK) < 0);
	EXPECT_NUMBER(claim_take(path, &two, &e), 0);
	claim_drop(path, &two);
}
