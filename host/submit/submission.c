/* SPDX-License-Identifier: Apache-2.0 */
/* Submissions as JSON, and as receipts. */
#include "host/submit/submission.h"

#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "host/store/folder.h"

static const char *const state_names[] = {
	[SUBMISSION_WAITING] = "waiting",
	[SUBMISSION_TAKEN] = "taken",
	[SUBMISSION_REFUSED] = "refused",
};

const char *submission_state_name(enum submission_state state)
{
	return state_names[state];
}

/* ---- its life ---- */

static bool fits(char *buf, size_t size, const char *text)
{
	if (strlen(text) >= size)
		return false;
	memcpy(buf, text, strlen(text) + 1);
	return true;
}

int submission_init(struct submission *it, const char *url, const char *origin, const char *run,
		    const char *folder, struct err *e)
{
	CLEAN_FREE char *name = xasprintf("%s\n%s\n%s\n", url, origin, run);

	*it = (struct submission){.state = SUBMISSION_WAITING};
	(void)sha256_text(name, strlen(name), it->key);
	if (!fits(it->url, sizeof it->url, url) || !fits(it->origin, sizeof it->origin, origin) ||
	    !fits(it->run, sizeof it->run, run) || !fits(it->folder, sizeof it->folder, folder))
		return err_set(e, BLAME_USER, ENAMETOOLONG,
			       "the address, the origin, or the run's id or folder is too long");
	return 0;
}

void submission_begin(struct submission *it, uint64_t now_ns)
{
	it->tries++;
	it->is_under_way = true;
	it->tried_ns = now_ns;
	it->not_before_ns = 0;
}

void submission_end(struct submission *it, const struct answer *answer, unsigned status,
		    uint64_t now_ns)
{
	it->is_under_way = false;
	it->unanswered += answer->is_unknown;
	it->status = status;
	memcpy(it->id, answer->id, sizeof it->id);
	memcpy(it->say, answer->say, sizeof it->say);
	if (answer->kind != ANSWER_TAKEN && answer->kind != ANSWER_REFUSED)
		return;
	it->state = answer->kind == ANSWER_TAKEN ? SUBMISSION_TAKEN : SUBMISSION_REFUSED;
	it->ended_ns = now_ns;
}

bool submission_mourn(struct submission *it)
{
	static const char said[] = "whoever sent it was killed before the answer came";

	if (!it->is_under_way)
		return false;
	it->is_under_way = false;
	it->unanswered++;
	it->status = 0;
	memcpy(it->say, said, sizeof said);
	return true;
}

/* ---- as JSON ---- */

static void member_bool(struct text *out, const char *key, bool value)
{
	json_key(out, key);
	json_bool(out, value);
}

void submission_encode(const struct submission *it, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", SUBMISSION_SCHEMA);
	json_member(out, "state", state_names[it->state]);
	json_member(out, "key", it->key);
	json_member(out, "url", it->url);
	json_member(out, "origin", it->origin);
	json_member(out, "run", it->run);
	json_member(out, "folder", it->folder);
	json_member(out, "sha256", it->sha256);
	json_member_number(out, "size", (long long)it->size);
	json_member_number(out, "queued_ns", (long long)it->queued_ns);
	json_member_number(out, "tries", it->tries);
	json_member_number(out, "unanswered", it->unanswered);
	member_bool(out, "under_way", it->is_under_way);
	json_member_number(out, "tried_ns", (long long)it->tried_ns);
	json_member_number(out, "not_before_ns", (long long)it->not_before_ns);
	json_member_number(out, "ended_ns", (long long)it->ended_ns);
	json_member_number(out, "status", it->status);
	json_member(out, "id", it->id);
	json_member(out, "say", it->say);
	json_close(out, '}');
	text_adds(out, "\n");
}

static int wrong(struct err *e, const char *key)
{
	return err_set(e, BLAME_HOST, EBADMSG, "\"%.60s\" is missing or not what it should be",
		       key);
}

struct numbers {
	json_int_t schema, size, queued, tries, unanswered, tried, not_before, ended, status;
};

static bool are_sane(const struct numbers *n)
{
	return n->size >= 0 && n->queued >= 0 && n->tries >= 0 && n->tries <= UINT_MAX &&
	       n->unanswered >= 0 && n->unanswered <= UINT_MAX && n->tried >= 0 &&
	       n->not_before >= 0 && n->ended >= 0 && n->status >= 0 && n->status < 1000;
}

static int take_numbers(const struct numbers *n, struct submission *it, struct err *e)
{
	if (!are_sane(n))
		return wrong(e, "one of the numbers");
	it->size = (uint64_t)n->size;
	it->queued_ns = (uint64_t)n->queued;
	it->tries = (unsigned)n->tries;
	it->unanswered = (unsigned)n->unanswered;
	it->tried_ns = (uint64_t)n->tried;
	it->not_before_ns = (uint64_t)n->not_before;
	it->ended_ns = (uint64_t)n->ended;
	it->status = (unsigned)n->status;
	return 0;
}

struct words {
	const char *state, *key, *url, *origin, *run, *folder, *sha256, *id, *say;
};

static int take_words(const struct words *w, struct submission *it, struct err *e)
{
	unsigned state = 0;

	while (state < ARRAY_LEN(state_names) && strcmp(state_names[state], w->state) != 0)
		state++;
	if (state == ARRAY_LEN(state_names))
		return wrong(e, "state");
	if (submission_init(it, w->url, w->origin, w->run, w->folder, e) < 0 ||
	    strcmp(it->key, w->key) != 0)
		return wrong(e, "key");
	it->state = (enum submission_state)state;
	if (!is_sha256(w->sha256) || !fits(it->sha256, sizeof it->sha256, w->sha256))
		return wrong(e, "sha256");
	if (!fits(it->id, sizeof it->id, w->id) || !fits(it->say, sizeof it->say, w->say))
		return wrong(e, "say");
	return 0;
}

