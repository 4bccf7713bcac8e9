/* SPDX-License-Identifier: Apache-2.0 */
/* Method calls over a private D-Bus socket; the names are those of the D-Bus specification. */
#include "guest/kit/bus.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum message_type { MESSAGE_CALL = 1, MESSAGE_RETURN = 2, MESSAGE_ERROR = 3 };
enum header_key {
	HEADER_PATH = 1,
	HEADER_INTERFACE = 2,
	HEADER_MEMBER = 3,
	HEADER_ERROR = 4,
	HEADER_REPLY_TO = 5,
	HEADER_DESTINATION = 6,
	HEADER_SIGNATURE = 8,
};

#define FIXED_HEADER	  16 /* up to and with the length of the header's array */
#define HEADER_FIELDS_MAX 65536
#define FOREIGN_MAX	  100000 /* messages skipped while waiting for an answer */

struct bus {
	int fd;
	uint32_t serial;
	char *message; /* the last one received; owned */
};

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	close(bus->fd);
	free(bus->message);
	free(bus);
}

/* ---- writing ---- */

void bus_put_align(struct text *body, size_t alignment)
{
	static const char zeros[8];

	(void)text_add(body, zeros, (alignment - body->length % alignment) % alignment);
}

static void encode_u32(char bytes[4], uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (char)(value >> (8 * i) & 0xff);
}

void bus_put_u32(struct text *body, uint32_t value)
{
	char bytes[4];

	bus_put_align(body, 4);
	encode_u32(bytes, value);
	(void)text_add(body, bytes, sizeof bytes);
}

void bus_put_bool(struct text *body, bool value)
{
	bus_put_u32(body, value);
}

void bus_put_string(struct text *body, const char *value)
{
	bus_put_u32(body, (uint32_t)strlen(value));
	(void)text_add(body, value, strlen(value) + 1);
}

void bus_put_signature(struct text *body, const char *value)
{
	char length = (char)strlen(value);

	(void)text_add(body, &length, 1);
	(void)text_add(body, value, strlen(value) + 1);
}

size_t bus_open_array(struct text *body, size_t alignment)
{
	bus_put_u32(body, 0);
	size_t mark = body->length;
	bus_put_align(body, alignment);
	return mark;
}

void bus_close_array(struct text *body, size_t mark, size_t alignment)
{
	size_t start = (mark + alignment - 1) / alignment * alignment;

	if (!body->overflowed)
		encode_u32(body->buf + mark - 4, (uint32_t)(body->length - start));
}

static void put_header(struct text *out, enum header_key key, const char *type, const char *value)
{
	char byte = (char)key;

	bus_put_align(out, 8);
	(void)text_add(out, &byte, 1);
	bus_put_signature(out, type);
	if (strcmp(type, "g") == 0)
		bus_put_signature(out, value);
	else
		bus_put_string(out, value);
}

static int send_call(struct bus *bus, const struct bus_call *call, const struct patience *p,
		     struct err *e)
{
	CLEAN_TEXT struct text out = TEXT_INIT(BUS_MESSAGE_MAX);
	static const char start[] = {'l', MESSAGE_CALL, 0, 1};

	(void)text_add(&out, start, sizeof start);
	bus_put_u32(&out, call->body ? (uint32_t)call->body->length : 0);
	bus_put_u32(&out, ++bus->serial);
	size_t mark = bus_open_array(&out, 8);
	put_header(&out, HEADER_PATH, "o", call->path);
	put_header(&out, HEADER_INTERFACE, "s", call->interface);
	put_header(&out, HEADER_MEMBER, "s", call->member);
	if (call->destination)
		put_header(&out, HEADER_DESTINATION, "s", call->destination);
	if (call->signature)
		put_header(&out, HEADER_SIGNATURE, "g", call->signature);
	bus_close_array(&out, mark, 8);
	bus_put_align(&out, 8);
	if (call->body)
		(void)text_add(&out, call->body->buf, call->body->length);
	if (out.overflowed || (call->body && call->body->overflowed))
		return err_set(e, BLAME_BUG, EMSGSIZE, "the call of %s is too large", call->member);
	return wait_write(p, bus->fd, out.buf, out.length, "the D-Bus socket", e);
}

