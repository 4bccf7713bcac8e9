/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tiny guest that proves an accelerator: a firmware of its own that goes the way of a kernel's first instructions
 * and tells each step on the debug console (port 0xe9):
 *
 *	R  real mode runs, and it has copied itself from the ROM into RAM
 *	P  protected mode
 *	L  64-bit mode with paging
 *	M  32 MiB of memory keep what is written
 *	T  timer interrupts arrive and wake a halted CPU
 *	U  user mode was entered and left again
 *	.  done: the machine is left by port 0xf4
 *
 * It stands in the read-only data of this program. Addresses are differences of labels, since it runs elsewhere: at
 * 0x8000, where it copies itself.
 */
#include "host/machine/accel_guest.h"

#include <string.h>

#define ROM_CODE  0xf000 /* where the code lies in the ROM */
#define ROM_RESET 0xfff0

/* clang-format off */
__asm__(
	".pushsection .rodata.accel_guest, \"a\"\n"
	".globl accel_guest_code, accel_guest_code_end\n"
	".hidden accel_guest_code, accel_guest_code_end\n"
	".set base, 0x8000\n"
	".set pml4, 0x10000\n"
	".set idt, 0x14000\n"
	".set ticks, 0x7000\n"
	".set task, 0x17800\n"
	".macro say c\n mov $\\c, %al\n outb %al, $0xe9\n .endm\n"

	".code16\n"
	"accel_guest_code:\n"
	"	cli\n	cld\n"
	"	xor %ax, %ax\n	mov %ax, %es\n"
	"	mov $0xf000, %si\n	mov $base, %di\n	mov $0x0ff0, %cx\n"
	"	rep movsb %cs:(%si), %es:(%di)\n"
	"	ljmp $0, $(in_ram - accel_guest_code + base)\n"
	"in_ram:\n"
	"	xor %ax, %ax\n	mov %ax, %ds\n	mov %ax, %ss\n	mov $0x7000, %sp\n"
	"	say 'R'\n"
	"	lgdtl (gdt_pointer - accel_guest_code + base)\n"
	"	mov %cr0, %eax\n	or $1, %al\n	mov %eax, %cr0\n"
	"	ljmpl $0x08, $(protected - accel_guest_code + base)\n"

	".code32\n"
	"protected:\n"
	"	mov $0x10, %ax\n	mov %ax, %ds\n	mov %ax, %es\n	mov %ax, %ss\n"
	"	say 'P'\n"
	/* 1 GiB mapped one to one by 2 MiB pages, for the user too */
	"	mov $pml4, %edi\n	xor %eax, %eax\n	mov $0x2000, %ecx\n	rep stosl\n"
	"	movl $(pml4 + 0x1007), pml4\n"
	"	movl $(pml4 + 0x2007), pml4 + 0x1000\n"
	"	mov $(pml4 + 0x2000), %edi\n	mov $0x87, %eax\n	mov $512, %ecx\n"
	"1:	mov %eax, (%edi)\n	add $8, %edi\n	add $0x200000, %eax\n	loop 1b\n"
	/* and the page of the local interrupt controller, uncached */
	"	movl $(pml4 + 0x3003), pml4 + 0x1018\n"
	"	movl $0xfee00093, pml4 + 0x3000 + 0x1f7 * 8\n"
	"	mov %cr4, %eax\n	or $0x20, %eax\n	mov %eax, %cr4\n"
	"	mov $pml4, %eax\n	mov %eax, %cr3\n"
	"	mov $0xc0000080, %ecx\n	rdmsr\n	or $0x100, %eax\n	wrmsr\n"
	"	mov %cr0, %eax\n	or $0x80000000, %eax\n	mov %eax, %cr0\n"
	"	ljmpl $0x18, $(long_mode - accel_guest_code + base)\n"

	".code64\n"
	"long_mode:\n"
	"	mov $0x10, %ax\n	mov %ax, %ds\n	mov %ax, %es\n	mov %ax, %ss\n	mov $0x7000, %esp\n"
	"	say 'L'\n"
	"	mov $0x1000000, %rdi\n	mov $0x5aa5c33c0ff01221, %rdx\n"
	"1:	mov %rdx, %rax\n	xor %rdi, %rax\n	mov %rax, (%rdi)\n"
	"	add $4096, %rdi\n	cmp $0x3000000, %rdi\n	jb 1b\n"
	"	mov $0x1000000, %rdi\n"
	"1:	mov %rdx, %rax\n	xor %rdi, %rax\n	cmp %rax, (%rdi)\n	jne stop\n"
	"	add $4096, %rdi\n	cmp $0x3000000, %rdi\n	jb 1b\n"
	"	say 'M'\n"
	/* gates: vector 0x20 the timer, 0x80 the way back from user mode */
	"	movl $0, ticks\n"
	"	mov $(timer - accel_guest_code + base), %eax\n	mov $(idt + 0x20 * 16), %edi\n	mov $0x8e, %dl\n"
	"	call gate\n"
	"	mov $(from_user - accel_guest_code + base), %eax\n	mov $(idt + 0x80 * 16), %edi\n	mov $0xee, %dl\n"
	"	call gate\n"
	"	lidt (idt_pointer - accel_guest_code + base)\n"
	/* the local controller lets the other one's interrupts through, as after a firmware */
	"	mov $0xfee00000, %esi\n	movl $0x1ff, 0xf0(%rsi)\n	movl $0x700, 0x350(%rsi)\n"
	/* interrupt controller: vectors from 0x20, only the timer; timer: 1,193,182 / 11,932 = 100 a second */
	"	mov $0x11, %al\n	outb %al, $0x20\n	mov $0x20, %al\n	outb %al, $0x21\n"
	"	mov $4, %al\n	outb %al, $0x21\n	mov $1, %al\n	outb %al, $0x21\n"
	"	mov $0xfe, %al\n	outb %al, $0x21\n"
	"	mov $0x34, %al\n	outb %al, $0x43\n	mov $0x9c, %al\n	outb %al, $0x40\n"
	"	mov $0x2e, %al\n	outb %al, $0x40\n"
	"1:	sti\n	hlt\n	cli\n	cmpl $3, ticks\n	jb 1b\n"
	"	say 'T'\n"
	"	movl $0x6000, task + 4\n"	/* the stack that user mode is left on */
	"	mov $0x38, %ax\n	ltr %ax\n"
	"	pushq $0x33\n	pushq $0x6800\n	pushq $2\n	pushq $0x2b\n"
	"	pushq $(in_user - accel_guest_code + base)\n	iretq\n"
	"in_user:\n"
	"	mov $0x75, %ebx\n	int $0x80\n"
	"from_user:\n"
	"	cmp $0x75, %ebx\n	jne stop\n"
	"	mov 8(%rsp), %rax\n	cmp $0x2b, %rax\n	jne stop\n"
	"	say 'U'\n	say '.'\n"
	"	mov $0x10, %al\n	outb %al, $0xf4\n"
	"stop:	cli\n	hlt\n	jmp stop\n"
	"timer:\n"
	"	push %rax\n	incl ticks\n	mov $0x20, %al\n	outb %al, $0x20\n	pop %rax\n	iretq\n"
	"gate:\n"
	"	movw %ax, (%rdi)\n	movw $0x18, 2(%rdi)\n	movb $0, 4(%rdi)\n	movb %dl, 5(%rdi)\n"
	"	shr $16, %eax\n	movw %ax, 6(%rdi)\n	movq $0, 8(%rdi)\n	ret\n"

	"	.balign 16\n"
	"gdt:	.quad 0\n"
	"	.quad 0x00cf9b000000ffff\n"	/* 08: 32-bit code */
	"	.quad 0x00cf93000000ffff\n"	/* 10: data */
	"	.quad 0x00af9b000000ffff\n"	/* 18: 64-bit code */
	"	.quad 0\n"			/* 20 */
	"	.quad 0x00affb000000ffff\n"	/* 28: user's 64-bit code */
	"	.quad 0x00cff3000000ffff\n"	/* 30: user's data */
	"	.quad 0x0000890178000067\n"	/* 38: the task at 0x17800 */
	"	.quad 0\n"
	"gdt_end:\n"
	"gdt_pointer:	.word gdt_end - gdt - 1\n	.long gdt - accel_guest_code + base\n"
	"idt_pointer:	.word 0xfff\n	.quad idt\n"
	"accel_guest_code_end:\n"
	".popsection\n");
