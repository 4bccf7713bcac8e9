/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that the host hands over. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cases/host_hotplug.h"
#include "host/cases/host_second.h"
#include "wire/program.h"

#define NAME "program"

/* What a program that reports by TAP finds is told with its own words. */
static const char holds
	[] = "#!/bin/sh\nread word <data && test \"$word\" = handed-over\n",
   finds[] =
	   "#!/bin/sh\nread word <data\n"
	   "echo TAP version 14\necho 1..2\necho ok 1 - it runs\necho \"not ok 2 - $word is found\"\n"
	   "exit 1\n";

static void make_file(struct host_trial *t, const char *path, unsigned mode, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t length = (ssize_t)strlen(content);

	if (fd < 0 || write(fd, content, (size_t)length) != length || fchmod(fd, mode) < 0)
		host_broken(t, "make %s: %m", path);
	close(fd);
	device_file_take(t, path);
}

/* A folder on the host with the program and a file beside it. */
static const char *make_folder(struct host_trial *t, const char *name, const char *program)
{
	const char *folder = host_format(t, "%s/%s", machine_spec(host_machine(t))->folder, name);

	if (mkdir(folder, 0700) < 0)
		host_broken(t, "make the folder %s: %m", folder);
	device_file_take(t, folder); /* the last to go */
	make_file(t, host_format(t, "%s/" NAME, folder), 0755, program);
	make_file(t, host_format(t, "%s/data", folder), 0644, "handed-over\n");
	return folder;
}

/* Runs it as `assay run --cases` does. */
static enum outcome run_program(struct host_trial *t, const char *folder, bool speaks_tap,
				const char **ret_message)
{
	static const char *const files[] = {NAME, "data", NULL};
	const struct case_program program = {
		.folder = folder, .command = NAME, .files = files, .speaks_tap = speaks_tap};
	const struct case_info info = {.area = "agent",
				       .name = "uploaded",
				       .kind = CASE_KIND_GUEST,
				       .timeout_s = 60,
				       .program = &program};
	enum outcome outcome = host_run_info(t, host_machine(t), &info, "", ret_message);

	/* The guest is judged by what it refuses, not by how long a busy host lets it take. */
	if (outcome == OUTCOME_BROKEN && !program_is_refused(*ret_message))
		host_broken(t, "the program's case is broken: %s", *ret_message);
	return outcome;
}

HOST_CASE(agent, assay_runs_uploaded_program,
	  .title = "A program handed over by the host runs and its result returns", .priority = P1,
	  .isolation = ISOLATION_FORK, .needs = "cmd:sh", .timeout_s = 100,
	  .why = "Cases that are programs, in any language, depend on it.",
	  .remedy = "Let root make files in one of /run, /dev/shm, /tmp and /var/tmp.",
	  .sources = "LISA:script")
{
	const char *message = "";
	enum outcome held = run_program(t, make_folder(t, "holds", holds), false, &message);

	HOST_CHECK_TEXT(t, outcome_name(held), "pass");
	enum outcome found = run_program(t, make_folder(t, "finds", finds), true, &message);
	HOST_CHECK_TEXT(t, outcome_name(found), "fail");
	HOST_CHECK_CONTAINS(t, message, "handed-over is found");
}

/* That they are mounted noexec would not do: the agent takes that back for the program. */
HOST_SABOTAGE(agent, assay_runs_uploaded_program, "no folder takes the program's files")
{
	static const char *const places[] = {"/run", "/dev/shm", "/tmp", "/var/tmp"};

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (host_call(t, "mount", "none", places[i], "tmpfs", NULL) != 0)
			host_broken(t, "the guest mounts nothing at %s", places[i]);
}
