/* SPDX-License-Identifier: Apache-2.0 */
/* The axis kernel: which files its entries are, and what there is to boot where there is no image. */
#include <glob.h>
#include <string.h>
#include <unistd.h>

#include "host/runbook/internal.h"

/* ---- files ---- */

static bool is_glob(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

/* The name without what says how it is packed: "linux-image-6.1.90-amd64" of a .deb; a bzImage keeps all of its version. */
static char *name_of(const char *file)
{
	static const char *const suffixes[] = {".deb", ".rpm",	   ".tar",    ".tgz",	 ".tar.gz",
					       ".txz", ".tar.bz2", ".tar.xz", ".tar.zst"};
	const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (has_suffix(base, suffixes[i]) && strlen(base) > strlen(suffixes[i]))
			return xasprintf("%.*s", (int)(strlen(base) - strlen(suffixes[i])), base);
	return xstrdup(base);
}

static char *file_of(const struct runbook_state *state, const struct yaml_text *path)
{
	return include_beside(path->place.path ? path->place.path : state->book.path, path->text);
}

static struct yaml_text copy_text(const struct yaml_text *text)
{
	struct yaml_text copy = *text;

	copy.text = text->text ? xstrdup(text->text) : NULL;
	return copy;
}

static struct runbook_traits copy_traits(const struct runbook_traits *traits)
{
	struct runbook_traits copy = {.items = xnew((traits->count + 1) * sizeof *copy.items),
				      .place = traits->place};

	vec_each (traits, trait)
		copy.items[copy.count++] = (struct runbook_trait){
			.name = copy_text(&trait->name), .value = copy_text(&trait->value)};
	return copy;
}

/* Of one entry's file, which may be one of many. */
static struct runbook_kernel make_kernel(const struct runbook_state *state,
					 const struct runbook_kernel *like, const char *file)
{
	bool is_named = like->name.place.line > 0;

	return (struct runbook_kernel){
		.path = copy_text(&like->path),
		.name = is_named
				? copy_text(&like->name)
				: (struct yaml_text){.text = name_of(file ? file : like->path.text),
						     .place = like->path.place},
		.modules = copy_text(&like->modules),
		.file = file ? xstrdup(file) : NULL,
		.modules_file = like->modules.text ? file_of(state, &like->modules) : NULL,
		.traits = copy_traits(&like->traits),
	};
}

/* ---- globs ---- */

DEFINE_VEC(kernel_list, struct runbook_kernel);

static void add_kernel(const struct runbook_state *state, struct kernel_list *list,
		       const struct runbook_kernel *like, const char *file,
		       struct runbook_problems *problems)
{
	if (list->count == list->maximum) {
		runbook_complain(problems, like->path.place, "`kernels` are more than %d",
				 RUNBOOK_VALUES_MAX);
		return;
	}
	(void)vec_add(list, make_kernel(state, like, file));
}

/* glob(3) sorts, by bytes: the same files are the same runbook. */
static void add_matches(const struct runbook_state *state, struct kernel_list *list,
			const struct runbook_kernel *like, const char *pattern,
			struct runbook_problems *problems)
{
	glob_t found = {0};
	unsigned before = problems->count;

	if (state->files.is_closed) {
		runbook_complain(problems, like->path.place, "%s cannot be looked for here",
				 pattern);
		return;
	}
	int r = glob(pattern, GLOB_ERR, NULL, &found);
	if (r == GLOB_NOMATCH)
		runbook_complain(problems, like->path.place, "`kernels`: no file fits %s", pattern);
	else if (r != 0)
		runbook_complain(problems, like->path.place,
				 "`kernels`: what fits %s cannot be listed: %m", pattern);
	else if (found.gl_pathc > 1 && like->name.place.line > 0)
		runbook_complain(
			problems, like->name.place,
			"`name`: %zu files fit %s, and each needs a name of its own: leave "
			"it away, and they are called as they are",
			found.gl_pathc, like->path.text);
	for (size_t i = 0; r == 0 && i < found.gl_pathc && problems->count == before; i++)
		add_kernel(state, list, like, found.gl_pathv[i], problems);
	globfree(&found);
}

static void check_installed(const struct runbook_kernel *kernel, struct runbook_problems *problems)
{
	if (kernel->modules.text)
		runbook_complain(problems, kernel->modules.place,
				 "`modules`: the installed kernel has those of its image");
}

static void find_one(const struct runbook_state *state, struct kernel_list *list,
		     const struct runbook_kernel *kernel, struct runbook_problems *problems)
{
	if (!kernel->path.text)
		return;
	if (strcmp(kernel->path.text, RUNBOOK_INSTALLED) == 0) {
		check_installed(kernel, problems);
		add_kernel(state, list, kernel, NULL, problems);
		return;
	}
	CLEAN_FREE char *file = file_of(state, &kernel->path);
	if (!is_glob(kernel->path.text) || (!state->files.is_closed && access(file, F_OK) == 0))
		add_kernel(state, list, kernel, file, problems);
	else
		add_matches(state, list, kernel, file, problems);
}

static void free_written(struct runbook_kernels *kernels)
{
	vec_each (kernels, kernel) {
		free(kernel->path.text);
		free(kernel->name.text);
		free(kernel->modules.text);
		vec_each (&kernel->traits, trait) {
			free(trait->name.text);
			free(trait->value.text);
		}
		free(kernel->traits.items);
	}
	free(kernels->items);
}

/* ---- where there is no image ---- */

static void add_none(struct runbook_state *state, struct yaml_place place)
{
	struct runbook_images *images = &state->book.images;

	images->items = xnew(sizeof *images->items);
	images->items[0] =
		(struct runbook_image){.path = {.text = xstrdup(RUNBOOK_NO_IMAGE), .place = place}};
	images->count = 1;
	images->place = place;
}

static const struct runbook_image *find_none(const struct runbook *book)
{
	vec_each (&book->images, image)
		if (image->path.text && strcmp(image->path.text, RUNBOOK_NO_IMAGE) == 0)
			return image;
	return NULL;
}

/* It stands with the others, so that plans tell what it excludes. */
static void imply(struct runbook_state *state, struct yaml_place place, const char *text)
{
	struct yaml_texts *constraints = &state->book.constraints;
	struct yaml_text *items = xnew((constraints->count + 1) * sizeof *items);

	if (constraints->count > 0)
		memcpy(items, constraints->items, constraints->count * sizeof *items);
	items[constraints->count] = (struct yaml_text){.text = xstrdup(text), .place = place};
	free(constraints->items);
	constraints->items = items;
	constraints->count++;
}

static bool has_installed(const struct runbook *book)
{
	vec_each (&book->kernels, kernel)
		if (!kernel->file)
			return true;
	return false;
}

static bool has_firmware(const struct runbook *book, const char *name)
{
	vec_each (&book->firmwares, firmware)
		if (firmware->text && strcmp(firmware->text, name) == 0)
			return true;
	return false;
}

static void check_none(struct runbook_state *state, const struct runbook_image *none,
		       struct runbook_problems *problems)
{
	const struct runbook *book = &state->book;
	struct yaml_place place = none->path.place;
	bool is_alone = book->images.count == 1;

	if (book->kernels.place.line == 0)
		runbook_complain(problems, place,
				 "`images`: without an image there is only a kernel to try: say "
				 "which, by `kernels`");
	else if (is_alone && has_installed(book))
		runbook_complain(problems, book->kernels.place,
				 "`kernels`: installed is an image's own, and there is no image");
	else if (has_installed(book))
		imply(state, place,
		      "if image == " RUNBOOK_NO_IMAGE " then kernel != " RUNBOOK_INSTALLED);
	if (is_alone && book->firmwares.count > 0)
		runbook_complain(problems, book->firmwares.place,
				 "`firmwares`: without an image QEMU starts the kernel itself, and "
				 "there is no firmware to choose");
	else if (has_firmware(book, "uefi") && has_firmware(book, "bios"))
		imply(state, place, "if image == " RUNBOOK_NO_IMAGE " then firmware == bios");
}

void runbook_find_kernels(struct runbook_state *state, struct runbook_problems *problems)
{
	struct runbook *book = &state->book;
	struct kernel_list list = VEC_INIT(RUNBOOK_VALUES_MAX);

	vec_each (&book->kernels, kernel)
		find_one(state, &list, kernel, problems);
	free_written(&book->kernels);
	book->kernels.items = list.items;
	book->kernels.count = list.count;
	if (book->images.place.line == 0 && book->kernels.place.line > 0)
		add_none(state, book->kernels.place);
	else if (book->images.place.line == 0 && problems->count == 0)
		runbook_complain(problems, (struct yaml_place){.line = 1, .column = 1},
				 "there is neither `images` nor `kernels`: what is to be tried?");
	const struct runbook_image *none = find_none(book);
	if (none)
		check_none(state, none, problems);
}
