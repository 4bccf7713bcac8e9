/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share: exit codes, the table's line, finding the agent, the catalogue, printing errors. */
#ifndef ASSAY_HOST_CLI_VERB_H
#define ASSAY_HOST_CLI_VERB_H

#include "base/option.h"
#include "host/catalog/catalog.h"
#include "host/catalog/policy.h"
#include "host/catalog/select.h"
#include "host/cli/micro_kernel.h"
#include "host/image/image.h"
#include "host/machine/micro_helper.h"
#include "host/plan/plan.h"
#include "host/runbook/size_fit.h"
#include "host/runbook/size_table.h"

/* Documented in --help and in the manual; scripts depend on them. */
enum exit_code {
	EXIT_SHIP = 0,
	EXIT_BLOCK = 1,
	EXIT_UNDECIDED = 2,
	EXIT_USAGE = 64, /* what was asked for or handed over is wrong */
	EXIT_HOST = 70,	 /* this machine lacks or refuses something */
};

/* argv[0] is the verb. Returns an exit code, or a negative errno with *e. */
typedef int verb_fn(int argc, char **argv, struct err *e);

struct verb {
	const char *name, *operands, *title;
	verb_fn *run;
	const struct option_line *options;
	size_t option_count;
	const char *details; /* for --help: what is not said by the options */
};

extern const struct verb verb_audit, verb_bisect, verb_cache, verb_compare, verb_doctor,
	verb_flakes, verb_guest, verb_help, verb_judge, verb_kernel, verb_list, verb_new,
	verb_parse_file, verb_plan, verb_prove, verb_report, verb_retest, verb_run, verb_runs,
	verb_schema, verb_show, verb_sign, verb_submit, verb_verify, verb_version, verb_waive,
	verb_watch;

/* All verbs, sorted by name, NULL-terminated. */
const struct verb *const *verbs_all(void);

/* Adds all verbs and their options as mdoc(7) source: the middle of assay(1). */
void manual_verbs(struct text *out) NONNULL(1);

/* Parses the verb's options; checks the number of operands. Returns 1 when --help was printed and all is done. */
int verb_parse(const struct verb *verb, int *argc, char **argv, int operands_min, int operands_max,
	       void *into, struct err *e) NONNULL(1, 2, 3, 7);

/* Options that all verbs which need the agent or an image have. */
struct agent_arguments {
	const char *agent;
};
#define OPTION_AGENT(S)                                                                            \
	OPTION_TEXT("agent", 0, S, agent, "FILE",                                                  \
		    "the agent binary, assay-guest (else found by itself)")

/* The option of all verbs that know cases. */
#define OPTION_CASES(S)                                                                            \
	OPTION_LIST("cases", 0, S, case_folders, "FOLDER",                                         \
		    "also the cases in FOLDER that are programs, see assay-case(5) (repeatable)")

/* The same for the trees of communities' suites. */
#define OPTION_SUITE_FROM(S)                                                                       \
	OPTION_LIST("suite-from", 0, S, suite_sources, "SUITE=PATH",                               \
		    "also the tests of a community's suite: ltp=PATH, a folder or a tarball with " \
		    "its tree, see assay-suite(5) (repeatable)")

/* Where assay-guest is: `given`, $ASSAY_GUEST, beside this program, or in ../libexec/assay. Gives the path; -ENOENT
 * (blame host) says where it was looked for. */
int find_agent(const char *given, char **ret, struct err *e) NONNULL(2, 3);

/* The whole catalogue: the agent's cases, the host cases, and the engine's own. */
int load_catalog(const char *agent_path, struct catalog **ret, struct err *e) NONNULL(1, 2, 3);
/* Both at once, for who wants the catalogue alone. */
int open_catalog(const char *given, struct catalog **ret, struct err *e) NONNULL(2, 3);

/* Adds the cases of --cases to it. -EINVAL (blame user): what is wrong with them has been printed to stderr. */
int add_case_folders(struct catalog *catalog, const struct text_list *paths, struct err *e)
	NONNULL(1, 2, 3);

/* The same for --suite-from. */
int add_suite_trees(struct catalog *catalog, const struct text_list *sources, struct err *e)
	NONNULL(1, 2, 3);

/* Adds all that is known of a case as one JSON object, for list and show. */
void case_json(const struct catalog_case *it, struct text *out) NONNULL(1, 2);

/* What --case, --suite, --kind, --area, --priority, --need, --source and --proof say. */
struct selection_arguments {
	struct text_list cases, areas, kinds, needs, sources;
	const char *suite, *priority, *proof;
};
#define OPTIONS_SELECTION(S)                                                                       \
	OPTION_LIST("area", 0, S, selection.areas, "AREA",                                         \
		    "only cases of that area (repeatable)"),                                       \
		OPTION_LIST("case", 'c', S, selection.cases, "PATTERN",                            \
			    "only cases that match: an id, an area, or a glob over ids; with '!' " \
			    "in front, all but those (repeatable)")
#define OPTIONS_SELECTION_KIND(S)                                                                  \
	OPTION_LIST(                                                                               \
		"kind", 0, S, selection.kinds, "KIND",                                             \
		"only cases of that kind: audit, guest, host, perf, stress or test (repeatable)"), \
		OPTION_LIST(                                                                       \
			"need", 0, S, selection.needs, "NEED",                                     \
			"only cases that need this: a word or a glob; `none`: nothing (repeatable)")
