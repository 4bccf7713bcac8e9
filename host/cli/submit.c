/* SPDX-License-Identifier: Apache-2.0 */
/* assay submit: runs go to KernelCI's database, or to another service that takes its reports. */
#include "host/cli/submit.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/quantity.h"
#include "base/secret.h"
#include "host/cli/verb.h"
#include "host/report/report.h"
#include "host/store/run.h"

#define PATIENCE_DEFAULT (300 * NS_PER_S)
#define TIMEOUT_DEFAULT	 (60 * NS_PER_S)
#define SPAN_MAX	 (7 * 86400 * NS_PER_S)
#define RUNS_MAX	 1000

static const struct option_line options[] = {
	OPTION_FLAG("again", 0, struct submit_arguments, again,
		    "also what the service has taken before"),
	OPTIONS_JUDGE(struct submit_arguments),
	OPTION_JUDGE_AT(struct submit_arguments),
	OPTION_TEXT("cacert", 0, struct submit_arguments, cacert, "FILE",
		    "trust the certificates in FILE (PEM) instead of the system's"),
	OPTION_FLAG("drop", 0, struct submit_arguments, drop,
		    "take the runs out of the outbox, unsent"),
	OPTION_FLAG("json", 0, struct submit_arguments, json,
		    "print a JSON object for each, see assay-submissions(5)"),
	OPTION_FLAG("list", 0, struct submit_arguments, list, "show what waits in the outbox"),
	OPTION_TEXT("origin", 0, struct submit_arguments, origin, "NAME",
		    "who reports, as agreed with KernelCI (else assay)"),
	OPTION_TEXT("patience", 0, struct submit_arguments, patience, "SPAN",
		    "go on trying for so long, such as 30s or 1h (else 5m); 0s: try once"),
	OPTION_FLAG("pending", 0, struct submit_arguments, pending,
		    "send what waits in the outbox"),
	OPTION_FLAG("plain-http", 0, struct submit_arguments, plain_http,
		    "let the token go over http:// to other machines too, for all to read"),
	OPTION_TEXT("timeout", 0, struct submit_arguments, timeout, "SPAN",
		    "give up a try after so long (else 60s, and a second for each 64 KiB)"),
	OPTION_TEXT("to", 0, struct submit_arguments, to, "URL",
		    "the service, such as https://db.kernelci.org/"),
	OPTION_NUMBER("token-fd", 0, struct submit_arguments, token_fd, "FD", 0, 1 << 20,
		      "read the token from that descriptor"),
	OPTION_TEXT("token-file", 0, struct submit_arguments, token_file, "FILE",
		    "read the token from FILE"),
};

static int run(int argc, char **argv, struct err *e);

const struct verb verb_submit = {
	.name = "submit",
	.operands = "[RUN ...]",
	.title = "send runs to KernelCI's database, and what could not be sent before",
	.run = run,
	.options = options,
	.option_count = ARRAY_LEN(options),
	.details =
		"RUN is a folder, an id, a part of an id that fits one run only, or `last`. What is sent is what\n"
		"`assay report --format kcidb` tells. The token comes by --token-file, --token-fd or ASSAY_SUBMIT_TOKEN.\n\n"
		"What is to be sent lies in an outbox until the service has answered: whatever ends this program, nothing is\n"
		"lost. Failed tries are repeated, ever more seldom; what is still there afterwards waits for `assay submit\n"
		"--pending`. What the service said is kept in submissions.jsonl in the run's folder (assay-submissions(5)), and\n"
		"what it has taken is not sent to it twice.\n\n"
		"Exit status: 0 all is taken, 1 the service refused something for good, 2 something waits; 64 usage, or the\n"
		"service does not let it in; 70 this machine.",
};

/* ---- the arguments ---- */

static int read_span(const char *option, const char *given, uint64_t least_ns, uint64_t *ret,
		     struct err *e)
{
	struct quantity span;

	if (!given)
		return 0;
	if (quantity_parse(given, &span) < 0 || span.kind != QUANTITY_TIME ||
	    span.amount < least_ns || span.amount > SPAN_MAX)
		return err_set(e, BLAME_USER, EINVAL,
			       "--%s: '%.40s' is no time such as 30s or 5m, up to 7d", option,
			       given);
	*ret = span.amount;
	return 0;
}

