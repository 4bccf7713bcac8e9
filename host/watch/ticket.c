/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets as files of JSON. */
#include "host/watch/ticket.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host/store/folder.h"

static const char *const state_names[] = {
	[TICKET_CLAIMED] = "claimed", [TICKET_RUNNING] = "running", [TICKET_JUDGED] = "judged",
	[TICKET_PLACING] = "placing", [TICKET_PLACED] = "placed",
};

static const char *const place_names[] = {
	[PLACE_SHIPPED] = "shipped",
	[PLACE_BLOCKED] = "blocked",
	[PLACE_UNDECIDED] = "undecided",
};

const char *ticket_state_name(enum ticket_state state)
{
	return state_names[state];
}

const char *place_name(enum place place)
{
	return place_names[place];
}

/* ---- writing ---- */

/* The system's numbers have 64 bits, JSON's readers take 63. */
static void member_u64(struct text *out, const char *key, uint64_t number)
{
	CLEAN_FREE char *digits = xasprintf("%llu", (unsigned long long)number);

	json_member(out, key, digits);
}

static void encode_file(const struct arrival_file *file, struct text *out)
{
	json_key(out, "file");
	json_open(out, '{');
	member_u64(out, "device", file->device);
	member_u64(out, "inode", file->inode);
	member_u64(out, "size", file->size);
	member_u64(out, "mtime_ns", file->mtime_ns);
	member_u64(out, "ctime_ns", file->ctime_ns);
	json_close(out, '}');
}

void ticket_encode(const struct ticket *ticket, struct text *out)
{
	json_open(out, '{');
	json_member_number(out, "schema", TICKET_SCHEMA);
	json_member(out, "state", state_names[ticket->state]);
	json_member(out, "sha256", ticket->sha256);
	json_member(out, "name", ticket->name);
	json_member(out, "recipe", ticket->recipe);
	encode_file(&ticket->file, out);
	json_member_number(out, "run", ticket->run);
	json_member_number(out, "tries", ticket->tries);
	json_member(out, "place", place_names[ticket->place]);
	json_member(out, "reason", ticket->reason);
	json_member(out, "as", ticket->as);
	member_u64(out, "came_ns", ticket->came_ns);
	member_u64(out, "placed_ns", ticket->placed_ns);
	json_close(out, '}');
	text_adds(out, "\n");
}

/* ---- reading ---- */

static int wrong(struct err *e, const char *key)
{
	return err_set(e, BLAME_HOST, EBADMSG, "\"%s\" is missing or not what it should be", key);
}

static int take_text(const json_t *object, const char *key, char *buf, size_t size, struct err *e)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value || strlen(value) >= size)
		return wrong(e, key);
	memcpy(buf, value, strlen(value) + 1);
	return 0;
}

/* Becomes a part of paths. */
static int take_name(const json_t *object, const char *key, char buf[ARRIVAL_NAME_SIZE],
		     struct err *e)
{
	int r = take_text(object, key, buf, ARRIVAL_NAME_SIZE, e);

	if (r == 0 && (strchr(buf, '/') || strcmp(buf, ".") == 0 || strcmp(buf, "..") == 0))
		return wrong(e, key);
	return r;
}

static int take_sha256(const json_t *object, const char *key, char buf[SHA256_SIZE], struct err *e)
{
	int r = take_text(object, key, buf, SHA256_SIZE, e);

	return r == 0 && !is_sha256(buf) ? wrong(e, key) : r;
}

static int take_word(const json_t *object, const char *key, const char *const *words, size_t count,
		     unsigned *ret, struct err *e)
{
	const char *value = json_string_value(json_object_get(object, key));

	for (size_t i = 0; value && i < count; i++)
		if (strcmp(words[i], value) == 0) {
			*ret = (unsigned)i;
			return 0;
		}
	return wrong(e, key);
}

