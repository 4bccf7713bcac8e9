/* SPDX-License-Identifier: Apache-2.0 */
/* The audit's side of the host: starts the shut-in child, asks it, and makes a result of whatever becomes of it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "guest/kit/trial.h"
#include "host/image/audit_wire.h"
#include "host/image/describe.h"
#include "host/image/export.h"
#include "host/image/identify.h"
#include "host/image/image.h"
#include "host/image/memory.h"
#include "host/image/remote.h"

#define LOOK	      "look-" DESCRIPTION_REVISION /* with a helper more is found */
#define CHILD_CPU_S   3600
#define DESCRIBE_SPAN (60 * NS_PER_S)
#define REMOTE_SPAN                                                                                \
	(600 * NS_PER_S) /* a kernel boots, without acceleration perhaps, and reads all folders */
#define GRACE_NS                                                                                   \
	(2 * NS_PER_S) /* beyond a case's time: the child may have to look at the disk first */
#define END_SPAN (2 * NS_PER_S)

/* Address space for 4 million files and their names; the address sanitizer needs terabytes of it. */
#if defined(__SANITIZE_ADDRESS__)
#define CHILD_MEMORY 0
#else
#define CHILD_MEMORY (2ULL << 30)
#endif

struct auditor {
	const struct image *image;
	const struct image_helper *helper; /* NULL: none */
	void *helper_opened;
	bool helper_failed;
	struct export export;
	struct child child;
	int fd; /* -1: no child is there */
	struct text in, out;
};

#define AUDITOR_INIT(img, helps)                                                                   \
	{                                                                                          \
		.image = (img), .helper = (helps), .export = EXPORT_INIT, .child = CHILD_INIT,     \
		.fd = -1, .in = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),                       \
		.out = TEXT_INIT(FRAME_HEADER + FRAME_PAYLOAD_MAX),                                \
	}

static void auditor_stop(struct auditor *auditor)
{
	scope_close(&auditor->fd);
	auditor->fd = -1;
	child_done(&auditor->child);
	export_done(&auditor->export);
}

static void auditor_done(struct auditor *auditor)
{
	auditor_stop(auditor);
	if (auditor->helper_opened)
		auditor->helper->close(auditor->helper_opened);
	text_done(&auditor->in);
	text_done(&auditor->out);
}
DEFINE_CLEAN_DONE(auditor);

static int auditor_start(struct auditor *auditor, struct err *e)
{
	int ends[2];
	int r = export_open(auditor->image, &auditor->export, e);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, BLAME_HOST, errno, "socketpair: %m");
	auditor->fd = ends[0];
	CLEAN_FD int theirs = ends[1];
	struct child_fd fds[2 + IMAGE_CHAIN_MAX] = {
		{theirs, AUDIT_SOCKET_FD},
		{auditor->export.fd, AUDIT_DISK_FD},
	};
	for (unsigned i = 0; i < auditor->export.file_count; i++)
		fds[2 + i] = (struct child_fd){auditor->export.files[i], AUDIT_FILES_FD + (int)i};
	const char *argv[] = {AUDIT_CHILD_PROGRAM, AUDIT_CHILD_NAME, auditor->export.kind,
			      auditor->helper ? AUDIT_WITH_HELPER : AUDIT_WITHOUT_HELPER, NULL};
	const struct child_spec spec = {
		.argv = argv,
		.fds = fds,
		.fd_count = 2 + auditor->export.file_count,
		.limit_memory = CHILD_MEMORY,
		.limit_cpu_s = CHILD_CPU_S,
	};
	r = child_start(&spec, &auditor->child, e);
	if (r < 0)
		return err_wrap(e, "audit %.150s", auditor->image->name);
	scope_close(&auditor->export.fd); /* the child's alone: it sees when the daemon ends */
	auditor->export.fd = -1;
	return 0;
}

#define HELPER_ARGUMENTS_MAX 8

/* The child's question as a verb and arguments in `memory`, which is as long as the frame. */
static int read_question(const struct frame *frame, char *memory, const char **ret_verb,
			 const char *arguments[HELPER_ARGUMENTS_MAX + 1], struct err *e)
{
	struct field field;
	size_t count = 0;
	int r;

	*ret_verb = "";
	for (size_t at = 0; (r = frame_next(frame, &at, &field, e)) > 0;) {
		if (field.key != FIELD_NAME &&
		    (field.key != FIELD_TEXT || count == HELPER_ARGUMENTS_MAX))
			return err_set(e, BLAME_BUG, EBADMSG,
				       "the audit's child asks in a way that nobody knows");
		memcpy(memory, field.bytes, field.length);
		memory[field.length] = '\0';
		if (field.key == FIELD_NAME)
			*ret_verb = memory;
		else
			arguments[count++] = memory;
		memory += field.length + 1;
	}
	return r;
}