static int check_ways(const struct submit_arguments *arguments, int operands, struct err *e)
{
	int ways = arguments->pending + arguments->list + arguments->drop;

	if (ways > 1)
		return err_set(e, BLAME_USER, EINVAL,
			       "--pending, --list and --drop are one at a time");
	if (operands > 0 && (arguments->pending || arguments->list))
		return err_set(e, BLAME_USER, EINVAL,
			       "--pending and --list are of all that waits: name no run");
	if (operands == 0 && !arguments->pending && !arguments->list)
		return err_set(e, BLAME_USER, EINVAL,
			       "which run? `assay runs` shows them, and `last` is the newest");
	if (arguments->token_file && arguments->token_fd >= 0)
		return err_set(e, BLAME_USER, EINVAL,
			       "--token-file and --token-fd are one too many");
	if (ways == 0 && !arguments->to)
		return err_set(e, BLAME_USER, EINVAL,
			       "whom to? --to https://db.kernelci.org/ is KernelCI");
	if (!report_is_origin(arguments->origin))
		return err_set(e, BLAME_USER, EINVAL,
			       "--origin %.40s: KernelCI takes small letters, digits and '_' alone",
			       arguments->origin);
	return 0;
}

/* The service's address becomes that of its entry. */
static int read_address(const struct submit_arguments *arguments, char url[HTTP_URL_SIZE],
			struct err *e)
{
	char base[HTTP_URL_SIZE];

	if (!arguments->to)
		return 0;
	int r = http_address(arguments->to,
			     arguments->plain_http ? HTTP_TLS_OR_PLAIN : HTTP_TLS_ALONE, base, e);
	if (r < 0)
		return err_wrap(e, "--to");
	size_t length = strlen(base);
	while (length > 0 && base[length - 1] == '/')
		base[--length] = '\0';
	int written = snprintf(url, HTTP_URL_SIZE, "%s%s", base,
			       has_suffix(base, "/submit") ? "" : "/submit");
	return written >= HTTP_URL_SIZE
		       ? err_set(e, BLAME_USER, ENAMETOOLONG, "--to: the address is too long")
		       : 0;
}

static int begin(const struct submit_arguments *arguments, struct sending *sending, struct err *e)
{
	uint64_t patience_ns = PATIENCE_DEFAULT;

	sending->arguments = arguments;
	sending->timeout_ns = TIMEOUT_DEFAULT;
	if (getrandom(&sending->random, sizeof sending->random, 0) < 0)
		sending->random.state = clock_now_ns();
	int r = read_span("patience", arguments->patience, 0, &patience_ns, e);
	if (r == 0)
		r = read_span("timeout", arguments->timeout, NS_PER_MS, &sending->timeout_ns, e);
	if (r == 0)
		r = read_address(arguments, sending->url, e);
	if (r == 0)
		r = outbox_open(&sending->outbox, e);
	sending->patience = patience_for(-1, patience_ns);
	return r;
}

/* ---- what is to be sent ---- */

static int check_run(const struct run *run, struct err *e)
{
	if (run->is_going)
		return err_set(e, BLAME_USER, EBUSY,
			       "run %s is still going on: submit it when it has ended", run->id);
	if (run->proves)
		return err_set(e, BLAME_USER, EINVAL,
			       "run %s is a proof, which tells of the cases and not of the image",
			       run->id);
	return 0;
}

/* It is sent as it is kept: without secrets. */
static int write_body(const struct submit_arguments *arguments, const struct run *run,
		      struct text *body, struct err *e)
{
	CLEAN_DONE(judge_setup) struct judge_setup setup = {0};
	CLEAN_DONE(judgement) struct judgement judgement = {0};

	int r = judge_setup_make(&arguments->judge, run, &setup, e);
	if (r < 0)
		return r;
	judge_by(run, &setup.inputs, &judgement);
	report_kcidb(run, &judgement, arguments->origin, body);
	secret_hide_json(body);
	return body->overflowed ? err_set(e, BLAME_USER, EMSGSIZE,
					  "run %s is too large to be told in one piece", run->id)
				: 0;
}

/* What was under way may be there already: it is not replaced by something else. */
static int put_beside(const struct sending *sending, struct submission *there,
		      struct submission *it, const struct text *body, struct err *e)
{
	char sha256[SHA256_SIZE];

	if (there->tries == 0)
		return outbox_put(&sending->outbox, it, body, e);
	if (strcmp(sha256_text(body->buf, body->length, sha256), there->sha256) != 0)
		log_warning("%s has been tried before, and what was sent then is sent now: the run "
			    "would be told otherwise by now; --drop lets go of it",
			    it->run);
	return 0;
}

