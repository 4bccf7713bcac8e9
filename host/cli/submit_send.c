/* SPDX-License-Identifier: Apache-2.0 */
/* Sending what waits in the outbox. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/secret.h"
#include "host/cli/submit.h"
#include "host/cli/verb.h"
#include "host/report/escape.h"
#include "host/submit/backoff.h"

#define TOKEN_MAX      16384
#define SLOWEST_UPLOAD 65536 /* bytes a second: what is large gets more time */

void sending_done(struct sending *sending)
{
	explicit_bzero(sending->token.buf, sending->token.length);
	text_done(&sending->token);
	outbox_done(&sending->outbox);
}

/* ---- the token ---- */

static int read_token_file(const char *path, struct text *token, struct err *e)
{
	CLEAN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat_;

	if (fd < 0 || fstat(fd, &stat_) < 0)
		return err_set(e, BLAME_USER, errno, "open the token's file %s: %m", path);
	if (S_ISREG(stat_.st_mode) && (stat_.st_mode & 077))
		log_warning("others may read the token's file %s: chmod 600 is safer", path);
	int r = text_read_fd(token, fd);
	return r < 0 ? err_set(e, BLAME_USER, -r, "read the token's file %s: %m", path) : 0;
}

static int read_given(const struct submit_arguments *arguments, struct text *token, struct err *e)
{
	const char *of_environment = secure_getenv("ASSAY_SUBMIT_TOKEN");

	if (arguments->token_file)
		return read_token_file(arguments->token_file, token, e);
	if (arguments->token_fd >= 0) {
		int r = text_read_fd(token, (int)arguments->token_fd);
		return r < 0 ? err_set(e, BLAME_USER, -r, "read the token from descriptor %lld: %m",
				       arguments->token_fd)
			     : 0;
	}
	if (!of_environment || !of_environment[0])
		return err_set(e, BLAME_USER, EINVAL,
			       "sending needs a token: --token-file FILE, --token-fd FD or "
			       "$ASSAY_SUBMIT_TOKEN");
	return text_adds(token, of_environment) < 0
		       ? err_set(e, BLAME_USER, EMSGSIZE, "$ASSAY_SUBMIT_TOKEN is too long")
		       : 0;
}