/* Hands a question of the child on to the micro-VM's agent, and the reply back. */
static int help(struct auditor *auditor, const struct frame *frame, const struct patience *p,
		struct err *e)
{
	CLEAN_TEXT struct text reply = TEXT_INIT(REMOTE_REPLY_MAX);
	CLEAN_FREE char *memory = xnew(frame->length + 1);
	const char *verb, *arguments[HELPER_ARGUMENTS_MAX + 1] = {NULL};
	const struct image_helper *helper = auditor->helper;
	int code = 0, r = read_question(frame, memory, &verb, arguments, e);

	if (r < 0)
		return r;
	if (!helper || !has_prefix(verb, AUDIT_HELPER_VERBS))
		return err_set(e, BLAME_BUG, EPERM,
			       "the audit's child asks for what it may not have");
	if (!auditor->helper_opened)
		r = helper->open(helper->arg, auditor->image, p, &auditor->helper_opened, e);
	if (r == 0)
		r = helper->call(auditor->helper_opened, p, verb, arguments, &reply, &code, e);
	if (r < 0)
		return r;
	text_clear(&auditor->out);
	frame_open(&auditor->out, FRAME_REPLY);
	field_number(&auditor->out, FIELD_CODE, (uint64_t)code);
	field_bytes(&auditor->out, FIELD_TEXT, reply.buf, reply.length);
	frame_close(&auditor->out);
	return wait_write(p, auditor->fd, auditor->out.buf, auditor->out.length,
			  "the audit's child", e);
}

/* Sends what is in `out` and waits for the answer, helping meanwhile. */
static int ask(struct auditor *auditor, const struct patience *p, struct frame *ret, struct err *e)
{
	int r = wait_write(p, auditor->fd, auditor->out.buf, auditor->out.length,
			   "the audit's child", e);

	while (r == 0) {
		r = audit_receive(auditor->fd, p, &auditor->in, ret, e);
		if (r < 0 || ret->type != FRAME_CALL)
			break;
		r = help(auditor, ret, p, e);
		if (r < 0) {
			auditor->helper_failed = true;
			return err_wrap(e, "read through a micro-VM");
		}
	}
	return r;
}

/* The child has closed its socket: how did it end? Says so in `words`; true when that is the host's fault. */
static bool explain_end(struct auditor *auditor, struct text *words)
{
	const struct patience p = patience_for(-1, END_SPAN);
	struct err ignored = {0};
	char status_text[64];
	int status = 0;

	if (child_wait(&auditor->child, &p, &status, &ignored) < 0) {
		(void)text_adds(words, "closed its socket but lives on");
		return false;
	}
	if (export_has_failed(&auditor->export, words))
		return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) == AUDIT_EXIT_DISK) {
		(void)text_adds(words, "the disk could not be opened");
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == AUDIT_EXIT_SANDBOX) {
		(void)text_adds(
			words,
			"the sandbox could not be set up; is seccomp missing in this kernel?");
		return true;
	}
	(void)text_adds(words, child_status_text(status, status_text, sizeof status_text));
	return false;
}

/* One look: the description's lines. */
static int look(const struct image *image, const struct image_helper *helper,
		const struct patience *p, struct text *lines, struct err *e)
{
	CLEAN_DONE(auditor) struct auditor auditor = AUDITOR_INIT(image, helper);
	CLEAN_TEXT struct text words = TEXT_INIT(256);
	struct field field;
	struct frame frame;
	int r = auditor_start(&auditor, e);

	if (r < 0)
		return r;
	frame_open(&auditor.out, FRAME_CALL);
	field_text(&auditor.out, FIELD_NAME, "describe");
	frame_close(&auditor.out);
	r = ask(&auditor, p, &frame, e);
	if ((r == -ECONNRESET || r == -EPIPE) && !auditor.helper_failed) {
		bool is_ours = explain_end(&auditor, &words);
		return err_set(e, is_ours ? BLAME_HOST : BLAME_USER, EIO,
			       "%.150s cannot be looked into: the reader of its filesystems %s",
			       image->name, words.buf);
	}
	if (r < 0)
		return err_wrap(e, "look into %.150s", image->name);
	if (frame.type != FRAME_REPLY || frame_find(&frame, FIELD_TEXT, &field, e) <= 0)
		return err_set(e, BLAME_BUG, EBADMSG, "look into %.150s: the answer is none",
			       image->name);
	text_clear(lines);
	(void)text_add(lines, field.bytes, field.length);
	return 0;
}

/* Without a micro-VM first: that is fast and mostly enough. */
int identify(struct image *image, const struct image_options *options, const struct patience *p,
	     struct err *e)
{
	CLEAN_TEXT struct text lines = TEXT_INIT(DESCRIPTION_MAX);
	const char *folder = options->cache_folder, *what = options->helper ? LOOK "-helped" : LOOK;
	const struct patience soon = patience_within(p, DESCRIBE_SPAN);
	int r;

