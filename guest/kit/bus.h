/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of D-Bus as it takes to ask systemd over its private socket: method calls and their answers, little endian.
 *
 *	r = bus_open("/run/systemd/private", &p, &bus, e);
 *	struct bus_call call = {.path = …, .interface = …, .member = "ListJobs"};
 *	struct bus_reader reply;
 *	r = bus_ask(bus, &call, &p, &reply, e);
 *	for (bus_enter_array(&reply, 8, &end); bus_is_before(&reply, end);)
 *		bus_take_align(&reply, 8), id = bus_take_u32(&reply), …
 *	if (reply.failed) …
 *
 * What comes is not trusted: a reader never leaves its bytes, and once it has failed it gives zeros and empty strings.
 */
#ifndef ASSAY_KIT_BUS_H
#define ASSAY_KIT_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "base/wait.h"

#define BUS_MESSAGE_MAX (8U << 20)

struct bus;

/* Connects and authenticates as the user of this process. */
int bus_open(const char *socket_path, const struct patience *p, struct bus **ret, struct err *e)
	NONNULL(1, 2, 3, 4);
/* Takes a connected socket. */
int bus_of_fd(int fd, const struct patience *p, struct bus **ret, struct err *e) NONNULL(2, 3, 4);
void bus_free(struct bus *bus); /* takes NULL */
DEFINE_CLEANUP(bus);

/* Writing a body. `text` begins at its body's first byte. */
void bus_put_u32(struct text *body, uint32_t value) NONNULL(1);
void bus_put_bool(struct text *body, bool value) NONNULL(1);
void bus_put_string(struct text *body, const char *value) NONNULL(1, 2);
void bus_put_signature(struct text *body, const char *value) NONNULL(1, 2);
void bus_put_align(struct text *body, size_t alignment) NONNULL(1);
/* An array: the mark is handed from open to close; `alignment` is that of its elements (8 for structs). */
size_t bus_open_array(struct text *body, size_t alignment) NONNULL(1);
void bus_close_array(struct text *body, size_t mark, size_t alignment) NONNULL(1);

struct bus_call {
	const char *path, *interface, *member;
	const char *signature;	 /* of the body; NULL: there is none */
	const struct text *body; /* NULL: there is none */
	const char *destination; /* on a bus; NULL: the other end of the socket itself */
};

struct bus_reader {
	const unsigned char *bytes;
	size_t length, at;
	bool failed;
};

/* Calls and waits. The reply's body is valid until the next call. An error that the other side sends is -EREMOTEIO, with its
 * words in *e; other messages in between (signals) are skipped. */
int bus_ask(struct bus *bus, const struct bus_call *call, const struct patience *p,
	    struct bus_reader *ret, struct err *e) NONNULL(1, 2, 3, 4, 5);

/* Reading a body. */
uint8_t bus_take_byte(struct bus_reader *in) NONNULL(1);
uint32_t bus_take_u32(struct bus_reader *in) NONNULL(1);
uint64_t bus_take_u64(struct bus_reader *in) NONNULL(1);
const char *bus_take_string(struct bus_reader *in) __attribute__((returns_nonnull))
NONNULL(1); /* also object paths */
const char *bus_take_signature(struct bus_reader *in) __attribute__((returns_nonnull)) NONNULL(1);
void bus_take_align(struct bus_reader *in, size_t alignment) NONNULL(1);
/* Steps into an array whose elements have that alignment; *ret_end is where it ends. */
void bus_enter_array(struct bus_reader *in, size_t alignment, size_t *ret_end) NONNULL(1, 3);
/* True while there are elements left (and nothing failed). */
bool bus_is_before(const struct bus_reader *in, size_t end) NONNULL(1);

#endif
