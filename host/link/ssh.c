/* SPDX-License-Identifier: Apache-2.0 */
/* An agent over SSH, by libssh. The session never blocks: every wait is ours. */
#include "host/link/ssh.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

#define AGENT_MAX     (16U << 20)
#define FLUSH_SPAN_MS 5000

/*
 * A folder from which programs may be executed is looked for, the agent is taken from stdin, and runs as root. head reads
 * no byte too many, and nothing more is sent before the agent greets.
 */
static const char starter[] =
	"f=; for d in /var/tmp /tmp /run /root \"$HOME\"; do "
	"f=$(mktemp \"$d/assay-guest.XXXXXX\" 2>/dev/null) || continue; "
	"printf '#!/bin/sh\\nexit 0\\n' >\"$f\" && chmod 700 \"$f\" && \"$f\" 2>/dev/null && break; "
	"rm -f \"$f\"; f=; done; [ -n \"$f\" ] || exit 1; "
	"s=; [ \"$(id -u)\" = 0 ] || s='sudo -n'; "
	"head -c %zu >\"$f\" && $s \"$f\" serve --stdio 2>/dev/null; rm -f \"$f\"";

struct ssh_stream {
	struct stream stream;
	ssh_session session;
	ssh_channel channel;
	const struct ssh_target *target; /* while it is being opened */
};

static struct ssh_stream *ssh_of(struct stream *stream)
{
	return (struct ssh_stream *)stream;
}

static ssize_t ssh_stream_read(struct stream *stream, void *buf, size_t size)
{
	struct ssh_stream *ssh = ssh_of(stream);
	int n = ssh_channel_read_nonblocking(ssh->channel, buf, (uint32_t)size, 0);

	if (n > 0)
		return n;
	if (n == SSH_EOF || n == SSH_ERROR || ssh_channel_is_eof(ssh->channel) ||
	    !ssh_is_connected(ssh->session))
		return 0;
	return -EAGAIN;
}

static ssize_t ssh_stream_write(struct stream *stream, const void *buf, size_t size)
{
	struct ssh_stream *ssh = ssh_of(stream);
	uint32_t window = ssh_channel_window_size(ssh->channel);

	if (window == 0) {
		char ignored;
		(void)ssh_channel_read_nonblocking(ssh->channel, &ignored, 0,
						   0); /* a wider window may lie there */
		window = ssh_channel_window_size(ssh->channel);
	}
	if (window == 0)
		return ssh_is_connected(ssh->session) ? -EAGAIN : -ECONNRESET;
	int n = ssh_channel_write(ssh->channel, buf, size < window ? (uint32_t)size : window);
	/* What the library could not send at once it would only send with the next call. */
	(void)ssh_blocking_flush(ssh->session, FLUSH_SPAN_MS);
	return n == SSH_ERROR ? -ECONNRESET : n == 0 || n == SSH_AGAIN ? -EAGAIN : n;
}

static int ssh_stream_has_bytes(struct stream *stream)
{
	return ssh_channel_poll(ssh_of(stream)->channel, 0) != 0;
}

static void ssh_stream_free(struct stream *stream)
{
	struct ssh_stream *ssh = ssh_of(stream);

	if (ssh->channel)
		ssh_channel_free(ssh->channel);
	if (ssh->session) {
		ssh_silent_disconnect(ssh->session);
		ssh_free(ssh->session);
	}
	free(ssh);
}

static const struct stream_ops ssh_ops = {
	.read = ssh_stream_read,
	.write = ssh_stream_write,
	.has_bytes = ssh_stream_has_bytes,
	.free = ssh_stream_free,
};

static int ssh_error(const struct ssh_stream *ssh, const char *what, struct err *e)
{
	return err_set(e, BLAME_GUEST, ECONNREFUSED, "SSH: %s: %s", what,
		       ssh_get_error(ssh->session));
}

/* Until the library can go on. */
static int wait_more(const struct ssh_stream *ssh, const struct patience *p, const char *what,
		     struct err *e)
{
	short events =
		ssh_get_poll_flags(ssh->session) & SSH_WRITE_PENDING ? POLLIN | POLLOUT : POLLIN;

	return ssh->target->wait(ssh->target->wait_arg, p, ssh_get_fd(ssh->session), events, what,
				 e);
}

