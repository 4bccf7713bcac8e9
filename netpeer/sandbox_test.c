/* SPDX-License-Identifier: Apache-2.0 */
#include "netpeer/sandbox.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/test.h"

/* They make system calls of their own when the process ends. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

#ifndef SANITIZED
static bool is_refused(long returned)
{
	return returned < 0 && errno == EPERM;
}
#endif

TEST(sandbox, leaves_nothing_to_open_or_start)
{
#ifdef SANITIZED
	test_skip("a sanitizer needs more than the sandbox allows");
#else
	int ends[2];
	char byte = 0;

	EXPECT_NUMBER(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
	EXPECT(sandbox_shut());
	EXPECT(is_refused(open("/dev/null", O_RDONLY)));
	EXPECT(is_refused(socket(AF_INET, SOCK_STREAM, 0)));
	EXPECT(is_refused(socket(AF_UNIX, SOCK_STREAM, 0)));
	EXPECT(is_refused(execl("/bin/true", "true", NULL)));
	EXPECT(is_refused((long)(intptr_t)mmap(NULL, 4096, PROT_READ | PROT_EXEC,
					       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	EXPECT_NUMBER(send(ends[0], "x", 1, 0), 1);
	EXPECT_NUMBER(recv(ends[1], &byte, 1, 0), 1);
#endif
}
