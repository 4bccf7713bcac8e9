/* SPDX-License-Identifier: Apache-2.0 */
/* Volume groups and their volumes. */
#include "host/image/lvm.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "host/image/lvm_for_test.h"

#define KIB	    1024ULL
#define MIB	    (1024 * KIB)
#define MEMBER_SIZE (8 * MIB)
#define DISK_SIZE   (2 * MEMBER_SIZE)
#define ID_A	    "aaaaaaAAAAaaaaAAAAaaaaAAAAaaaaaa"
#define ID_B	    "bbbbbbBBBBbbbbBBBBbbbbBBBBbbbbbb"

/* How LVM writes it, less what is not read. */
#define CONTENTS "contents = \"Text Format Volume Group\"\nversion = 1\n"
#define GROUP(seqno)                                                                               \
	"my-vg {\nid = \"vg-id\"\nseqno = " #seqno                                                 \
	"\nformat = \"lvm2\"\nstatus = [\"RESIZEABLE\", \"READ\", \"WRITE\"]\nflags = []\n"        \
	"extent_size = 512\nphysical_volumes {\n"                                                  \
	"pv0 {\nid = \"aaaaaa-AAAA-aaaa-AAAA-aaaa-AAAA-aaaaaa\"\ndevice = \"/dev/sda2\"\n"         \
	"status = [\"ALLOCATABLE\"]\nflags = []\npe_start = 2048\npe_count = " EXTENTS "\n}\n"     \
	"pv1 {\nid = \"bbbbbb-BBBB-bbbb-BBBB-bbbb-BBBB-bbbbbb\"\ndevice = \"/dev/sda3\"\n"         \
	"status = [\"ALLOCATABLE\"]\nflags = [" MISSING "]\npe_start = 2048\npe_count = 28\n}\n"   \
	"}\nlogical_volumes {\n"
#define MISSING
#define EXTENTS "28"
#define END	"}\n}\n" CONTENTS
#define VOLUME(name, segments)                                                                           \
	name " {\nid = \"x\"\nstatus = [\"READ\", \"WRITE\", \"VISIBLE\"]\nsegment_count = 1\n" segments \
	     "}\n"
#define SEGMENT(number, start, count, type, rest)                                                  \
	"segment" #number " {\nstart_extent = " #start "\nextent_count = " #count                  \
	"\ntype = \"" type "\"\n" rest "}\n"
