/* SPDX-License-Identifier: Apache-2.0 */
/* What a scope owns is released when it is left. */
#include "base/scope.h"

#include <fcntl.h>

#include "base/test.h"

static int freed;

struct thing {
	int unused;
};

static void thing_free(struct thing *thing)
{
	freed += thing != NULL;
	errno = EBADF;
}
DEFINE_CLEANUP(thing);

TEST(scope, frees_and_keeps_errno)
{
	struct thing one = {0};

	errno = ENOENT;
	{
		CLEANUP(thing) struct thing *thing = &one;
		CLEANUP(thing) struct thing *none = NULL;
		(void)thing;
		(void)none;
	}
	EXPECT_NUMBER(errno, ENOENT);
	EXPECT_NUMBER(freed, 1);
}

TEST(scope, stolen_things_survive)
{
	struct thing one = {0}, *kept;
	int kept_fd;

	{
		CLEANUP(thing) struct thing *thing = &one;
		CLEAN_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		kept = STEAL_PTR(thing);
		kept_fd = STEAL_FD(fd);
	}
	EXPECT(kept == &one);
	EXPECT_NUMBER(freed, 0);
	EXPECT(fcntl(kept_fd, F_GETFD) >= 0);
	scope_close(&kept_fd);
	EXPECT(fcntl(kept_fd, F_GETFD) < 0);
}
