/* SPDX-License-Identifier: Apache-2.0 */
/* Watching over a case's process, and telling the host. */
#include "guest/runner.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "guest/case_process.h"
#include "guest/kernel_log.h"
#include "guest/kit/trial.h"
#include "guest/program_folder.h"

#define PARAMETERS_MAX 65536
#define OUTPUT_MAX     65536
#define LOG_MAX	       65536
#define TIMEOUT_MAX_S  86400

/* ---- the order ---- */

int run_order_read(const struct frame *frame, struct run_order *ret, struct err *e)
{
	struct field field;
	int r;

	*ret = (struct run_order){.parameters = NULL};
	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key == FIELD_ID) {
			field_string(&field, ret->id, sizeof ret->id);
		} else if (field.key == FIELD_FLAGS) {
			ret->flags = (unsigned)field_value(&field);
		} else if (field.key == FIELD_TIMEOUT) {
			uint64_t timeout_s = field_value(&field);
			ret->timeout_s =
				timeout_s < TIMEOUT_MAX_S ? (unsigned)timeout_s : TIMEOUT_MAX_S;
		} else if (field.key == FIELD_TEXT && field.length <= PARAMETERS_MAX &&
			   !ret->parameters) {
			ret->parameters = xnew(field.length + 1);
			field_string(&field, ret->parameters, field.length + 1);
		}
	}
	if (!ret->parameters)
		ret->parameters = xstrdup("");
	if (r < 0)
		run_order_done(ret);
	return r;
}

void add_order(struct text *out, const struct run_order *order)
{
	frame_open(out, FRAME_RUN);
	field_text(out, FIELD_ID, order->id);
	field_number(out, FIELD_FLAGS, order->flags);
	field_number(out, FIELD_TIMEOUT, order->timeout_s);
	field_text(out, FIELD_TEXT, order->parameters);
	frame_close(out);
}

void run_order_done(struct run_order *order)
{
	free(order->parameters);
	order->parameters = NULL;
}

/* ---- the end of processes ---- */

/* The parent of a process; 0 when it is gone. */
static pid_t parent_of(const char *pid)
{
	CLEAN_TEXT struct text stat = TEXT_INIT(4096);
	char path[64];
	int parent = 0;

	(void)snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	if (text_read_file(&stat, path) < 0)
		return 0;
	const char *after_name = strrchr(stat.buf, ')'); /* the name may hold anything */
	return after_name && sscanf(after_name, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Kills our children; true when there was one. */
static bool kill_children(void)
{
	DIR *proc = opendir("/proc");
	bool found = false;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		long long pid;
		if (number_parse(entry->d_name, 1, INT_MAX, &pid) < 0 ||
		    parent_of(entry->d_name) != getpid())
			continue;
		found = kill((pid_t)pid, SIGKILL) == 0 || found;
	}
	if (proc)
		closedir(proc);
	return found;
}

void reap_strays(void)
{
	/* Whose parent dies becomes our child (we are a subreaper), so it takes as many rounds as they are deep. */
	for (int round = 0; round < 100; round++) {
		pid_t pid;
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		/* The kernel says when there is no child at all, which saves looking at every process. */
		if (pid < 0 || !kill_children())
			return;
		(void)poll(NULL, 0, 1);
	}
}

/* ---- one run ---- */

struct run {
	struct port *port;
	const struct run_order *order;
	struct case_process process;
	int signal_fd, log_fd;
	uint64_t start_ns, until_ns;
	struct text report; /* frames of the case that are not whole yet */
	struct text output;
	struct result result;
	bool has_result, is_cancelled, is_late, is_interrupted;
};

/* Passes a frame of the case on; only those that a case may send. */
static void take_report(struct run *run, const struct frame *frame)
{
	struct err e = {0};
	struct field field;
	size_t length = FRAME_HEADER + frame->length;

	if (frame->type == FRAME_CHECK || frame->type == FRAME_OUTPUT || frame->type == FRAME_SUB ||
	    frame->type == FRAME_MEASURE) {
		(void)text_add(&run->port->out, (const char *)frame->payload - FRAME_HEADER,
			       length);
		(void)port_send(run->port);
		return;
	}
	if (frame->type != FRAME_RESULT)
		return;
	struct result *result = &run->result;
	char name[16] = "";
	for (size_t at = 0; frame_next(frame, &at, &field, &e) > 0;) {
		switch (field.key) {
		case FIELD_OUTCOME:
			field_string(&field, name, sizeof name);
			break;
		case FIELD_MESSAGE:
			field_string(&field, result->message, sizeof result->message);
			break;
		case FIELD_NEED:
			field_string(&field, result->need, sizeof result->need);
			break;
		case FIELD_PASSED:
			result->checks_passed = (unsigned)field_value(&field);
			break;
		case FIELD_FAILED:
			result->checks_failed = (unsigned)field_value(&field);
			break;
		case FIELD_DURATION:
			result->duration_ns = field_value(&field);
			break;
		default:
			break;
		}
	}
	run->has_result = outcome_parse(name, &result->outcome) == 0;
}

/* Reads what is there, and goes through the whole frames. Closes the descriptor at its end. */
static void read_report(struct run *run)
{
	char piece[4096];
	struct frame frame;
	struct err e = {0};
	size_t done = 0;
	long used;

	ssize_t got = read(run->process.report_fd, piece, sizeof piece);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 || text_add(&run->report, piece, (size_t)got) < 0) {
		close(run->process.report_fd);
		run->process.report_fd = -1;
		return;
	}
	while (done < run->report.length &&
	       (used = frame_parse(run->report.buf + done, run->report.length - done, &frame, &e)) >
		       0) {
		take_report(run, &frame);
		done += (size_t)used;
	}
	memmove(run->report.buf, run->report.buf + done, run->report.length - done);
	text_cut(&run->report, run->report.length - done);
}

