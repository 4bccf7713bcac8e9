/* SPDX-License-Identifier: Apache-2.0 */
/* assay-guest: the static agent that runs cases inside a guest. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "guest/case_process.h"
#include "guest/init.h"
#include "guest/kit/probe.h"
#include "guest/kit/trial.h"
#include "guest/modprobe.h"
#include "guest/resident.h"
#include "guest/runner.h"
#include "guest/serve.h"

#define CATALOGUE_MAX	(16U << 20)
#define PORT_PATIENCE_S 300 /* the port's driver may be loaded late in the boot */
#define EXIT_USAGE	64

#ifndef ASSAY_VERSION
#define ASSAY_VERSION "unknown"
#endif

static const char usage[] =
	"usage: assay-guest list [--json]            the cases this agent holds\n"
	"       assay-guest serve [FOLDER]           serve the host over the virtio port " PORT_NAME
	";\n"
	"                                            FOLDER, from where it was started, is unmounted\n"
	"       assay-guest serve --port NAME        over another virtio port\n"
	"       assay-guest serve --stdio            over stdin and stdout, in the foreground\n"
	"       assay-guest serve --fd N             over an open descriptor, in the foreground\n"
	"       assay-guest run ID [--sabotage]      run one case here and now\n"
	"       assay-guest --help, --version\n"
	"As process 1 it sets a micro-VM up and serves.\n";

static int complain(const char *what)
{
	(void)fprintf(stderr, "assay-guest: %s\n%s", what, usage);
	return EXIT_USAGE;
}

/* ---- list ---- */

static int list_lines(void)
{
	size_t count;
	const struct case_def *const *all = cases_all(&count);
	const struct probe_def *probe;
	char id[CASE_ID_SIZE];

	for (size_t i = 0; i < count; i++)
		(void)printf("%-56s P%d %-6s %s\n", case_id(&all[i]->info, id),
			     (int)all[i]->info.priority, case_kind_name(all[i]->info.kind),
			     all[i]->info.title ? all[i]->info.title : "");
	for (size_t i = 0; (probe = probe_at(i)); i++)
		(void)printf("probe %s %s: %s\n", probe->name, probe->arguments, probe->help);
	return 0;
}

static int verb_list(int argc, char **argv)
{
	CLEAN_TEXT struct text out = TEXT_INIT(CATALOGUE_MAX), problems = TEXT_INIT(65536);

	cases_problems(&problems);
	(void)fputs(problems.buf, stderr);
	if (argc == 0)
		return list_lines() || problems.length > 0;
	if (strcmp(argv[0], "--json") != 0)
		return complain("list knows only --json");
	cases_json(&out);
	(void)puts(out.buf);
	return problems.length > 0 || fflush(stdout) != 0;
}

/* ---- run ---- */

static void print_result(const struct frame *frame)
{
	struct field field;
	struct err e = {0};
	char text[1024];

	for (size_t at = 0; frame_next(frame, &at, &field, &e) > 0;) {
		field_string(&field, text, sizeof text);
		if (field.key == FIELD_OUTCOME || (field.key == FIELD_MESSAGE && text[0]))
			(void)printf("%s%s", field.key == FIELD_MESSAGE ? ": " : "", text);
		else if (field.key == FIELD_PASSED)
			(void)printf(" (%llu checks held", (unsigned long long)field_value(&field));
		else if (field.key == FIELD_FAILED)
			(void)printf(", %llu did not)\n", (unsigned long long)field_value(&field));
	}
}

static void print_evidence(const struct frame *frame)
{
	struct field field;
	struct err e = {0};
	char text[4096];

	for (size_t at = 0; frame_next(frame, &at, &field, &e) > 0;) {
		if (field.key == FIELD_LINE) {
			(void)printf(" at line %llu", (unsigned long long)field_value(&field));
		} else {
			field_string(&field, text, sizeof text);
			(void)printf(" %s", text);
		}
	}
	(void)putchar('\n');
}

/* Takes the frames of one run from the pipe; returns the exit code: 0 passed, 1 failed, 2 anything else. */
static int print_frames(struct port *port)
{
	struct frame frame;
	struct field field;
	struct err e = {0};

	for (;;) {
		port_wait(port, -1);
		bool has_ended = port_fill(port) < 0;
		while (port_next(port, &frame) > 0) {
			if (frame.type != FRAME_RESULT) {
				print_evidence(&frame);
				continue;
			}
			print_result(&frame);
			if (frame_find(&frame, FIELD_OUTCOME, &field, &e) <= 0)
				return 2;
			return field.length != 4		     ? 2
			       : memcmp(field.bytes, "pass", 4) == 0 ? 0
			       : memcmp(field.bytes, "fail", 4) == 0 ? 1
								     : 2;
		}
		if (has_ended)
			return 2;
	}
}

