/* SPDX-License-Identifier: Apache-2.0 */
/* Administrators make users. */
#include "guest/kit/helper.h"
#include "guest/kit/line.h"
#include "guest/kit/program.h"

#define NAME "assay-made"
#define LOCK "/etc/.pwd.lock"

CASE(users, user_can_be_created, .title = "A new user can be created and gets its home",
     .priority = P2, .needs = "cmd:useradd", .isolation = ISOLATION_FORK,
     .why = "It is the first thing that many an administrator does.",
     .remedy = "Read what useradd says; look for locks and attributes on the files in /etc.",
     .sources = "own")
{
	struct program_result run = program_run(t, 50, "useradd", "--create-home", NAME, NULL);
	struct fields *user = case_alloc(t, sizeof *user);
	const char *passwd = file_text(t, "/etc/passwd");
	bool is_found = false;
	struct tree_stat home;

	if (run.exit_code != 0)
		FAIL(t, "useradd ended with %d: %s", run.exit_code, run.output);
	while (passwd && !is_found && fields_next(&passwd, user))
		is_found = strcmp(user->at[0], NAME) == 0;
	REQUIRE(t, is_found && user->count == 7);
	REQUIRE(t, file_stat(t, user->at[5], &home));
	CHECK(t, S_ISDIR(home.mode));
	CHECK_EQ(t, (long long)home.uid, fields_number(user, 2));
}

/* As all programs do that change the files of users; it is waited for 15 seconds. */
static int hold_lock(void *arg)
{
	const struct flock lock = {.l_type = F_WRLCK};
	int ready_fd = *(const int *)arg, fd = open(LOCK, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0)
		return 1;
	(void)!write(ready_fd, "", 1);
	while (pause_until(UINT64_MAX, 1000))
		;
	return 0;
}

SABOTAGE(users, user_can_be_created, "somebody holds the lock of the user files for ever")
{
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		case_broken(t, "make a pipe: %m");
	(void)helper_start(t, hold_lock, &ends[1]);
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		case_broken(t, "the lock could not be taken");
	close(ends[0]);
}
