/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel does against attacks on memory. */
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/ptrace.h>

#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/knob.h"

#define RUNS 4

/* Where one run of a program has its parts. */
struct layout {
	unsigned long code, stack, heap, library;
};

static int be_traced(void *arg UNUSED)
{
	/* Whatever it is, it is there, and it is killed before its first instruction. */
	static const char *const program = "/proc/1/exe";

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		return 1;
	(void)execl(program, program, (char *)NULL);
	return 2;
}

/* Fields 26, 28 and 47 of /proc/PID/stat, counted from 1; the name in field 2 may hold anything but ends with ')'. */
static bool read_stat(struct trial *t, pid_t pid, struct layout *ret)
{
	const char *stat = file_line(t, case_format(t, "/proc/%d/stat", pid));
	const char *at = stat ? strrchr(stat, ')') : NULL;

	for (unsigned field = 2; at && field < 47;) {
		at = strchr(at + 1, ' ');
		field++;
		if (at && field == 26)
			ret->code = strtoull(at + 1, NULL, 10);
		else if (at && field == 28)
			ret->stack = strtoull(at + 1, NULL, 10);
		else if (at && field == 47)
			ret->heap = strtoull(at + 1, NULL, 10);
	}
	return at != NULL;
}

/* The first page of the dynamic linker, or of the vdso when the program is static. */
static unsigned long library_address(struct trial *t, pid_t pid)
{
	const char *maps = file_text(t, case_format(t, "/proc/%d/maps", pid));
	unsigned long from, found = 0;

	for (const char *at = maps, *line; maps && (line = text_line(t, &at));) {
		if ((strstr(line, "/ld") || strstr(line, "[vdso]")) &&
		    sscanf(line, "%lx-", &from) == 1) {
			found = from;
			break;
		}
	}
	return found;
}

static void measure(struct trial *t, struct layout *ret)
{
	pid_t pid = helper_start(t, be_traced, NULL);
	int status;

	/* The child stops by itself when the program has been laid out in memory. */
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		case_broken(t, "a traced program did not start");
	if (!read_stat(t, pid, ret))
		case_broken(t, "/proc/%d/stat cannot be read", pid);
	ret->library = library_address(t, pid);
	helper_stop(pid);
}

CASE(security, aslr_is_full,
     .title = "Program, stack, heap and library addresses differ between runs", .priority = P1,
     .why = "With known addresses one overflow is enough to take a program over.",
     .remedy = "Set kernel.randomize_va_space to 2 and take norandmaps off the command line.",
     .sources = "own")
{
	struct layout runs[RUNS];
	bool stack = false, heap = false, library = false;

	for (unsigned i = 0; i < RUNS; i++)
		measure(t, &runs[i]);
	for (unsigned i = 1; i < RUNS; i++) {
		stack |= runs[i].stack != runs[0].stack;
		heap |= runs[i].heap != runs[0].heap;
		library |= runs[i].library != runs[0].library;
	}
	CHECK(t, stack);
	CHECK(t, heap);
	CHECK(t, library);
	/* A program that is not position-independent stays where it was linked to; only the first one can tell. */
	bool is_fixed = runs[0].code < 0x10000000;
	if (!is_fixed)
		CHECK_NE(t, runs[1].code == runs[0].code && runs[2].code == runs[0].code, true);
}

SABOTAGE(security, aslr_is_full, "every run gets the same addresses")
{
	if (personality(ADDR_NO_RANDOMIZE) < 0)
		case_broken(t, "the personality cannot be changed: %m");
}

static int run_data(void *arg UNUSED)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {0xc3}; /* ret */
#elif defined(__aarch64__)
	static const unsigned char code[] = {0xc0, 0x03, 0x5f, 0xd6}; /* ret */
#else
#error "the machine code of a return is needed here"
#endif
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return 125;
	memcpy(page, code, sizeof code);
	__builtin___clear_cache(page, page + sizeof code);
	signal(SIGSEGV, SIG_DFL);
	((void (*)(void))(uintptr_t)page)();
	return 0;
}

CASE(security, nx_is_enforced, .title = "Executing from a data page kills the process",
     .priority = P1, .why = "Otherwise whatever an attacker can write he can also run.",
     .remedy = "Check the CPU model's nx flag and noexec= on the command line.", .sources = "own")
{
	int status = helper_run(t, run_data, NULL);

	REQUIRE(t, !WIFEXITED(status) || WEXITSTATUS(status) != 125);
	CHECK(t, WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

SABOTAGE(security, nx_is_enforced, "what is readable is executable")
{
	if (personality(READ_IMPLIES_EXEC) < 0)
		case_broken(t, "the personality cannot be changed: %m");
}

static int map_low_as_nobody(void *arg UNUSED)
{
	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 125;
	void *page = mmap((void *)4096, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	return page == MAP_FAILED ? errno : 0;
}

CASE(security, low_mapping_is_refused, .title = "An ordinary user cannot map the lowest pages",
     .priority = P2, .isolation = ISOLATION_FORK,
     .why = "A null pointer in the kernel then leads into memory that the attacker has prepared.",
     .remedy = "Set vm.mmap_min_addr to 65536.", .sources = "own")
{
	int status = helper_run(t, map_low_as_nobody, NULL);

	REQUIRE(t, WIFEXITED(status) && WEXITSTATUS(status) != 125);
	CHECK(t, WEXITSTATUS(status) == EPERM || WEXITSTATUS(status) == EACCES);
}

SABOTAGE(security, low_mapping_is_refused, "every address may be mapped")
{
	knob_set(t, "/proc/sys/vm/mmap_min_addr", "0");
}
