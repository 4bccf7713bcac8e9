/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU connects to a socket of ours, which has a name only until then. */
#include "host/cases/host_channel.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/cases/host_trial.h"

#define CONNECT_MS 10000
#define SEND_S	   10

/* The machine's folder may have too long a name for a socket. */
static const char *make_folder(struct host_trial *t)
{
	const char *base = getenv("TMPDIR");
	char *folder = (char *)(uintptr_t)host_format(t, "%s/assay-channel.XXXXXX",
						      base && base[0] ? base : "/tmp");

	if (!mkdtemp(folder))
		host_broken(t, "make a folder %s: %m", folder);
	return folder;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >=
		    (int)sizeof address.sun_path ||
	    bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* It has connected when it answers. */
static int accept_now(int listener)
{
	struct pollfd waiting = {.fd = listener, .events = POLLIN};
	struct sockaddr_un peer;
	socklen_t size = sizeof peer;

	return poll(&waiting, 1, CONNECT_MS) == 1 ? accept4(listener, (struct sockaddr *)&peer,
							    &size, SOCK_CLOEXEC | SOCK_NONBLOCK)
						  : -1;
}

void channel_open(struct host_trial *t, const char *name)
{
	if (t->channel_fd > 0)
		return;
	const char *folder = make_folder(t), *path = host_format(t, "%s/socket", folder);
	const char *arguments = host_format(
		t,
		"{\"id\":\"%s\",\"backend\":{\"type\":\"socket\",\"data\":{\"server\":false,"
		"\"addr\":{\"type\":\"unix\",\"data\":{\"path\":\"%s\"}}}}}",
		name, path);
	int listener = listen_at(path);
	bool is_made = listener >= 0 && host_qmp(t, "chardev-add", arguments) != NULL;

	t->channel_fd = is_made ? accept_now(listener) : -1;
	if (listener >= 0)
		close(listener);
	(void)unlink(path);
	(void)rmdir(folder);
	if (t->channel_fd < 0)
		host_broken(t, "QEMU does not connect to a socket at %s", path);
}

/* True while the descriptor is ready within the time; losing the machine ends the case. */
static bool is_ready(struct host_trial *t, const struct patience *p, short events)
{
	struct err e = {0};
	int r = machine_wait_fd(t->machine, p, t->channel_fd, events, "the channel", &e);

	if (r >= 0)
		return true;
	if (r != -ETIMEDOUT)
		host_note(t, "%s", e.text);
	return false;
}

bool channel_send(struct host_trial *t, const char *words)
{
	struct patience p = patience_within(&t->patience, SEND_S * NS_PER_S);

	for (size_t left = strlen(words); left > 0;) {
		if (!is_ready(t, &p, POLLOUT))
			return false;
		ssize_t n = send(t->channel_fd, words, left, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			return false;
		words += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

const char *channel_await(struct host_trial *t, const char *needle, unsigned seconds)
{
	struct patience p = patience_within(&t->patience, seconds * NS_PER_S);
	struct text *said = &t->scratch;
	char piece[4096];

	text_clear(said);
	while (!strstr(said->buf, needle)) {
		ssize_t n =
			is_ready(t, &p, POLLIN) ? recv(t->channel_fd, piece, sizeof piece, 0) : 0;
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || text_add(said, piece, (size_t)n) < 0) {
			host_note(t, "the channel has brought: %s", said->buf);
			return NULL;
		}
	}
	return host_keep(t, said->buf, said->length);
}
