/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel log must not say. The same texts on the serial console are the host's business. */
#include "guest/kit/case.h"
#include "guest/kit/kmsg.h"

static const struct kmsg_pattern oops_patterns[] = {
	{"BUG: unable to handle", NULL},
	{"BUG: kernel NULL pointer", NULL},
	{"Unable to handle kernel", NULL},
	{"kernel BUG at ", NULL},
	{"Oops: ", NULL},
	{"general protection fault, ", NULL},
	{"general protection fault: ", NULL},
	{"invalid opcode: 0000", NULL},
	{"Kernel panic - not syncing", NULL},
	{"KASAN: ", NULL},
	{"UBSAN: ", NULL},
	{"BUG: sleeping function called", NULL},
	{"BUG: scheduling while atomic", NULL},
	{"BUG: Bad page", NULL},
	{"Internal error: ", NULL},
	{"double fault: ", NULL},
};

CASE(kernel, log_has_no_oops,
     .title = "The kernel log has no oops, BUG, general protection fault or panic text",
     .priority = P0, .why = "After an oops the kernel runs on with locks held and memory damaged.",
     .remedy = "Search the trace's top functions in the kernel's history of fixes.",
     .sources = "kola:console-journal-checks,LISA:verify_boot_error_fail_warnings")
{
	kmsg_check_lacks(t, oops_patterns, ARRAY_LEN(oops_patterns));
}

SABOTAGE(kernel, log_has_no_oops, "the kernel has followed a null pointer")
{
	sabotage_kmsg(t, "BUG: kernel NULL pointer dereference, address: 0000000000000008\n"
			 "#PF: supervisor read access in kernel mode\n"
			 "Oops: 0000 [#1] PREEMPT SMP NOPTI\n");
}

static const struct kmsg_pattern warning_patterns[] = {
	{"WARNING: CPU: ", NULL},
	{"WARNING: possible circular locking", NULL},
	{"WARNING: suspicious RCU usage", NULL},
	{"WARNING: bad unlock balance", NULL},
	{"WARNING: inconsistent lock state", NULL},
	{"refcount_t: ", NULL},
};

CASE(kernel, log_has_no_warnings, .title = "The kernel log has no WARNING call trace",
     .priority = P1,
     .why = "The kernel warns where its own assumptions do not hold: the next step is an oops.",
     .remedy = "Search the warning's file and line in the kernel's history of fixes.",
     .sources = "LISA:verify_boot_error_fail_warnings,kola:console-journal-checks")
{
	kmsg_check_lacks(t, warning_patterns, ARRAY_LEN(warning_patterns));
}

SABOTAGE(kernel, log_has_no_warnings, "the kernel has issued a warning")
{
	sabotage_kmsg(
		t,
		"------------[ cut here ]------------\n"
		"WARNING: CPU: 1 PID: 371 at net/core/dev.c:2901 skb_warn_bad_offload+0xbe/0xf0\n");
}

static const struct kmsg_pattern stall_patterns[] = {
	{"watchdog: BUG: soft lockup", NULL},
	{"Watchdog detected hard LOCKUP", NULL},
	{"detected stalls on CPUs/tasks", NULL},
	{"self-detected stall on CPU", NULL},
	{"kthread starved for", NULL},
	{" blocked for more than ", NULL},
	{"workqueue lockup", NULL},
	{"detected expedited stalls", NULL},
};

CASE(kernel, log_has_no_stalls,
     .title = "The kernel log has no soft lockup, RCU stall or hung task", .priority = P0,
     .why = "A stall of seconds is an outage of seconds, and its cause is still there.",
     .remedy =
	     "The trace in the log shows where the CPU or task was stuck; rule out an overloaded host first.",
     .sources = "own")
{
	kmsg_check_lacks(t, stall_patterns, ARRAY_LEN(stall_patterns));
}

SABOTAGE(kernel, log_has_no_stalls, "a CPU was stuck for 26 seconds")
{
	sabotage_kmsg(t, "rcu: INFO: rcu_preempt self-detected stall on CPU\n"
			 "rcu: \t1-....: (5249 ticks this GP) idle=1b4/1/0x4000000000000000\n");
}

static const struct kmsg_pattern io_error_patterns[] = {
	/* The floppy controller that is there without a drive. */
	{"I/O error, dev ", "dev fd0"},
	{"Buffer I/O error on ", "dev fd0"},
	{"EXT4-fs error", NULL},
	{"EXT4-fs warning (device", "mounting fs with errors"},
	{"XFS: Internal error", NULL},
	{"Corruption detected. Unmount and run xfs_repair", NULL},
	{"BTRFS error", NULL},
	{"BTRFS critical", NULL},
	{"FAT-fs (", "not properly unmounted"},
	{"Remounting filesystem read-only", NULL},
	{"critical medium error", NULL},
	{"critical target error", NULL},
	{"nvme: I/O timeout", NULL},
	{"JBD2: Error", NULL},
	{"Aborting journal on device", NULL},
};

CASE(kernel, log_has_no_io_errors, .title = "The kernel log has no block or filesystem I/O error",
     .priority = P0, .why = "One failed write can be the beginning of a lost filesystem.",
     .remedy = "Check the disk image and the host's storage first, then the driver.",
     .sources = "LISA:verify_boot_error_fail_warnings")
{
	kmsg_check_lacks(t, io_error_patterns, ARRAY_LEN(io_error_patterns));
}

SABOTAGE(kernel, log_has_no_io_errors, "a sector could not be read")
{
	sabotage_kmsg(
		t,
		"I/O error, dev vda, sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2\n");
}

static const struct kmsg_pattern memory_error_patterns[] = {
	{"[Hardware Error]", NULL},	      {"Memory failure: ", NULL},
	{"mce: Uncorrected hardware", NULL},  {"Machine check events logged", NULL},
	{"EDAC MC0: ", " Giving out device"},
};

CASE(kernel, log_has_no_memory_errors, .title = "The kernel log shows no hardware memory error",
     .priority = P1, .why = "A guest that is told of memory errors runs on a failing host.",
     .remedy = "Take the host out of service and test its memory.", .sources = "own")
{
	kmsg_check_lacks(t, memory_error_patterns, ARRAY_LEN(memory_error_patterns));
}

SABOTAGE(kernel, log_has_no_memory_errors, "a machine check was reported")
{
	sabotage_kmsg(
		t,
		"mce: [Hardware Error]: CPU 0: Machine Check Exception: 4 Bank 5: be00000000800400\n");
}

static const struct kmsg_pattern module_patterns[] = {
	{": Unknown symbol ", NULL},	      {": disagrees about version of symbol", NULL},
	{": version magic '", NULL},	      {"module verification failed: signature", NULL},
	{": Invalid ELF header magic", NULL}, {"Loading of unsigned module is rejected", NULL},
};

CASE(kernel, log_has_no_module_failures,
     .title = "No module failed to load for unknown symbols, version or signature", .priority = P2,
     .why = "Such a module was built for another kernel: kernel and modules were not shipped together.",
     .remedy = "Install the modules of the running kernel, and rebuild those from outside.",
     .sources = "own")
{
	kmsg_check_lacks(t, module_patterns, ARRAY_LEN(module_patterns));
}

SABOTAGE(kernel, log_has_no_module_failures, "a module was built for another kernel")
{
	sabotage_kmsg(
		t,
		"loop: version magic '5.0.0 SMP mod_unload ' should be '6.1.0 SMP mod_unload '\n");
}
