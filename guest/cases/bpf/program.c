/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that run inside the kernel: accepted, refused, compiled. */
#include "guest/kit/bpf.h"
#include "guest/kit/case.h"
#include "guest/kit/seccomp.h"

#define ANSWER 42

CASE(bpf, program_runs, .title = "A small program loads and its test run returns the right value",
     .priority = P1, .needs = "kconfig:BPF_SYSCALL",
     .why = "Service managers, network plugins and observers all stand on it.",
     .remedy =
	     "Check the kernel's configuration, and lockdown or policy that forbids the bpf call to root.",
     .sources = "own")
{
	const struct bpf_insn program[] = {BPF_SET(0, ANSWER), BPF_LEAVE};
	int fd;

	REQUIRE_OK(t, fd = bpf_load(program, ARRAY_LEN(program)));
	CHECK_EQ(t, bpf_run(fd), ANSWER);
	close(fd);
}

SABOTAGE(bpf, program_runs, "the bpf call is forbidden")
{
	sabotage_syscall(t, SYS_bpf, EPERM);
}

static const struct bad_program {
	const char *name;
	struct bpf_insn instructions[4];
	unsigned count;
} bad_programs[] = {
	{"endless_loop", {BPF_SET(0, 0), BPF_INSN(BPF_JMP | BPF_JA, 0, 0, -1, 0), BPF_LEAVE}, 3},
	{"never_ends", {BPF_SET(0, 0)}, 1},
	{"no_return_value", {BPF_LEAVE}, 1},
	{"stack_out_of_bounds",
	 {BPF_SET(0, 0), BPF_INSN(BPF_ST | BPF_MEM | BPF_DW, 10, 0, 8, 0), BPF_LEAVE},
	 3},
	{"wild_pointer",
	 {BPF_SET(1, 4096), BPF_INSN(BPF_LDX | BPF_MEM | BPF_DW, 0, 1, 0, 0), BPF_LEAVE},
	 3},
};

CASE_EACH(bpf, bad_program_is_rejected, bad_programs,
	  .title = "The verifier refuses out-of-bounds and endless programs", .priority = P1,
	  .needs = "kconfig:BPF_SYSCALL",
	  .why = "The verifier is all that stands between a program's bug and the kernel's memory.",
	  .remedy = "Do not ship this kernel: compare its verifier with upstream's.",
	  .sources = "own")
{
	int fd = bpf_load(c->instructions, c->count);
	int error = errno;

	if (fd >= 0) {
		FAIL(t, "the verifier has accepted it");
		close(fd);
		return;
	}
	errno = error;
	CHECK(t, errno == EACCES || errno == EINVAL);
}

SABOTAGE(bpf, bad_program_is_rejected, "the verifier accepts everything")
{
	sabotage_syscall_argument(t, SYS_bpf, 0, BPF_PROG_LOAD, 0);
}

static const struct map_kind {
	const char *name;
	enum bpf_map_type type;
} map_kinds[] = {
	{"array", BPF_MAP_TYPE_ARRAY},
	{"hash", BPF_MAP_TYPE_HASH},
	{"lru", BPF_MAP_TYPE_LRU_HASH},
};

CASE_EACH(bpf, maps_keep_values, map_kinds, .title = "Array and hash maps keep what is written",
	  .priority = P2, .needs = "kconfig:BPF_SYSCALL",
	  .why = "Programs in the kernel remember and report by maps only.",
	  .remedy = "Check for a kernel change in the map's kind.", .sources = "own")
{
	uint64_t value = 0;
	int map;

	REQUIRE_OK(t, map = bpf_map_new(c->type, sizeof(unsigned), sizeof value, 16));
	for (unsigned key = 0; key < 8; key++) {
		value = 0x0123456789abcdefULL * (key + 1);
		CHECK_OK(t, bpf_map_set(map, &key, &value));
	}
	for (unsigned key = 0; key < 8; key++) {
		value = 0;
		CHECK_OK(t, bpf_map_get(map, &key, &value));
		CHECK_EQ(t, value, 0x0123456789abcdefULL * (key + 1));
	}
	close(map);
}

SABOTAGE(bpf, maps_keep_values, "what is written into a map is dropped")
{
	sabotage_syscall_argument(t, SYS_bpf, 0, BPF_MAP_UPDATE_ELEM, 0);
}

#define JIT_ENABLE "/proc/sys/net/core/bpf_jit_enable"

CASE(bpf, jit_is_on, .title = "Programs are compiled to machine code", .priority = P2,
     .needs = "kconfig:BPF_JIT",
     .why = "The interpreter is ten times slower, and an aid to attacks on speculative execution.",
     .remedy = "Set net.core.bpf_jit_enable to 1, or build the kernel with BPF_JIT_ALWAYS_ON.",
     .sources = "own")
{
	CHECK_GT(t, file_number(t, JIT_ENABLE, 0), 0);
}

SABOTAGE(bpf, jit_is_on, "programs are interpreted")
{
	sabotage_file(t, JIT_ENABLE, "0\n");
}
