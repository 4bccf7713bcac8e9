/* SPDX-License-Identifier: Apache-2.0 */
/* A record of the frames: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html */
#include "netpeer/capture.h"

#include <sys/uio.h>

#include "base/clock.h"
#include "wire/netpeer.h"

#define MAGIC_NANOSECONDS 0xa1b23c4dU
#define LINK_ETHERNET	  1
#define SNAP_LENGTH	  65535

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy, snap_length, link;
};

struct frame_header {
	uint32_t seconds, nanoseconds, stored, length;
};

static void add(struct capture *capture, const void *header, size_t header_length,
		const void *bytes, size_t length)
{
	const struct iovec parts[] = {
		{(void *)(uintptr_t)header, header_length},
		{(void *)(uintptr_t)bytes, length},
	};

	if (capture->fd < 0 || capture->written + header_length + length > NETPEER_CAPTURE_MAX)
		return;
	/* Half a frame would spoil all after it. */
	if (writev(capture->fd, parts, 2) == (ssize_t)(header_length + length))
		capture->written += header_length + length;
	else
		capture->fd = -1;
}

void capture_init(struct capture *capture, int fd)
{
	const struct file_header header = {.magic = MAGIC_NANOSECONDS,
					   .major = 2,
					   .minor = 4,
					   .snap_length = SNAP_LENGTH,
					   .link = LINK_ETHERNET};

	*capture = (struct capture){.fd = fd};
	add(capture, &header, sizeof header, NULL, 0);
}

void capture_add(struct capture *capture, uint64_t wall_ns, const void *frame, size_t length)
{
	const struct frame_header header = {
		.seconds = (uint32_t)(wall_ns / NS_PER_S),
		.nanoseconds = (uint32_t)(wall_ns % NS_PER_S),
		.stored = (uint32_t)length,
		.length = (uint32_t)length,
	};

	/* What does not fit ends the file, or smaller frames after it would seem to follow what they do not. */
	if (capture->written + sizeof header + length > NETPEER_CAPTURE_MAX)
		capture->fd = -1;
	add(capture, &header, sizeof header, frame, length);
}
