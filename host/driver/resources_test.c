/* SPDX-License-Identifier: Apache-2.0 */
/* What is left for machines, on hosts made of files. */
#include "host/driver/resources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/test.h"
#include "base/text.h"

#define MIB (1ULL << 20)

static void put(const char *path, const char *content)
{
	CLEAN_FREE char *whole = xasprintf("%s%s", test_folder(), path);

	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		EXPECT(mkdir(whole, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	FILE *file = fopen(whole, "we");
	EXPECT(file && fputs(content, file) >= 0 && fclose(file) == 0);
}

TEST(resources, memory_of_the_host)
{
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 0);
	put("/proc/meminfo", "MemTotal:  9 kB\nMemAvailable:    4096 kB\nBuffers: 1 kB\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 4 * (long long)MIB);
	put("/proc/meminfo", "MemAvailable:    lots kB\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 0);
	EXPECT(resources_memory("") > 0);
}

TEST(resources, memory_in_all)
{
	EXPECT_NUMBER((long long)resources_memory_total(test_folder()), 0);
	put("/proc/meminfo", "MemTotal: 8192 kB\nMemAvailable:    4096 kB\n");
	EXPECT_NUMBER((long long)resources_memory_total(test_folder()), 8 * (long long)MIB);
	put("/proc/self/cgroup", "0::/a\n");
	put("/sys/fs/cgroup/a/memory.max", "max\n");
	EXPECT_NUMBER((long long)resources_memory_total(test_folder()), 8 * (long long)MIB);
	put("/sys/fs/cgroup/a/memory.max", "2097152\n");
	EXPECT_NUMBER((long long)resources_memory_total(test_folder()), 2 * (long long)MIB);
}

TEST(resources, memory_of_the_groups)
{
	put("/proc/meminfo", "MemAvailable: 1048576 kB\n");
	put("/proc/self/cgroup", "1:name=systemd:/x\n0::/a/b\n");
	put("/sys/fs/cgroup/a/b/memory.max", "max\n");
	put("/sys/fs/cgroup/a/b/memory.current", "1048576\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 1024 * (long long)MIB);
	put("/sys/fs/cgroup/a/memory.max", "10485760\n");
	put("/sys/fs/cgroup/a/memory.current", "8388608\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 2 * (long long)MIB);
	put("/sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 3145728\nactive_file 7\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 5 * (long long)MIB);
	/* More than it may: nothing is left, but that is not "nobody knows". */
	put("/sys/fs/cgroup/a/memory.current", "99999999\n");
	EXPECT_NUMBER((long long)resources_memory(test_folder()), 1);
}

TEST(resources, pressure)
{
	struct resources_pressure pressure = {1, 1};

	EXPECT(!resources_memory_pressure(test_folder(), &pressure));
	EXPECT_NUMBER(pressure.some, 1);
	put("/proc/pressure/memory", "some avg10=1.53 avg60=0.87 avg300=0.00 total=9\n"
				     "full avg10=0.07 avg60=0.00 avg300=0.00 total=9\n");
	EXPECT(resources_memory_pressure(test_folder(), &pressure));
	EXPECT_NUMBER(pressure.some, 153);
	EXPECT_NUMBER(pressure.full, 7);
	/* A group of ours is worse off than the host, and one that nobody can read makes nothing better. */
	put("/proc/self/cgroup", "0::/a/b\n");
	put("/sys/fs/cgroup/a/memory.pressure",
	    "some avg10=60.00 avg60=0.00 avg300=0.00 total=9\n"
	    "full avg10=40.50 avg60=0.00 avg300=0.00 total=9\n");
	put("/sys/fs/cgroup/a/b/memory.pressure", "some avg10=lots\n");
	EXPECT(resources_memory_pressure(test_folder(), &pressure));
	EXPECT_NUMBER(pressure.some, 6000);
	EXPECT_NUMBER(pressure.full, 4050);
}

TEST(resources, cpus)
{
	unsigned all = resources_cpus(test_folder());

	EXPECT(all >= 1);
	put("/proc/self/cgroup", "0::/\n");
	put("/sys/fs/cgroup/cpu.max", "max 100000\n");
	EXPECT_NUMBER(resources_cpus(test_folder()), all);
	put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
	EXPECT_NUMBER(resources_cpus(test_folder()), 1);
	put("/sys/fs/cgroup/cpu.max", "50000 100000\n");
	EXPECT_NUMBER(resources_cpus(test_folder()), 1);
	put("/sys/fs/cgroup/cpu.max", "garbage\n");
	EXPECT_NUMBER(resources_cpus(test_folder()), all);
}
