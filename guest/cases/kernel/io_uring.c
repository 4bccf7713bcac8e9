/* SPDX-License-Identifier: Apache-2.0 */
/* io_uring by its raw calls: one write and one read through the rings. */
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "guest/kit/case.h"
#include "guest/kit/seccomp.h"

#define DISABLED "/proc/sys/kernel/io_uring_disabled"
#define ENTRIES	 4

struct ring {
	int fd;
	struct io_uring_params params;
	unsigned char *submission, *completion;
	struct io_uring_sqe *entries;
};

static bool ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof *ring);
	ring->fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	if (ring->fd < 0)
		return false;
	const struct io_uring_params *p = &ring->params;
	ring->submission = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned),
				PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->completion = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
				PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, p->sq_entries * sizeof *ring->entries, PROT_READ | PROT_WRITE,
			     MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->submission != MAP_FAILED && ring->completion != MAP_FAILED &&
	       ring->entries != MAP_FAILED;
}

static unsigned *at_offset(unsigned char *base, unsigned offset)
{
	return (unsigned *)(void *)(base + offset);
}

/* One operation on a file, from its submission to its completion: the result, or -errno. */
static int ring_do(struct ring *ring, unsigned char operation, int fd, struct iovec *data)
{
	const struct io_uring_params *p = &ring->params;
	unsigned *tail = at_offset(ring->submission, p->sq_off.tail);
	unsigned *head = at_offset(ring->completion, p->cq_off.head);
	unsigned index = *tail & *at_offset(ring->submission, p->sq_off.ring_mask);

	ring->entries[index] = (struct io_uring_sqe){
		.opcode = operation, .fd = fd, .addr = (uintptr_t)data, .len = 1};
	at_offset(ring->submission, p->sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return errno ? -errno : -EIO;
	if (__atomic_load_n(at_offset(ring->completion, p->cq_off.tail), __ATOMIC_ACQUIRE) == *head)
		return -EIO;
	const struct io_uring_cqe *done = (const void *)(ring->completion + p->cq_off.cqes);
	int result = done[*head & *at_offset(ring->completion, p->cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

CASE(kernel, io_uring_roundtrip_works,
     .title = "An io_uring read and write returns the right bytes", .priority = P2,
     .needs = "kconfig:IO_URING",
     .why = "Databases and web servers use it where they find it, and fail where it works by halves.",
     .remedy =
	     "Look for a kernel change in io_uring; forbid it (kernel.io_uring_disabled=2) or repair it.",
     .sources = "own")
{
	char text[] = "assay", read_back[sizeof text] = "";
	struct iovec out = {text, sizeof text}, in = {read_back, sizeof read_back};
	struct ring ring;
	int fd = memfd_create("assay", MFD_CLOEXEC);

	if (file_number(t, DISABLED, 0) == 2)
		case_skip(t, "policy:io_uring", "the image forbids it");
	REQUIRE_OK(t, fd);
	REQUIRE(t, ring_open(&ring));
	CHECK_EQ(t, ring_do(&ring, IORING_OP_WRITEV, fd, &out), (int)sizeof text);
	CHECK_EQ(t, ring_do(&ring, IORING_OP_READV, fd, &in), (int)sizeof text);
	CHECK_EQ(t, (const char *)read_back, (const char *)text);
	close(ring.fd);
	close(fd);
}

SABOTAGE(kernel, io_uring_roundtrip_works, "what is submitted is refused")
{
	sabotage_syscall(t, SYS_io_uring_enter, EOPNOTSUPP);
}