/* The author's way: the same runner, with itself as the host, over a pair of pipes. */
static int verb_run(int argc, char **argv)
{
	struct run_order order = {.parameters = xstrdup("")};
	struct port runner = PORT_INIT, reader = PORT_INIT;
	struct standby standby = STANDBY_NONE;
	struct frame next;
	struct err e = {0};
	int to_runner[2], to_reader[2];

	if (argc < 1 || (argc > 1 && strcmp(argv[1], "--sabotage") != 0))
		return complain("run takes a case's id and may take --sabotage");
	if (!cases_find(argv[0]))
		return complain("there is no such case");
	(void)snprintf(order.id, sizeof order.id, "%s", argv[0]);
	order.flags = argc > 1 ? RUN_SABOTAGE : 0;
	if (pipe2(to_runner, O_CLOEXEC) < 0 || pipe2(to_reader, O_CLOEXEC) < 0)
		return 2;
	pid_t pid = fork();
	if (pid == 0) {
		close(to_runner[1]);
		close(to_reader[0]);
		if (port_of_fds(to_runner[0], to_reader[1], false, &runner, &e) == 0)
			(void)run_case(&runner, &order, &standby, &next);
		_exit(0);
	}
	close(to_runner[0]);
	close(to_reader[1]);
	if (pid < 0 || port_of_fds(to_reader[0], to_runner[1], false, &reader, &e) < 0)
		return 2;
	int r = print_frames(&reader);
	port_done(&reader);
	run_order_done(&order);
	return r;
}

/* ---- serve ---- */

static int serve_fds(int in_fd, int out_fd, bool outlives_host)
{
	struct port port = PORT_INIT;
	struct err e = {0};

	if (port_of_fds(in_fd, out_fd, outlives_host, &port, &e) < 0) {
		(void)fprintf(stderr, "assay-guest: %s\n", e.text);
		return 1;
	}
	int r = serve(&port);
	port_done(&port);
	return r;
}

/* A port that is unplugged comes back, or the machine has none any more. */
static int serve_port(const char *name)
{
	struct err e = {0};
	int r;

	do {
		struct port port = PORT_INIT;
		r = port_find(name, PORT_PATIENCE_S, &port, &e);
		if (r == 0)
			r = serve(&port);
		port_done(&port);
	} while (r == -ENODEV && e.code == 0);
	/* Somebody who waits on the console should know; the host sees that no greeting comes. */
	if (e.code != 0)
		(void)fprintf(stderr, "assay-guest: %s\n", e.text);
	return r < 0;
}

/* A character device outlives the host; a socket or pipe ends with it. */
static bool is_port(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && !isatty(fd);
}

static int verb_serve(int argc, char **argv, char **whole_argv)
{
	const char *name = PORT_NAME, *media = NULL;
	long long fd;

	if (argc >= 1 && strcmp(argv[0], "--stdio") == 0)
		return serve_fds(STDIN_FILENO, STDOUT_FILENO, false);
	if (argc >= 2 && strcmp(argv[0], "--fd") == 0) {
		if (number_parse(argv[1], 0, INT_MAX, &fd) < 0)
			return complain("--fd takes a number");
		(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
		return serve_fds((int)fd, (int)fd, is_port((int)fd));
	}
	if (argc >= 2 && strcmp(argv[0], "--port") == 0)
		name = argv[1];
	else if (argc >= 1 && argv[0][0] == '/')
		media = argv[0];
	else if (argc >= 1)
		return complain("serve does not know that argument");
	if (chdir("/") == 0 && !resident_is_in_memory())
		resident_move_to_memory(whole_argv);
	if (media)
		resident_leave_media(media);
	resident_detach();
	return serve_port(name);
}

/* ---- the first process ---- */

static _Noreturn void be_init(void)
{
	init_set_up();
	(void)serve_port(PORT_NAME);
	init_end();
}

int main(int argc, char **argv)
{
	if (argc > 0 && modprobe_is_meant(argv[0]))
		return modprobe_main(argc, argv);
	if (getpid() == 1 && (argc < 2 || strcmp(argv[1], "serve") != 0))
		be_init();
	if (argc < 2)
		return complain("what is it to do?");
	if (strcmp(argv[1], "list") == 0)
		return verb_list(argc - 2, argv + 2);
	if (strcmp(argv[1], "run") == 0)
		return verb_run(argc - 2, argv + 2);
	if (strcmp(argv[1], "serve") == 0) {
		int r = verb_serve(argc - 2, argv + 2, argv);
		if (getpid() == 1) /* the agent of a micro-VM that has taken a new one */
			init_end();
		return r;
	}
	if (strcmp(argv[1], "--help") == 0)
		return fputs(usage, stdout) < 0;
	if (strcmp(argv[1], "--version") == 0)
		return puts("assay-guest " ASSAY_VERSION) < 0;
	return complain("there is no such verb");
}