/* ---- reading ---- */

static uint32_t decode_u32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Steps over `size` bytes and gives where they are; NULL when there are not so many. */
static const unsigned char *take(struct bus_reader *in, size_t size)
{
	if (in->failed || in->length - in->at < size) {
		in->failed = true;
		return NULL;
	}
	in->at += size;
	return in->bytes + in->at - size;
}

void bus_take_align(struct bus_reader *in, size_t alignment)
{
	(void)take(in, (alignment - in->at % alignment) % alignment);
}

uint8_t bus_take_byte(struct bus_reader *in)
{
	const unsigned char *at = take(in, 1);

	return at ? *at : 0;
}

uint32_t bus_take_u32(struct bus_reader *in)
{
	bus_take_align(in, 4);
	const unsigned char *at = take(in, 4);

	return at ? decode_u32(at) : 0;
}

uint64_t bus_take_u64(struct bus_reader *in)
{
	bus_take_align(in, 8);
	const unsigned char *at = take(in, 8);

	return at ? decode_u32(at) | (uint64_t)decode_u32(at + 4) << 32 : 0;
}

/* `length` bytes and a terminator, with no terminator among them. */
static const char *take_terminated(struct bus_reader *in, size_t length)
{
	const unsigned char *at = length < in->length ? take(in, length + 1) : NULL;

	if (!at || memchr(at, 0, length + 1) != at + length) {
		in->failed = true;
		return "";
	}
	return (const char *)at;
}

const char *bus_take_string(struct bus_reader *in)
{
	return take_terminated(in, bus_take_u32(in));
}

const char *bus_take_signature(struct bus_reader *in)
{
	return take_terminated(in, bus_take_byte(in));
}

void bus_enter_array(struct bus_reader *in, size_t alignment, size_t *ret_end)
{
	uint32_t length = bus_take_u32(in);

	bus_take_align(in, alignment);
	if (length > in->length - in->at)
		in->failed = true;
	*ret_end = in->failed ? in->at : in->at + length;
}

bool bus_is_before(const struct bus_reader *in, size_t end)
{
	return !in->failed && in->at < end;
}

/* What we look at in a message's header. */
struct header {
	unsigned type;
	uint32_t body_length, fields_length, reply_to;
	const char *error;
};

/* The header's array of (key, variant): only strings, signatures and numbers occur in it. */
static bool parse_fields(struct header *header, const unsigned char *bytes, size_t length)
{
	struct bus_reader in = {.bytes = bytes, .length = length};

	while (bus_is_before(&in, length)) {
		bus_take_align(&in, 8);
		unsigned key = bus_take_byte(&in);
		const char *type = bus_take_signature(&in), *text = "";
		uint32_t number = 0;
		if (type[0] == 'u')
			number = bus_take_u32(&in);
		else if (type[0] == 'g')
			text = bus_take_signature(&in);
		else
			text = bus_take_string(&in);
		if (key == HEADER_REPLY_TO)
			header->reply_to = number;
		else if (key == HEADER_ERROR)
			header->error = text;
	}
	return !in.failed;
}

/* Receives one message; its body is the end of bus->message. */
static int receive(struct bus *bus, const struct patience *p, struct header *header,
		   struct bus_reader *ret, struct err *e)
{
	unsigned char fixed[FIXED_HEADER];
	int r = wait_read(p, bus->fd, fixed, sizeof fixed, "the answer on the D-Bus socket", e);

