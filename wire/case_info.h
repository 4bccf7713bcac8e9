/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a case without running it. It is the same record in the agent, in the catalogue and in reports. */
#ifndef ASSAY_WIRE_CASE_INFO_H
#define ASSAY_WIRE_CASE_INFO_H

#include <stdbool.h>

#include "base/scope.h"

enum case_kind {
	CASE_KIND_AUDIT, /* reads a file tree: offline on the disk image, or inside the booted guest */
	CASE_KIND_GUEST, /* runs in the guest */
	CASE_KIND_HOST,	 /* drives the machine from outside */
	CASE_KIND_PERF,
	CASE_KIND_STRESS,
	CASE_KIND_TEST, /* a test of a community's suite, in the guest: see wire/bundle.h */
};

enum case_priority { P0, P1, P2, P3, P4 };

enum case_isolation {
	ISOLATION_SHARED, /* changes nothing: many such cases share one fork */
	ISOLATION_FORK,	  /* gets a fork of its own */
	/* Reboots its machine and looks at what is kept across it. Of the host's cases several share the reboot (see
	 * host_meeting.h); each sabotaged one has a fork of its own. */
	ISOLATION_REBOOT,
	ISOLATION_COLD, /* judges a boot: looks, without changing it, at a machine booted in this run */
};

/* How the planted defect gets there. */
enum sabotage_kind {
	SABOTAGE_NONE,	  /* not proven: such a case cannot gate a release */
	SABOTAGE_CODE,	  /* a function that runs right before the case, beside it */
	SABOTAGE_CMDLINE, /* `argument` is added to the kernel's command line */
	SABOTAGE_DROP, /* the machine is made without the device named by `argument` (struct size's words) */
	SABOTAGE_DISK_FILE, /* the file `path` on the disk is replaced by `argument` before the boot */
	SABOTAGE_MACHINE, /* the machine is made otherwise: `argument` is "name=value" (e.g. "cpu=qemu64") */
};

struct case_sabotage {
	enum sabotage_kind kind;
	const char *text;     /* what is broken, as in "the kernel fell back to jiffies" */
	const char *argument; /* see the kinds */
	const char *path;
};

/* A case that is a program in a folder, in any language: see assay-case(5). */
struct case_program {
	const char *folder;  /* on the host */
	const char *command; /* the program's name in it */
	const char *
		sabotage; /* the program that plants the defect; NULL: the command with `argument`, or nothing does */
	const char *argument; /* NULL: none */
	const char *const *
		files; /* names in the folder of all that the case needs, the programs first; NULL ends */
	bool speaks_tap;
};

struct case_info {
	const char *area, *name; /* the id is "area.name" */
	const char *title;	 /* the one fact it states, a full sentence without the stop */
	enum case_kind kind;
	enum case_priority priority;
	enum case_isolation isolation;
	const char *needs;   /* comma-separated words, "" or NULL: none (see wire/need.h) */
	unsigned timeout_s;  /* 0: the default of its kind */
	const char *why;     /* why it matters, a sentence; may be NULL */
	const char *remedy;  /* what to do when it fails; may be NULL */
	const char *fixes;   /* the CVE or commit it guards; may be NULL */
	const char *sources; /* the peers' cases it covers; may be NULL */
	bool boots_again; /* a host case that has the machine, or another one, boot: half a minute and more */
	bool cuts_power; /* a host case that pulls the plug of a running machine: see host_power_cut */
	/* Console lines that the case itself provokes, as comma-separated names of patterns (runbooks/patterns.yaml), e.g.
	 * "kernel-panic,oops": they are not held against it. NULL: none. */
	const char *expects;
	bool waits; /* it mostly waits for time to pass: it may run beside the machines that work */
	struct case_sabotage sabotage;
	const struct case_program *program; /* NULL: it is compiled in */
	const struct bundle_test *test;	    /* of CASE_KIND_TEST; else NULL */
};

#define CASE_ID_SIZE 128
/* Writes "area.name" and returns buf. */
const char *case_id(const struct case_info *info, char buf[CASE_ID_SIZE]) NONNULL(1, 2);

/* True when `word` is one of the comma-separated names, of which there may be none (NULL). */
bool case_expects(const char *names, const char *word) NONNULL(2);

/* Default time limit in seconds: info's own, or its kind's. */
unsigned case_timeout_s(const struct case_info *info) NONNULL(1);

const char *case_kind_name(enum case_kind kind);		/* "audit" … */
const char *case_isolation_name(enum case_isolation isolation); /* "shared" … */
const char *sabotage_kind_name(enum sabotage_kind kind);	/* "none", "code", "cmdline" … */
int case_kind_parse(const char *name, enum case_kind *ret);
int case_isolation_parse(const char *name, enum case_isolation *ret);
int sabotage_kind_parse(const char *name, enum sabotage_kind *ret);
const char *case_priority_name(enum case_priority priority); /* "P0" … */
int case_priority_parse(const char *name, enum case_priority *ret);

#endif