static int take_u64(const json_t *object, const char *key, uint64_t *ret, struct err *e)
{
	const char *value = json_string_value(json_object_get(object, key));
	char *end;

	if (!value || value[0] < '0' || value[0] > '9')
		return wrong(e, key);
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (errno != 0 || *end != '\0')
		return wrong(e, key);
	*ret = number;
	return 0;
}

static int take_count(const json_t *object, const char *key, unsigned *ret, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > 1000000)
		return wrong(e, key);
	*ret = (unsigned)json_integer_value(value);
	return 0;
}

static int decode_file(const json_t *object, struct arrival_file *file, struct err *e)
{
	int r = take_u64(object, "device", &file->device, e);

	if (r == 0)
		r = take_u64(object, "inode", &file->inode, e);
	if (r == 0)
		r = take_u64(object, "size", &file->size, e);
	if (r == 0)
		r = take_u64(object, "mtime_ns", &file->mtime_ns, e);
	if (r == 0)
		r = take_u64(object, "ctime_ns", &file->ctime_ns, e);
	return r;
}

static int decode_words(const json_t *object, struct ticket *ticket, struct err *e)
{
	unsigned state = 0, place = 0;
	int r = take_word(object, "state", state_names, ARRAY_LEN(state_names), &state, e);

	if (r == 0)
		r = take_word(object, "place", place_names, ARRAY_LEN(place_names), &place, e);
	ticket->state = (enum ticket_state)state;
	ticket->place = (enum place)place;
	if (r == 0)
		r = take_sha256(object, "sha256", ticket->sha256, e);
	if (r == 0)
		r = take_sha256(object, "recipe", ticket->recipe, e);
	if (r == 0)
		r = take_name(object, "name", ticket->name, e);
	if (r == 0)
		r = take_name(object, "as", ticket->as, e);
	if (r == 0)
		r = take_text(object, "reason", ticket->reason, sizeof ticket->reason, e);
	return r;
}

static int decode_object(const json_t *object, struct ticket *ticket, struct err *e)
{
	if (json_integer_value(json_object_get(object, "schema")) != TICKET_SCHEMA)
		return err_set(e, BLAME_USER, ENOTSUP,
			       "it is of another schema than this Assay knows (%d)", TICKET_SCHEMA);
	int r = decode_words(object, ticket, e);
	if (r == 0)
		r = decode_file(json_object_get(object, "file"), &ticket->file, e);
	if (r == 0)
		r = take_count(object, "run", &ticket->run, e);
	if (r == 0)
		r = take_count(object, "tries", &ticket->tries, e);
	if (r == 0)
		r = take_u64(object, "came_ns", &ticket->came_ns, e);
	if (r == 0)
		r = take_u64(object, "placed_ns", &ticket->placed_ns, e);
	return r;
}

int ticket_decode(const char *bytes, size_t length, struct ticket *ret, struct err *e)
{
	json_error_t at;
	json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &at);
	struct ticket ticket = {0};

	if (!json_is_object(object)) {
		json_decref(object);
		return err_set(e, BLAME_HOST, EBADMSG, "it is no JSON object");
	}
	int r = decode_object(object, &ticket, e);
	json_decref(object);
	if (r == 0)
		*ret = ticket;
	return r;
}

/* ---- files ---- */

int ticket_load(const char *state, const char *sha256, struct ticket *ret, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.json", state, sha256);
	CLEAN_TEXT struct text bytes = TEXT_INIT(TICKET_MAX);
	int r = text_read_file(&bytes, path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read %s: %m", path);
	r = ticket_decode(bytes.buf, bytes.length, ret, e);
	if (r == 0 && strcmp(ret->sha256, sha256) != 0)
		r = wrong(e, "sha256");
	return r < 0 ? err_wrap(e, "%s", path) : 0;
}

int ticket_save(const char *state, const struct ticket *ticket, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s.json", state, ticket->sha256);
	CLEAN_TEXT struct text bytes = TEXT_INIT(TICKET_MAX);

	ticket_encode(ticket, &bytes);
	return file_write(path, bytes.buf, bytes.length, e);
}