#define OPTIONS_SELECTION_REST(S)                                                                             \
	OPTION_TEXT("priority", 0, S, selection.priority, "P0-P4",                                            \
		    "only cases at least that important"),                                                    \
		OPTION_TEXT(                                                                                  \
			"proof", 0, S, selection.proof, "PROOF",                                              \
			"only cases with a planted defect (`planted`), or without one (`none`)"),             \
		OPTION_LIST(                                                                                  \
			"source", 0, S, selection.sources, "SOURCE",                                          \
			"only cases that prove what this one elsewhere does: LISA, \"kola:*\" (repeatable)"), \
		OPTION_TEXT("suite", 's', S, selection.suite, "NAME",                                         \
			    "the suite (a run's default: functional; see `assay list --suites`)")

/* `terms`: a policy's, in place of a suite; NULL: none. */
int select_cases(const struct catalog *catalog, const struct selection_arguments *arguments,
		 const char *terms, struct case_list *ret, struct err *e) NONNULL(1, 2, 4, 5);

/* What --profile and --policy say; policy.c. */
struct policy_arguments {
	struct text_list profiles, files;
};
#define OPTIONS_POLICY(S)                                                                          \
	OPTION_LIST("policy", 0, S, policy.files, "FILE",                                          \
		    "judge by what FILE promises, see assay-policy(5) (repeatable; later ones "    \
		    "override)"),                                                                  \
		OPTION_LIST("profile", 0, S, policy.profiles, "NAME",                              \
			    "the cases and promises of a platform, see `assay list --profiles` "   \
			    "(repeatable)")

/* Reads them, profiles first. -EINVAL (blame user): what is wrong with them has been printed to stderr. */
int load_policy(const struct policy_arguments *arguments, const struct catalog *catalog,
		struct policy **ret, struct err *e) NONNULL(1, 2, 3, 4);
/* Prints the profiles that ship. */
int list_profiles(const struct catalog *catalog, bool json, struct err *e) NONNULL(1, 3);

/* Which files of sizes --size may name; sizes.c. */
#define OPTION_SIZE_FILE(S)                                                                        \
	OPTION_LIST(                                                                               \
		"size-file", 0, S, size_files, "FILE",                                             \
		"also the sizes of FILE, see assay-sizes(5) (repeatable; later ones override)")

/* All sizes that ship, and those of the files. -EINVAL (blame user): what is wrong has been printed to stderr. */
int load_sizes(const struct text_list *files, struct size_table **ret, struct err *e)
	NONNULL(1, 2, 3);
/* What this host can hold. */
struct size_room find_size_room(void);
/* -EINVAL (blame user): the size is of another architecture than the machines here. */
int check_size_arch(const struct size *size, struct err *e) NONNULL(1, 2);
/* The size that --size says: of a name a stand-in when this host cannot hold it. */
int choose_size(const char *text, const struct text_list *files, struct size *ret, struct err *e)
	NONNULL(1, 2, 3, 4);
int list_sizes(const struct text_list *files, bool json, struct err *e) NONNULL(1, 3);

/* Options for image_open, with the cache's folder made. The strings belong to the struct. */
struct image_setup {
	struct image_options options;
	char *cache, *agent;
	struct micro_kernel kernel;
	struct micro_setup micro;
	struct image_helper helper; /* used when there are a kernel and an agent */
};
int image_setup_make(const char *agent, bool allow_outside_backing, struct image_setup *ret,
		     struct err *e) NONNULL(3, 4);
void image_setup_done(struct image_setup *setup) NONNULL(1);
DEFINE_CLEAN_DONE(image_setup);

/* A run named by its folder, its id, the beginning of its id, or "last". Gives the folder. */
int find_run(const char *name, char **ret, struct err *e) NONNULL(1, 2, 3);

/* As run_load, and warns when the end of its journal is damaged. */
struct run;
int read_run(const char *folder, struct run **ret, struct err *e) NONNULL(1, 2, 3);

/* To stdout, or into a file. -EPIPE without a sentence when the reader has left, as in `assay list | head`; a text that has overflowed is
 * an error and not cut. */
int print_out(const struct text *text, struct err *e) NONNULL(1, 2);
int write_text(const char *path, const struct text *text, struct err *e) NONNULL(1, 2, 3);

/* Prints lines about files to stderr as they are, but for secrets. */
void print_remarks(const struct text *remarks) NONNULL(1);
/* Prints problems of files to stderr as they are, a line each, as a compiler does: editors jump to them. Returns -EINVAL (blame
 * user): "3 problems in WHERE; nothing was done". */
int print_problems(const struct text *problems, const char *where, struct err *e) NONNULL(1, 2, 3);

/* "assay: <sentence>" on stderr. */
void print_error(const struct err *e) NONNULL(1);
/* The exit code for an error, by whom it blames. */
int exit_code_of(const struct err *e) NONNULL(1);

/* True when that descriptor is a terminal that shows colours (NO_COLOR is not set). */
bool has_colours(int fd);

/* ~ a year: for what the user ends by Ctrl-C, not the clock. */
struct patience patience_for_user(int cancel_fd);

#endif
