/* SPDX-License-Identifier: Apache-2.0 */
/* main(): the table of verbs, and the only place where the program ends. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/child.h"
#include "host/cli/verb.h"

static const struct verb *find_verb(const char *name, struct err *e)
{
	const struct verb *const *verbs = verbs_all();
	const char *names[32] = {NULL};

	for (size_t i = 0; verbs[i] && i + 1 < ARRAY_LEN(names); i++) {
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
		names[i] = verbs[i]->name;
	}
	const char *near = nearest_word(name, names);
	if (near)
		err_set(e, BLAME_USER, EINVAL, "no verb '%.40s'; did you mean '%s'?", name, near);
	else
		err_set(e, BLAME_USER, EINVAL, "no verb '%.40s'; `assay help` shows them", name);
	return NULL;
}

static const struct verb *verb_of(int argc, char **argv, struct err *e)
{
	if (argc < 2) {
		err_set(e, BLAME_USER, EINVAL, "what is to be done? `assay help` shows it");
		return NULL;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return &verb_help;
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return &verb_version;
	return find_verb(argv[1], e);
}

/* Whoever read our output has seen enough: the end that a shell expects then, without a word. */
static void end_by_pipe(void)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)raise(SIGPIPE);
}

int main(int argc, char **argv)
{
	struct err e = {0};

	child_init(argc, argv);
	image_audit_init(argc, argv);
	(void)setlocale(LC_ALL, "C.UTF-8");
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(2), not an end */
	(void)signal(SIGXFSZ, SIG_IGN); /* a file that grows over its limit is one too */
	const struct verb *verb = verb_of(argc, argv, &e);
	int r = verb ? verb->run(argc - 1, argv + 1, &e) : -e.code;
	if (r >= 0)
		return r;
	if (e.code == EPIPE && e.text[0] == '\0')
		end_by_pipe();
	print_error(&e);
	return exit_code_of(&e);
}
