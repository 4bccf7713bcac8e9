/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's description of its own types, by which portable BPF programs are fitted to it. */
#include <linux/btf.h>

#include "guest/kit/case.h"

#define FOLDER	  "/sys/kernel/btf"
#define BYTES_MAX (48U << 20)
#define TYPES_MIN 1000 /* of any kernel; a real one has a hundred times as many */

/* What follows a type's head, in bytes; -1 for a kind that is not known. */
static long long size_after(const struct btf_type *type)
{
	unsigned kind = type->info >> 24 & 0x1f, count = type->info & 0xffff;

	switch (kind) {
	case 1:	 /* INT */
	case 14: /* VAR */
	case 17: /* DECL_TAG */
		return 4;
	case 3: /* ARRAY */
		return 12;
	case 4:	 /* STRUCT */
	case 5:	 /* UNION */
	case 15: /* DATASEC */
	case 19: /* ENUM64 */
		return 12LL * count;
	case 6:	 /* ENUM */
	case 13: /* FUNC_PROTO */
		return 8LL * count;
	case 2:	 /* PTR */
	case 7:	 /* FWD */
	case 8:	 /* TYPEDEF */
	case 9:	 /* VOLATILE */
	case 10: /* CONST */
	case 11: /* RESTRICT */
	case 12: /* FUNC */
	case 16: /* FLOAT */
	case 18: /* TYPE_TAG */
		return 0;
	default:
		return -1;
	}
}

/* The number of types in the data; NULL in *ret_problem when they fill it exactly. */
static unsigned count_types(const unsigned char *bytes, size_t length, const char **ret_problem)
{
	struct btf_header header;
	unsigned count = 0;

	*ret_problem = "it is too short";
	if (length < sizeof header)
		return 0;
	memcpy(&header, bytes, sizeof header);
	*ret_problem = "its header makes no sense";
	if (header.magic != BTF_MAGIC || header.hdr_len < sizeof header ||
	    header.hdr_len > length || header.type_off > length - header.hdr_len ||
	    header.type_len > length - header.hdr_len - header.type_off)
		return 0;
	const unsigned char *at = bytes + header.hdr_len + header.type_off,
			    *end = at + header.type_len;
	*ret_problem = "its types run over its end";
	for (; end - at >= (long)sizeof(struct btf_type); count++) {
		struct btf_type type;
		memcpy(&type, at, sizeof type);
		long long after = size_after(&type);
		at += sizeof type;
		if (after < 0) { /* a newer kernel's: what is known of it makes sense */
			*ret_problem = NULL;
			return count;
		}
		if (after > end - at)
			return count;
		at += after;
	}
	if (at == end)
		*ret_problem = NULL;
	return count;
}

CASE(bpf, btf_is_present, .title = "Type data of the kernel exists and parses", .priority = P2,
     .needs = "kconfig:DEBUG_INFO_BTF",
     .why = "Observers and network plugins that are built elsewhere do not load without it.",
     .remedy = "Build the kernel with pahole there, and keep the section .BTF when stripping it.",
     .sources = "own")
{
	const char *problem;
	int fd = open(FOLDER "/vmlinux", O_RDONLY | O_CLOEXEC);

	REQUIRE_OK(t, fd);
	unsigned char *bytes = case_alloc(t, BYTES_MAX);
	size_t length = 0;
	for (ssize_t n;
	     length < BYTES_MAX && (n = read(fd, bytes + length, BYTES_MAX - length)) > 0;)
		length += (size_t)n;
	close(fd);
	unsigned count = count_types(bytes, length, &problem);
	if (problem)
		FAIL(t, "type %u of the kernel's type data: %s", count, problem);
	CHECK_GE(t, count, TYPES_MIN);
}

SABOTAGE(bpf, btf_is_present, "the type data was stripped")
{
	sabotage_file(t, FOLDER "/vmlinux", "");
}
