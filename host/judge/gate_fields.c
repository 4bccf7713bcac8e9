/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a gate, and what their values may be. */
#include <string.h>

#include "base/yaml_schema.h"
#include "host/judge/gate_internal.h"
#include "host/judge/waiver.h"
#include "host/plan/plan.h"

#define SECOND	  1000000000LL
#define COUNT_MAX (100LL * PLAN_ITEMS_MAX)

/* ---- what values may be ---- */

static void check_title(const char *text, struct text *why)
{
	if (strlen(text) > 200)
		(void)text_adds(why, "it has more than 200 bytes");
}

static void check_pattern(const char *text, struct text *why)
{
	const char *pattern = text + (text[0] == '!');

	if (pattern[0] == '\0' || strpbrk(pattern, " \t=!"))
		(void)text_addf(
			why,
			"'%.60s' is no case's id, area or glob over ids (with '!' in front: "
			"not these)",
			text);
	else if (strlen(pattern) >= CASE_ID_SIZE)
		(void)text_adds(why, "it is longer than any case's id");
}

static void check_term(const char *text, struct text *why)
{
	if (strpbrk(text, " \t"))
		(void)text_addf(why, "'%.60s' is not one term; a list has one in each entry", text);
	else if (text[0] == '!')
		(void)text_addf(why, "'%.60s': what is not meant has a '-' in front", text);
	else if (text[0] == '\0' || strcmp(text, "-") == 0)
		(void)text_adds(why, "it names no case");
	else if (has_prefix(text, "-suite=") || has_prefix(text, "-priority"))
		(void)text_addf(
			why,
			"'%.60s': a suite or a priority cannot be taken away, only what has "
			"an id, area, kind, need or source",
			text);
}

static void check_glob(const char *text, struct text *why)
{
	if (text[0] == '\0')
		(void)text_adds(why, "it fits nothing; '*' fits all");
}

static void check_firmware(const char *text, struct text *why)
{
	if (strcmp(text, "bios") != 0 && strcmp(text, "uefi") != 0)
		(void)text_addf(why, "bios or uefi, not '%.60s'", text);
}

static void check_key(const char *text, struct text *why)
{
	if (has_prefix(text, "sha256:") && !is_sha256(text + strlen("sha256:")))
		(void)text_addf(
			why, "'%.80s' is no key id: behind sha256: stand 64 digits of 0-9 and a-f",
			text);
	else if (text[0] == '\0')
		(void)text_adds(why, "it names no key");
}

/* To verify takes the key itself. */
static void check_key_file(const char *text, struct text *why)
{
	if (has_prefix(text, "sha256:"))
		(void)text_adds(why,
				"a sign-off is verified by the public key's file, and this is a "
				"key id");
	else if (text[0] == '\0')
		(void)text_adds(why, "it names no file");
}

static void check_file(const char *text, struct text *why)
{
	if (text[0] == '\0')
		(void)text_adds(why, "it names no file");
}

/* It becomes the name of a file beside the run. */
static void check_name(const char *text, struct text *why)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (text[length] != '\0' || length == 0 || length > 40)
		(void)text_addf(why, "'%.60s' is not a name of a-z, 0-9 and -, at most 40", text);
}

/* ---- the keys ---- */

static const char *const when_words[] = {
	"fail",	    "new-fail", "broken",  "infra",    "hole",		"skip",	 "new-skip",
	"vanished", "left-out", "carried", "unproven", "unproven-pass", "value", NULL};
static const char *const effect_words[] = {"block", "undecided", "tell", NULL};
static const char *const priority_words[] = {"P0", "P1", "P2", "P3", "P4", NULL};
static const char *const baseline_words[] = {"required", "optional", NULL};

const char *gate_when_name(enum gate_when when)
{
	return when_words[when];
}

const char *effect_name(enum effect effect)
{
	return effect == EFFECT_NONE ? "none" : effect_words[effect];
}

#define OUTCOME_OF(place_, needed, text)                                                           \
	{                                                                                          \
		.key = "outcome", .type = YAML_WORD, .offset = (place_), .is_required = (needed),  \
		.words = effect_words, .help = (text)                                              \
	}