/* clang-format on */

extern const unsigned char accel_guest_code[], accel_guest_code_end[];

void accel_guest_rom(unsigned char rom[ACCEL_GUEST_ROM_SIZE])
{
	/* At reset the CPU begins 16 bytes below the end: a jump to the code. */
	const unsigned distance =
		(unsigned)ROM_CODE - (unsigned)ROM_RESET - 3U; /* backwards, modulo 2^16 */
	const unsigned char reset[] = {0xe9, (unsigned char)distance,
				       (unsigned char)(distance >> 8)};

	memset(rom, 0xf4, ACCEL_GUEST_ROM_SIZE);
	memcpy(rom + ROM_CODE, accel_guest_code, (size_t)(accel_guest_code_end - accel_guest_code));
	memcpy(rom + ROM_RESET, reset, sizeof reset);
}

const char *accel_guest_step(const char *said)
{
	static const struct {
		char letter;
		const char *step;
	} steps[] = {
		{'U', "coming back from user mode"},	  {'T', "handling timer interrupts"},
		{'M', "keeping what it wrote to memory"}, {'L', "entering 64-bit mode"},
		{'P', "entering protected mode"},	  {'R', "starting in real mode"},
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (strchr(said, steps[i].letter))
			return steps[i].step;
	return NULL;
}
