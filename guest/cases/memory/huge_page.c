/* SPDX-License-Identifier: Apache-2.0 */
/* Pages larger than the usual ones: reserved by hand, or made by the kernel. */
#include <sys/mman.h>
#include <sys/prctl.h>

#include "guest/kit/case.h"
#include "guest/kit/knob.h"

#define NR_HUGEPAGES "/proc/sys/vm/nr_hugepages"
#define THP_ENABLED  "/sys/kernel/mm/transparent_hugepage/enabled"
#define THP_SIZE     "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"
#define RESERVED     4

static long long huge_page_kib(struct trial *t)
{
	const char *text = file_text(t, "/proc/meminfo");
	const char *at = text ? strstr(text, "Hugepagesize:") : NULL;
	long long kib;

	return at && sscanf(at, "Hugepagesize: %lld kB", &kib) == 1 ? kib : -1;
}

CASE(memory, huge_pages_allocate, .title = "Huge pages can be reserved, mapped and used",
     .priority = P2, .isolation = ISOLATION_FORK, .needs = "kconfig:HUGETLBFS,mem_mb>=256",
     .why = "Databases and packet processors reserve huge pages at start and refuse to run without them.",
     .remedy = "Check that the kernel is built with HUGETLBFS and memory is not already in pieces.",
     .sources = "own")
{
	long long size = huge_page_kib(t) * 1024;

	REQUIRE(t, size > 0);
	long long before = file_number(t, NR_HUGEPAGES, 0);
	knob_set(t, NR_HUGEPAGES, case_format(t, "%lld", before + RESERVED));
	char *memory = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (!CHECK(t, memory != MAP_FAILED))
		return;
	memset(memory, 0x5a, (size_t)size);
	CHECK_EQ(t, memory[size - 1], 0x5a);
	munmap(memory, (size_t)size);
}

SABOTAGE(memory, huge_pages_allocate, "the kernel does not hear of the reservation")
{
	sabotage_file(t, NR_HUGEPAGES, "0\n");
}

/* Kibibytes of huge pages in the mapping that holds `address`. */
static long long huge_kib_at(struct trial *t, uintptr_t address)
{
	const char *text = file_text(t, "/proc/self/smaps");
	unsigned long from, to;
	bool is_inside = false;
	long long kib;

	for (const char *at = text, *line; text && (line = text_line(t, &at));) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			is_inside = address >= from && address < to;
		else if (is_inside && sscanf(line, "AnonHugePages: %lld kB", &kib) == 1)
			return kib;
	}
	return -1;
}

CASE(memory, transparent_huge_pages_form,
     .title = "A large aligned buffer gets huge pages as the policy says", .priority = P2,
     .needs = "kconfig:TRANSPARENT_HUGEPAGE,mem_mb>=256",
     .why = "Large programs lose a good part of their speed when the kernel gives small pages only.",
     .remedy =
	     "Check /sys/kernel/mm/transparent_hugepage and transparent_hugepage= on the command line.",
     .sources = "own")
{
	const char *policy = file_line(t, THP_ENABLED);
	/* Kernels that do not tell the size are older than those of other sizes. */
	long long told = file_exists(t, THP_SIZE) ? file_number(t, THP_SIZE, -1) : 2 << 20;
	size_t size = (size_t)told;

	REQUIRE(t, policy != NULL);
	REQUIRE(t, strstr(policy, "[always]") || strstr(policy, "[madvise]") ||
			   strstr(policy, "[never]"));
	REQUIRE(t, told > 0);
	char *memory =
		mmap(NULL, 4 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		case_broken(t, "no memory for the buffer: %m");
	char *aligned = (char *)(((uintptr_t)memory + size - 1) & ~(uintptr_t)(size - 1));
	(void)madvise(aligned, 2 * size, MADV_HUGEPAGE);
	memset(aligned, 1, 2 * size);
	long long kib = huge_kib_at(t, (uintptr_t)aligned);
	if (strstr(policy, "[never]"))
		CHECK_EQ(t, kib, 0);
	else
		CHECK_GT(t, kib, 0);
	munmap(memory, 4 * size);
}

SABOTAGE(memory, transparent_huge_pages_form, "the kernel does the opposite of its policy")
{
	const char *policy = file_line(t, THP_ENABLED);

	REQUIRE(t, policy != NULL);
	if (strstr(policy, "[never]"))
		sabotage_file(t, THP_ENABLED, "[always] madvise never\n");
	else if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) < 0)
		case_broken(t, "huge pages cannot be switched off for a process: %m");
}