/* It becomes a part of a line of HTTP. */
static bool is_token(const char *token)
{
	for (const char *at = token; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return token[0] != '\0';
}

int read_token(const struct submit_arguments *arguments, struct text *token, struct err *e)
{
	text_init(token, TOKEN_MAX);
	int r = read_given(arguments, token, e);
	if (r < 0)
		return r;
	while (token->length > 0 && strchr("\r\n", token->buf[token->length - 1]))
		text_cut(token, token->length - 1);
	if (strlen(token->buf) != token->length || !is_token(token->buf))
		return err_set(
			e, BLAME_USER, EINVAL,
			"the token is not one line of letters, digits and signs without blanks");
	if (!secret_add(token->buf))
		return err_set(e, BLAME_USER, EINVAL,
			       "the token cannot be hidden in what is told: it has fewer than %d "
			       "characters, or %s in it",
			       SECRET_MIN, SECRET_MASK);
	return 0;
}

/* ---- what is said ---- */

static const char *plural(unsigned count)
{
	return count == 1 ? "" : "s";
}

static void add_doubt(const struct submission *it, struct text *out)
{
	if (it->unanswered > 0)
		(void)text_addf(
			out,
			"; %u of %u tries had no answer that says whether it came through: it may be "
			"there more than once, under the same ids",
			it->unanswered, it->tries);
}

static void add_state(const struct submission *it, struct text *out)
{
	char iso[CLOCK_ISO_SIZE];

	switch (it->state) {
	case SUBMISSION_TAKEN:
		(void)text_addf(out, "taken as %s", it->id);
		break;
	case SUBMISSION_REFUSED:
		(void)text_addf(out, "refused for good: %s", it->say);
		break;
	case SUBMISSION_WAITING:
		(void)text_addf(out, "waits, tried %u time%s%s%s", it->tries, plural(it->tries),
				it->say[0] ? ": " : "", it->say);
		if (it->not_before_ns > 0)
			(void)text_addf(out, "; not before %s", clock_iso(it->not_before_ns, iso));
		break;
	}
	add_doubt(it, out);
}

int tell_submission(const struct sending *sending, const struct submission *it, const char *words,
		    struct err *e)
{
	CLEAN_TEXT struct text line = TEXT_INIT(SUBMISSION_MAX),
			       shown = TEXT_INIT(4 * SUBMISSION_MAX);

	if (sending->arguments->json) {
		submission_tell(it, &line);
		(void)text_adds(&line, "\n");
		return print_out(&line, e);
	}
	(void)text_addf(&line, "%s to %s: ", it->run, it->url);
	if (words)
		(void)text_adds(&line, words);
	else
		add_state(it, &line);
	escape_terminal(&shown, line.buf, false);
	(void)text_adds(&shown, "\n");
	return print_out(&shown, e);
}

/* ---- one try ---- */

int finish(const struct sending *sending, const struct submission *it, struct err *e)
{
	int r = 0;

	if (access(it->folder, F_OK) < 0 && errno == ENOENT)
		log_warning("the receipt of %s is kept nowhere: the run's folder is gone", it->run);
	else
		r = receipt_keep(it, e);
	return r == 0 ? outbox_remove(&sending->outbox, it->key, e) : r;
}

static int try_once(const struct sending *sending, struct submission *it, const struct text *body,
		    struct answer *answer, uint64_t *ret_asked_ns, struct err *e)
{
	CLEAN_DONE(http_answer) struct http_answer http = HTTP_ANSWER_INIT;
	const struct http_request request = {
		.url = it->url,
		.token = sending->token.buf,
		.body = body->buf,
		.length = body->length,
		.cacert = sending->arguments->cacert,
		.timeout_ns = sending->timeout_ns + body->length / SLOWEST_UPLOAD * NS_PER_S,
		.tls = sending->arguments->plain_http ? HTTP_TLS_OR_PLAIN : HTTP_TLS_ALONE,
	};

	submission_begin(it, clock_wall_ns());
	int r = outbox_save(&sending->outbox, it, e);
	if (r == 0)
		r = http_post(&request, &http, e);
	if (r < 0)
		return r;
	answer_read(&http, answer);
	submission_end(it, answer, http.status, clock_wall_ns());
	*ret_asked_ns = http.retry_after_ns;
	return outbox_save(&sending->outbox, it, e);
}

/* Until then nothing is sent: 0 it has come, -ETIMEDOUT it is beyond patience. */
static int await_turn(const struct sending *sending, const struct submission *it, struct err *e)
{
	uint64_t now_ns = clock_wall_ns();

	if (it->not_before_ns <= now_ns)
		return 0;
	uint64_t span_ns = it->not_before_ns - now_ns;
	if (span_ns > patience_left_ns(&sending->patience))
		return -ETIMEDOUT;
	return wait_span(&sending->patience, span_ns, "the service", e);
}

/* The time of the next try is kept: whoever tries next keeps to it as well. -ETIMEDOUT: it is beyond patience. */
static int wait_for_next(struct sending *sending, struct submission *it, uint64_t asked_ns,
			 struct err *e)
{
	uint64_t span_ns = backoff_ns(it->tries, asked_ns, &sending->random);
	char span[CLOCK_SPAN_SIZE];

	if (asked_ns > 0)
		it->not_before_ns = clock_wall_ns() + asked_ns;
	int r = asked_ns > 0 ? outbox_save(&sending->outbox, it, e) : 0;
	if (r < 0)
		return r;
	if (span_ns > patience_left_ns(&sending->patience))
		return -ETIMEDOUT;
	log_info("%s: %s; the next try is in %s", it->run, it->say, clock_span(span_ns, span));
	return wait_span(&sending->patience, span_ns, "the next try", e);
}

static int refuse_by(const struct submission *it, struct err *e)
{
	return err_set(
		e, BLAME_USER, EACCES,
		"%.200s does not let it in: %.200s; it waits, `assay submit --pending` sends "
		"it when that is mended",
		it->url, it->say);
}

static int send_until(struct sending *sending, struct submission *it, struct err *e)
{
	CLEAN_TEXT struct text body = TEXT_INIT(0);
	struct answer answer = {.kind = ANSWER_LATER};
	uint64_t asked_ns = 0;

	int r = await_turn(sending, it, e);
	if (r == 0)
		r = outbox_body(&sending->outbox, it, &body, e);
	while (r == 0 && it->state == SUBMISSION_WAITING) {
		r = try_once(sending, it, &body, &answer, &asked_ns, e);
		if (r == 0 && answer.kind == ANSWER_DENIED)
			return refuse_by(it, e);
		if (r == 0 && answer.kind == ANSWER_LATER)
			r = wait_for_next(sending, it, asked_ns, e);
	}
	return r == -ETIMEDOUT ? 0 : r;
}

static int send_claimed(struct sending *sending, struct submission *it, struct err *e)
{
	int r = 0;

	if (submission_mourn(it)) {
		log_warning("%s: %s; it is sent again, under the same ids", it->run, it->say);
		r = outbox_save(&sending->outbox, it, e);
	}
	if (r == 0 && it->state == SUBMISSION_WAITING)
		r = send_until(sending, it, e);
	if (r < 0)
		return r;
	sending->refused += it->state == SUBMISSION_REFUSED;
	sending->waiting += it->state == SUBMISSION_WAITING;
	if (it->state != SUBMISSION_WAITING)
		r = finish(sending, it, e);
	return r == 0 ? tell_submission(sending, it, NULL, e) : r;
}

int deliver(struct sending *sending, const char *key, struct err *e)
{
	struct submission it;
	int claim = -1;

	int r = outbox_claim(&sending->outbox, key, &claim, e);
	if (r < 0)
		return r;
	r = outbox_load(&sending->outbox, key, &it, e);
	if (r == 0)
		r = send_claimed(sending, &it, e);
	outbox_release(&sending->outbox, key, &claim);
	return r == -ENOENT && e->code == 0 ? 0 : r; /* another process has done it */
}
