/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Durability across a power cut: a writer that appends numbered records, each made durable before it is claimed, and a
 * verifier that tells which records survived. A record is 64 bytes: "NNNNNNNNNNNN CCCCCCCC " and filler, with the checksum of
 * the number; so a record that is torn, lost or out of order is seen.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "guest/kit/probe.h"

#define RECORD_SIZE 64

/* FNV-1a over the number's digits: enough to see that a record is not the one it claims to be. */
static uint32_t checksum(const char *bytes, size_t length)
{
	uint32_t sum = 2166136261U;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)bytes[i]) * 16777619U;
	return sum;
}

static void make_record(char record[RECORD_SIZE + 1], unsigned long long number)
{
	char digits[24];

	(void)snprintf(digits, sizeof digits, "%012llu", number);
	(void)snprintf(record, RECORD_SIZE + 1, "%s %08x ", digits, checksum(digits, 12));
	size_t length = strlen(record);
	memset(record + length, '.', RECORD_SIZE - 1 - length);
	record[RECORD_SIZE - 1] = '\n';
	record[RECORD_SIZE] = '\0';
}

/* Makes the new name itself durable. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEAN_FREE char *folder =
		slash && slash != path ? strndup(path, (size_t)(slash - path)) : strdup("/");
	CLEAN_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

/* What has been claimed goes to the serial console as well: the host reads it there after the cut. */
static void claim(int console_fd, unsigned long long number)
{
	char line[64];
	int length = snprintf(line, sizeof line, "assay-durable %llu\n", number);

	if (console_fd >= 0 && length > 0)
		(void)!write(console_fd, line, (size_t)length);
}

PROBE(durable_write, "FILE COUNT [CONSOLE]",
      "appends COUNT records to FILE, each with fdatasync, and names each durable one on the device CONSOLE")
{
	const char *path = probe_argument(p, 0), *console = probe_argument(p, 2);
	char record[RECORD_SIZE + 1];
	long long count;

	if (number_parse(probe_argument(p, 1), 1, LLONG_MAX, &count) < 0)
		return EINVAL;
	CLEAN_FD int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	CLEAN_FD int console_fd = console[0] ? open(console, O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1;
	if (fd < 0 || sync_folder(path) < 0)
		return errno;
	for (long long number = 1; number <= count; number++) {
		make_record(record, (unsigned long long)number);
		if (write(fd, record, RECORD_SIZE) != RECORD_SIZE || fdatasync(fd) < 0)
			return errno ? errno : EIO;
		claim(console_fd, (unsigned long long)number);
	}
	(void)text_addf(p->reply, "%lld\n", count);
	return 0;
}

PROBE(stop, "PID", "ends a probe that runs in the background")
{
	long long pid;

	if (number_parse(probe_argument(p, 0), 2, INT_MAX, &pid) < 0)
		return EINVAL;
	return kill((pid_t)pid, SIGKILL) < 0 ? errno : 0;
}

PROBE(durable_verify, "FILE",
      "prints \"whole=N torn=N wrong=N\" for the records of durable_write in FILE")
{
	unsigned long long whole = 0, torn = 0, wrong = 0;
	char record[RECORD_SIZE], want[RECORD_SIZE + 1];
	CLEAN_FD int fd = open(probe_argument(p, 0), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	for (;;) {
		ssize_t got = read(fd, record, sizeof record);
		if (got < 0)
			return errno;
		if (got == 0)
			break;
		make_record(want, whole + torn + wrong + 1);
		if (got < RECORD_SIZE)
			torn++; /* the end of the file: the last record was under way */
		else if (memcmp(record, want, RECORD_SIZE) == 0)
			whole++;
		else
			wrong++;
	}
	(void)text_addf(p->reply, "whole=%llu torn=%llu wrong=%llu\n", whole, torn, wrong);
	return 0;
}
