/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a machine's network, and cables between machines, seen from the driver. */
#include "host/driver/qemu/netpeer.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/child.h"
#include "host/driver/qemu/qemu.h"
#include "wire/netpeer.h"
#include "wire/network.h"

/* Its tables and 16 connections take some MiB; the sanitizers need terabytes. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif
#ifdef SANITIZED
#define MEMORY_MAX 0
#else
#define MEMORY_MAX (256ULL << 20)
#endif

struct netpeer {
	struct child child;
	int control_fd, capture_fd;
	int nic_fds[NETWORK_NICS_MAX]; /* QEMU's ends */
	char *folder;
	const char *capture; /* its name, once it has one */
	unsigned long asked;
	bool is_kept;
};

/* ---- the program ---- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* In FOLDER or FOLDER/BELOW, where FOLDER is that of the file. */
static char *look_beside(const char *file, const char *below)
{
	const char *slash = strrchr(file, '/');

	if (!slash)
		return NULL;
	char *path = xasprintf("%.*s/%s" NETPEER_PROGRAM, (int)(slash - file), file, below);
	if (is_program(path))
		return path;
	free(path);
	return NULL;
}

/* Named by ASSAY_NETPEER, beside this program or the agent, or where they are installed. */
static int find_program(const char *agent_path, char **ret, struct err *e)
{
	static const char *const belows[] = {"", "../", "../libexec/assay/"};
	const char *named = secure_getenv("ASSAY_NETPEER");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (named && named[0]) {
		*ret = xstrdup(named);
		return 0;
	}
	self[n > 0 ? n : 0] = '\0';
	*ret = NULL;
	for (size_t i = 0; i < ARRAY_LEN(belows) && !*ret; i++) {
		*ret = look_beside(self, belows[i]);
		if (!*ret && agent_path)
			*ret = look_beside(agent_path, belows[i]);
	}
	if (*ret)
		return 0;
	return err_set(e, BLAME_HOST, ENOENT,
		       NETPEER_PROGRAM
		       " is neither beside %s nor in ../libexec/assay; build it, or "
		       "name it by ASSAY_NETPEER",
		       self);
}

/* ---- its life ---- */

unsigned netpeer_nics(unsigned nics)
{
	unsigned most = nics + QEMU_HOTPLUG_PORTS;

	return most < NETWORK_NICS_MAX ? most : NETWORK_NICS_MAX;
}

static struct netpeer *netpeer_new(const char *folder, const char *capture)
{
	struct netpeer *netpeer = xnew(sizeof *netpeer);

	*netpeer = (struct netpeer){
		.child = CHILD_INIT, .control_fd = -1, .capture_fd = -1, .capture = capture};
	for (unsigned i = 0; i < NETWORK_NICS_MAX; i++)
		netpeer->nic_fds[i] = -1;
	netpeer->folder = xstrdup(folder);
	return netpeer;
}

void netpeer_free(struct netpeer *netpeer)
{
	if (!netpeer)
		return;
	child_done(&netpeer->child);
	scope_close(&netpeer->control_fd);
	scope_close(&netpeer->capture_fd);
	for (unsigned i = 0; i < NETWORK_NICS_MAX; i++)
		scope_close(&netpeer->nic_fds[i]);
	free(netpeer->folder);
	free(netpeer);
}
DEFINE_CLEANUP(netpeer);

/* Its ends, until it has them. */
struct ends {
	struct child_fd fds[2 + NETWORK_NICS_MAX];
	size_t count;
};

static void ends_done(struct ends *ends)
{
	while (ends->count > 2) /* the capture is ours too */
		scope_close(&ends->fds[--ends->count].fd);
	if (ends->count > 0)
		scope_close(&ends->fds[0].fd);
}
DEFINE_CLEAN_DONE(ends);

static int pair(int type, int *ret_ours, struct ends *ends, int as, struct err *e)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		return err_set(e, BLAME_HOST, errno, "a socket for " NETPEER_PROGRAM ": %m");
	*ret_ours = fds[0];
	ends->fds[ends->count++] = (struct child_fd){.fd = fds[1], .as = as};
	return 0;
}

static int open_ends(struct netpeer *netpeer, unsigned nics, struct ends *ends, struct err *e)
{
	int r = pair(SOCK_SEQPACKET, &netpeer->control_fd, ends, NETPEER_CONTROL_FD, e);

	if (r < 0)
		return r;
	netpeer->capture_fd = file_unnamed(netpeer->folder, e);
	if (netpeer->capture_fd < 0)
		return netpeer->capture_fd;
	ends->fds[ends->count++] =
		(struct child_fd){.fd = netpeer->capture_fd, .as = NETPEER_CAPTURE_FD};
	for (unsigned i = 0; i < nics && r == 0; i++)
		r = pair(SOCK_DGRAM, &netpeer->nic_fds[i], ends, NETPEER_NIC_FD + (int)i, e);
	return r;
}