static int put_new(const struct sending *sending, struct submission *it, const struct text *body,
		   bool *ret_is_there, struct err *e)
{
	struct receipt receipt;
	char sha256[SHA256_SIZE];

	int r = receipt_find(it->folder, it->key, &receipt, e);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT || sending->arguments->again)
		return outbox_put(&sending->outbox, it, body, e);
	(void)sha256_text(body->buf, body->length, sha256);
	if (strcmp(sha256, receipt.sha256) != 0)
		return err_set(
			e, BLAME_USER, EEXIST,
			"%.200s has run %s since %s, told otherwise; it keeps what it was told "
			"first, and --again sends it nevertheless",
			it->url, it->run, receipt.ended);
	CLEAN_FREE char *words =
		xasprintf("it is there since %s as %s, nothing is sent", receipt.ended, receipt.id);
	it->state = SUBMISSION_TAKEN;
	memcpy(it->sha256, sha256, sizeof it->sha256);
	memcpy(it->id, receipt.id, sizeof it->id);
	it->size = body->length;
	*ret_is_there = true;
	return tell_submission(sending, it, words, e);
}

static int put_claimed(const struct sending *sending, struct submission *it,
		       const struct text *body, bool *ret_is_there, struct err *e)
{
	struct submission there;

	int r = outbox_load(&sending->outbox, it->key, &there, e);
	if (r == 0 && there.state == SUBMISSION_WAITING)
		return put_beside(sending, &there, it, body, e);
	if (r == 0)
		r = finish(sending, &there, e);
	return r == 0 || (r == -ENOENT && e->code == 0)
		       ? put_new(sending, it, body, ret_is_there, e)
		       : r;
}

/* Gives the key; "": the service has it already. */
static int put_run(const struct sending *sending, const char *name, char ret_key[SHA256_SIZE],
		   struct err *e)
{
	CLEAN_FREE char *found = NULL, *folder = NULL;
	CLEANUP(run) struct run *run = NULL;
	CLEAN_TEXT struct text body = TEXT_INIT(REPORT_MAX);
	struct submission it;
	bool is_there = false;
	int claim = -1;

	int r = find_run(name, &found, e);
	if (r == 0)
		r = read_run(found, &run, e);
	if (r == 0)
		r = check_run(run, e);
	if (r == 0 && !(folder = realpath(found, NULL)))
		r = err_set(e, BLAME_HOST, errno, "find the folder %s: %m", found);
	if (r == 0)
		r = write_body(sending->arguments, run, &body, e);
	if (r == 0)
		r = submission_init(&it, sending->url, sending->arguments->origin, run->id, folder,
				    e);
	if (r == 0)
		r = outbox_claim(&sending->outbox, it.key, &claim, e);
	if (r < 0)
		return r;
	it.queued_ns = clock_wall_ns();
	r = put_claimed(sending, &it, &body, &is_there, e);
	outbox_release(&sending->outbox, it.key, &claim);
	(void)snprintf(ret_key, SHA256_SIZE, "%s", is_there ? "" : it.key);
	return r;
}

/* ---- the ways ---- */

static int exit_code(const struct sending *sending)
{
	if (sending->refused > 0)
		return EXIT_BLOCK;
	return sending->waiting > 0 ? EXIT_UNDECIDED : EXIT_SHIP;
}

/* One that fails does not keep the others from being sent; the first error is told at the end. */
static int send_runs(struct sending *sending, int count, char **names, struct err *e)
{
	CLEAN_FREE char(*keys)[SHA256_SIZE] = xnew((size_t)count * sizeof *keys);
	struct err later = {0};

	int r = read_token(sending->arguments, &sending->token, e);
	if (r < 0)
		return r;
	for (int i = 0; i < count; i++) {
		struct err why = {0};
		if (put_run(sending, names[i], keys[i], &why) < 0 && later.code == 0)
			later = why;
	}
	for (int i = 0; i < count && r == 0; i++)
		if (keys[i][0])
			r = deliver(sending, keys[i], e);
	if (r == 0 && later.code != 0) {
		*e = later;
		r = -later.code;
	}
	return r < 0 ? r : exit_code(sending);
}

static int read_list(const struct sending *sending, struct submissions *ret, struct err *e)
{
	CLEAN_TEXT struct text remarks = TEXT_INIT(1U << 20);

	int r = outbox_list(&sending->outbox, ret, &remarks, e);
	print_remarks(&remarks);
	return r;
}

/* The token is for one service. */
static int check_one_service(const struct submissions *list, struct err *e)
{
	vec_each (list, it)
		if (strcmp(it->url, list->items[0].url) != 0)
			return err_set(
				e, BLAME_USER, EINVAL,
				"what waits is for several services, %.150s and %.150s, and a "
				"token is for one: --to says which",
				list->items[0].url, it->url);
	return 0;
}