static int decode_object(json_t *object, struct submission *ret, struct err *e)
{
	json_error_t at;
	struct words w;
	struct numbers n;
	int is_under_way;

	if (json_unpack_ex(
		    object, &at, JSON_STRICT,
		    "{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:b,s:I,s:I,s:I,s:I,s:s,s:s}",
		    "schema", &n.schema, "state", &w.state, "key", &w.key, "url", &w.url, "origin",
		    &w.origin, "run", &w.run, "folder", &w.folder, "sha256", &w.sha256, "size",
		    &n.size, "queued_ns", &n.queued, "tries", &n.tries, "unanswered", &n.unanswered,
		    "under_way", &is_under_way, "tried_ns", &n.tried, "not_before_ns",
		    &n.not_before, "ended_ns", &n.ended, "status", &n.status, "id", &w.id, "say",
		    &w.say) < 0)
		return err_set(e, BLAME_HOST, EBADMSG, "%.100s", at.text);
	if (n.schema != SUBMISSION_SCHEMA)
		return err_set(e, BLAME_USER, ENOTSUP,
			       "it is of another schema than this Assay knows (%d)",
			       SUBMISSION_SCHEMA);
	int r = take_words(&w, ret, e);
	if (r == 0)
		r = take_numbers(&n, ret, e);
	ret->is_under_way = is_under_way;
	return r;
}

int submission_decode(const char *bytes, size_t length, struct submission *ret, struct err *e)
{
	json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
	struct submission it;

	if (!json_is_object(object)) {
		json_decref(object);
		return err_set(e, BLAME_HOST, EBADMSG, "it is no JSON object");
	}
	int r = decode_object(object, &it, e);
	json_decref(object);
	if (r == 0)
		*ret = it;
	return r;
}

/* ---- for readers ---- */

static void member_time(struct text *out, const char *key, uint64_t wall_ns)
{
	char iso[CLOCK_ISO_SIZE];

	json_member(out, key, wall_ns > 0 ? clock_iso(wall_ns, iso) : NULL);
}

void submission_tell(const struct submission *it, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", SUBMISSION_SCHEMA);
	json_member(out, "key", it->key);
	json_member(out, "run", it->run);
	json_member(out, "to", it->url);
	json_member(out, "origin", it->origin);
	json_member(out, "state", state_names[it->state]);
	json_member(out, "sha256", it->sha256);
	json_member_number(out, "size", (long long)it->size);
	member_time(out, "queued", it->queued_ns);
	json_member_number(out, "tries", it->tries);
	json_member_number(out, "unanswered", it->unanswered);
	member_time(out, "tried", it->tried_ns);
	member_time(out, "not_before", it->not_before_ns);
	member_time(out, "ended", it->ended_ns);
	json_key(out, "status");
	it->status > 0 ? json_number(out, it->status) : json_text(out, NULL);
	json_member(out, "id", it->id[0] ? it->id : NULL);
	json_member(out, "message", it->say);
	json_close(out, '}');
}

/* ---- receipts ---- */

static int read_receipts(const char *path, struct text *lines, struct err *e)
{
	int r = text_read_file(lines, path);

	if (r == 0 || r == -ENOENT)
		return 0;
	return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
}

/* The next line without its end; NULL: there is none. */
static const char *next_line(const char **at, size_t *ret_length)
{
	const char *line = *at;

	if (line[0] == '\0')
		return NULL;
	const char *end = strchrnul(line, '\n');
	*ret_length = (size_t)(end - line);
	*at = *end ? end + 1 : end;
	return line;
}

int receipt_keep(const struct submission *it, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" RECEIPTS_FILE, it->folder);
	CLEAN_TEXT struct text there = TEXT_INIT(RECEIPTS_MAX), own = TEXT_INIT(SUBMISSION_MAX);
	size_t length = 0;

	submission_tell(it, &own);
	int r = read_receipts(path, &there, e);
	if (r < 0)
		return r;
	const char *at = there.buf, *line;
	while ((line = next_line(&at, &length)))
		if (length == own.length && memcmp(line, own.buf, length) == 0)
			return 0;
	(void)text_adds(&own, "\n");
	return file_append(path, own.buf, own.length, e);
}

static bool take_receipt(json_t *object, const char *key, struct receipt *ret)
{
	const char *of, *state, *sha256, *id, *ended;

	return json_unpack(object, "{s:s,s:s,s:s,s:s,s:s}", "key", &of, "state", &state, "sha256",
			   &sha256, "id", &id, "ended", &ended) == 0 &&
	       strcmp(of, key) == 0 && strcmp(state, state_names[SUBMISSION_TAKEN]) == 0 &&
	       fits(ret->sha256, sizeof ret->sha256, sha256) && fits(ret->id, sizeof ret->id, id) &&
	       fits(ret->ended, sizeof ret->ended, ended);
}

int receipt_find(const char *folder, const char *key, struct receipt *ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/" RECEIPTS_FILE, folder);
	CLEAN_TEXT struct text lines = TEXT_INIT(RECEIPTS_MAX);
	struct receipt found = {0}, it;
	size_t length = 0;

	int r = read_receipts(path, &lines, e);
	if (r < 0)
		return r;
	const char *at = lines.buf, *line;
	while ((line = next_line(&at, &length))) {
		json_t *object = json_loadb(line, length, 0, NULL); /* a torn line is none */
		if (object && take_receipt(object, key, &it))
			found = it;
		json_decref(object);
	}
	if (found.sha256[0] == '\0')
		return -ENOENT;
	*ret = found;
	return 0;
}
