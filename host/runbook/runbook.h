/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runbook: what is to be covered, as one YAML file with those that it includes says it (assay-runbook(5)). Reading it looks at
 * no image and changes nothing. All that is wrong is told at once, with file, line and column.
 *
 *	struct runbook_inputs inputs = {.settings = {"images=/srv/images"}, .setting_count = 1};
 *	CLEANUP(runbook) struct runbook *runbook = NULL;
 *	CLEAN_TEXT struct text problems = TEXT_INIT(YAML_PROBLEMS_MAX);
 *	if (runbook_read("debian.yaml", &inputs, &runbook, &problems) > 0)
 *		fputs(problems.buf, stderr);
 *	vec_each (&runbook->images, image)
 *		printf("%s is %s\n", image->name.text, image->file);
 *
 * The way of the data: files -> trees, included ones below (include.h) -> variables put in (variable.h) -> this struct, by a
 * table -> what only shows when all is known is checked -> sizes are looked up (size_table.h).
 *
 * Every text and number keeps its place, whose path is the file in which it stands: yaml_problem(problems, runbook->path,
 * text->place, …) tells of it. A member whose place has line 0 is not in the files; the comments say what that means.
 */
#ifndef ASSAY_HOST_RUNBOOK_RUNBOOK_H
#define ASSAY_HOST_RUNBOOK_RUNBOOK_H

#include "base/yaml.h"
#include "host/runbook/size.h"
#include "wire/case_info.h"

#define RUNBOOK_ITEMS_MAX  10000 /* values of an axis */
#define RUNBOOK_VALUES_MAX 1000	 /* values of a variant, traits of an item, constraints … */
#define RUNBOOK_AXES_MAX   32	 /* the five and the variants */
#define RUNBOOK_NO_IMAGE   "none"
#define RUNBOOK_INSTALLED  "installed"

/* The axes that every runbook has; the variants are further ones. */
enum runbook_axis {
	RUNBOOK_IMAGE,
	RUNBOOK_SIZE,
	RUNBOOK_FIRMWARE,
	RUNBOOK_HOST,
	RUNBOOK_KERNEL,
	RUNBOOK_VARIANT
};

/* "image", "size", "firmware", "host", "kernel"; those of variants have their names. */
const char *runbook_axis_name(enum runbook_axis axis);

/* What somebody says of an item beside what Assay sees of it. */
struct runbook_trait {
	struct yaml_text name, value;
};
DEFINE_YAML_ITEMS(runbook_traits, struct runbook_trait);

struct runbook_image {
	struct yaml_text path; /* as written */
	struct yaml_text
		name; /* unique; without one in the file: the file's name without its suffix, at the path's place */
	char *file; /* the path from where Assay was started: a relative one is beside the file in which it stands;
		     * NULL: RUNBOOK_NO_IMAGE, kernels alone */
	struct runbook_traits traits;
};
DEFINE_YAML_ITEMS(runbook_images, struct runbook_image);

/* What a machine boots: the image's own kernel, or one that is tried in its place. */
struct runbook_kernel {
	struct yaml_text path; /* as written; of a glob each file has an entry of its own */
	struct yaml_text
		name; /* unique; without one in the file: the file's name without the suffix of a package */
	struct yaml_text modules;  /* text NULL: none are given */
	char *file, *modules_file; /* as with images; file NULL: RUNBOOK_INSTALLED */
	struct runbook_traits traits;
};
DEFINE_YAML_ITEMS(runbook_kernels, struct runbook_kernel);

struct runbook_size {
	struct size size; /* as promised: no stand-in yet (size_fit) */
	struct yaml_place place;
};
DEFINE_VEC(runbook_sizes, struct runbook_size);

/* The side below the guest. What is not said (text NULL) is Assay's own choice. */
struct runbook_host {
	struct yaml_text name;	  /* unique */
	struct yaml_text qemu;	  /* the QEMU binary */
	struct yaml_text machine; /* its machine type */
	struct yaml_text cpu;	  /* its CPU model; a size that has one goes before it */
};
DEFINE_YAML_ITEMS(runbook_hosts, struct runbook_host);

/* A free axis. Its value is a parameter of the cases, and a word of constraints. */
struct runbook_variant {
	struct yaml_text name; /* a-z, 0-9 and _; no axis has it */
	struct yaml_texts values;
};
DEFINE_YAML_ITEMS(runbook_variants, struct runbook_variant);

/* A row says some of a cell's values: axis -> value, both known. */
struct runbook_value {
	struct yaml_text axis, value;
};
DEFINE_YAML_ITEMS(runbook_row, struct runbook_value);
DEFINE_YAML_ITEMS(runbook_rows, struct runbook_row);

enum runbook_combine {
	RUNBOOK_ALL, /* every value with every other: also when the file says nothing */
	RUNBOOK_ZIP, /* the first of each axis, the second of each …; axes with one value go with all */
	RUNBOOK_ROWS, /* those of a CSV file: runbook->rows */
	RUNBOOK_WAYS, /* every so many values at least once: runbook->ways */
};

/* Of two values that would do the one with the larger weight is taken; 1 where nothing is said. */
struct runbook_weight {
	struct yaml_text value;
	struct yaml_number weight;
};
DEFINE_YAML_ITEMS(runbook_weights, struct runbook_weight);
struct runbook_axis_weights {
	struct yaml_text axis;
	struct runbook_weights weights;
};
DEFINE_YAML_ITEMS(runbook_weights_of_axes, struct runbook_axis_weights);