static int connect_port(unsigned port, struct err *e)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	scope_close(&fd);
	return err_set(e, BLAME_HOST, errno, "connect to port %u of this host: %m", port);
}

static int greet(struct ssh_stream *ssh, const struct ssh_target *target, const struct patience *p,
		 struct err *e)
{
	int fd = target->port ? connect_port(target->port, e) : target->fd;
	int r;

	if (fd < 0)
		return fd;
	(void)ssh_options_set(ssh->session, SSH_OPTIONS_HOST, "127.0.0.1");
	(void)ssh_options_set(ssh->session, SSH_OPTIONS_USER, target->user);
	(void)ssh_options_set(ssh->session, SSH_OPTIONS_FD, &fd); /* the session closes it */
	/* Nobody's ~/.ssh has a say in this. */
	(void)ssh_options_set(ssh->session, SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
	(void)ssh_options_set(ssh->session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
	ssh_set_blocking(ssh->session, 0);
	while ((r = ssh_connect(ssh->session)) == SSH_AGAIN) {
		int waited = wait_more(ssh, p, "the guest's SSH server", e);
		if (waited < 0)
			return waited;
	}
	return r == SSH_OK ? 0 : ssh_error(ssh, "the guest's server does not answer", e);
}

static int read_key(const char *path, ssh_key *ret, struct err *e)
{
	if (ssh_pki_import_privkey_file(path, NULL, NULL, NULL, ret) == SSH_OK)
		return 0;
	return err_set(
		e, BLAME_USER, EACCES,
		"the SSH key %s cannot be used: it is not there, or no private key, or it has a passphrase",
		path);
}

int ssh_key_check(const char *path, struct err *e)
{
	ssh_key key = NULL;
	int r = read_key(path, &key, e);

	ssh_key_free(key);
	return r;
}

/* Two who make one at the same time end up with the same. */
static int make_key(const char *path, struct err *e)
{
	CLEAN_FREE char *fresh = xasprintf("%s.XXXXXX", path);
	CLEAN_FD int fd = mkostemp(fresh, O_CLOEXEC);
	ssh_key key = NULL;
	int r = 0;

	if (fd < 0)
		return err_set(e, BLAME_HOST, errno, "make an SSH key at %s: %m", path);
	if (ssh_pki_generate(SSH_KEYTYPE_ECDSA_P256, 0, &key) != SSH_OK ||
	    ssh_pki_export_privkey_file(key, NULL, NULL, NULL, fresh) != SSH_OK)
		r = err_set(e, BLAME_HOST, EIO, "make an SSH key at %s: libssh cannot", path);
	else if (link(fresh, path) < 0 && errno != EEXIST)
		r = err_set(e, BLAME_HOST, errno, "make an SSH key at %s: %m", path);
	ssh_key_free(key);
	(void)unlink(fresh);
	return r;
}

int ssh_key_keep(const char *path, char **ret_public, struct err *e)
{
	ssh_key key = NULL;
	char *base64 = NULL;
	int r = access(path, F_OK) < 0 ? make_key(path, e) : 0;

	if (r == 0)
		r = read_key(path, &key, e);
	if (r < 0)
		return r;
	if (ssh_pki_export_pubkey_base64(key, &base64) == SSH_OK)
		*ret_public = xasprintf("%s %s", ssh_key_type_to_char(ssh_key_type(key)), base64);
	else
		r = err_set(e, BLAME_HOST, EIO, "the SSH key %s has no public half", path);
	ssh_string_free_char(base64);
	ssh_key_free(key);
	return r;
}

static int authenticate(struct ssh_stream *ssh, const struct ssh_target *target,
			const struct patience *p, struct err *e)
{
	ssh_key key = NULL;
	int r = read_key(target->key, &key, e);

	if (r < 0)
		return r;
	int waited = 0;
	while ((r = ssh_userauth_publickey(ssh->session, NULL, key)) == SSH_AUTH_AGAIN &&
	       waited == 0)
		waited = wait_more(ssh, p, "the SSH server's answer to the key", e);
	ssh_key_free(key);
	if (waited < 0)
		return waited;
	if (r == SSH_AUTH_SUCCESS)
		return 0;
	if (r == SSH_AUTH_ERROR)
		return ssh_error(ssh, "log in", e);
	return err_set(e, BLAME_USER, EACCES, "the guest refuses the SSH key %s for the user %s",
		       target->key, target->user);
}

static int start_program(struct ssh_stream *ssh, const char *command, const struct patience *p,
			 struct err *e)
{
	int r, waited = 0;

	ssh->channel = ssh_channel_new(ssh->session);
	if (!ssh->channel)
		return ssh_error(ssh, "open a channel", e);
	while ((r = ssh_channel_open_session(ssh->channel)) == SSH_AGAIN && waited == 0)
		waited = wait_more(ssh, p, "an SSH channel", e);
	if (waited == 0 && r != SSH_OK)
		return ssh_error(ssh, "open a channel", e);
	while (waited == 0 && (r = ssh_channel_request_exec(ssh->channel, command)) == SSH_AGAIN)
		waited = wait_more(ssh, p, "a program's start", e);
	if (waited == 0 && r != SSH_OK)
		return ssh_error(ssh, "start a program", e);
	return waited;
}

static int upload(struct ssh_stream *ssh, const struct text *agent, const struct patience *p,
		  struct err *e)
{
	for (size_t sent = 0; sent < agent->length;) {
		ssize_t n = stream_write(&ssh->stream, agent->buf + sent, agent->length - sent);
		if (n < 0 && n != -EAGAIN)
			return ssh_error(ssh, "upload the agent", e);
		sent += n > 0 ? (size_t)n : 0;
		int r = n == -EAGAIN ? wait_more(ssh, p, "the guest to take the agent", e) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* A session that is logged in. */
static int log_in(const struct ssh_target *target, const struct patience *p,
		  struct ssh_stream **ret, struct err *e)
{
	struct ssh_stream *ssh = xnew(sizeof *ssh);
	CLEANUP(stream) struct stream *stream UNUSED = &ssh->stream;

	ssh->stream = (struct stream){.ops = &ssh_ops, .fd = -1};
	ssh->target = target;
	ssh->session = ssh_new();
	if (!ssh->session) {
		if (target->port == 0)
			close(target->fd);
		return err_set(e, BLAME_HOST, ENOMEM, "SSH: no session can be made");
	}
	int r = greet(ssh, target, p, e);
	if (r == 0)
		r = authenticate(ssh, target, p, e);
	if (r < 0)
		return r;
	stream = NULL;
	*ret = ssh;
	return 0;
}

int ssh_open(const struct ssh_target *target, const struct patience *p, struct stream **ret,
	     struct err *e)
{
	CLEAN_TEXT struct text agent = TEXT_INIT(AGENT_MAX);
	struct ssh_stream *ssh = NULL;
	int r = text_read_file(&agent, target->agent_path);

	if (r < 0)
		return err_set(e, BLAME_HOST, -r, "read the agent %s: %m", target->agent_path);
	r = log_in(target, p, &ssh, e);
	if (r < 0)
		return r;
	CLEANUP(stream) struct stream *stream UNUSED = &ssh->stream;
	CLEAN_FREE char *command = xasprintf(starter, agent.length);
	r = start_program(ssh, command, p, e);
	if (r == 0)
		r = upload(ssh, &agent, p, e);
	if (r < 0)
		return r;
	stream->fd = ssh_get_fd(ssh->session);
	*ret = STEAL_PTR(stream);
	return 0;
}

static int read_output(struct ssh_stream *ssh, const struct patience *p, struct text *output,
		       struct err *e)
{
	char piece[4096];

	for (;;) {
		ssize_t n = ssh_stream_read(&ssh->stream, piece, sizeof piece);
		if (n == 0)
			return 0;
		if (n > 0) {
			(void)text_add(output, piece, (size_t)n);
			continue;
		}
		int r = wait_more(ssh, p, "the program's output", e);
		if (r < 0)
			return r;
	}
}

int ssh_run(const struct ssh_target *target, const char *command, const struct patience *p,
	    struct text *output, struct err *e)
{
	struct ssh_stream *ssh = NULL;
	int r = log_in(target, p, &ssh, e);

	if (r < 0)
		return r;
	CLEANUP(stream) struct stream *stream UNUSED = &ssh->stream;
	r = start_program(ssh, command, p, e);
	return r < 0 ? r : read_output(ssh, p, output, e);
}
