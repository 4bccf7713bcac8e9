/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a runbook, and what their values may be. */
#include <string.h>

#include "base/rate.h"
#include "base/yaml_schema.h"
#include "host/runbook/internal.h"

#define TITLE_MAX 200

/* ---- what values may be ---- */

static void check_title(const char *text, struct text *why)
{
	if (strlen(text) > TITLE_MAX)
		(void)text_addf(why, "it has more than %d bytes", TITLE_MAX);
}

static bool is_of(const char *text, const char *characters, size_t maximum)
{
	return text[strspn(text, characters)] == '\0' && strlen(text) <= maximum;
}

/* Names stand in reports, ids of cells and constraints. */
static void check_name(const char *text, struct text *why)
{
	if (!is_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-", 100))
		(void)text_addf(why, "'%.60s' is not a name: letters, digits and ._+-, at most 100",
				text);
}

static void check_trait(const char *text, struct text *why)
{
	if (text[0] < 'a' || text[0] > 'z' ||
	    !is_of(text, "abcdefghijklmnopqrstuvwxyz0123456789_", 31))
		(void)text_addf(why, "'%.60s' is not of a-z, 0-9 and _, a letter first, at most 31",
				text);
}

/* A value is told to the cases as a line, and compared with a word of a constraint. */
static void check_value(const char *text, struct text *why)
{
	if (strlen(text) > 200)
		(void)text_adds(why, "it has more than 200 bytes");
	else if (strpbrk(text, "\"'"))
		(void)text_adds(why, "it has a quotation mark in it");
}

static void check_firmware(const char *text, struct text *why)
{
	if (strcmp(text, "bios") != 0 && strcmp(text, "uefi") != 0)
		(void)text_addf(why, "bios or uefi, not '%.60s'", text);
}

/* QEMU's own separator and anything that it would read as an option stay out. */
static void check_qemu_word(const char *text, struct text *why)
{
	if (!is_of(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.", 63) ||
	    text[0] == '-')
		(void)text_addf(why, "'%.60s' is not a word of QEMU's", text);
}

static void check_program(const char *text, struct text *why)
{
	if (text[0] == '-')
		(void)text_addf(why, "'%.60s' is not the name of a program", text);
}

static void check_term(const char *text, struct text *why)
{
	if (strpbrk(text, " \t"))
		(void)text_addf(why, "'%.60s' is not one term; a list has one in each entry", text);
	else if (text[0] == '-' || text[0] == '!')
		(void)text_addf(why, "'%.60s': what is not meant stands in `exclude`", text);
}

static void check_rate(const char *text, struct text *why)
{
	double rate;

	if (rate_parse(text, &rate) < 0)
		(void)text_addf(why, "'%.60s' is no rate such as 99%% or 0.99", text);
}

#define NAME_PATTERN	 "^[A-Za-z0-9._+-]{1,100}$"
#define TRAIT_PATTERN	 "^[a-z][a-z0-9_]{0,30}$"
#define VARIABLE_PATTERN "^[a-z][a-z0-9_]{0,63}$"
#define TERM_PATTERN	 "^[^ \\t!-][^ \\t]*$"
#define QEMU_PATTERN	 "^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,62}$"

/* ---- the keys ---- */

#define COUNT_MAX 1000000
#define SECOND	  1000000000LL

static const char *const mode_words[] = {"all", "zip", NULL};
static const char *const over_words[] = {"items", "traits", NULL};
/* In the order of enum case_priority. */
static const char *const priority_words[] = {"P0", "P1", "P2", "P3", "P4", NULL};

static const struct yaml_field trait = {.key = "traits",
					.type = YAML_TEXT,
					.offset = offsetof(struct runbook_trait, value),
					.check = check_value};

#define IMAGE(member) offsetof(struct runbook_image, member)
static const struct yaml_field image_fields[] = {
	{.key = "path",
	 .type = YAML_TEXT,
	 .offset = IMAGE(path),
	 .is_required = true,
	 .help = "the image's file, or none: kernels alone; a relative name is beside the file in which it "
		 "stands"},
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = IMAGE(name),
	 .check = check_name,
	 .pattern = NAME_PATTERN,
	 .help = "what it is called; else as its file, without the suffix"},
	{.key = "traits",
	 .type = YAML_KEYED,
	 .offset = IMAGE(traits),
	 .fields = &trait,
	 .item_size = sizeof(struct runbook_trait),
	 .max = RUNBOOK_VALUES_MAX,
	 .check = check_trait,
	 .pattern = TRAIT_PATTERN,
	 .help = "what is to be told of it beside what Assay sees"},
	{.key = NULL},
};
static const struct yaml_field image = {.key = "images",
					.type = YAML_MAP,
					.offset = YAML_NO_PLACE,
					.fields = image_fields,
					.shorthand = "path"};

#define KERNEL(member) offsetof(struct runbook_kernel, member)
static const struct yaml_field kernel_fields[] = {
	{.key = "path",
	 .type = YAML_TEXT,
	 .offset = KERNEL(path),
	 .is_required = true,
	 .help = "installed: the image's own; else a bzImage or a package, or a glob over such"},
	{.key = "modules",
	 .type = YAML_TEXT,
	 .offset = KERNEL(modules),
	 .help = "its modules: a folder, a tarball or a package"},
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = KERNEL(name),
	 .check = check_name,
	 .pattern = NAME_PATTERN,
	 .help = "what it is called; else as its file, without a package's suffix"},
	{.key = "traits",
	 .type = YAML_KEYED,
	 .offset = KERNEL(traits),
	 .fields = &trait,
	 .item_size = sizeof(struct runbook_trait),
	 .max = RUNBOOK_VALUES_MAX,
	 .check = check_trait,
	 .pattern = TRAIT_PATTERN,
	 .help = "what is to be told of it beside what Assay sees"},
	{.key = NULL},
};
static const struct yaml_field kernel = {.key = "kernels",
					 .type = YAML_MAP,
					 .offset = YAML_NO_PLACE,
					 .fields = kernel_fields,
					 .shorthand = "path"};

