/* SPDX-License-Identifier: Apache-2.0 */
/* The process in which a case runs. */
#include "guest/case_process.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#include "guest/bundle_case.h"
#include "guest/kit/mutation.h"
#include "guest/kit/trial.h"
#include "guest/need.h"
#include "guest/program_case.h"
#include "wire/program.h"

#define OPEN_FILES	  4096
#define FRAME_PAYLOAD_SUB 1024 /* a sub-result's frame has no more */
#define MEMORY_OVER_RAM                                                                            \
	(512ULL << 20) /* address space is cheap: what is asked for is seldom used */
#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct reporter {
	int fd;
	struct text out;
	size_t sent;
};

/* What is too much is dropped by the maximum of `out`, the result never: it has room of its own. */
static void flush_report(struct reporter *reporter)
{
	const struct text *out = &reporter->out;

	for (size_t done = 0; done < out->length;) {
		ssize_t n = write(reporter->fd, out->buf + done, out->length - done);
		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	reporter->sent += out->length;
	text_clear(&reporter->out);
}

static bool has_room(const struct reporter *reporter, size_t more)
{
	return reporter->sent + more < CASE_REPORT_MAX / 2;
}

static void report_check(void *arg, const struct check_record *check)
{
	struct reporter *reporter = arg;

	if (!has_room(reporter, sizeof *check))
		return;
	frame_open(&reporter->out, FRAME_CHECK);
	field_text(&reporter->out, FIELD_EXPRESSION, check->expression);
	field_text(&reporter->out, FIELD_GOT, check->got);
	field_text(&reporter->out, FIELD_WANT, check->want);
	field_text(&reporter->out, FIELD_FILE, check->file);
	field_number(&reporter->out, FIELD_LINE, check->line);
	field_text(&reporter->out, FIELD_ROW, check->row);
	frame_close(&reporter->out);
	flush_report(reporter);
}

static void report_note(void *arg, const char *text)
{
	struct reporter *reporter = arg;

	if (!has_room(reporter, strlen(text)))
		return;
	frame_open(&reporter->out, FRAME_OUTPUT);
	field_text(&reporter->out, FIELD_TEXT, text);
	frame_close(&reporter->out);
	flush_report(reporter);
}

/* Those for which there is no room here are told as those for which there was none before. */
static void report_subs(struct reporter *reporter, const struct result *result)
{
	unsigned cut = result->subs_cut;

	vec_each (&result->subs, sub) {
		if (!has_room(reporter, FRAME_PAYLOAD_SUB)) {
			cut++;
			continue;
		}
		frame_open(&reporter->out, FRAME_SUB);
		field_text(&reporter->out, FIELD_NAME, sub->name);
		field_text(&reporter->out, FIELD_OUTCOME, outcome_name(sub->outcome));
		field_text(&reporter->out, FIELD_MESSAGE, sub->message);
		field_number(&reporter->out, FIELD_LINE, sub->line);
		field_number(&reporter->out, FIELD_DURATION, sub->duration_ns);
		field_number(&reporter->out, FIELD_FLAGS, sub->expected);
		frame_close(&reporter->out);
		flush_report(reporter);
	}
	if (cut == 0)
		return;
	frame_open(&reporter->out, FRAME_SUB);
	field_number(&reporter->out, FIELD_NUMBER, cut);
	frame_close(&reporter->out);
	flush_report(reporter);
}

static void report_measures(struct reporter *reporter, const struct result *result)
{
	vec_each (&result->measures, it) {
		frame_open(&reporter->out, FRAME_MEASURE);
		field_text(&reporter->out, FIELD_NAME, it->name);
		field_text(&reporter->out, FIELD_UNIT, it->unit);
		field_number(&reporter->out, FIELD_FLAGS, it->better == MEASURE_HIGHER);
		for (unsigned i = 0; i < it->count; i++)
			field_sample(&reporter->out, it->samples[i]);
		frame_close(&reporter->out);
		flush_report(reporter);
	}
}

void add_result(struct text *out, const struct result *result)
{
	frame_open(out, FRAME_RESULT);
	field_text(out, FIELD_ID, result->id);
	field_text(out, FIELD_OUTCOME, outcome_name(result->outcome));
	field_text(out, FIELD_MESSAGE, result->message);
	field_text(out, FIELD_NEED, result->need);
	field_number(out, FIELD_PASSED, result->checks_passed);
	field_number(out, FIELD_FAILED, result->checks_failed);
	field_number(out, FIELD_DURATION, result->duration_ns);
	frame_close(out);
}

/* ---- surroundings ---- */

static void set_limit(int what, rlim_t soft, rlim_t hard)
{
	const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};

	(void)setrlimit(what, &limit);
}

