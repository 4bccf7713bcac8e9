/* SPDX-License-Identifier: Apache-2.0 */
/* Memory gives back what was put into it. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "guest/kit/case.h"

#define SHARE_PERCENT 60
#define MIB	      (1ULL << 20)
#define MOST_MIB      4096 /* a bigger machine is not searched for bad modules here */
#define EMULATED_MIB  128  /* an emulated CPU needs seconds for more */

/* Filled and checked word by word; a sabotage knows of it too. */
static volatile uint64_t *area;
static size_t area_words;

static uint64_t available_mib(struct trial *t)
{
	const char *meminfo = file_text(t, "/proc/meminfo");
	const char *line = meminfo ? strstr(meminfo, "\nMemAvailable:") : NULL;
	unsigned long long kib;

	REQUIRE(t, line && sscanf(line, "\nMemAvailable: %llu kB", &kib) == 1);
	return kib / 1024;
}

/* Every word has a value of its own, so that one that came from another place shows too. */
static uint64_t pattern(size_t index, uint64_t mask)
{
	return ((uint64_t)index * 0x9e3779b97f4a7c15ULL) ^ mask;
}

static size_t fill_and_compare(uint64_t mask)
{
	size_t wrong = 0;

	for (size_t i = 0; i < area_words; i++)
		area[i] = pattern(i, mask);
	for (size_t i = 0; i < area_words; i++)
		wrong += area[i] != pattern(i, mask);
	return wrong;
}

CASE(memory, patterns_survive, .title = "Patterns over most of free memory read back unchanged",
     .priority = P1, .isolation = ISOLATION_FORK, .timeout_s = 120,
     .why = "Memory that forgets spoils whatever is computed, and the files that are written from it.",
     .remedy = "Rule out the host's memory; then suspect the balloon and the kernel's paging.",
     .sources = "own")
{
	uint64_t mib = available_mib(t) * SHARE_PERCENT / 100;
	uint64_t most_mib = strcmp(plan_text(t, "accel", ""), "tcg") == 0 ? EMULATED_MIB : MOST_MIB;
	size_t bytes = (size_t)((mib < most_mib ? mib : most_mib) * MIB);
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(t, bytes > 0 && memory != MAP_FAILED);
	area = memory;
	area_words = bytes / sizeof *area;
	note(t, "%llu MiB", (unsigned long long)(bytes / MIB));
	CHECK_EQ(t, fill_and_compare(0), 0U);
	CHECK_EQ(t, fill_and_compare(UINT64_MAX), 0U); /* each bit once 0 and once 1 */
	area_words = 0;
	(void)munmap(memory, bytes);
}

static void change_word(int number UNUSED)
{
	if (area_words > 0)
		area[area_words / 3] += 1;
}

SABOTAGE(memory, patterns_survive, "a word changes now and then")
{
	const struct sigaction action = {.sa_handler = change_word, .sa_flags = SA_RESTART};
	const struct itimerval often = {.it_value.tv_usec = 7000, .it_interval.tv_usec = 7000};

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0)
		case_broken(t, "no timer can be set: %m");
}