#define EACH_OF(k, place_, field, text)                                                            \
	{                                                                                          \
		.key = (k), .type = YAML_EACH, .offset = (place_), .fields = &(field),             \
		.item_size = sizeof(struct yaml_text), .min = 1, .max = GATE_PATTERNS_MAX,         \
		.help = (text)                                                                     \
	}
#define TEXT_EACH(name, list, is_right)                                                            \
	static const struct yaml_field name = {                                                    \
		.key = (list), .type = YAML_TEXT, .offset = 0, .check = (is_right)}

TEXT_EACH(pattern, "cases", check_pattern);
TEXT_EACH(term, "cases", check_term);
TEXT_EACH(glob, "images", check_glob);
TEXT_EACH(kernel, "kernels", check_glob);
TEXT_EACH(size, "sizes", check_glob);
TEXT_EACH(key, "signers", check_key);
TEXT_EACH(file, "waivers", check_file);
static const struct yaml_field firmware = {.key = "firmwares",
					   .type = YAML_TEXT,
					   .offset = 0,
					   .check = check_firmware,
					   .pattern = "^(bios|uefi)$"};

#define RULE(member) offsetof(struct gate_rule, member)
static const struct yaml_field rule_fields[] = {
	{.key = "when",
	 .type = YAML_WORD,
	 .offset = RULE(when),
	 .is_required = true,
	 .words = when_words,
	 .help = "what the rule is about"},
	EACH_OF("cases", RULE(cases), pattern, "ids, areas, globs over ids; with '!': not these"),
	{.key = "priority",
	 .type = YAML_WORD,
	 .offset = RULE(priority),
	 .words = priority_words,
	 .help = "only cases at least that important"},
	{.key = "where",
	 .type = YAML_TEXT,
	 .offset = RULE(where),
	 .help = "only in cells that hold this constraint"},
	{.key = "need",
	 .type = YAML_TEXT,
	 .offset = RULE(need),
	 .check = check_glob,
	 .help = "of skip: a glob over the need that is not met"},
	{.key = "above",
	 .type = YAML_NUMBER,
	 .offset = RULE(above),
	 .min = 0,
	 .max = 100,
	 .help = "of broken, infra and hole: when more than so many percent are so"},
	OUTCOME_OF(RULE(outcome), true, "what it does to the verdict"),
	{.key = NULL},
};
static const struct yaml_field rule = {
	.key = "rules", .type = YAML_MAP, .offset = RULE(map), .fields = rule_fields};

#define COVER(member) offsetof(struct gate_cover, member)
static const struct yaml_field cover_fields[] = {
	EACH_OF("cases", COVER(cases), term,
		"suite=NAME, area=NAME, id=GLOB and so on, an area, or a glob over ids; with '-': not "
		"these"),
	EACH_OF("images", COVER(images), glob,
		"globs over names, systems or SHA-256; each has to fit an image of the run"),
	EACH_OF("kernels", COVER(kernels), kernel,
		"globs over names, releases or SHA-256, or installed; each has to be there, for each image"),
	EACH_OF("firmwares", COVER(firmwares), firmware, "each has to be there, for each image"),
	EACH_OF("sizes", COVER(sizes), size,
		"names, globs or constraints such as size.cpus >= 64; each has to be there, for each "
		"image"),
	{.key = "where",
	 .type = YAML_TEXT,
	 .offset = COVER(where),
	 .help = "only cells that hold this constraint count"},
	{.key = "cells",
	 .type = YAML_NUMBER,
	 .offset = COVER(cells),
	 .min = 1,
	 .max = PLAN_ITEMS_MAX,
	 .help = "at least so many cells; else one"},
	{.key = "passes",
	 .type = YAML_NUMBER,
	 .offset = COVER(passes),
	 .min = 0,
	 .max = COUNT_MAX,
	 .help = "at least so many passes of all cases together"},
	{.key = "each",
	 .type = YAML_NUMBER,
	 .offset = COVER(each),
	 .min = 0,
	 .max = PLAN_ITEMS_MAX,
	 .help = "every case has passed in at least so many cells"},
	{.key = "proven",
	 .type = YAML_BOOL,
	 .offset = COVER(proven),
	 .help = "only passes of cases with a planted defect count"},
	OUTCOME_OF(COVER(outcome), false, "what a lack does to the verdict; else undecided"),
	{.key = NULL},
};
static const struct yaml_field cover = {
	.key = "cover", .type = YAML_MAP, .offset = COVER(map), .fields = cover_fields};