/* Reads what the program printed; the surplus is read too, or it would block. */
static void read_output(struct run *run)
{
	char piece[4096];
	ssize_t got = read(run->process.output_fd, piece, sizeof piece);

	if (got > 0) {
		(void)text_add(&run->output, piece, (size_t)got);
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(run->process.output_fd);
		run->process.output_fd = -1;
	}
}

/* A frame that came while the case runs. */
static void take_frame(struct run *run, struct frame *frame)
{
	switch (frame->type) {
	case FRAME_CANCEL:
		run->is_cancelled = true;
		break;
	case FRAME_HELLO:
	case FRAME_LOAD:
	case FRAME_RESUME:
	case FRAME_RUN:
	case FRAME_STAND_BY:
	case FRAME_BYE:
		/* Another host, or the same one with other plans: nobody waits for this case any more. */
		run->is_interrupted = true;
		break;
	case FRAME_CALL:
		frame_open(&run->port->out, FRAME_REPLY);
		field_number(&run->port->out, FIELD_CODE, EBUSY);
		field_text(&run->port->out, FIELD_TEXT, "a case is running");
		frame_close(&run->port->out);
		(void)port_send(run->port);
		break;
	default:
		break;
	}
}

static int wait_ms(const struct run *run)
{
	uint64_t now_ns = clock_now_ns();

	if (now_ns >= run->until_ns)
		return 0;
	uint64_t ms = (run->until_ns - now_ns) / NS_PER_MS + 1;
	return ms > 60000 ? 60000 : (int)ms;
}

/* Goes through the frames that have been read; *ret_frame is the one that interrupts. */
static void take_frames(struct run *run, struct frame *ret_frame)
{
	while (!run->is_interrupted && port_next(run->port, ret_frame) > 0)
		take_frame(run, ret_frame);
}

static void read_frames(struct run *run, struct frame *ret_frame)
{
	port_wait(run->port, 0);
	if (port_fill(run->port) < 0) {
		run->is_interrupted = true;
		*ret_frame = (struct frame){.type = FRAME_BYE};
	}
	take_frames(run, ret_frame);
}

/* True when the process has ended and was reaped. */
static bool has_ended(const struct run *run, int *ret_status)
{
	struct signalfd_siginfo info;

	(void)!read(run->signal_fd, &info,
		    sizeof info); /* of which child does not matter: several may be one signal */
	return waitpid(run->process.pid, ret_status, WNOHANG) == run->process.pid;
}

/* Until the process has ended: 0 and its status. -EINTR: it has to be ended. */
static int watch(struct run *run, struct frame *ret_frame, int *ret_status)
{
	take_frames(run, ret_frame); /* what came together with the order */
	while (!run->is_cancelled && !run->is_interrupted) {
		struct pollfd fds[] = {
			{.fd = run->port->epoll_fd, .events = POLLIN},
			{.fd = run->process.report_fd, .events = POLLIN},
			{.fd = run->process.output_fd, .events = POLLIN},
			{.fd = run->signal_fd, .events = POLLIN},
		};
		int timeout_ms = wait_ms(run);
		run->is_late = timeout_ms == 0;
		if (run->is_late)
			break;
		if (poll(fds, ARRAY_LEN(fds), timeout_ms) <= 0)
			continue;
		if (fds[1].revents)
			read_report(run);
		if (fds[2].revents)
			read_output(run);
		if (fds[0].revents)
			read_frames(run, ret_frame);
		else if (fds[3].revents && has_ended(run, ret_status))
			return 0;
	}
	return -EINTR;
}