/* What this process has mapped already: little, unless it was built with a sanitizer. */
static rlim_t mapped_bytes(void)
{
	CLEAN_TEXT struct text statm = TEXT_INIT(256);
	unsigned long long pages = 0;

	(void)text_read_file(&statm, "/proc/self/statm");
	(void)sscanf(statm.buf, "%llu", &pages);
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* A case that runs wild hurts itself: the agent is spared by the out-of-memory killer, its cases are not. */
static void set_limits(void)
{
	struct sysinfo info;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, "0", 1);
		close(fd);
	}
	set_limit(RLIMIT_CORE, 0, 0);
	set_limit(RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES);
	if (sysinfo(&info) == 0)
		set_limit(RLIMIT_AS,
			  mapped_bytes() + (rlim_t)info.totalram * info.mem_unit + MEMORY_OVER_RAM,
			  RLIM_INFINITY);
}

static void set_environment(void)
{
	(void)clearenv();
	(void)setenv("PATH", SYSTEM_PATH, 1);
	(void)setenv("HOME", "/root", 1);
	(void)setenv("LC_ALL", "C", 1);
	(void)setenv("TERM", "dumb", 1);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int signal_number = 1; signal_number < 65; signal_number++)
		(void)signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Closes all descriptors but the standard ones and `keep`. */
