/* SPDX-License-Identifier: Apache-2.0 */
/* The command line that the kernel runs with, and the one that the loader was told to give. */
#include "guest/kit/boot.h"

#define CMDLINE_FILE "/proc/cmdline"
#define ARGUMENTS    256

struct arguments {
	const char *items[ARGUMENTS];
	unsigned count;
};

/* What the loader adds by itself is left out. */
static struct arguments *split(struct trial *t, const char *text)
{
	static const char *const added[] = {"BOOT_IMAGE=", "initrd=", "ostree="};
	struct arguments *list = case_alloc(t, sizeof *list);

	for (const char *item; list->count < ARGUMENTS && (item = boot_argument_next(t, &text));) {
		bool is_added = false;
		for (size_t i = 0; i < ARRAY_LEN(added); i++)
			is_added |= has_prefix(item, added[i]);
		if (!is_added)
			list->items[list->count++] = item;
	}
	return list;
}

static bool has(const struct arguments *list, const char *item)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], item) == 0)
			return true;
	}
	return false;
}

CASE(boot, running_cmdline_equals_boot_entry,
     .title = "The running kernel's command line equals the default boot entry", .priority = P2,
     .why = "A machine that came up by another entry is not the one that comes up next time.",
     .remedy =
	     "Look which entry was booted and which is the default; write the loader's configuration anew.",
     .sources = "own")
{
	const struct boot_entry *entry = boot_default(t);
	const char *running = file_line(t, CMDLINE_FILE);

	REQUIRE(t, running != NULL);
	if (!entry->arguments || strchr(entry->arguments, '$'))
		case_skip(t, "policy:loader",
			  "the loader makes the entry's arguments up when it boots");
	const struct arguments *is = split(t, running), *should = split(t, entry->arguments);
	for (unsigned i = 0; i < should->count; i++) {
		if (has(is, should->items[i]))
			check_passed(t);
		else
			FAIL(t, "%s stands in the boot entry, the kernel was not given it",
			     should->items[i]);
	}
	for (unsigned i = 0; i < is->count; i++) {
		if (has(should, is->items[i]))
			check_passed(t);
		else
			FAIL(t, "the kernel was given %s, which is not in the boot entry",
			     is->items[i]);
	}
}

SABOTAGE(boot, running_cmdline_equals_boot_entry, "the kernel was given one argument more")
{
	const char *running = file_line(t, CMDLINE_FILE);

	REQUIRE(t, running != NULL);
	sabotage_file(t, CMDLINE_FILE, case_format(t, "%s mitigations=off\n", running));
}