	if (r < 0)
		return r;
	*header = (struct header){
		.type = fixed[1],
		.body_length = decode_u32(fixed + 4),
		.fields_length = decode_u32(fixed + 12),
		.error = "",
	};
	if (fixed[0] != 'l' || header->body_length > BUS_MESSAGE_MAX ||
	    header->fields_length > HEADER_FIELDS_MAX)
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "the answer on the D-Bus socket is no message, or too large");
	/* The fields begin at offset 16, which is a multiple of 8: their alignment counts from their own start. */
	size_t padded = ((size_t)header->fields_length + 7) / 8 * 8,
	       length = padded + header->body_length;
	free(bus->message);
	bus->message = xnew(length + 1);
	r = wait_read(p, bus->fd, bus->message, length, "the answer on the D-Bus socket", e);
	if (r < 0)
		return r;
	const unsigned char *bytes = (const unsigned char *)bus->message;
	if (!parse_fields(header, bytes, header->fields_length))
		return err_set(e, BLAME_GUEST, EBADMSG,
			       "the header of a D-Bus message cannot be read");
	*ret = (struct bus_reader){.bytes = bytes + padded, .length = header->body_length};
	return 0;
}

int bus_ask(struct bus *bus, const struct bus_call *call, const struct patience *p,
	    struct bus_reader *ret, struct err *e)
{
	struct header header;
	int r = send_call(bus, call, p, e);

	for (int i = 0; r == 0 && i < FOREIGN_MAX; i++) {
		r = receive(bus, p, &header, ret, e);
		if (r < 0)
			break;
		if (header.reply_to != bus->serial)
			continue;
		if (header.type == MESSAGE_RETURN)
			return 0;
		if (header.type == MESSAGE_ERROR)
			return err_set(e, BLAME_GUEST, EREMOTEIO, "%s: %.100s: %.250s",
				       call->member, header.error, bus_take_string(ret));
	}
	return r < 0 ? err_wrap(e, "D-Bus call %s", call->member)
		     : err_set(e, BLAME_GUEST, EBADMSG, "D-Bus call %s: nobody answered it",
			       call->member);
}

/* ---- connecting ---- */

/* Reads the line "OK …\r\n" byte by byte: what follows it is already a message. */
static int read_ok(int fd, const struct patience *p, struct err *e)
{
	char line[256];

	for (size_t length = 0; length < sizeof line; length++) {
		int r = wait_read(p, fd, line + length, 1, "the D-Bus greeting", e);
		if (r < 0)
			return r;
		if (line[length] == '\n')
			return length > 3 && memcmp(line, "OK ", 3) == 0
				       ? 0
				       : err_set(e, BLAME_GUEST, EACCES,
						 "the D-Bus socket refuses us: %.*s", (int)length,
						 line);
	}
	return err_set(e, BLAME_GUEST, EBADMSG, "the D-Bus socket does not speak D-Bus");
}

/*
 * BEGIN goes with the first bytes, before the answer is known: a server that finds it together with our first call in one
 * read leaves that call lying in its buffer until more comes, and we would wait for each other.
 */
static int authenticate(int fd, const struct patience *p, struct err *e)
{
	CLEAN_TEXT struct text hello = TEXT_INIT(256);
	char uid[16];

	(void)snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	(void)text_add(&hello, "", 1); /* the zero byte that begins every connection */
	(void)text_adds(&hello, "AUTH EXTERNAL ");
	for (const char *at = uid; *at; at++) /* the number's digits, in hexadecimal */
		(void)text_addf(&hello, "%02x", (unsigned char)*at);
	(void)text_adds(&hello, "\r\nBEGIN\r\n");
	int r = wait_write(p, fd, hello.buf, hello.length, "the D-Bus socket", e);
	return r < 0 ? r : read_ok(fd, p, e);
}

int bus_of_fd(int fd, const struct patience *p, struct bus **ret, struct err *e)
{
	CLEAN_FD int owned = fd;
	int r = authenticate(fd, p, e);

	if (r < 0)
		return r;
	*ret = xnew(sizeof **ret);
	**ret = (struct bus){.fd = STEAL_FD(owned)};
	return 0;
}

int bus_open(const char *socket_path, const struct patience *p, struct bus **ret, struct err *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEAN_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(socket_path) >= sizeof address.sun_path)
		return err_set(e, BLAME_BUG, ENAMETOOLONG, "connect to %s: %m", socket_path);
	memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return err_set(e, BLAME_GUEST, errno, "connect to %s: %m", socket_path);
	int r = bus_of_fd(STEAL_FD(fd), p, ret, e);
	return r < 0 ? err_wrap(e, "%s", socket_path) : 0;
}
