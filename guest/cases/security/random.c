/* SPDX-License-Identifier: Apache-2.0 */
/* Where randomness comes from, and whether it is there in time. */
#include "guest/kit/case.h"
#include "guest/kit/helper.h"
#include "guest/kit/line.h"
#include "guest/kit/systemd.h"

#define CURRENT_SOURCE "/sys/class/misc/hw_random/rng_current"
#define SOURCES	       "/sys/class/misc/hw_random/rng_available"
#define KMSG	       "/dev/kmsg"
#define RECORD_SIZE    8192

CASE(security, kernel_entropy_source_is_active,
     .title = "A hardware or daemon entropy source feeds the kernel", .priority = P1,
     .needs = "dev:virtio-rng",
     .why = "A virtual machine sees few events to gather randomness from: its first keys would be guessable.",
     .remedy = "Build the virtio_rng driver, or install a daemon that feeds the kernel.",
     .sources = "own")
{
	static const char *const daemons[] = {"rngd", "haveged", "jitterentropy-r"};
	const char *source = file_line(t, CURRENT_SOURCE), *all = file_line(t, SOURCES);

	if (source && source[0] && strcmp(source, "none") != 0) {
		CHECK(t, all && list_has(all, source, " "));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		if (process_find(t, daemons[i], 0) > 0) {
			check_passed(t);
			return;
		}
	}
	FAIL(t, "the kernel's current source is %s, and no daemon feeds it",
	     source ? source : "not there");
}

SABOTAGE(security, kernel_entropy_source_is_active, "the kernel has no source")
{
	sabotage_file(t, CURRENT_SOURCE, "none\n");
}

/* The time in microseconds of the record in which the generator is said to be ready; -1 when there is none (it is long ago
 * and overwritten). */
static long long ready_at_us(struct trial *t)
{
	char record[RECORD_SIZE + 1];
	long long at_us = -1, time_us;
	int fd = open(KMSG, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		case_broken(t, "the kernel log cannot be read: %m");
	for (;;) {
		ssize_t length = read(fd, record, RECORD_SIZE);
		if (length < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (length <= 0)
			break;
		record[length] = '\0';
		if (strstr(record, "random: crng init done") &&
		    sscanf(record, "%*u,%*u,%lld", &time_us) == 1)
			at_us = time_us;
	}
	close(fd);
	return at_us;
}

CASE(security, random_is_ready_early,
     .title = "The random generator is ready before the first service starts", .priority = P1,
     .needs = "systemd",
     .why = "What draws from it before that waits, or gets numbers that can be guessed: host keys among them.",
     .remedy =
	     "Give the machine a random device, trust the CPU's generator (random.trust_cpu=on), or carry a seed over.",
     .sources = "AZCERT:hygiene/entropy")
{
	const char *first =
		systemd_unit_property(t, "basic.target", "Unit", "ActiveEnterTimestampMonotonic");
	long long ready_us = ready_at_us(t), services_us;

	if (ready_us < 0)
		case_skip(t, "policy:kernel-log",
			  "the kernel log does not tell any more when it was ready");
	REQUIRE(t, number_parse(first, 1, INT64_MAX, &services_us) == 0);
	CHECK_LT(t, ready_us, services_us);
}

SABOTAGE(security, random_is_ready_early, "the generator was ready late")
{
	sabotage_file(t, KMSG, "6,1,3600000000,-;random: crng init done\n");
}
