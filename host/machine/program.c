/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a program that is a case into the guest. */
#include "host/machine/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/machine/internal.h"
#include "wire/program.h"

#define CHUNK	  (1U << 20) /* of a file in one frame: these have a maximum */
#define CALL_NS	  (60 * NS_PER_S)
#define REPLY_MAX 4096

int program_read_file(const struct case_program *program, const char *name, struct text *ret_bytes,
		      unsigned *ret_mode, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", program->folder, name);
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, BLAME_USER, errno, "read %s: %m", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, BLAME_USER, EINVAL, "%s is no regular file", path);
	text_init(ret_bytes, PROGRAM_FILES_MAX);
	int r = text_read_fd(ret_bytes, fd);
	if (r < 0)
		return err_set(e, BLAME_USER, -r, "read %s (at most %u MiB): %m", path,
			       PROGRAM_FILES_MAX >> 20);
	*ret_mode = st.st_mode & 0777;
	return 0;
}

/* A program on its way. */
struct bringing {
	struct machine *machine;
	const struct case_program *program;
	const struct patience *p;
	struct result *result;
	size_t total;
	struct text reply;
};

static int refuse(struct bringing *b, const char *what, const char *why)
{
	result_set(b->result, OUTCOME_BROKEN, "%s " PROGRAM_NOT_BROUGHT ": %s", what, why);
	return 1;
}

/* One call; 1 when the guest says no or does not answer. */
static int ask(struct bringing *b, const char *verb, const struct call_argument *arguments,
	       size_t count, const char *what, struct err *e)
{
	struct patience p = patience_within(b->p, CALL_NS * machine_slowness(&b->machine->spec));
	int code = 0;

	text_clear(&b->reply);
	int r = machine_call_bytes(b->machine, &p, verb, arguments, count, &b->reply, &code, e);
	if (r < 0 && (e->blame != BLAME_GUEST || e->code == ECANCELED))
		return r;
	if (r < 0) {
		(void)refuse(b, what, e->text);
		err_clear(e);
		return 1;
	}
	if (code == 0)
		return 0;
	struct err why = {0};
	(void)err_set(&why, BLAME_GUEST, code, "%s%s%m", b->reply.buf, b->reply.length ? ": " : "");
	return refuse(b, what, why.text);
}

static int bring_file(struct bringing *b, const char *name, struct err *e)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(0);
	unsigned mode = 0;
	char digits[8];
	size_t done = 0;

	int r = program_read_file(b->program, name, &bytes, &mode, e);
	if (r < 0)
		return r;
	b->total += bytes.length;
	if (b->total > PROGRAM_FILES_MAX)
		return err_set(e, BLAME_USER, EFBIG, "%s: its files have more than %u MiB",
			       b->program->folder, PROGRAM_FILES_MAX >> 20);
	(void)snprintf(digits, sizeof digits, "%o", mode);
	do { /* an empty file is one too */
		size_t length = bytes.length - done < CHUNK ? bytes.length - done : CHUNK;
		const struct call_argument arguments[] = {
			{name, strlen(name)},
			{digits, strlen(digits)},
			{bytes.buf + done, length},
		};
		r = ask(b, "program-file", arguments, ARRAY_LEN(arguments), name, e);
		done += length;
	} while (r == 0 && done < bytes.length);
	return r;
}

/* Nothing of the guest becomes more than a line here: the folder goes back to where it came from. */
static bool is_plain(const char *folder)
{
	return folder[0] == '/' && folder[strcspn(folder, "\n=")] == '\0';
}

static void tell_agent(const struct bringing *b, const struct case_info *info, const char *folder,
		       struct text *parameters)
{
	const struct case_program *program = b->program;

	(void)text_addf(parameters, PROGRAM_FOLDER "=%s\n" PROGRAM_COMMAND "=%s\n", folder,
			program->command);
	(void)text_addf(parameters, PROGRAM_REPORTS "=%s\n", program->speaks_tap ? "tap" : "exit");
	(void)text_addf(parameters, PROGRAM_NEEDS "=%s\n", info->needs ? info->needs : "");
	(void)text_addf(parameters, PROGRAM_SABOTAGE "=%s\n",
			program->sabotage ? program->sabotage : "");
	(void)text_addf(parameters, PROGRAM_ARGUMENT "=%s\n",
			program->argument ? program->argument : "");
}

static int bring(struct bringing *b, const struct case_info *info, struct text *parameters,
		 struct err *e)
{
	char folder[256];
	int r = ask(b, "program-begin", NULL, 0, b->program->command, e);

	if (r != 0)
		return r;
	(void)snprintf(folder, sizeof folder, "%s", b->reply.buf);
	if (!is_plain(folder))
		return refuse(b, b->program->command, "the agent names no folder");
	for (const char *const *name = b->program->files; *name && r == 0; name++)
		r = bring_file(b, *name, e);
	if (r == 0)
		tell_agent(b, info, folder, parameters);
	return r;
}

int program_bring(struct machine *machine, const struct case_info *info, const struct patience *p,
		  struct text *parameters, struct result *result, struct err *e)
{
	struct bringing b = {
		.machine = machine,
		.program = info->program,
		.p = p,
		.result = result,
		.reply = TEXT_INIT(REPLY_MAX),
	};

	int r = bring(&b, info, parameters, e);
	text_done(&b.reply);
	return r;
}