#define LINEAR(number, start, count, pv, extent)                                                   \
	SEGMENT(number, start, count, "striped",                                                   \
		"stripe_count = 1\nstripes = [\n\"" pv "\", " #extent "\n]\n")

struct disk {
	unsigned char *bytes;
	struct chunks *chunks;
	struct span *spans[2];
	struct lvm *lvm;
};

static int read_bytes(void *arg, uint64_t offset, void *buf, size_t size)
{
	memcpy(buf, (const unsigned char *)arg + offset, size);
	return 0;
}

/* Two physical volumes of 8 MiB, one behind the other; every 512 bytes of the disk begin with their number. A NULL id: no
 * label there. */
static struct disk *open_disk(const struct lvm_member_for_test *a,
			      const struct lvm_member_for_test *b)
{
	const struct lvm_member_for_test *members[] = {a, b};
	struct disk *disk = xnew(sizeof *disk);
	const struct span *spans[2];
	unsigned count = 0;

	disk->bytes = xnew(DISK_SIZE);
	for (uint32_t i = 0; i < DISK_SIZE / 512; i++)
		memcpy(disk->bytes + 512 * (size_t)i, &i, sizeof i);
	const struct chunk_source source = {
		.read = read_bytes, .arg = disk->bytes, .size = DISK_SIZE};
	disk->chunks = chunks_new(&source);
	for (unsigned i = 0; i < 2; i++) {
		if (!members[i]->id)
			continue;
		lvm_write_for_test(disk->bytes + i * MEMBER_SIZE, members[i]);
		disk->spans[count] = span_of_range(disk->chunks, i * MEMBER_SIZE, MEMBER_SIZE);
		spans[count] = disk->spans[count];
		count++;
	}
	disk->lvm = lvm_open(disk->chunks, spans, count);
	return disk;
}

static struct disk *open_text(const char *text)
{
	return open_disk(&(struct lvm_member_for_test){ID_A, text, 512},
			 &(struct lvm_member_for_test){ID_B, text, LVM_AREA_FOR_TEST - 100});
}

static void close_disk(struct disk *disk)
{
	lvm_free(disk->lvm);
	span_free(disk->spans[0]);
	span_free(disk->spans[1]);
	chunks_free(disk->chunks);
	free(disk->bytes);
	free(disk);
}

/* Which 512 bytes of the disk stand there in the volume. */
static long long sector_at(const struct lvm_volume *volume, uint64_t offset)
{
	uint32_t number = 0;

	return volume->span && span_read(volume->span, offset, &number, sizeof number) == 0
		       ? (long long)number
		       : -1;
}

/* "G/V: problem" of every volume, one a line. */
static char *summary(struct disk *disk)
{
	CLEAN_TEXT struct text out = TEXT_INIT(10000);
	const struct lvm_volume *volume;

	for (unsigned n = 0; (volume = lvm_volume(disk->lvm, n)) != NULL; n++) {
		(void)text_addf(&out, "%s/%s: %s\n", volume->group, volume->name, volume->problem);
		EXPECT((volume->span == NULL) == (volume->problem[0] != '\0'));
	}
	return text_steal(&out);
}

static void expect(const char *text, const char *volumes)
{
	struct disk *disk = open_text(text);
	CLEAN_FREE char *got = summary(disk);

	EXPECT_TEXT(got, volumes);
	close_disk(disk);
}

TEST(lvm, extents_read_as_one)
{
	struct disk *disk = open_text(
		GROUP(3) VOLUME("ro-ot", LINEAR(2, 2, 3, "pv1", 4) LINEAR(1, 0, 2, "pv0", 5))
			VOLUME("swap", LINEAR(1, 0, 1, "pv0", 0)) END);
	CLEAN_FREE char *got = summary(disk);
	const struct lvm_volume *root = lvm_volume(disk->lvm, 0);

	EXPECT_TEXT(got, "my-vg/ro-ot: \nmy-vg/swap: \n");
	EXPECT_TEXT(root->mapped_name, "my--vg-ro--ot");
	EXPECT_NUMBER(root->member, 0);
	EXPECT_NUMBER((long long)span_size(root->span), 5 * 256 * KIB);
	EXPECT_NUMBER(sector_at(root, 0), 2048 + 5 * 512);
	EXPECT_NUMBER(sector_at(root, 2 * 256 * KIB - 512), 2048 + 7 * 512 - 1);
	EXPECT_NUMBER(sector_at(root, 2 * 256 * KIB), 16384 + 2048 + 4 * 512);
	EXPECT_NUMBER(sector_at(root, 5 * 256 * KIB - 512), 16384 + 2048 + 7 * 512 - 1);
	EXPECT_NUMBER(sector_at(lvm_volume(disk->lvm, 1), 0), 2048);
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 0), "");
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 1), "");
	close_disk(disk);
}

TEST(lvm, stripes_go_round)
{
	struct disk *disk = open_text(
		GROUP(3) VOLUME("s", SEGMENT(1, 0, 4, "striped",
					     "stripe_count = 2\nstripe_size = 128\n"
					     "stripes = [\n\"pv1\", 1,\n\"pv0\", 2\n]\n")) END);
	const struct lvm_volume *volume = lvm_volume(disk->lvm, 0);

	EXPECT_TEXT(volume->problem, "");
	EXPECT_NUMBER(volume->member, 1);
	EXPECT_NUMBER(sector_at(volume, 0), 16384 + 2048 + 512);
	EXPECT_NUMBER(sector_at(volume, 64 * KIB), 2048 + 2 * 512);
	EXPECT_NUMBER(sector_at(volume, 2 * 64 * KIB), 16384 + 2048 + 512 + 128);
	EXPECT_NUMBER(sector_at(volume, MIB - 512), 2048 + 2 * 512 + 1024 - 1);
	close_disk(disk);
}

/* As `lvcreate` of LVM 2.03.16 has written them. */
#define SNAPSHOT(store)                                                                            \
	VOLUME("snapshot0", SEGMENT(1, 0, 1, "snapshot",                                           \
				    "chunk_size = 8\norigin = \"plain\"\n" store " = \"snap\"\n"))