static const struct yaml_field size = {.key = "sizes",
				       .type = YAML_MAP,
				       .offset = YAML_NO_PLACE,
				       .fields = size_word_fields,
				       .shorthand = "name"};
static const struct yaml_field size_path = {.key = "size_files", .type = YAML_TEXT, .offset = 0};

static const struct yaml_field firmware = {.key = "firmwares",
					   .type = YAML_TEXT,
					   .offset = 0,
					   .check = check_firmware,
					   .pattern = "^(bios|uefi)$"};

#define HOST(member) offsetof(struct runbook_host, member)
static const struct yaml_field host_fields[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = HOST(name),
	 .is_required = true,
	 .check = check_name,
	 .pattern = NAME_PATTERN,
	 .help = "what it is called"},
	{.key = "qemu",
	 .type = YAML_TEXT,
	 .offset = HOST(qemu),
	 .check = check_program,
	 .help = "the QEMU binary"},
	{.key = "machine",
	 .type = YAML_TEXT,
	 .offset = HOST(machine),
	 .check = check_qemu_word,
	 .pattern = QEMU_PATTERN,
	 .help = "QEMU's machine type"},
	{.key = "cpu",
	 .type = YAML_TEXT,
	 .offset = HOST(cpu),
	 .check = check_qemu_word,
	 .pattern = QEMU_PATTERN,
	 .help = "QEMU's CPU model"},
	{.key = NULL},
};
static const struct yaml_field host = {
	.key = "hosts", .type = YAML_MAP, .offset = YAML_NO_PLACE, .fields = host_fields};

static const struct yaml_field variant_value = {
	.key = "variants", .type = YAML_TEXT, .offset = 0, .check = check_value};
static const struct yaml_field variant = {.key = "variants",
					  .type = YAML_EACH,
					  .offset = offsetof(struct runbook_variant, values),
					  .fields = &variant_value,
					  .item_size = sizeof(struct yaml_text),
					  .min = 1,
					  .max = RUNBOOK_VALUES_MAX};

#define WORDS(member) offsetof(struct runbook_state, member)
static const struct yaml_field combine_fields[] = {
	{.key = "mode",
	 .type = YAML_WORD,
	 .offset = WORDS(mode),
	 .words = mode_words,
	 .help = "all: every value with every other; zip: the first of each axis, the second of each"},
	{.key = "csv",
	 .type = YAML_TEXT,
	 .offset = WORDS(csv),
	 .help = "a file of rows: its first line names axes"},
	{.key = "ways",
	 .type = YAML_NUMBER,
	 .offset = WORDS(ways),
	 .min = 1,
	 .max = 6,
	 .help = "so many values of different axes meet at least once in every combination"},
	{.key = "over",
	 .type = YAML_WORD,
	 .offset = WORDS(over),
	 .words = over_words,
	 .help = "of ways: the items themselves, or their traits"},
	{.key = NULL},
};

static const struct yaml_field constraint = {.key = "constraints", .type = YAML_TEXT, .offset = 0};
static const struct yaml_field row_value = {
	.key = "must", .type = YAML_TEXT, .offset = offsetof(struct runbook_value, value)};
static const struct yaml_field row = {.key = "must",
				      .type = YAML_KEYED,
				      .offset = 0,
				      .fields = &row_value,
				      .item_size = sizeof(struct runbook_value),
				      .min = 1,
				      .max = RUNBOOK_AXES_MAX};

