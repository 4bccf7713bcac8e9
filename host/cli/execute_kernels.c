/* SPDX-License-Identifier: Apache-2.0 */
/* A runbook's kernels: opening them, and what constraints can say of them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/execute_book.h"
#include "host/kernel/config.h"
#include "wire/kernel_release.h"

#define OPTION_WORD "kernel.CONFIG_"
#define OPTION_MAX  64 /* bytes of an option's name */

/* ---- traits ---- */

static bool see(struct execution_book *book, size_t index, const char *trait, const char *value)
{
	return !value[0] || demand_see_kernel(&book->demand, index, trait, value);
}

/* What can be seen of a kernel that is tried. */
static const char *const traits[] = {"form",   "arch",	  "release", "version",
				     "series", "flavour", "modules"};

static bool see_kernel(struct execution_book *book, size_t index,
		       const struct kernel_subject *kernel)
{
	char version[KERNEL_VERSION_SIZE], series[KERNEL_VERSION_SIZE];
	bool fits = true;

	if (!kernel)
		return see(book, index, traits[0], RUNBOOK_INSTALLED);
	kernel_release_version(kernel->release, version);
	kernel_release_series(kernel->release, series);
	const char *const values[] = {kernel->is_package ? "package" : "file",
				      KERNEL_ARCH,
				      kernel->release,
				      version,
				      series,
				      kernel_release_flavour(kernel->release),
				      kernel->modules ? "yes" : "no"};
	_Static_assert(ARRAY_LEN(values) == ARRAY_LEN(traits), "each has its value");
	for (size_t i = 0; i < ARRAY_LEN(traits); i++)
		fits = see(book, index, traits[i], values[i]) && fits;
	return fits;
}

/* ---- options of their configurations ---- */

/* The constraint that names an option, where, and the option. */
struct asked {
	const struct yaml_text *constraint;
	unsigned column; /* of the option's name in it, from 0 */
	char option[OPTION_MAX];
};

/* Goes to the next one in the text from *at on. */
static bool next_option(const char **at, char ret[OPTION_MAX])
{
	while ((*at = strstr(*at, OPTION_WORD))) {
		*at += strlen("kernel.");
		size_t length = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789_");
		if (length >= OPTION_MAX)
			continue;
		memcpy(ret, *at, length);
		ret[length] = '\0';
		return true;
	}
	return false;
}

/* What the kernels say of it, all in all. */
struct answers {
	bool is_known; /* some configuration is */
	bool is_named; /* by one of them: what none of them names at all is most likely misspelt */
	bool fits;
};

static void see_option(struct execution_book *book, size_t index, const char *option,
		       struct answers *answers)
{
	const struct kernel_subject *kernel = book->kernels[index];
	char value[CONFIG_VALUE_SIZE];

	if (!kernel || !kernel->config)
		return;
	answers->is_known = true;
	answers->is_named =
		kernel_config_option(kernel->config, option, value) || answers->is_named;
	answers->fits = see(book, index, option, value) && answers->fits;
}

static void see_asked(struct execution_book *book, const struct asked *asked, struct text *problems)
{
	struct answers answers = {.fits = true};
	struct yaml_place place = asked->constraint->place;

	for (size_t i = 0; i < book->runbook->kernels.count; i++)
		see_option(book, i, asked->option, &answers);
	place.column += asked->column;
	if (!answers.is_known)
		yaml_problem(problems, book->runbook->path, place,
			     "`constraints`: no kernel's configuration is known, so nothing can be "
			     "said of %s",
			     asked->option);
	else if (!answers.fits)
		yaml_problem(problems, book->runbook->path, place,
			     "`constraints`: kernels have more than %d traits with this one",
			     AXIS_TRAITS_MAX);
	else if (!answers.is_named)
		yaml_problem(&book->remarks, book->runbook->path, place,
			     "`constraints`: no kernel's configuration names %s: it counts as n",
			     asked->option);
}

/* Only those that somebody asks for: a configuration has thousands. */
static void see_options(struct execution_book *book, struct text *problems)
{
	vec_each (&book->runbook->constraints, constraint) {
		struct asked asked = {.constraint = constraint};
		const char *at = constraint->text;
		while (next_option(&at, asked.option)) {
			asked.column = (unsigned)(at - constraint->text);
			see_asked(book, &asked, problems);
		}
	}
}

/* ---- opening ---- */

static void know_traits(struct execution_book *book)
{
	for (size_t i = 0; i < ARRAY_LEN(traits); i++)
		demand_know_of_kernels(&book->demand, traits[i]);
	vec_each (&book->runbook->constraints, constraint) {
		char option[OPTION_MAX];
		const char *at = constraint->text;
		while (at && next_option(&at, option))
			demand_know_of_kernels(&book->demand, option);
	}
}

void book_find_kernels(struct execution_book *book, struct text *problems)
{
	vec_each (&book->runbook->kernels, kernel)
		if (kernel->file && yaml_text_is_well(&kernel->path) &&
		    access(kernel->file, R_OK) < 0)
			yaml_problem(problems, book->runbook->path, kernel->path.place, "%s: %m",
				     kernel->file);
	know_traits(book);
}

static int open_one(struct execution *x, size_t index, struct text *problems, struct err *e)
{
	struct execution_book *book = x->book;
	const struct runbook_kernel *said = &book->runbook->kernels.items[index];
	struct err refused = {0};

	if (said->file &&
	    open_kernel(x, said->file, said->modules_file, &book->kernels[index], &refused) < 0) {
		if (refused.blame != BLAME_USER)
			return err_set(e, refused.blame, refused.code, "%s", refused.text);
		yaml_problem(problems, book->runbook->path, said->path.place, "%s", refused.text);
		return 0;
	}
	if (!see_kernel(book, index, book->kernels[index]))
		yaml_problem(problems, book->runbook->path, said->path.place,
			     "kernels have more than %d traits", AXIS_TRAITS_MAX);
	return 0;
}

int book_open_kernels(struct execution *x, struct text *problems, struct err *e)
{
	struct execution_book *book = x->book;
	size_t count = book->runbook->kernels.count, before = problems->length;
	int r = 0;

	book->kernels = xnew((count + 1) * sizeof *book->kernels);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = open_one(x, i, problems, e);
	if (r == 0 && count > 0 && problems->length == before)
		see_options(book, problems);
	if (r == 0 && problems->length > 0)
		know_traits(book);
	return r;
}