TEST(lvm, says_what_it_does_not_read)
{
	expect(GROUP(19) VOLUME("plain", LINEAR(1, 0, 1, "pv0", 0)) "snap {\nstatus = [\"READ\", \"WRITE\"]\n" LINEAR(
		       1, 0, 1, "pv0",
		       1) "}\n" VOLUME("both",
				       SEGMENT(1, 0, 1, "raid1",
					       "device_count = 2\nregion_size = 4096\nraids = [\n"
					       "\"both_rmeta_0\", \"both_rimage_0\",\n"
					       "\"both_rmeta_1\", \"both_rimage_1\"\n]\n"))
		       VOLUME("pool", SEGMENT(1, 0, 1, "thin-pool", "metadata = \"pool_tmeta\"\n"))
			       VOLUME("thin", SEGMENT(1, 0, 64, "thin", "thin_pool = \"pool\"\n"))
				       VOLUME("slow", SEGMENT(1, 0, 1, "cache+NEW", ""))
					       VOLUME("odd", SEGMENT(1, 0, 1, "a\\\"b\n", ""))
						       SNAPSHOT("cow_store") END,
	       "my-vg/plain: \nmy-vg/both: is of type raid1\nmy-vg/thin: is of type thin\n"
	       "my-vg/slow: is of type cache\nmy-vg/odd: is of type a\n");
	expect(GROUP(19) VOLUME("plain", LINEAR(1, 0, 1, "pv0", 0)) SNAPSHOT("merging_store") END,
	       "my-vg/plain: is having a snapshot merged into it\n");
	expect(GROUP(1) VOLUME("moved", LINEAR(1, 0, 1, "pvmove0", 0)) END,
	       "my-vg/moved: lies on the volume pvmove0\n");
}

TEST(lvm, a_volume_says_it_of_its_group)
{
	struct disk *disk = open_text(GROUP(1) VOLUME("a", LINEAR(1, 0, 1, "pv0", 0))
					      VOLUME("b", SEGMENT(1, 0, 1, "vdo", "")) END);

	EXPECT_TEXT(lvm_member_problem(disk->lvm, 0), "the logical volume my-vg/b is of type vdo");
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 1), "the logical volume my-vg/b is of type vdo");
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 32),
		    "there are more physical volumes than are read");
	close_disk(disk);
}

TEST(lvm, believes_no_numbers)
{
	expect(GROUP(1) VOLUME("gap", LINEAR(1, 0, 1, "pv0", 0) LINEAR(2, 2, 1, "pv0", 2))
		       VOLUME("late", LINEAR(1, 1, 1, "pv0", 0)) VOLUME("none", "") VOLUME(
			       "far", LINEAR(1, 0, 1, "pv0", 28)) VOLUME("long",
									 LINEAR(1, 0, 29, "pv0", 0))
			       VOLUME("last", LINEAR(1, 0, 28, "pv0", 0))
				       VOLUME("huge", LINEAR(1, 0, 4294967295, "pv0", 4294967295))
					       END,
	       "my-vg/gap: has segments that do not follow each other\n"
	       "my-vg/late: has segments that do not follow each other\n"
	       "my-vg/none: has no segments\n"
	       "my-vg/far: goes beyond the end of its physical volume\n"
	       "my-vg/long: goes beyond the end of its physical volume\n"
	       "my-vg/last: \n"
	       "my-vg/huge: goes beyond the end of its physical volume\n");
	expect(GROUP(1) VOLUME("zero", LINEAR(1, 0, 0, "pv0", 0)) VOLUME(
		       "uneven", SEGMENT(1, 0, 3, "striped",
					 "stripe_count = 2\nstripe_size = 128\n"
					 "stripes = [\"pv0\", 0, \"pv1\", 0]\n"))
		       VOLUME("few", SEGMENT(1, 0, 2, "striped",
					     "stripe_count = 2\nstripe_size = 128\n"
					     "stripes = [\"pv0\", 0, \"pv1\"]\n"))
			       VOLUME("many", SEGMENT(1, 0, 1, "striped",
						      "stripe_count = 1\n"
						      "stripes = [\"pv0\", 0, \"pv1\", 0]\n"))
				       VOLUME("texts", SEGMENT(1, 0, 1, "striped",
							       "stripe_count = 1\n"
							       "stripes = [\"pv0\", \"0\"]\n"))
					       VOLUME("wide",
						      SEGMENT(1, 0, 2, "striped",
							      "stripe_count = 2\n"
							      "stripe_size = 384\nstripes = "
							      "[\"pv0\", 0, \"pv1\", 0]\n")) END,
	       "my-vg/zero: has more segments than are read, or some that make no sense\n"
	       "my-vg/uneven: has a segment that makes no sense\n"
	       "my-vg/few: has a segment that makes no sense\n"
	       "my-vg/many: has a segment that makes no sense\n"
	       "my-vg/texts: has a segment that makes no sense\n"
	       "my-vg/wide: has stripes that do not fill their extents\n");
}