/* What is still in the pipes; a stray that holds them open has been killed before. */
static void drain(struct run *run)
{
	for (int i = 0; i < 1000 && run->process.report_fd >= 0; i++) {
		struct pollfd fd = {.fd = run->process.report_fd, .events = POLLIN};
		if (poll(&fd, 1, 0) <= 0)
			break;
		read_report(run);
	}
	for (int i = 0; i < 1000 && run->process.output_fd >= 0; i++) {
		struct pollfd fd = {.fd = run->process.output_fd, .events = POLLIN};
		if (poll(&fd, 1, 0) <= 0)
			break;
		read_output(run);
	}
}

/* A fault of the machine under a case that is right on others. Any other signal is somebody's decision, such as that of
 * the kernel to end something when memory runs out: it says nothing about what the case asks. */
static bool is_crash(int signal_)
{
	return signal_ == SIGSEGV || signal_ == SIGBUS || signal_ == SIGILL || signal_ == SIGFPE;
}

/* The outcome of a process that did not come to its result. */
static void judge_end(struct run *run, int status)
{
	struct result *result = &run->result;
	bool is_sabotaged = run->order->flags & RUN_SABOTAGE;

	if (run->is_cancelled || run->is_interrupted)
		result_set(result, OUTCOME_BROKEN, "it was cancelled");
	else if (run->is_late)
		result_set(result, OUTCOME_BROKEN, "it took longer than its limit of %.0f s",
			   clock_s(run->until_ns - run->start_ns));
	else if (WIFSIGNALED(status) && !run->has_result)
		/* With its sabotage a crash proves nothing: the planting may have crashed. */
		result_set(result,
			   is_sabotaged || !is_crash(WTERMSIG(status)) ? OUTCOME_BROKEN
								       : OUTCOME_FAIL,
			   "it was killed by signal %d (%s)", WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else if (!run->has_result)
		result_set(result, OUTCOME_BROKEN, "it ended without a result, with exit status %d",
			   WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	else
		return;
	result->need[0] = '\0';
	result->duration_ns = clock_now_ns() - run->start_ns;
}

static void send_text(struct run *run, enum frame_type type, const struct text *text)
{
	struct text *out = &run->port->out;

	if (text->length == 0)
		return;
	frame_open(out, type);
	field_bytes(out, FIELD_TEXT, text->buf, text->length);
	frame_close(out);
	(void)port_send(run->port);
}

static void send_end(struct run *run)
{
	CLEAN_TEXT struct text log = TEXT_INIT(LOG_MAX);

	if (run->output.overflowed) {
		text_cut(&run->output, OUTPUT_MAX - 64);
		run->output.overflowed = false;
		(void)text_adds(&run->output, "\n(more output was dropped)\n");
	}
	send_text(run, FRAME_OUTPUT, &run->output);
	kernel_log_since(run->log_fd, &log);
	run->log_fd = -1;
	send_text(run, FRAME_KMSG, &log);
	add_result(&run->port->out, &run->result);
	(void)port_send(run->port);
}

static void run_begin(struct run *run)
{
	const struct case_def *def = cases_find(run->order->id);
	unsigned timeout_s = run->order->timeout_s;
	sigset_t child;

	result_init(&run->result, run->order->id);
	if (timeout_s == 0)
		timeout_s = def ? case_timeout_s(&def->info) : 10;
	run->start_ns = clock_now_ns();
	run->until_ns = run->start_ns + timeout_s * NS_PER_S;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	run->signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	run->log_fd = kernel_log_mark();
}

static void run_done(struct run *run)
{
	const int fds[] = {run->signal_fd, run->log_fd, run->process.report_fd,
			   run->process.output_fd};

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	text_done(&run->report);
	text_done(&run->output);
	result_done(&run->result);
}

/* Ends the process, whatever it does, and all below it. */
static void end_process(struct run *run, int *ret_status, bool is_reaped)
{
	(void)kill(-run->process.pid, SIGKILL);
	if (!is_reaped) {
		(void)kill(run->process.pid, SIGKILL);
		while (waitpid(run->process.pid, ret_status, 0) < 0 && errno == EINTR)
			;
	}
	reap_strays();
}

enum run_end run_case(struct port *port, const struct run_order *order, struct standby *standby,
		      struct frame *ret_frame)
{
	struct run run = {
		.port = port,
		.order = order,
		.process = {.report_fd = -1, .output_fd = -1},
		.report = TEXT_INIT(CASE_REPORT_MAX),
		.output = TEXT_INIT(OUTPUT_MAX),
	};
	struct err e = {0};
	int status = 0;

	run_begin(&run);
	if (case_process_start(order, standby, &run.process, &e) < 0) {
		result_set(&run.result, OUTCOME_BROKEN, "%s", e.text);
	} else {
		int r = watch(&run, ret_frame, &status);
		end_process(&run, &status, r == 0);
		drain(&run);
		judge_end(&run, status);
	}
	if (!run.is_interrupted)
		send_end(&run);
	bool is_interrupted = run.is_interrupted;
	program_folder_clear();
	run_done(&run);
	return is_interrupted ? RUN_INTERRUPTED : RUN_ANSWERED;
}
