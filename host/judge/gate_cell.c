/* SPDX-License-Identifier: Apache-2.0 */
/* What constraints of a gate are over: a cell's axes, and the traits that a run keeps of them. */
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "host/judge/gate_internal.h"
#include "wire/kernel_release.h"

enum trait_type {
	TRAIT_TEXT,
	TRAIT_WORD,
	TRAIT_COUNT,
	TRAIT_MIB,
	TRAIT_TRUTH,
	TRAIT_KERNEL,
	TRAIT_VERSION,
	TRAIT_SERIES,
	TRAIT_FLAVOUR
};

/* In the order in which axes and traits are counted; an axis' own row, without a trait, is its first. */
static const struct known {
	const char *axis, *trait;
	enum trait_type type;
	size_t offset;
} known[] = {
#define AT(member) offsetof(struct run_cell, member)
	{"image", NULL, TRAIT_TEXT, AT(image_name)},
	{"image", "os", TRAIT_TEXT, AT(os_name)},
	{"image", "arch", TRAIT_TEXT, AT(arch)},
	{"image", "format", TRAIT_TEXT, AT(image_format)},
	{"image", "sha256", TRAIT_TEXT, AT(image_digest)},
	{"size", NULL, TRAIT_WORD, AT(size_name)},
	{"size", "cpus", TRAIT_COUNT, AT(cpus)},
	{"size", "memory", TRAIT_MIB, AT(mem_mib)},
	{"size", "max_memory", TRAIT_MIB, AT(max_mem_mib)},
	{"size", "numa", TRAIT_COUNT, AT(numa_nodes)},
	{"size", "disks", TRAIT_COUNT, AT(data_disks)},
	{"size", "disk_size", TRAIT_MIB, AT(data_disk_mib)},
	{"size", "nics", TRAIT_COUNT, AT(nics)},
	{"size", "tpm", TRAIT_TRUTH, AT(tpm)},
	{"size", "controller", TRAIT_WORD, AT(controller)},
	{"size", "cpu_model", TRAIT_WORD, AT(cpu_model)},
	{"size", "stand_in", TRAIT_WORD, AT(stand_in)},
	{"firmware", NULL, TRAIT_TEXT, AT(firmware)},
	{"accel", NULL, TRAIT_TEXT, AT(accel)},
	{"entry", NULL, TRAIT_TEXT, AT(entry)},
	{"kernel", NULL, TRAIT_KERNEL, 0},
	{"kernel", "release", TRAIT_TEXT, AT(kernel_release)},
	{"kernel", "version", TRAIT_VERSION, AT(kernel_release)},
	{"kernel", "series", TRAIT_SERIES, AT(kernel_release)},
	{"kernel", "flavour", TRAIT_FLAVOUR, AT(kernel_release)},
	{"kernel", "sha256", TRAIT_TEXT, AT(kernel_digest)},
#undef AT
};
_Static_assert(ARRAY_LEN(known) <= GATE_VALUES_MAX, "a cell's values fit");

void gate_axes_init(struct axes *axes)
{
	struct axis *axis = NULL;
	struct axis_item *item = NULL;

	*axes = (struct axes)AXES_INIT;
	for (const struct known *row = known; row < known + ARRAY_LEN(known); row++) {
		if (!row->trait) {
			axis = axes_add(axes, row->axis);
			item = axis ? axis_add(axis, "any") : NULL;
		} else if (item)
			(void)axis_set(axis, item, row->trait, "any");
	}
}

const char *gate_kernel(const struct run_cell *cell)
{
	if (!cell->kernel_digest[0])
		return GATE_INSTALLED;
	return cell->kernel_called[0] ? cell->kernel_called : cell->kernel_name;
}

static void add_version(const char *release, bool is_series, struct text *out)
{
	char version[KERNEL_VERSION_SIZE];

	if (is_series)
		kernel_release_series(release, version);
	else
		kernel_release_version(release, version);
	(void)text_adds(out, version);
}

/* Adds nothing when it is not known. */
static void add_value(const struct known *row, const struct run_cell *cell, struct text *out)
{
	const char *at = (const char *)cell + row->offset;

	switch (row->type) {
	case TRAIT_TEXT:
		(void)text_adds(out, *(char *const *)at);
		break;
	case TRAIT_WORD:
		(void)text_adds(out, at);
		break;
	case TRAIT_COUNT:
		(void)text_addf(out, "%u", *(const unsigned *)at);
		break;
	case TRAIT_MIB:
		quantity_add(out, QUANTITY_BYTES, (uint64_t) * (const unsigned *)at << 20);
		break;
	case TRAIT_TRUTH:
		(void)text_adds(out, *(const bool *)at ? "yes" : "no");
		break;
	case TRAIT_KERNEL:
		(void)text_adds(out, gate_kernel(cell));
		break;
	case TRAIT_VERSION:
	case TRAIT_SERIES:
		add_version(*(char *const *)at, row->type == TRAIT_SERIES, out);
		break;
	case TRAIT_FLAVOUR:
		(void)text_adds(out, kernel_release_flavour(*(char *const *)at));
		break;
	}
}

void gate_cell_init(struct gate_cell *values, const struct run_cell *cell)
{
	*values = (struct gate_cell){0};
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		CLEAN_TEXT struct text text = TEXT_INIT(4096);
		add_value(&known[i], cell, &text);
		if (text.length > 0)
			value_init(&values->values[i], text.buf);
	}
}

void gate_cell_done(struct gate_cell *values)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		value_done(&values->values[i]);
}

/* The row of an axis by its number, then of its trait. */
static size_t row_of(struct constraint_name name)
{
	size_t at = 0;

	for (unsigned axis = 0; at < ARRAY_LEN(known); at++)
		if (!known[at].trait && axis++ == name.axis)
			break;
	return at + (size_t)(name.trait + 1);
}

static const struct value *look_up(const void *arg, struct constraint_name name)
{
	const struct gate_cell *values = arg;
	const struct value *value = &values->values[row_of(name)];

	return value->text ? value : NULL;
}

bool gate_holds(const struct constraint *constraint, const struct gate_cell *values)
{
	return !constraint || constraint_judge_values(constraint, look_up, values) == TRUTH_TRUE;
}