	if (memory_recall(folder, image->digest, what, &lines)) {
		description_read(lines.buf, image);
		return 0;
	}
	r = look(image, NULL, &soon, &lines, e);
	if (r < 0)
		return r;
	description_read(lines.buf, image);
	if (image->needs_micro_vm && options->helper) {
		const struct patience long_enough = patience_within(p, REMOTE_SPAN);
		r = look(image, options->helper, &long_enough, &lines, e);
		if (r < 0)
			return r;
		image->filesystem_count = 0;
		description_read(lines.buf, image);
	}
	memory_keep(folder, image->digest, what, lines.buf);
	return 0;
}

/* ---- running cases ---- */

struct order {
	bool sabotage;
	const char *parameters;
	const struct patience *p;
};

static int ask_case(struct auditor *auditor, const struct order *order, const struct case_def *def,
		    struct result *result, struct err *e)
{
	/* The first case of a child pays for the look at the disk, with a micro-VM that is a boot. */
	const uint64_t span =
		case_timeout_s(&def->info) * NS_PER_S + (auditor->helper ? REMOTE_SPAN : GRACE_NS);
	const struct patience soon = patience_within(order->p, span);
	struct frame frame;

	text_clear(&auditor->out);
	frame_open(&auditor->out, FRAME_RUN);
	field_text(&auditor->out, FIELD_ID, result->id);
	field_number(&auditor->out, FIELD_FLAGS, order->sabotage ? RUN_SABOTAGE : 0);
	field_text(&auditor->out, FIELD_TEXT, order->parameters ? order->parameters : "");
	frame_close(&auditor->out);
	int r = ask(auditor, &soon, &frame, e);
	if (r == 0 && frame.type != FRAME_RESULT)
		return err_set(e, BLAME_BUG, EBADMSG,
			       "the audit's child answers with a frame of type %u", frame.type);
	return r < 0 ? r : audit_decode_result(&frame, result, e);
}

/* The child is gone or stuck: that is the case's outcome. A negative errno when it is not the case's fault. */
static int conclude_loss(struct auditor *auditor, const struct order *order, int why,
			 struct result *result, struct err *e)
{
	CLEAN_TEXT struct text words = TEXT_INIT(256);
	int r = 0;

	if (auditor->helper_failed || why == -ECANCELED ||
	    (why == -ETIMEDOUT && patience_left_ns(order->p) == 0))
		return why;
	if (why == -ETIMEDOUT)
		result_set(result, OUTCOME_BROKEN, "the case did not end within its time");
	else if (why != -ECONNRESET && why != -EPIPE)
		r = why;
	else if (explain_end(auditor, &words))
		r = err_set(e, BLAME_HOST, EIO, "audit %.150s: %s", auditor->image->name,
			    words.buf);
	else
		result_set(result, OUTCOME_BROKEN, "the process that ran the case %s", words.buf);
	auditor_stop(auditor);
	if (r == 0)
		err_clear(e);
	return r;
}

static int run_case(struct auditor *auditor, const struct order *order, const char *id,
		    struct result *result, struct err *e)
{
	const struct case_def *def = cases_find(id);
	int r = 0;

	if (!def || def->info.kind != CASE_KIND_AUDIT) {
		result_set(result, OUTCOME_BROKEN, "there is no audit case %s", id);
		return 0;
	}
	if (auditor->fd < 0)
		r = auditor_start(auditor, e);
	if (r < 0)
		return r;
	r = ask_case(auditor, order, def, result, e);
	return r < 0 ? conclude_loss(auditor, order, r, result, e) : 0;
}

int image_audit(const struct image *image, const struct image_options *options UNUSED,
		const char *const *ids, size_t count, bool sabotage, const char *parameters,
		const struct patience *p, audit_result_fn *on_result, void *arg, struct err *e)
{
	const struct image_helper *helper = image->needs_micro_vm ? options->helper : NULL;
	CLEAN_DONE(auditor) struct auditor auditor = AUDITOR_INIT(image, helper);
	const struct order order = {sabotage, parameters, p};

	if (image->problem[0])
		return err_set(
			e, BLAME_HOST, ENOTSUP,
			"%.80s: not all of its files can be read offline: %.300s; run the other kinds of cases: "
			"--kind guest --kind host",
			image->name, image->problem);
	if (image->needs_micro_vm && !helper)
		return err_set(
			e, BLAME_HOST, ENOTSUP,
			"%.150s: its files lie in %s, which is read in a micro-VM only, and there is no kernel "
			"for one; `assay doctor` says how to get one",
			image->name, image->root_type[0] ? image->root_type : "a filesystem");
	for (size_t i = 0; i < count; i++) {
		CLEAN_DONE(result) struct result result;
		result_init(&result, ids[i]);
		int r = run_case(&auditor, &order, ids[i], &result, e);
		if (r < 0)
			return r;
		result.sabotaged = sabotage;
		result.wall_ns = clock_wall_ns();
		on_result(arg, &result);
	}
	return 0;
}
