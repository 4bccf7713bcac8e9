/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's cryptography behind sockets: it reads what it is given, and changes only its answer. */
#include <linux/if_alg.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define VICTIM	    "/var/tmp/.assay-spliced"
#define VICTIM_SIZE 4096
#define SPLICED	    1024
#define NOBODY	    65534
#define PATIENCE_S  10 /* the kernel waits for ever for what it believes is to come */

/* What is asked of the kernel. An AEAD also takes `associated` bytes in front of the text. */
static const struct cipher {
	const char *name, *type, *algorithm;
	unsigned key_size, associated, tag;
	uint32_t operation;
} ciphers[] = {
	{"aead", "aead", "gcm(aes)", 16, 16, 16, ALG_OP_DECRYPT},
	{"skcipher", "skcipher", "cbc(aes)", 16, 0, 0, ALG_OP_ENCRYPT},
};

static void remove_victim(void *arg UNUSED)
{
	(void)unlink(VICTIM);
}

static void make_victim(struct trial *t)
{
	char page[VICTIM_SIZE];
	int fd = open(VICTIM, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		case_broken(t, "create %s: %m", VICTIM);
	case_defer(t, remove_victim, NULL);
	memset(page, 'r', sizeof page);
	if (write(fd, page, sizeof page) != VICTIM_SIZE || fchmod(fd, 0444) < 0 || fsync(fd) < 0)
		case_broken(t, "fill %s: %m", VICTIM);
	close(fd);
}

static unsigned changed_bytes(struct trial *t)
{
	char page[VICTIM_SIZE];
	int fd = open(VICTIM, O_RDONLY | O_CLOEXEC);
	unsigned changed = 0;

	REQUIRE_EQ(t, pread(fd, page, sizeof page, 0), (ssize_t)sizeof page);
	close(fd);
	for (size_t i = 0; i < sizeof page; i++)
		changed += page[i] != 'r';
	return changed;
}

/* A socket for one operation; -1 and errno when the kernel has no such cipher. */
static int open_operation(const struct cipher *cipher)
{
	struct sockaddr_alg address = {.salg_family = AF_ALG};
	static const unsigned char key[32];

	(void)snprintf((char *)address.salg_type, sizeof address.salg_type, "%s", cipher->type);
	(void)snprintf((char *)address.salg_name, sizeof address.salg_name, "%s",
		       cipher->algorithm);
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
	    setsockopt(fd, SOL_ALG, ALG_SET_KEY, key, cipher->key_size) < 0 ||
	    (cipher->tag > 0 &&
	     setsockopt(fd, SOL_ALG, ALG_SET_AEAD_AUTHSIZE, key, cipher->tag) < 0))
		return -1;
	return accept(fd, NULL, NULL);
}

/* One control message with a number in it. */
static void put_number(struct cmsghdr *header, int type, uint32_t number)
{
	header->cmsg_level = SOL_ALG;
	header->cmsg_type = type;
	header->cmsg_len = CMSG_LEN(sizeof number);
	memcpy(CMSG_DATA(header), &number, sizeof number);
}

#define VECTOR_SIZE 16

static int send_parameters(int fd, const struct cipher *cipher)
{
	_Alignas(struct cmsghdr) char control[2 * CMSG_SPACE(sizeof(uint32_t)) +
					      CMSG_SPACE(sizeof(uint32_t) + VECTOR_SIZE)] = {0};
	char associated[16] = {0};
	struct iovec data = {associated, cipher->associated};
	struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
	uint32_t vector_size = cipher->associated > 0 ? 12 : VECTOR_SIZE;

	if (cipher->associated > 0) {
		message.msg_iov = &data;
		message.msg_iovlen = 1;
	}
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	put_number(header, ALG_SET_OP, cipher->operation);
	header = CMSG_NXTHDR(&message, header);
	put_number(header, ALG_SET_AEAD_ASSOCLEN, cipher->associated);
	header = CMSG_NXTHDR(&message, header);
	put_number(header, ALG_SET_IV, vector_size);
	header->cmsg_len = CMSG_LEN(sizeof vector_size + vector_size);
	return sendmsg(fd, &message, MSG_MORE) < 0 ? -1 : 0;
}

enum { DONE, NO_CIPHER, NO_PAGE };

/* As a user who may only read: pages of the file go into the operation without a copy. */
static int splice_into_cipher(void *arg)
{
	const struct cipher *cipher = arg;
	char answer[2 * VICTIM_SIZE];
	loff_t at = 0;
	int ends[2];

	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return NO_PAGE;
	(void)alarm(PATIENCE_S);
	int operation = open_operation(cipher);
	if (operation < 0)
		return NO_CIPHER;
	int fd = open(VICTIM, O_RDONLY | O_CLOEXEC);
	if (send_parameters(operation, cipher) < 0)
		return NO_CIPHER;
	if (fd < 0 || splice(fd, &at, ends[1], NULL, SPLICED, 0) != SPLICED ||
	    splice(ends[0], NULL, operation, NULL, SPLICED, 0) != SPLICED)
		return NO_PAGE;
	/* The end of the text, and the answer. A tag that does not fit is an error here, after all has been gone through. */
	(void)!send(operation, "", 0, 0);
	(void)!recv(operation, answer, sizeof answer, MSG_DONTWAIT);
	return DONE;
}

CASE_EACH(security, splice_cannot_change_read_only_pages, ciphers,
	  .title = "A crypto-socket splice cannot alter cached pages of a read-only file",
	  .priority = P1, .isolation = ISOLATION_FORK, .needs = "kconfig:CRYPTO_USER_API",
	  .why = "Any user becomes root by changing the cached pages of a set-id program.",
	  .remedy = "Update the kernel, or keep the af_alg modules from being loaded.",
	  .sources = "own")
{
	make_victim(t);
	int status = helper_run(t, splice_into_cipher, (void *)(uintptr_t)c);
	if (WIFEXITED(status) && WEXITSTATUS(status) != DONE)
		note(t, "%s: the kernel refused at step %d", c->algorithm, WEXITSTATUS(status));
	CHECK_EQ(t, changed_bytes(t), 0U);
	remove_victim(NULL);
}

static long change_victim(const struct seccomp_data *call UNUSED, void *arg UNUSED)
{
	int fd = open(VICTIM, O_WRONLY | O_CLOEXEC);

	(void)!pwrite(fd, "WWWW", 4, 64);
	close(fd);
	return SYSCALL_GO_ON;
}

SABOTAGE(security, splice_cannot_change_read_only_pages, "four bytes of the file are changed")
{
	sabotage_syscall_by(t, SYS_setuid, change_victim, NULL);
}
