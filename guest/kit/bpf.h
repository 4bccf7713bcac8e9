/* SPDX-License-Identifier: Apache-2.0 */
/* Small BPF programs and maps by the raw system call: no library, no compiler. */
#ifndef ASSAY_KIT_BPF_H
#define ASSAY_KIT_BPF_H

#include <linux/bpf.h>

#include "guest/kit/case.h"

#define BPF_INSN(op, dst, src, offset, value)                                                      \
	((struct bpf_insn){(op), (dst), (src), (offset), (value)})
#define BPF_SET(dst, value) BPF_INSN(BPF_ALU64 | BPF_MOV | BPF_K, (dst), 0, 0, (value))
#define BPF_LEAVE	    BPF_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Loads a socket filter: a descriptor, or -1 and errno. */
int bpf_load(const struct bpf_insn *instructions, size_t count);
/* The same for a program of another type. */
int bpf_load_as(enum bpf_prog_type type, const struct bpf_insn *instructions, size_t count);

/* Attaches a program to a control group of the unified hierarchy, for good: 0, or -1 and errno. */
int bpf_attach(int program, enum bpf_attach_type where, int cgroup_fd);

/* Runs the program once over some bytes; its return value, or -1 and errno. */
long long bpf_run(int program);

/* Map calls, as bpf(2): a descriptor or 0, or -1 and errno. */
int bpf_map_new(enum bpf_map_type type, unsigned key_size, unsigned value_size, unsigned entries);
int bpf_map_set(int map, const void *key, const void *value);
int bpf_map_get(int map, const void *key, void *value);

#endif