/* The address was checked when it was queued, by the options of then. */
static int check_plain(const struct sending *sending, const struct submission *it, struct err *e)
{
	char url[HTTP_URL_SIZE];

	return http_address(it->url,
			    sending->arguments->plain_http ? HTTP_TLS_OR_PLAIN : HTTP_TLS_ALONE,
			    url, e);
}

static int send_pending(struct sending *sending, struct submissions *list, struct err *e)
{
	int r = read_list(sending, list, e);

	if (r == 0 && !sending->url[0])
		r = check_one_service(list, e);
	if (r == 0 && list->count > 0)
		r = read_token(sending->arguments, &sending->token, e);
	vec_each (list, it) {
		struct err why = {0};
		if (r < 0 || (sending->url[0] && strcmp(it->url, sending->url) != 0))
			continue;
		r = check_plain(sending, it, e);
		int sent = r == 0 ? deliver(sending, it->key, &why) : 0;
		if (sent == -EBUSY)
			log_info("%s: %s", it->run, why.text);
		else if (sent < 0) {
			*e = why;
			r = sent;
		}
	}
	return r < 0 ? r : exit_code(sending);
}

/* Whoever sends it holds its claim; where nobody does, nobody is left. */
static int show_one(const struct sending *sending, struct submission *it, struct err *e)
{
	struct err why = {0};
	int claim = -1;

	if (!it->is_under_way)
		return tell_submission(sending, it, NULL, e);
	int r = outbox_claim(&sending->outbox, it->key, &claim, &why);
	if (r == -EBUSY)
		return tell_submission(sending, it, "is being sent", e);
	outbox_release(&sending->outbox, it->key, &claim);
	(void)submission_mourn(it); /* only as it is told */
	return tell_submission(sending, it, NULL, e);
}

static int show_list(const struct sending *sending, struct submissions *list, struct err *e)
{
	int r = read_list(sending, list, e);

	if (r == 0 && list->count == 0 && !sending->arguments->json)
		log_info("nothing waits in %s", sending->outbox.folder);
	vec_each (list, it)
		if (r == 0 && (!sending->url[0] || strcmp(it->url, sending->url) == 0))
			r = show_one(sending, it, e);
	return r;
}

static int drop_one(const struct sending *sending, const struct submission *it, struct err *e)
{
	int claim = -1;

	int r = outbox_claim(&sending->outbox, it->key, &claim, e);
	if (r < 0)
		return r;
	r = it->state == SUBMISSION_WAITING ? outbox_remove(&sending->outbox, it->key, e)
					    : finish(sending, it, e);
	outbox_release(&sending->outbox, it->key, &claim);
	return r == 0 ? tell_submission(sending, it, "taken out of the outbox", e) : r;
}

static int drop_runs(const struct sending *sending, int count, char **names,
		     struct submissions *list, struct err *e)
{
	int r = read_list(sending, list, e);

	for (int i = 0; i < count && r == 0; i++) {
		unsigned found = 0;
		vec_each (list, it) {
			if (r < 0 || strcmp(it->run, names[i]) != 0 ||
			    (sending->url[0] && strcmp(it->url, sending->url) != 0))
				continue;
			found++;
			r = drop_one(sending, it, e);
		}
		if (r == 0 && found == 0)
			r = err_set(e, BLAME_USER, ENOENT,
				    "nothing of a run '%.100s' waits: --drop takes a whole id, and "
				    "--list shows them",
				    names[i]);
	}
	return r;
}

static int run_parsed(const struct submit_arguments *arguments, int count, char **names,
		      struct err *e)
{
	CLEAN_DONE(sending) struct sending sending = {.token = TEXT_INIT(0)};
	struct submissions list = VEC_INIT(OUTBOX_MAX);

	int r = check_ways(arguments, count, e);
	if (r == 0)
		r = begin(arguments, &sending, e);
	if (r == 0 && arguments->list)
		r = show_list(&sending, &list, e);
	else if (r == 0 && arguments->drop)
		r = drop_runs(&sending, count, names, &list, e);
	else if (r == 0 && arguments->pending)
		r = send_pending(&sending, &list, e);
	else if (r == 0)
		r = send_runs(&sending, count, names, e);
	vec_done(&list);
	return r;
}

static int run(int argc, char **argv, struct err *e)
{
	struct submit_arguments arguments = {.token_fd = -1, .origin = "assay"};

	int r = verb_parse(&verb_submit, &argc, argv, 0, RUNS_MAX, &arguments, e);
	r = r == 0 ? run_parsed(&arguments, argc - 1, argv + 1, e) : r < 0 ? r : 0;
	judge_arguments_done(&arguments.judge);
	return r;
}
