/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/capture.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "base/test.h"
#include "wire/netpeer.h"

TEST(capture, is_a_pcap_file)
{
	CLEAN_FD int fd = memfd_create("pcap", MFD_CLOEXEC);
	struct capture capture;
	uint32_t words[10];

	capture_init(&capture, fd);
	capture_add(&capture, 3000000007, "frame", 5);
	EXPECT_NUMBER(pread(fd, words, sizeof words, 0), 40);
	EXPECT_NUMBER(words[0], 0xa1b23c4d);
	EXPECT_NUMBER(words[5], 1);
	EXPECT_NUMBER(words[6], 3);
	EXPECT_NUMBER(words[7], 7);
	EXPECT_NUMBER(words[8], 5);
	EXPECT_NUMBER(words[9], 5);
}

TEST(capture, ends_when_it_is_full)
{
	static const char frame[65000];
	CLEAN_FD int fd = memfd_create("pcap", MFD_CLOEXEC);
	struct capture capture;
	struct stat st;

	capture_init(&capture, fd);
	for (int i = 0; i < 1000; i++)
		capture_add(&capture, 0, frame, sizeof frame);
	capture_add(&capture, 0, "x", 1);
	EXPECT_NUMBER(fstat(fd, &st), 0);
	EXPECT(st.st_size <= NETPEER_CAPTURE_MAX && st.st_size > NETPEER_CAPTURE_MAX - 70000);
	EXPECT_NUMBER((st.st_size - 24) % (16 + sizeof frame), 0);
}
