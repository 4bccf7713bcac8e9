/* SPDX-License-Identifier: Apache-2.0 */
/* The wide registers of the processor, which the kernel keeps for each task. */
#include <sched.h>
#include <sys/time.h>
#include <ucontext.h>

#include "base/clock.h"
#include "guest/kit/case.h"
#include "guest/kit/cpulist.h"
#include "guest/kit/helper.h"

#define REGISTERS      16
#define REGISTER_BYTES 32
#define IMAGE_BYTES    (REGISTERS * REGISTER_BYTES)
#define ROUNDS	       300
#define SWITCHES       200 /* in each round */

#ifdef __x86_64__

/* Fills the sixteen registers, gives the CPU away `switches` times, and takes the registers down again. No function may be
 * called meanwhile: it would use them itself. */
__attribute__((target("avx"), noinline)) static void
hold_registers(const unsigned char *in, unsigned char *out, unsigned long switches)
{
	__asm__ volatile("vmovups 0x000(%[in]), %%ymm0\n\tvmovups 0x020(%[in]), %%ymm1\n\t"
			 "vmovups 0x040(%[in]), %%ymm2\n\tvmovups 0x060(%[in]), %%ymm3\n\t"
			 "vmovups 0x080(%[in]), %%ymm4\n\tvmovups 0x0a0(%[in]), %%ymm5\n\t"
			 "vmovups 0x0c0(%[in]), %%ymm6\n\tvmovups 0x0e0(%[in]), %%ymm7\n\t"
			 "vmovups 0x100(%[in]), %%ymm8\n\tvmovups 0x120(%[in]), %%ymm9\n\t"
			 "vmovups 0x140(%[in]), %%ymm10\n\tvmovups 0x160(%[in]), %%ymm11\n\t"
			 "vmovups 0x180(%[in]), %%ymm12\n\tvmovups 0x1a0(%[in]), %%ymm13\n\t"
			 "vmovups 0x1c0(%[in]), %%ymm14\n\tvmovups 0x1e0(%[in]), %%ymm15\n\t"
			 "1:\n\t"
			 "mov %[yield], %%eax\n\t"
			 "syscall\n\t"
			 "dec %[left]\n\t"
			 "jnz 1b\n\t"
			 "vmovups %%ymm0, 0x000(%[out])\n\tvmovups %%ymm1, 0x020(%[out])\n\t"
			 "vmovups %%ymm2, 0x040(%[out])\n\tvmovups %%ymm3, 0x060(%[out])\n\t"
			 "vmovups %%ymm4, 0x080(%[out])\n\tvmovups %%ymm5, 0x0a0(%[out])\n\t"
			 "vmovups %%ymm6, 0x0c0(%[out])\n\tvmovups %%ymm7, 0x0e0(%[out])\n\t"
			 "vmovups %%ymm8, 0x100(%[out])\n\tvmovups %%ymm9, 0x120(%[out])\n\t"
			 "vmovups %%ymm10, 0x140(%[out])\n\tvmovups %%ymm11, 0x160(%[out])\n\t"
			 "vmovups %%ymm12, 0x180(%[out])\n\tvmovups %%ymm13, 0x1a0(%[out])\n\t"
			 "vmovups %%ymm14, 0x1c0(%[out])\n\tvmovups %%ymm15, 0x1e0(%[out])\n\t"
			 "vzeroupper\n\t"
			 : [left] "+r"(switches)
			 : [in] "r"(in), [out] "r"(out), [yield] "i"(24 /* sched_yield */)
			 : "rax", "rcx", "r11", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3",
			   "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
			   "xmm12", "xmm13", "xmm14", "xmm15");
}

#else

static void hold_registers(const unsigned char *in, unsigned char *out, unsigned long switches)
{
	while (switches-- > 0)
		sched_yield();
	memcpy(out, in, IMAGE_BYTES);
}

#endif

static void fill(unsigned char *image, unsigned seed)
{
	for (unsigned i = 0; i < IMAGE_BYTES; i++)
		image[i] = (unsigned char)(seed * 37 + i * 11 + 1);
}

/* Uses the same registers with other values, as long as its parent lives. */
static int disturb(void *arg)
{
	unsigned char in[IMAGE_BYTES], out[IMAGE_BYTES];

	for (unsigned seed = *(const unsigned *)arg; getppid() != 1; seed += 2) {
		fill(in, seed);
		hold_registers(in, out, 50);
	}
	return 0;
}

/* Moves its parent from one CPU to the next. */
static int move_parent(void *arg)
{
	pid_t parent = getppid();
	const char *online = arg;

	for (int cpu = -1; getppid() == parent;) {
		cpu_set_t set;
		cpu = cpulist_next(online, cpu);
		if (cpu < 0 || cpu >= CPU_SETSIZE)
			continue;
		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		(void)sched_setaffinity(parent, sizeof set, &set);
		const struct timespec span = {.tv_nsec = 2 * 1000 * 1000};
		(void)nanosleep(&span, NULL);
	}
	return 0;
}

CASE(cpu, vector_state_survives_switches,
     .title = "Vector registers keep their values over context switches and CPU moves",
     .priority = P1, .needs = "arch:x86_64,cpuflag:avx",
     .why = "A register that changes by itself makes any calculation wrong, without a trace.",
     .remedy = "Suspect the kernel's saving of the extended state, then the hypervisor's.",
     .sources = "own")
{
	const char *online = cpus_online(t);
	unsigned char in[IMAGE_BYTES], out[IMAGE_BYTES];
	static unsigned seeds[2] = {101, 202};

	for (size_t i = 0; i < ARRAY_LEN(seeds); i++)
		(void)helper_start(t, disturb, &seeds[i]);
	(void)helper_start(t, move_parent, (void *)(uintptr_t)online);
	uint64_t until_ns = clock_now_ns() + 5 * NS_PER_S;
	unsigned damaged = 0, round = 0;
	for (; round < ROUNDS && (round < 20 || clock_now_ns() < until_ns); round++) {
		fill(in, round);
		hold_registers(in, out, SWITCHES);
		damaged += memcmp(in, out, IMAGE_BYTES) != 0;
	}
	note(t, "%u rounds of %u switches", round, SWITCHES);
	CHECK_EQ(t, damaged, 0U);
}

#ifdef __x86_64__

#define FIRST_REGISTER 160 /* where XMM0 lies in the area that FXSAVE defines */

static void damage_register(int number UNUSED, siginfo_t *info UNUSED, void *context)
{
	ucontext_t *interrupted = context;
	unsigned char *state = (unsigned char *)interrupted->uc_mcontext.fpregs;

	if (state)
		state[FIRST_REGISTER] ^= 0x10;
}

SABOTAGE(cpu, vector_state_survives_switches, "now and then a bit of a register flips")
{
	const struct sigaction action = {.sa_sigaction = damage_register,
					 .sa_flags = SA_SIGINFO | SA_RESTART};
	const struct itimerval often = {.it_value.tv_usec = 3000, .it_interval.tv_usec = 3000};

	if (sigaction(SIGALRM, &action, NULL) < 0 || setitimer(ITIMER_REAL, &often, NULL) < 0)
		case_broken(t, "no timer can be set: %m");
}

#else

SABOTAGE(cpu, vector_state_survives_switches, "now and then a bit of a register flips")
{
	case_broken(t, "this processor has none of these registers");
}

#endif
