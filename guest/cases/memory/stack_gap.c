/* SPDX-License-Identifier: Apache-2.0 */
/* A stack that grows never meets what is mapped beneath it. */
#include <sys/mman.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/seccomp.h"

#define PAGE	       4096UL
#define AREA	       (1024 * PAGE)
#define GAP	       (16 * PAGE) /* far less than the 256 pages that the kernel keeps free */
#define NEIGHBOUR_SIZE (3 * PAGE)

enum { GREW, NO_MEMORY };

/* Maps there and nowhere else; true when that was done. */
static bool map_fixed(char *at, size_t size, int flags)
{
	char *mapped = mmap(at, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);

	return mapped == at;
}

/* Makes a mapping that grows downwards, in an area that is free otherwise, and lets it grow by a page; *arg: with a
 * neighbour a little below. Being killed by SIGSEGV is the right end then. */
static int grow(void *arg)
{
	char *area =
		mmap(NULL, AREA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (area == MAP_FAILED || munmap(area, AREA) < 0)
		return NO_MEMORY;
	char *stack = area + AREA - 8 * PAGE;
	if (*(const bool *)arg && !map_fixed(stack - GAP - NEIGHBOUR_SIZE, NEIGHBOUR_SIZE, 0))
		return NO_MEMORY;
	if (!map_fixed(stack, PAGE, MAP_GROWSDOWN))
		return NO_MEMORY;
	*(volatile char *)(stack - 1) = 1;
	return GREW;
}

CASE(memory, stack_gap_is_kept,
     .title = "The kernel keeps a gap between a growing stack and other mappings", .priority = P2,
     .why = "Without it a deep call writes over other data: a known way to become root.",
     .remedy = "Take stack_guard_gap= off the command line.", .fixes = "CVE-2017-1000364",
     .sources = "own")
{
	static bool alone = false, beside = true;
	int free_way = helper_run(t, grow, &alone);

	if (!WIFEXITED(free_way) || WEXITSTATUS(free_way) != GREW)
		case_broken(t, "a mapping does not grow where nothing is in its way: status %d",
			    free_way);
	int status = helper_run(t, grow, &beside);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NO_MEMORY)
		case_broken(t, "no memory could be mapped");
	CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* The neighbour alone has that size. */
static long lose_neighbour(const struct seccomp_data *call, void *arg UNUSED)
{
	return call->args[1] == NEIGHBOUR_SIZE ? (long)call->args[0] : SYSCALL_GO_ON;
}

SABOTAGE(memory, stack_gap_is_kept, "the kernel does not see the neighbour")
{
	sabotage_syscall_by(t, SYS_mmap, lose_neighbour, NULL);
}