static void close_others(int keep)
{
	struct rlimit limit;

	/* By number: not every C library has the function. */
	bool is_done = keep == 3 || syscall(SYS_close_range, 3, keep - 1, 0) == 0;
	if (is_done && syscall(SYS_close_range, keep + 1, ~0U, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	for (int fd = 3; fd < (int)limit.rlim_cur; fd++) {
		if (fd != keep)
			close(fd);
	}
}

/* True when the mounts are private now: nothing that is mounted here is seen elsewhere. */
static bool make_mounts_private(void)
{
	return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void read_nothing(void)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)dup2(null_fd < 0 ? STDOUT_FILENO : null_fd, STDIN_FILENO);
	if (null_fd > STDERR_FILENO)
		close(null_fd);
}

/* Whatever a case needs to be done before anything is known about it; true when its mounts are private. The standard
 * streams and `report_fd` stay open. */
static bool take_place(int output_fd, int report_fd)
{
	(void)setsid();
	(void)prctl(PR_SET_NAME, "assay-case");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(output_fd, STDOUT_FILENO);
	(void)dup2(output_fd, STDERR_FILENO);
	close_others(report_fd);
	reset_signals();
	/* A case that is ended by SIGPIPE would seem to have crashed. */
	(void)signal(SIGPIPE, SIG_IGN);
	set_environment();
	set_limits();
	return make_mounts_private();
}

/* ---- the life of the process ---- */

/* The line root=PATH of the parameters: a micro-VM has mounted there what the case is to judge. Else the guest's own. */
static void root_of(const char *parameters, char root[TREE_PATH_MAX])
{
	const char *line =
		has_prefix(parameters, "root=") ? parameters : strstr(parameters, "\nroot=");

	(void)snprintf(root, TREE_PATH_MAX, "/");
	if (line) {
		line += *line == '\n';
		(void)snprintf(root, TREE_PATH_MAX, "%.*s", (int)strcspn(line + 5, "\n"), line + 5);
	}
}

/* ---- a file that is not what it was ---- */

/* What the parameters order; MUTATION_COUNT: nothing, as in all runs of the product. */
static enum mutation mutation_of(const char *parameters)
{
	char name[16];

	return program_parameter(parameters, MUTATION_PARAMETER, name, sizeof name)
		       ? mutation_of_name(name)
		       : MUTATION_COUNT;
}

/* True when it lies in the tree now, or none is ordered. */
static bool plant_mutation(const char *parameters, struct tree *tree, struct result *result)
{
	enum mutation mutation = mutation_of(parameters);
	char path[TREE_PATH_MAX], number[24];
	long long seed = 0;

	if (mutation == MUTATION_COUNT || mutation == MUTATION_NONE)
		return true;
	(void)program_parameter(parameters, MUTATION_PATH, path, sizeof path);
	(void)program_parameter(parameters, MUTATION_SEED, number, sizeof number);
	(void)number_parse(number, 0, LLONG_MAX, &seed);
	int r = mutation_plant(tree, path, mutation, (uint64_t)seed);
	errno = -r;
	if (r < 0)
		result_set(result, OUTCOME_INFRA, "%.200s cannot be %s: %m", path,
			   mutation_name(mutation));
	return r == 0;
}

static void report_file(void *arg, const char *path, bool has_content)
{
	char line[TREE_PATH_MAX + sizeof MUTATION_NOTE + 2];

	(void)snprintf(line, sizeof line, MUTATION_NOTE "%c %s", has_content ? 'c' : '-', path);
	report_note(arg, line);
}

static void execute(const struct run_order *order, struct reporter *reporter, bool private_mounts,
		    struct result *result)
{
	const struct case_def *def = cases_find(order->id);

	if (is_program_order(order)) {
		program_case_execute(order, private_mounts, report_check, reporter, result);
		return;
	}
	if (is_bundle_order(order)) {
		bundle_case_execute(order, report_check, reporter, result);
		return;
	}
	if (!def) {
		result_set(result, OUTCOME_BROKEN, "the agent has no such case");
		return;
	}
	char root[TREE_PATH_MAX];
	root_of(order->parameters, root);
	struct tree *tree = tree_of_folder(root);
	if (!tree) {
		result_set(result, OUTCOME_BROKEN, "the root %.200s cannot be opened: %m", root);
		return;
	}
	if (!(order->flags & RUN_NEEDS_KNOWN) && !needs_are_met(def->info.needs, tree, result))
		return;
	const struct trial_setup setup = {
		.def = def,
		.tree = tree,
		.parameters = order->parameters,
		.sabotage = order->flags & RUN_SABOTAGE,
		.private_mounts = private_mounts,
		.on_check = report_check,
		.on_note = report_note,
		.arg = reporter,
	};
	if (plant_mutation(order->parameters, tree, result))
		trial_execute(&setup, result);
	if (mutation_of(order->parameters) == MUTATION_NONE)
		mutation_files(tree, report_file, reporter);
	tree_free(tree);
}

/* The pipes between the agent and the process of a case. */
struct pipes {
	int report[2], output[2];
};

static void pipes_done(struct pipes *pipes)
{
	for (int i = 0; i < 2; i++) {
		scope_close(&pipes->report[i]);
		scope_close(&pipes->output[i]);
	}
}
DEFINE_CLEAN_DONE(pipes);

static int pipes_open(struct pipes *pipes, struct err *e)
{
	if (pipe2(pipes->report, O_CLOEXEC) < 0 || pipe2(pipes->output, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "make a pipe: %m");
	return 0;
}

static void keep_ends(struct pipes *pipes, pid_t pid, struct case_process *ret)
{
	ret->pid = pid;
	ret->report_fd = STEAL_FD(pipes->report[0]);
	ret->output_fd = STEAL_FD(pipes->output[0]);
}

static _Noreturn void case_main(const struct run_order *order, int report_fd, bool private_mounts)
{
	struct reporter reporter = {.fd = report_fd, .out = TEXT_INIT(65536)};
	struct result result;

	result_init(&result, order->id);
	execute(order, &reporter, private_mounts, &result);
	(void)fflush(NULL);
	text_clear(&reporter.out);
	report_subs(&reporter, &result);
	report_measures(&reporter, &result);
	add_result(&reporter.out, &result);
	flush_report(&reporter);
	_exit(0);
}

/* ---- standing by ---- */

#define ORDER_MAX (256U << 10)

/* Waits for the order, on stdin. */
static _Noreturn void standby_main(const struct pipes *pipes, int order_fd)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(ORDER_MAX);
	struct run_order order;
	struct frame frame;
	struct err e = {0};
	int report_fd = pipes->report[1];

	(void)dup2(order_fd, STDIN_FILENO);
	bool private_mounts = take_place(pipes->output[1], report_fd);
	if (text_read_fd(&bytes, STDIN_FILENO) < 0 ||
	    frame_parse(bytes.buf, bytes.length, &frame, &e) <= 0 ||
	    run_order_read(&frame, &order, &e) < 0)
		_exit(0); /* nobody needs it any more */
	read_nothing();
	case_main(&order, report_fd, private_mounts);
}

int standby_start(struct standby *standby, struct err *e)
{
	CLEAN_DONE(pipes) struct pipes pipes = {{-1, -1}, {-1, -1}};
	int order[2];
	int r = standby->pid ? 0 : pipes_open(&pipes, e);

	if (standby->pid || r < 0)
		return r;
	if (pipe2(order, O_CLOEXEC) < 0)
		return err_set(e, BLAME_HOST, errno, "make a pipe: %m");
	pid_t pid = fork();
	if (pid == 0)
		standby_main(&pipes, order[0]);
	int error = errno;
	close(order[0]);
	if (pid < 0) {
		close(order[1]);
		return err_set(e, BLAME_HOST, error, "start a process: %m");
	}
	standby->pid = pid;
	standby->order_fd = order[1];
	keep_ends(&pipes, pid, &standby->process);
	return 0;
}

void standby_done(struct standby *standby)
{
	if (!standby->pid)
		return;
	(void)kill(standby->pid, SIGKILL);
	while (waitpid(standby->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(standby->order_fd);
	close(standby->process.report_fd);
	close(standby->process.output_fd);
	*standby = (struct standby)STANDBY_NONE;
}

/* True when it has taken the order. */
static bool standby_take(struct standby *standby, const struct run_order *order,
			 struct case_process *ret)
{
	CLEAN_TEXT struct text bytes = TEXT_INIT(ORDER_MAX);

	if (!standby->pid)
		return false;
	add_order(&bytes, order);
	for (size_t done = 0; done < bytes.length;) {
		ssize_t n = write(standby->order_fd, bytes.buf + done, bytes.length - done);
		if (n < 0 && errno != EINTR) { /* it was killed, for memory or by a case */
			standby_done(standby);
			return false;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	close(standby->order_fd);
	*ret = standby->process;
	*standby = (struct standby)STANDBY_NONE;
	return true;
}

int case_process_start(const struct run_order *order, struct standby *standby,
		       struct case_process *ret, struct err *e)
{
	CLEAN_DONE(pipes) struct pipes pipes = {{-1, -1}, {-1, -1}};

	/* Who stands by has its own mounts already, and has not seen a suite's disks come. */
	if (!is_bundle_order(order) && standby_take(standby, order, ret))
		return 0;
	int r = pipes_open(&pipes, e);
	if (r < 0)
		return r;
	pid_t pid = fork();
	if (pid == 0) {
		bool private_mounts = take_place(pipes.output[1], pipes.report[1]);
		read_nothing();
		case_main(order, pipes.report[1], private_mounts);
	}
	if (pid < 0)
		return err_set(e, BLAME_HOST, errno, "start a process: %m");
	keep_ends(&pipes, pid, ret);
	return 0;
}
