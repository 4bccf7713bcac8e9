/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle: a community's suite of tests (LTP, kselftest) as a tree that the user gives. Its tests become cases. The tree reaches the
 * guest as a disk of its own, beside a scratch disk and a blank one; what a test is, the agent is told with each order, as
 * lines of its parameters. The same on both sides; no I/O here.
 */
#ifndef ASSAY_WIRE_BUNDLE_H
#define ASSAY_WIRE_BUNDLE_H

#include <stdbool.h>

#include "wire/outcome.h"

/* How a suite's tests are run, and what they print is read. */
enum bundle_suite { BUNDLE_LTP, BUNDLE_KSELFTEST };
#define BUNDLE_SUITES 2

const char *bundle_suite_name(enum bundle_suite suite); /* "ltp" */
int bundle_suite_parse(const char *name, enum bundle_suite *ret) NONNULL(1, 2);

/* A tree on the host. */
struct bundle {
	enum bundle_suite suite;
	const char *disk; /* the ISO 9660 file that it lies in */
	const char *root; /* the tree's folder in there, "" the disk's own root */
};

/*
 * How long a test may take: (body_s, four times as long on a kernel that is built for finding faults, and as much longer as
 * the machine is slower) and run_s, as often as it runs its body.
 */
struct bundle_limit {
	unsigned body_s, run_s, rounds;
};
#define BUNDLE_SLOW_KERNEL 4

/* In seconds, and whole. */
unsigned bundle_limit_s(const struct bundle_limit *limit, bool slow_kernel, unsigned slowness)
	NONNULL(1);

/* One test. */
struct bundle_test {
	const struct bundle *bundle;
	const char *name;   /* as the suite has it */
	const char *folder; /* of the tree, that it is run in; "" where the suite has one for all */
	const char *command; /* for sh -c */
	const char *planted; /* what runs in its place when its defect is planted */
	struct bundle_limit limit;
	/* A canary: not of the suite, but one that is planted to see that such an end is told from others. */
	bool is_canary;
	enum outcome wanted; /* of a canary */
};

/* ---- what the agent is told of one, as lines of a run's parameters ---- */

#define BUNDLE_SUITE	"bundle.suite"
#define BUNDLE_ROOT	"bundle.root" /* the tree's folder on its disk */
#define BUNDLE_NAME	"bundle.name"
#define BUNDLE_WHERE	"bundle.where" /* the test's folder in the tree */
#define BUNDLE_COMMAND	"bundle.command"
#define BUNDLE_PLANTED	"bundle.planted"
#define BUNDLE_BODY	"bundle.body_s"
#define BUNDLE_RUN	"bundle.run_s"
#define BUNDLE_ROUNDS	"bundle.rounds"
#define BUNDLE_SLOWNESS "bundle.slowness"
#define BUNDLE_SLOW	"bundle.slow_kernel" /* "yes" or "no" */
#define BUNDLE_DEVICE	"bundle.device"	     /* the blank disk's name in /dev */
#define BUNDLE_WANTED	"bundle.wanted"	     /* of a canary: its outcome's name */

#define BUNDLE_COMMAND_MAX 4096

/* Where the disks are mounted in the guest, and how they are known there. */
#define BUNDLE_FOLDER	      "/run/assay-suite"
#define BUNDLE_TREE	      BUNDLE_FOLDER "/tree"
#define BUNDLE_SCRATCH	      BUNDLE_FOLDER "/scratch"
#define BUNDLE_SERIAL_TREE    "suite-tree"
#define BUNDLE_SERIAL_SCRATCH "suite-scratch"
#define BUNDLE_SERIAL_SPARE   "suite-spare" /* blank: for tests that make a filesystem */

#endif