TEST(lvm, a_physical_volume_ends_with_its_partition)
{
#undef EXTENTS
#define EXTENTS "1000"
	expect(GROUP(1) VOLUME("last", LINEAR(1, 0, 28, "pv0", 0))
		       VOLUME("long", LINEAR(1, 0, 29, "pv0", 0)) END,
	       "my-vg/last: \nmy-vg/long: goes beyond the end of its physical volume\n");
#undef EXTENTS
#define EXTENTS "28"
}

#define ONE_VOLUME VOLUME("a", LINEAR(1, 0, 1, "pv0", 0)) VOLUME("b", LINEAR(1, 0, 1, "pv1", 0)) END

TEST(lvm, the_newest_metadata_is_right)
{
	const char *older = GROUP(3) VOLUME("old", LINEAR(1, 0, 1, "pv0", 0)) END,
		   *newer = GROUP(12) VOLUME("new", LINEAR(1, 0, 1, "pv0", 1)) END;
	struct disk *disk = open_disk(&(struct lvm_member_for_test){ID_A, older, 512},
				      &(struct lvm_member_for_test){ID_B, newer, 1024});
	CLEAN_FREE char *got = summary(disk);

	EXPECT_TEXT(got, "my-vg/new: \n");
	close_disk(disk);
}

TEST(lvm, one_member_may_tell_of_all)
{
	struct disk *disk =
		open_disk(&(struct lvm_member_for_test){ID_A, NULL, 0},
			  &(struct lvm_member_for_test){ID_B, GROUP(1) ONE_VOLUME, 512});
	CLEAN_FREE char *got = summary(disk);

	EXPECT_TEXT(got, "my-vg/a: \nmy-vg/b: \n");
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 0), "");
	close_disk(disk);
}

TEST(lvm, missing_members_are_named)
{
	struct disk *disk = open_disk(&(struct lvm_member_for_test){ID_A, GROUP(1) ONE_VOLUME, 512},
				      &(struct lvm_member_for_test){NULL, NULL, 0});
	CLEAN_FREE char *got = summary(disk);

	EXPECT_TEXT(got, "my-vg/a: \nmy-vg/b: lies on the physical volume "
			 "bbbbbb-BBBB-bbbb-BBBB-bbbb-BBBB-bbbbbb, which is not in this image\n");
	close_disk(disk);
#undef MISSING
#define MISSING "\"MISSING\""
	expect(GROUP(1) ONE_VOLUME, "my-vg/a: \nmy-vg/b: lies on the physical volume "
				    "bbbbbb-BBBB-bbbb-BBBB-bbbb-BBBB-bbbbbb, which is not in this "
				    "image\n");
#undef MISSING
#define MISSING
}

TEST(lvm, members_without_a_group_say_so)
{
	struct disk *disk = open_disk(&(struct lvm_member_for_test){ID_A, NULL, 0},
				      &(struct lvm_member_for_test){ID_B, "strange {", 512});

	EXPECT(lvm_volume(disk->lvm, 0) == NULL);
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 0),
		    "the metadata of its volume group is not in this image");
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 1),
		    "its LVM metadata is none that is understood");
	close_disk(disk);
	expect("my-vg {\nid = \"x\"\nseqno = 1\nformat = \"lvm2\"\n}\nversion = 1\n", "");
	expect("my-vg {\nid = \"x\"\nseqno = 1\nformat = \"lvm1\"\n}\n" CONTENTS, "");
	expect("my-vg {\nid = \"x\"\nseqno = 1\nformat = \"lvm2\"\nextent_size = 0\n}\n" CONTENTS,
	       "");
	expect(GROUP(1) VOLUME("a/b", LINEAR(1, 0, 1, "pv0", 0)) END, "");
}

TEST(lvm, volumes_have_a_maximum)
{
	CLEAN_TEXT struct text text = TEXT_INIT(1 << 20);
	unsigned count = 0;

	(void)text_adds(&text, GROUP(1));
	for (unsigned i = 0; i < LVM_VOLUMES_MAX + 1; i++)
		(void)text_addf(&text, "v%u%s", i, VOLUME("", LINEAR(1, 0, 1, "pv0", 0)));
	(void)text_adds(&text, END);
	struct disk *disk = open_text(text.buf);
	while (lvm_volume(disk->lvm, count))
		count++;
	EXPECT_NUMBER(count, LVM_VOLUMES_MAX);
	EXPECT_TEXT(lvm_member_problem(disk->lvm, 0),
		    "its volume group has more than is read, or makes no sense");
	close_disk(disk);
}