/* `mode` is NULL or NETPEER_CABLES. */
static int start(struct netpeer *netpeer, const char *agent_path, const char *mode, unsigned nics,
		 struct err *e)
{
	CLEAN_DONE(ends) struct ends ends = {.count = 0};
	CLEAN_FREE char *program = NULL;
	CLEAN_FREE char *count = xasprintf("%u", nics);

	if (nics < 1 || nics > NETWORK_NICS_MAX)
		return err_set(e, BLAME_USER, EINVAL, "a network's other end serves 1 to %d NICs",
			       NETWORK_NICS_MAX);
	int r = find_program(agent_path, &program, e);
	if (r == 0)
		r = open_ends(netpeer, nics, &ends, e);
	if (r < 0)
		return r;
	const char *argv[] = {program, mode ? mode : count, mode ? count : NULL, NULL};
	struct child_spec spec = {.argv = argv,
				  .fds = ends.fds,
				  .fd_count = ends.count,
				  .limit_memory = MEMORY_MAX,
				  .limit_file_size = NETPEER_CAPTURE_MAX,
				  .no_network = true,
				  .no_exec = true};
	return child_start(&spec, &netpeer->child, e);
}

int netpeer_start(const char *folder, const char *agent_path, unsigned nics, struct netpeer **ret,
		  struct err *e)
{
	CLEANUP(netpeer) struct netpeer *netpeer = netpeer_new(folder, NETPEER_CAPTURE);
	int r = start(netpeer, agent_path, NULL, nics, e);

	if (r == 0)
		*ret = STEAL_PTR(netpeer);
	return r;
}

int netpeer_start_cables(const char *folder, const char *agent_path, unsigned cables,
			 struct netpeer **ret, struct err *e)
{
	CLEANUP(netpeer) struct netpeer *netpeer = netpeer_new(folder, CABLES_CAPTURE);
	int r = start(netpeer, agent_path, NETPEER_CABLES, 2 * cables, e);

	if (r == 0)
		*ret = STEAL_PTR(netpeer);
	return r;
}

int netpeer_nic_fd(const struct netpeer *netpeer, unsigned nic)
{
	return nic < NETWORK_NICS_MAX ? netpeer->nic_fds[nic] : -1;
}

/* ---- questions ---- */

static int has_ended(struct err *e)
{
	return err_set(e, BLAME_HOST, ECONNRESET,
		       NETPEER_PROGRAM ", the other end of the machine's network, has ended");
}

int netpeer_ask(struct netpeer *netpeer, const char *question, int fd, struct err *e)
{
	CLEAN_FREE char *text = xasprintf("%lu %s", ++netpeer->asked, question);
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = {.bytes = {0}};
	struct iovec part = {text, strlen(text)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (part.iov_len > NETPEER_QUESTION_MAX)
		return err_set(e, BLAME_BUG, EMSGSIZE, "a question of %zu bytes is too long",
			       part.iov_len);
	if (fd >= 0) {
		message.msg_control = &rights;
		message.msg_controllen = sizeof rights;
		rights.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd),
						 .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&rights.header), &fd, sizeof fd);
	}
	/* One question is open at a time, so there is always room. */
	if (sendmsg(netpeer->control_fd, &message, MSG_NOSIGNAL) < 0)
		return has_ended(e);
	return 0;
}

/* "NUMBER ok WORDS" or "NUMBER error SENTENCE": 0, -EREMOTEIO, or -EAGAIN when it answers an earlier question. */
static int read_answer(const struct netpeer *netpeer, char *text, struct text *answer,
		       struct err *e)
{
	char *number = strsep(&text, " "), *kind = strsep(&text, " ");
	long long n = 0;

	if (!text || number_parse(number, 0, LLONG_MAX, &n) < 0)
		return err_set(e, BLAME_HOST, EBADMSG,
			       NETPEER_PROGRAM " answers what is no answer");
	if ((unsigned long)n != netpeer->asked)
		return -EAGAIN;
	if (strcmp(kind, "ok") != 0)
		return err_set(e, BLAME_GUEST, EREMOTEIO, "%.300s", text);
	return text_adds(answer, text);
}

int netpeer_answer_fd(const struct netpeer *netpeer)
{
	return netpeer->control_fd;
}

int netpeer_answer(struct netpeer *netpeer, struct text *answer, struct err *e)
{
	CLEAN_FREE char *buf = xnew(NETPEER_ANSWER_MAX + 1);
	ssize_t n = recv(netpeer->control_fd, buf, NETPEER_ANSWER_MAX, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n <= 0)
		return has_ended(e);
	buf[n] = '\0';
	return read_answer(netpeer, buf, answer, e);
}

int netpeer_keep_capture(struct netpeer *netpeer, struct err *e)
{
	CLEAN_FREE char *path = xasprintf("%s/%s", netpeer->folder, netpeer->capture);

	if (netpeer->is_kept)
		return 0;
	int r = file_name(netpeer->capture_fd, path, e);
	netpeer->is_kept = r == 0;
	return r;
}
