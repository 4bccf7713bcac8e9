/* SPDX-License-Identifier: Apache-2.0 */
/* The commands that every administrator and every script counts on. */
#include "guest/kit/case.h"
#include "guest/kit/helper.h"

static const struct command {
	const char *name;
	const char *argv[5];
	const char *output; /* what it must print */
} commands[] = {
	{"cat", {"cat", "/proc/sys/kernel/ostype"}, "Linux\n"},
	{"expr", {"expr", "20", "+", "22"}, "42\n"},
	{"grep", {"grep", "-o", "Linux", "/proc/sys/kernel/ostype"}, "Linux\n"},
	{"ls", {"ls", "-d", "/proc/self"}, "/proc/self\n"},
	{"sed", {"sed", "s/Linux/found/", "/proc/sys/kernel/ostype"}, "found\n"},
	{"sh", {"sh", "-c", "echo $((6 * 7))"}, "42\n"},
	{"tar", {"tar", "--version"}, "tar"},
	{"uname", {"uname", "-s"}, "Linux\n"},
};

struct execution {
	const struct command *command;
	int pipe[2];
};

static int execute(void *arg)
{
	const struct execution *execution = arg;
	char *const environment[] = {(char *)(uintptr_t) "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
				     (char *)(uintptr_t) "LC_ALL=C", NULL};

	if (dup2(execution->pipe[1], 1) < 0 || dup2(execution->pipe[1], 2) < 0)
		return 125;
	close(execution->pipe[0]);
	(void)execvpe(execution->command->argv[0],
		      (char *const *)(uintptr_t)execution->command->argv, environment);
	return 126;
}

static bool is_installed(struct trial *t, const char *name)
{
	return file_exists(t, case_format(t, "/usr/bin/%s", name)) ||
	       file_exists(t, case_format(t, "/bin/%s", name));
}

CASE_EACH(packages, userland_commands_run, commands,
	  .title = "A sample command of each basic package runs and exits with success",
	  .priority = P1,
	  .why = "A missing library or a truncated file shows only when the command is used.",
	  .remedy = "Install the command's package anew and check its libraries.",
	  .sources = "kola:packages")
{
	struct execution execution = {.command = c};
	char output[256] = "";

	if (!is_installed(t, c->name))
		case_skip(t, case_format(t, "cmd:%s", c->name), "%s is not installed", c->name);
	if (pipe2(execution.pipe, O_CLOEXEC) < 0)
		case_broken(t, "no pipe: %m");
	int status = helper_run(t, execute, &execution);
	close(execution.pipe[1]);
	(void)!read(execution.pipe[0], output, sizeof output - 1);
	close(execution.pipe[0]);
	CHECK_EQ(t, status, 0);
	CHECK_CONTAINS(t, (const char *)output, c->output);
}

SABOTAGE(packages, userland_commands_run, "a program's file is empty")
{
	sabotage_file(t, file_exists(t, "/usr/bin/sed") ? "/usr/bin/sed" : "/bin/sed", "");
}
