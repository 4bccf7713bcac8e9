/* SPDX-License-Identifier: Apache-2.0 */
/* Former plans, and what is planned beside them. */
#include "host/plan/former.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

/* Axes image, size and firmware; images and sizes have a trait. */
static void make_axes(struct axes *axes, unsigned images, unsigned sizes)
{
	char name[16], kind[8];

	*axes = (struct axes)AXES_INIT;
	struct axis *image = axes_add(axes, "image"), *size = axes_add(axes, "size");
	struct axis *firmware = axes_add(axes, "firmware");
	for (unsigned i = 0; i < images; i++) {
		(void)snprintf(name, sizeof name, "image-%u", i);
		(void)snprintf(kind, sizeof kind, "r%u", i % 3);
		EXPECT_NUMBER(axis_set(image, axis_add(image, name), "root", kind), 0);
	}
	for (unsigned i = 0; i < sizes; i++) {
		(void)snprintf(name, sizeof name, "size-%u", i);
		(void)snprintf(kind, sizeof kind, "n%u", i % 2);
		EXPECT_NUMBER(axis_set(size, axis_add(size, name), "nic", kind), 0);
	}
	(void)axis_add(firmware, "bios");
	(void)axis_add(firmware, "uefi");
}

static struct combine *make(const struct combine_request *request)
{
	struct combine *combine = NULL;
	struct combine_slip slip;
	struct err e = {0};

	EXPECT_NUMBER(combine_make(request, &combine, &slip, &e), 0);
	EXPECT_TEXT(e.text, "");
	return combine;
}

static struct combine_request request_for(const struct axes *axes, enum combine_mode mode,
					  bool over_traits)
{
	return (struct combine_request){
		.axes = axes, .mode = mode, .ways = 2, .over_traits = over_traits, .seed = 1};
}

static unsigned count_with(const struct combine *combine, size_t axis, uint32_t item)
{
	unsigned count = 0;

	for (size_t i = 0; i < combine->count; i++)
		count += combine_items(combine, i)[axis] == item;
	return count;
}

static const struct {
	enum combine_mode mode;
	bool over_traits;
} modes[] = {{COMBINE_ALL, false}, {COMBINE_WAYS, false}, {COMBINE_WAYS, true}};

TEST(former, nothing_is_left_when_nothing_has_changed)
{
	for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
		CLEAN_DONE(axes) struct axes axes;
		make_axes(&axes, 5, 4);
		struct combine_request request =
			request_for(&axes, modes[m].mode, modes[m].over_traits);
		CLEANUP(combine) struct combine *first = make(&request);
		request.is_increment = true;
		request.former = (struct combine_rows){first->items.items, first->count};
		CLEANUP(combine) struct combine *second = make(&request);
		EXPECT(first->count > 0);
		EXPECT_NUMBER((long long)second->count, 0);
		EXPECT_NUMBER((long long)second->kept, (long long)first->count);
	}
}

TEST(former, what_has_changed_is_planned_again)
{
	const struct traits_item changed = {0, 2};

	for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
		CLEAN_DONE(axes) struct axes axes;
		make_axes(&axes, 5, 4);
		struct combine_request request =
			request_for(&axes, modes[m].mode, modes[m].over_traits);
		CLEANUP(combine) struct combine *first = make(&request);
		request.is_increment = true;
		request.former = (struct combine_rows){first->items.items, first->count};
		request.changed = &changed;
		request.changed_count = 1;
		CLEANUP(combine) struct combine *second = make(&request);
		EXPECT(second->count > 0 && second->count < first->count);
		EXPECT(count_with(second, 0, 2) > 0);
		EXPECT_NUMBER((long long)second->kept,
			      (long long)(first->count - count_with(first, 0, 2)));
		for (size_t i = 0; i < second->count; i++)
			if (combine_items(second, i)[0] == 2)
				EXPECT_NUMBER(second->origins.items[i].why, COMBINE_WHY_CHANGED);
	}
}

TEST(former, what_has_to_be_there_is)
{
	const uint32_t must[] = {1, 1, COMBINE_ANY};
	const struct traits_item changed = {1, 1};

	for (size_t m = 0; m < ARRAY_LEN(modes); m++) {
		CLEAN_DONE(axes) struct axes axes;
		make_axes(&axes, 3, 3);
		struct combine_request request =
			request_for(&axes, modes[m].mode, modes[m].over_traits);
		request.must = (struct combine_rows){must, 1};
		CLEANUP(combine) struct combine *first = make(&request);
		EXPECT_NUMBER(first->origins.items[0].why, COMBINE_WHY_MUST);
		request.is_increment = true;
		request.former = (struct combine_rows){first->items.items, first->count};
		CLEANUP(combine) struct combine *same = make(&request);
		EXPECT_NUMBER((long long)same->count, 0);
		request.changed = &changed;
		request.changed_count = 1;
		CLEANUP(combine) struct combine *again = make(&request);
		EXPECT(again->count > 0);
		EXPECT_NUMBER(again->origins.items[0].why, COMBINE_WHY_MUST);
	}
}

