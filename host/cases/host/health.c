/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the host's hardware is well: a verdict from a machine with bad memory is worth nothing. */
#include <stdio.h>

#include "host/cases/host_side.h"

#define KMSG "/dev/kmsg"
#define EDAC "/sys/devices/system/edac/mc"

/* Words of the kernel's log that tell of failing hardware, of memory that ran out, or of the kernel's own death. What a
 * program did (segfault) and what a container's limit did are none of these. */
static const char *const bad_words[] = {
	"[Hardware Error]",
	"Machine check events logged",
	"Memory failure:",
	"Uncorrected (Non-Fatal)",
	"Uncorrected (Fatal)",
	"I/O error, dev ",
	"Buffer I/O error on dev",
	"EXT4-fs error",
	"metadata I/O error",
	"Corruption of in-memory data",
	"BTRFS error",
	"nvme nvme0: I/O timeout",
	": failed command: ",
	"Out of memory: Killed process",
	"Kernel panic",
	"kernel BUG at",
	"Oops: ",
	"soft lockup",
	"hard LOCKUP",
	"self-detected stall",
};

/* Drives that may be empty. */
static bool is_removable(const char *text)
{
	return strstr(text, "dev fd") || strstr(text, "dev sr") || strstr(text, "dev loop");
}

/* The kernel's own lines only (facility 0): anybody who may write to the log writes what he likes. A record is
 * "priority,sequence,time,flags;text", with lines that begin with a blank behind it: Documentation/ABI/testing/dev-kmsg. */
static const char *bad_line(const char *line)
{
	unsigned priority;
	const char *text = strchr(line, ';');

	if (!text || sscanf(line, "%u,", &priority) != 1 || priority >> 3 != 0)
		return NULL;
	for (size_t i = 0; i < sizeof bad_words / sizeof bad_words[0]; i++)
		if (strstr(text, bad_words[i]) && !is_removable(text))
			return text + 1;
	return NULL;
}

HOST_CASE(host, kernel_log_is_clean,
	  .title = "The host's kernel log has no hardware, memory or I/O error", .priority = P1,
	  .isolation = ISOLATION_SHARED, .timeout_s = 20,
	  .why = "On failing hardware cases fail that have nothing to fail for.",
	  .remedy = "Mend what the kernel tells of, and boot the host anew.", .sources = "own")
{
	const char *log = host_side_read(t, KMSG);
	char line[1024];

	if (!log)
		host_skip(t, "kmsg", KMSG " cannot be read: %m");
	host_check_passed(t);
	while (*log) {
		size_t length = strcspn(log, "\n");
		(void)snprintf(line, sizeof line, "%.*s", (int)length, log);
		const char *bad = line[0] == ' ' ? NULL : bad_line(line);
		if (bad)
			HOST_FAIL(t, "%.200s", bad);
		log += length + (log[length] == '\n');
	}
}

HOST_SABOTAGE(host, kernel_log_is_clean, "the log tells of a machine check")
{
	host_side_plant(
		t, KMSG,
		"6,1,1000,-;Linux version 6.1\n"
		"2,1000,5000000,-;mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 4: be00000000800400\n"
		" SUBSYSTEM=cpu\n");
}

HOST_CASE(host, memory_error_counters_are_zero,
	  .title = "Corrected and uncorrected memory error counters are zero", .priority = P1,
	  .isolation = ISOLATION_SHARED, .timeout_s = 10,
	  .why = "Memory that begins to fail makes verdicts a matter of chance.",
	  .remedy = "Find the module by the counters of its row in " EDAC ", and replace it.",
	  .sources = "own")
{
	static const char *const counters[] = {"ce_count", "ue_count"};
	const char *const *controllers = host_side_names(t, EDAC);
	unsigned known = 0;

	for (; *controllers; controllers++) {
		for (size_t i = 0; i < 2; i++) {
			const char *path = host_format(t, EDAC "/%s/%s", *controllers, counters[i]);
			long long count = host_side_number(t, path, -1);
			known += count >= 0;
			if (count > 0)
				HOST_FAIL(t, "%s of %s is %lld", counters[i], *controllers, count);
			else if (count == 0)
				host_check_passed(t);
		}
	}
	if (known == 0)
		host_skip(t, "edac", "no memory controller tells its errors in " EDAC);
}

HOST_SABOTAGE(host, memory_error_counters_are_zero, "five errors were corrected")
{
	host_side_plant(t, EDAC "/mc0/ce_count", "5\n");
	host_side_plant(t, EDAC "/mc0/ue_count", "0\n");
}
