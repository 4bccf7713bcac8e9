/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that is still a source tree, on the command line: what is to be built and how, and the building with its progress. */
#ifndef ASSAY_HOST_CLI_KERNEL_SOURCE_H
#define ASSAY_HOST_CLI_KERNEL_SOURCE_H

#include "host/cli/verb.h"
#include "host/kernel/build.h"

struct source_arguments {
	const char *config;
	struct text_list fragments, words;
	long long build_jobs; /* 0: as many as there are CPUs */
};
#define OPTION_BUILD_JOBS(S)                                                                       \
	OPTION_NUMBER("build-jobs", 0, S, source.build_jobs, "N", 1, BUILD_JOBS_MAX,               \
		      "compile N files at once (else as many as there are CPUs)")
#define OPTION_CONFIG(S)                                                                           \
	OPTION_TEXT("config", 0, S, source.config, "CONFIG",                                       \
		    "how a source tree is built: a file, or a target of the tree's own such as "   \
		    "defconfig, which gets what a machine here needs (else defconfig)")
#define OPTION_FRAGMENT(S)                                                                         \
	OPTION_LIST("fragment", 0, S, source.fragments, "FILE",                                    \
		    "options that override it (repeatable; later ones override)")
#define OPTION_MAKE(S)                                                                             \
	OPTION_LIST("make", 0, S, source.words, "NAME=VALUE",                                      \
		    "a variable for the tree's make, LLVM=1 for example (repeatable)")

/* Takes Ctrl-C and its like while something is built. */
struct interrupt {
	int fd; /* becomes readable; -1: they end the program */
};
#define INTERRUPT_INIT                                                                             \
	{                                                                                          \
		.fd = -1                                                                           \
	}
int interrupt_begin(struct interrupt *interrupt, struct err *e) NONNULL(1, 2);
/* From here on they end the program again. */
void interrupt_done(struct interrupt *interrupt) NONNULL(1);
DEFINE_CLEAN_DONE(interrupt);

/* "TREE" or "TREE@REV" into both; *ret_revision is NULL or inside of `spec`. */
void source_split(const char *spec, char **ret_tree, const char **ret_revision) NONNULL(1, 2, 3);

/* -EINVAL (blame user): a word for make is none. */
int source_check(const struct source_arguments *arguments, struct err *e) NONNULL(1, 2);

struct built {
	struct source source;
	struct build build;
};
/* Finds it in the cache or builds it, telling on stderr how far it is unless `quiet`. Whether the tree built, ret->build.failed says. */
int source_build(const struct source_arguments *arguments, const char *tree, const char *revision,
		 const struct patience *p, bool quiet, struct built *ret, struct err *e)
	NONNULL(1, 2, 4, 6, 7);
void built_done(struct built *built) NONNULL(1);
DEFINE_CLEAN_DONE(built);

#endif
