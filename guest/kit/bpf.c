/* SPDX-License-Identifier: Apache-2.0 */
/* Small BPF programs and maps by the raw system call. */
#include "guest/kit/bpf.h"

#include <sys/syscall.h>

static int call(enum bpf_cmd command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

int bpf_load_as(enum bpf_prog_type type, const struct bpf_insn *instructions, size_t count)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = type;
	attr.insn_cnt = (unsigned)count;
	attr.insns = address(instructions);
	attr.license = address("Apache-2.0");
	return call(BPF_PROG_LOAD, &attr);
}

int bpf_load(const struct bpf_insn *instructions, size_t count)
{
	return bpf_load_as(BPF_PROG_TYPE_SOCKET_FILTER, instructions, count);
}

int bpf_attach(int program, enum bpf_attach_type where, int cgroup_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.attach_bpf_fd = (unsigned)program;
	attr.target_fd = (unsigned)cgroup_fd;
	attr.attach_type = where;
	return call(BPF_PROG_ATTACH, &attr);
}

long long bpf_run(int program)
{
	static const unsigned char packet[64];
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.test.prog_fd = (unsigned)program;
	attr.test.data_in = address(packet);
	attr.test.data_size_in = sizeof packet;
	return call(BPF_PROG_TEST_RUN, &attr) < 0 ? -1LL : (long long)attr.test.retval;
}

int bpf_map_new(enum bpf_map_type type, unsigned key_size, unsigned value_size, unsigned entries)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.map_type = type;
	attr.key_size = key_size;
	attr.value_size = value_size;
	attr.max_entries = entries;
	return call(BPF_MAP_CREATE, &attr);
}

static int map_call(enum bpf_cmd command, int map, const void *key, const void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.map_fd = (unsigned)map;
	attr.key = address(key);
	attr.value = address(value);
	return call(command, &attr);
}

int bpf_map_set(int map, const void *key, const void *value)
{
	return map_call(BPF_MAP_UPDATE_ELEM, map, key, value);
}

int bpf_map_get(int map, const void *key, void *value)
{
	return map_call(BPF_MAP_LOOKUP_ELEM, map, key, value);
}