static const struct yaml_field weight_value = {.key = "weights",
					       .type = YAML_NUMBER,
					       .offset = offsetof(struct runbook_weight, weight),
					       .min = 0,
					       .max = COUNT_MAX};
static const struct yaml_field weight = {.key = "weights",
					 .type = YAML_KEYED,
					 .offset = offsetof(struct runbook_axis_weights, weights),
					 .fields = &weight_value,
					 .item_size = sizeof(struct runbook_weight),
					 .max = RUNBOOK_ITEMS_MAX};

static const struct yaml_field include = {.key = "include", .type = YAML_TEXT, .offset = 0};
static const struct yaml_field secret = {
	.key = "secrets", .type = YAML_TEXT, .offset = 0, .pattern = VARIABLE_PATTERN};
static const struct yaml_field variable = {
	.key = "variables", .type = YAML_TEXT, .offset = offsetof(struct runbook_trait, value)};

static const struct yaml_field term = {.key = "cases",
				       .type = YAML_TEXT,
				       .offset = 0,
				       .check = check_term,
				       .pattern = TERM_PATTERN};

#define OVERRIDE(member) offsetof(struct runbook_override, member)
static const struct yaml_field override_fields[] = {
	{.key = "cases",
	 .type = YAML_TEXT,
	 .offset = OVERRIDE(cases),
	 .is_required = true,
	 .check = check_term,
	 .pattern = TERM_PATTERN,
	 .help = "an id, an area, or a glob over ids"},
	{.key = "timeout",
	 .type = YAML_TIME,
	 .offset = OVERRIDE(timeout_ns),
	 .min = SECOND,
	 .max = 7 * 86400 * SECOND,
	 .help = "how long one may take"},
	{.key = "retries",
	 .type = YAML_NUMBER,
	 .offset = OVERRIDE(retries),
	 .max = 100,
	 .help = "how often it is tried again when it does not pass"},
	{.key = "repeat",
	 .type = YAML_NUMBER,
	 .offset = OVERRIDE(repeat),
	 .min = 1,
	 .max = 10000,
	 .help = "how often it is run"},
	{.key = "until_sure",
	 .type = YAML_TEXT,
	 .offset = OVERRIDE(until_sure),
	 .check = check_rate,
	 .pattern = "^[0-9.]+%?$",
	 .help = "one that is in doubt runs until it is sure that it passes so often, such as 99%"},
	{.key = NULL},
};
static const struct yaml_field override = {
	.key = "overrides", .type = YAML_MAP, .offset = YAML_NO_PLACE, .fields = override_fields};

#define BOOK(member) offsetof(struct runbook_state, book.member)
#define EACH_OF(k, member, field, least, most, text)                                               \
	{                                                                                          \
		.key = (k), .type = YAML_EACH, .offset = (member), .fields = &(field),             \
		.item_size = sizeof(struct yaml_text), .min = (least), .max = (most),              \
		.help = (text)                                                                     \
	}
#define TIME_OF(k, member, text)                                                                   \
	{                                                                                          \
		.key = (k), .type = YAML_TIME, .offset = BOOK(member), .min = SECOND,              \
		.max = 366 * 86400 * SECOND, .help = (text)                                        \
	}

static const struct yaml_field cases_fields[] = {
	EACH_OF("include", BOOK(cases.include), term, 1, RUNBOOK_VALUES_MAX,
		"suite=NAME, area=NAME, id=GLOB and so on, an area, or a glob over ids"),
	EACH_OF("exclude", BOOK(cases.exclude), term, 0, RUNBOOK_VALUES_MAX,
		"which of these are not meant"),
	{.key = "priority",
	 .type = YAML_WORD,
	 .offset = BOOK(cases.priority),
	 .words = priority_words,
	 .help = "only cases at least that important"},
	{.key = "overrides",
	 .type = YAML_EACH,
	 .offset = BOOK(cases.overrides),
	 .fields = &override,
	 .item_size = sizeof(struct runbook_override),
	 .max = RUNBOOK_VALUES_MAX,
	 .help = "what is otherwise for some cases"},
	{.key = NULL},
};

static const struct yaml_field limits_fields[] = {
	TIME_OF("case", limits.case_ns, "how long a case may take"),
	TIME_OF("cell", limits.cell_ns, "how long all cases of a cell may take"),
	TIME_OF("run", limits.run_ns, "how long all may take"),
	TIME_OF("until_sure_budget", limits.sure_ns,
		"how long all repetitions of cases in doubt may take"),
	{.key = "memory",
	 .type = YAML_AMOUNT,
	 .offset = BOOK(limits.memory),
	 .min = 128LL << 20,
	 .max = 16LL << 40,
	 .help = "of all machines that run at once"},
	{.key = "jobs",
	 .type = YAML_NUMBER,
	 .offset = BOOK(limits.jobs),
	 .min = 1,
	 .max = 1024,
	 .help = "machines that run at once"},
	{.key = NULL},
};