#define SIGN_OFF(member) offsetof(struct gate_sign_off, member)
static const struct yaml_field sign_off_fields[] = {
	{.key = "name",
	 .type = YAML_TEXT,
	 .offset = SIGN_OFF(name),
	 .is_required = true,
	 .check = check_name,
	 .pattern = "^[a-z0-9-]{1,40}$",
	 .help = "who signs it off: a role"},
	{.key = "key",
	 .type = YAML_TEXT,
	 .offset = SIGN_OFF(key),
	 .is_required = true,
	 .check = check_key_file,
	 .help = "the file of the public key"},
	{.key = "within",
	 .type = YAML_TIME,
	 .offset = SIGN_OFF(within_ns),
	 .min = SECOND,
	 .max = 3660 * 86400 * SECOND,
	 .help = "it is at most so old"},
	{.key = NULL},
};
static const struct yaml_field sign_off = {
	.key = "sign_off", .type = YAML_MAP, .offset = YAML_NO_PLACE, .fields = sign_off_fields};

#define GATE(member) offsetof(struct gate, member)
static const struct yaml_field age_fields[] = {
	{.key = "at_most",
	 .type = YAML_TIME,
	 .offset = GATE(age_ns),
	 .is_required = true,
	 .min = SECOND,
	 .max = 3660 * 86400 * SECOND,
	 .help = "counted from when the run began"},
	OUTCOME_OF(GATE(age_outcome), false, "what an older run's verdict is; else undecided"),
	{.key = NULL},
};

/* assay-gate(5) has them in this order. */
const struct yaml_field gate_fields[] = {
	{.key = "title",
	 .type = YAML_TEXT,
	 .offset = GATE(title),
	 .check = check_title,
	 .help = "one line that says what it is for"},
	{.key = "cover",
	 .type = YAML_EACH,
	 .offset = GATE(covers),
	 .fields = &cover,
	 .item_size = sizeof(struct gate_cover),
	 .max = GATE_RULES_MAX,
	 .help = "what has to be covered"},
	{.key = "rules",
	 .type = YAML_EACH,
	 .offset = GATE(rules),
	 .fields = &rule,
	 .item_size = sizeof(struct gate_rule),
	 .max = GATE_RULES_MAX,
	 .help = "the first that fits decides; behind them come those that are built in"},
	{.key = "baseline",
	 .type = YAML_WORD,
	 .offset = GATE(baseline),
	 .words = baseline_words,
	 .help = "optional: without one everything is new"},
	{.key = "age",
	 .type = YAML_MAP,
	 .offset = GATE(age_map),
	 .fields = age_fields,
	 .shorthand = "at_most",
	 .help = "how old the run may be"},
	{.key = "waivers",
	 .type = YAML_EACH,
	 .offset = GATE(waivers),
	 .fields = &file,
	 .item_size = sizeof(struct yaml_text),
	 .max = WAIVER_FILES_MAX,
	 .help = "the files of waivers that count, and no others; []: none"},
	EACH_OF("signers", GATE(signers), key,
		"who may sign the hallmark: key ids, or files of public keys"),
	{.key = "sign_off",
	 .type = YAML_EACH,
	 .offset = GATE(sign_offs),
	 .fields = &sign_off,
	 .item_size = sizeof(struct gate_sign_off),
	 .max = 100,
	 .help = "whose hallmarks have to be there before it ships"},
	{.key = NULL},
};

void gate_schema(struct text *out)
{
	yaml_schema(&(struct yaml_schema){.title = "What a run has to show, assay-gate(5)",
					  .fields = gate_fields},
		    out);
}