TEST(former, new_items_need_no_word)
{
	CLEAN_DONE(axes) struct axes axes, more;
	struct combine_request request;

	make_axes(&axes, 4, 4);
	make_axes(&more, 5, 4);
	request = request_for(&axes, COMBINE_ALL, false);
	CLEANUP(combine) struct combine *first = make(&request);
	request = request_for(&more, COMBINE_ALL, false);
	request.is_increment = true;
	request.former = (struct combine_rows){first->items.items, first->count};
	CLEANUP(combine) struct combine *second = make(&request);
	EXPECT_NUMBER((long long)second->count, 8); /* four sizes, two firmwares */
	EXPECT_NUMBER(count_with(second, 0, 4), 8);
}

#define CELL(image, size, firmware, digest)                                                        \
	"{\"cell\":0,\"values\":{\"image\":\"" image "\",\"size\":\"" size                         \
	"\",\"firmware\":\"" firmware "\"},\"sha256\":\"" digest "\"}"

static int read_text(const char *text, const struct axes *axes, struct former *ret, struct err *e)
{
	return former_read("old.json", text, strlen(text), axes, ret, e);
}

TEST(former, plan_is_read)
{
	static const char text[] =
		"{\"schema\":1,\"cells\":[" CELL("image-0", "size-1", "uefi", "aa") "," CELL(
			"image-9", "size-1", "uefi", "bb") "," CELL("image-1", "size-0", "bios",
								    "cc") "]}";
	CLEAN_DONE(axes) struct axes axes;
	CLEAN_DONE(former) struct former former = {0};
	struct err e = {0};

	make_axes(&axes, 2, 2);
	EXPECT_NUMBER(read_text(text, &axes, &former, &e), 0);
	EXPECT_TEXT(e.text, "");
	EXPECT_NUMBER((long long)former.cells, 3);
	EXPECT_NUMBER((long long)former.rows.count, 2); /* there is no image-9 any more */
	EXPECT_NUMBER(former.rows.items[1], 1);
	EXPECT_NUMBER(former.rows.items[3], 1);
	EXPECT_NUMBER(former.rows.items[5], 0);
	EXPECT_TEXT(former_digest(&former, "image-1"), "cc");
	EXPECT(!former_digest(&former, "image-2"));
}

TEST(former, kernels_are_known_by_their_keys)
{
	static const char text[] =
		"{\"schema\":1,\"cells\":[{\"values\":{\"image\":\"none\",\"kernel\":\"new\"},"
		"\"sha256\":\"dd\",\"kernel\":{\"sha256\":\"dd\",\"key\":\"ee\"}},"
		"{\"values\":{\"image\":\"a\",\"kernel\":\"installed\"},\"sha256\":\"aa\"}]}";
	CLEAN_DONE(axes) struct axes axes = AXES_INIT;
	CLEAN_DONE(former) struct former former = {0};
	struct err e = {0};

	(void)axis_add(axes_add(&axes, "image"), "none");
	(void)axis_add(axes_add(&axes, "kernel"), "new");
	EXPECT_NUMBER(read_text(text, &axes, &former, &e), 0);
	EXPECT_NUMBER((long long)former.rows.count, 1);
	EXPECT_TEXT(former_kernel_key(&former, "new"), "ee");
	EXPECT(!former_kernel_key(&former, "installed"));
	EXPECT_TEXT(former_digest(&former, "a"), "aa");
}

TEST(former, what_is_no_plan_is_refused)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{"", "old.json is no plan"},
		{"{}", "of no schema that this version knows"},
		{"{\"schema\":2,\"cells\":[]}", "of no schema that this version knows"},
		{"{\"schema\":1}", "it has no cells"},
		{"{\"schema\":1,\"cells\":[7]}", "a cell has no values"},
		{"{\"schema\":1,\"cells\":[{\"values\":{\"image\":\"x\"}}]}",
		 "with 1 axes, and the runbook has 3"},
	};
	CLEAN_DONE(axes) struct axes axes;

	make_axes(&axes, 2, 2);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEAN_DONE(former) struct former former = {0};
		struct err e = {0};
		EXPECT_NUMBER(read_text(rows[i].text, &axes, &former, &e), -EINVAL);
		EXPECT(strstr(e.text, rows[i].says) && e.blame == BLAME_USER);
	}
}