/* assay-runbook(5) has them in this order.  */
const struct yaml_field runbook_fields[] = {
	{.key = "title",
	 .type = YAML_TEXT,
	 .offset = BOOK(title),
	 .check = check_title,
	 .help = "one line that says what it is for"},
	EACH_OF("include", WORDS(include), include, 0, RUNBOOK_VALUES_MAX,
		"files that this one is laid over"),
	{.key = "variables",
	 .type = YAML_KEYED,
	 .offset = WORDS(variables),
	 .fields = &variable,
	 .item_size = sizeof(struct runbook_trait),
	 .max = RUNBOOK_VALUES_MAX,
	 .pattern = VARIABLE_PATTERN,
	 .help = "what ${name} stands for"},
	EACH_OF("secrets", WORDS(secrets), secret, 0, RUNBOOK_VALUES_MAX,
		"variables whose values nobody is shown"),
	{.key = "images",
	 .type = YAML_EACH,
	 .offset = BOOK(images),
	 .fields = &image,
	 .item_size = sizeof(struct runbook_image),
	 .min = 1,
	 .max = RUNBOOK_ITEMS_MAX,
	 .help = "the axis image: what is validated"},
	{.key = "sizes",
	 .type = YAML_EACH,
	 .offset = WORDS(sizes),
	 .fields = &size,
	 .item_size = sizeof(struct size_words),
	 .min = 1,
	 .max = RUNBOOK_ITEMS_MAX,
	 .help = "the axis size: names, globs over names, or sizes spelt"},
	EACH_OF("size_files", WORDS(size_paths), size_path, 0, RUNBOOK_VALUES_MAX,
		"files of sizes (assay-sizes(5)) that `sizes` can name"),
	EACH_OF("firmwares", BOOK(firmwares), firmware, 1, 2, "the axis firmware"),
	{.key = "hosts",
	 .type = YAML_EACH,
	 .offset = BOOK(hosts),
	 .fields = &host,
	 .item_size = sizeof(struct runbook_host),
	 .min = 1,
	 .max = RUNBOOK_VALUES_MAX,
	 .help = "the axis host: the side below the guest"},
	{.key = "kernels",
	 .type = YAML_EACH,
	 .offset = BOOK(kernels),
	 .fields = &kernel,
	 .item_size = sizeof(struct runbook_kernel),
	 .min = 1,
	 .max = RUNBOOK_VALUES_MAX,
	 .help = "the axis kernel: installed, and those that are tried in its place"},
	{.key = "variants",
	 .type = YAML_KEYED,
	 .offset = BOOK(variants),
	 .fields = &variant,
	 .item_size = sizeof(struct runbook_variant),
	 .max = RUNBOOK_AXES_MAX - RUNBOOK_VARIANT,
	 .check = check_trait,
	 .pattern = TRAIT_PATTERN,
	 .help = "further axes, and their values"},
	{.key = "combine",
	 .type = YAML_MAP,
	 .offset = WORDS(combine),
	 .fields = combine_fields,
	 .shorthand = "mode",
	 .help = "how the axes become cells"},
	EACH_OF("constraints", BOOK(constraints), constraint, 0, RUNBOOK_VALUES_MAX,
		"what every cell must hold"),
	{.key = "must",
	 .type = YAML_EACH,
	 .offset = BOOK(must),
	 .fields = &row,
	 .item_size = sizeof(struct runbook_row),
	 .max = RUNBOOK_ITEMS_MAX,
	 .help = "rows that have to be there"},
	{.key = "weights",
	 .type = YAML_KEYED,
	 .offset = BOOK(weights),
	 .fields = &weight,
	 .item_size = sizeof(struct runbook_axis_weights),
	 .max = RUNBOOK_AXES_MAX,
	 .help = "which value is preferred where several would do"},
	TIME_OF("within", within_ns, "the budget: what does not fit is left out"),
	{.key = "cases",
	 .type = YAML_MAP,
	 .offset = WORDS(cases),
	 .fields = cases_fields,
	 .help = "which cases are run"},
	{.key = "limits",
	 .type = YAML_MAP,
	 .offset = WORDS(limits),
	 .fields = limits_fields,
	 .help = "how much of time and of the host it may take"},
	{.key = NULL},
};

void runbook_schema(struct text *out)
{
	yaml_schema(&(struct yaml_schema){.title = "What Assay is to cover, assay-runbook(5)",
					  .fields = runbook_fields,
					  .has_variables = true,
					  .is_part = true},
		    out);
}