/* For the cases that match (a pattern as of --case). Of two that say the same thing the later one counts. */
struct runbook_override {
	struct yaml_text cases;
	struct yaml_number timeout_ns, retries, repeat;
	struct yaml_text until_sure; /* a rate: "99%" */
};
DEFINE_YAML_ITEMS(runbook_overrides, struct runbook_override);

/* Which cases: terms as in a policy ("area=boot", "id=time.*"), "suite=NAME", or an area or pattern alone. */
struct runbook_cases {
	struct yaml_texts include; /* not there: the suite SUITE_DEFAULT */
	struct yaml_texts exclude;
	struct yaml_number
		priority; /* an enum case_priority: only those as important; not there: all */
	struct runbook_overrides overrides;
};

/* 0: no limit but Assay's own. */
struct runbook_limits {
	struct yaml_number case_ns, cell_ns, run_ns, sure_ns;
	struct yaml_number memory; /* bytes, of all machines at once */
	struct yaml_number jobs;   /* machines at once */
};

struct runbook {
	char *path;
	bool axes_are_known; /* nothing is wrong with what it says of its axes: only with problems there may be */
	struct yaml_text title;
	struct runbook_images
		images; /* at least one: RUNBOOK_NO_IMAGE when the file has only kernels */
	struct runbook_sizes sizes; /* at least one: "default" when the file has none */
	struct yaml_texts
		firmwares; /* "bios", "uefi", each once; none: whatever the image boots with */
	struct runbook_hosts hosts;	/* none: one, Assay's own choice */
	struct runbook_kernels kernels; /* none: the images' own */
	struct runbook_variants variants;
	enum runbook_combine combine;
	struct yaml_place combine_place;
	unsigned ways;		       /* RUNBOOK_WAYS: 1 to 6 */
	bool over_traits;	       /* RUNBOOK_WAYS: of traits, not of the items themselves */
	struct runbook_rows rows;      /* RUNBOOK_ROWS */
	struct yaml_texts constraints; /* as written; the place is where the expression begins */
	struct runbook_rows must;
	struct runbook_weights_of_axes weights;
	struct yaml_number within_ns; /* the budget; not there: none */
	struct runbook_cases cases;
	struct runbook_limits limits;
	struct runbook_state *state; /* what all this lies in */
};

/* What comes from outside of the files. */
struct runbook_inputs {
	const char *const *settings; /* "name=value", as -D gives them: before all else */
	size_t setting_count;
	const char *const *
		environment; /* "ASSAY_VAR_NAME=value" among others, NULL-terminated; NULL: this process's own */
	const char *variables_path; /* a file of variables; NULL: none */
	const char *const *
		size_paths; /* files of sizes, later ones before earlier ones and all before those of the runbook */
	size_t size_path_count;
};

/* Reads it and all that it names but images. Returns the number of problems, each a line in `problems`, in which no secret is. From
 * here on secrets are hidden (base/secret.h): call it before threads start.
 * *ret is set when there is none; and also with problems, for who can find further ones, as long as the files could be taken apart
 * and the secrets be hidden. Then any text may be missing or wrong (yaml_text_is_well), any number be 0, any list be empty, and the
 * axes are only what they should be with `axes_are_known`. */
unsigned runbook_read(const char *path, const struct runbook_inputs *inputs, struct runbook **ret,
		      struct text *problems) NONNULL(1, 2, 3, 4);
/* The same from memory. Files that it names are not opened, and it is a problem that they are named. */
unsigned runbook_parse(const char *path, const char *bytes, size_t length,
		       const struct runbook_inputs *inputs, struct runbook **ret,
		       struct text *problems) NONNULL(1, 2, 4, 5, 6);
void runbook_free(struct runbook *runbook);
DEFINE_CLEANUP(runbook);

/* Adds the JSON Schema of its file. */
void runbook_schema(struct text *out) NONNULL(1);

/* How many values an axis has, and what they are called; for RUNBOOK_VARIANT of the variant with that index. */
size_t runbook_value_count(const struct runbook *runbook, enum runbook_axis axis, size_t variant)
	NONNULL(1);
const char *runbook_value_name(const struct runbook *runbook, enum runbook_axis axis,
			       size_t variant, size_t index) NONNULL(1);

/* The axis of that name; *ret_variant is the variant's index. False: there is none. */
bool runbook_find_axis(const struct runbook *runbook, const char *name, enum runbook_axis *ret_axis,
		       size_t *ret_variant) NONNULL(1, 2, 3, 4);

/* Adds the terms of its cases as suite_pick() takes them: suites spelt out, what is excluded behind. */
void runbook_terms(const struct runbook *runbook, struct text *out) NONNULL(1, 2);

/* The terms of the cases that an override is for. */
void runbook_override_terms(const struct runbook_override *override, struct text *out)
	NONNULL(1, 2);

/* Adds a problem for each of its terms and overrides that matches no case; returns how many. What is wrong already is not told again. */
struct catalog;
unsigned runbook_check_cases(const struct runbook *runbook, const struct catalog *catalog,
			     struct text *problems) NONNULL(1, 2, 3);

#endif
