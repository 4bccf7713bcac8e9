/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: `${name}` in any value of a tree becomes the variable's text, `$$` a dollar sign. What is put in is never looked
 * through again. Of several values for one name the last of these counts: the runbook's own `variables`, a file of variables,
 * the environment (ASSAY_VAR_NAME), a setting (name=value).
 *
 *	CLEANUP(variables) struct variables *variables = variables_new();
 *	(void)variables_add_map(variables, node, VARIABLE_RUNBOOK, "r.yaml", &problems);
 *	(void)variables_add_setting(variables, "images=/srv", &problems);
 *	variables_expand(variables, root, "r.yaml", &problems);
 */
#ifndef ASSAY_HOST_RUNBOOK_VARIABLE_H
#define ASSAY_HOST_RUNBOOK_VARIABLE_H

#include "base/yaml_tree.h"

#define VARIABLES_MAX	      1000
#define VARIABLE_NAME_MAX     64
#define VARIABLE_VALUE_MAX    2048
#define VARIABLE_EXPANDED_MAX 4096 /* of one value with all that is put in */
#define VARIABLE_PREFIX	      "ASSAY_VAR_"

/* Where a value comes from; a later one goes before an earlier one, whatever the order in which they are added. */
enum variable_source {
	VARIABLE_RUNBOOK,
	VARIABLE_FILE,
	VARIABLE_ENVIRONMENT,
	VARIABLE_SETTING,
};

struct variables;
struct variables *variables_new(void);
void variables_free(struct variables *variables);
DEFINE_CLEANUP(variables);

/* True for a-z, 0-9 and _, beginning with a letter. */
bool is_variable_name(const char *name, size_t length) NONNULL(1);

/* Each adds a line per problem and returns how many there were. A mapping's values may have `$$`, but no variables. */
unsigned variables_add_map(struct variables *variables, const struct yaml_node *map,
			   enum variable_source source, const char *path, struct text *problems)
	NONNULL(1, 2, 4, 5);
unsigned variables_add_setting(struct variables *variables, const char *setting,
			       struct text *problems) NONNULL(1, 2, 3);
/* Those of the environment that begin with ASSAY_VAR_; the rest of the name is taken in small letters. */
unsigned variables_add_environment(struct variables *variables, const char *const *environment,
				   struct text *problems) NONNULL(1, 2, 3);

/* NULL: there is none. */
const char *variables_get(const struct variables *variables, const char *name) NONNULL(1, 2);
/* The name nearest to that one; NULL: none is near. */
const char *variables_nearest(const struct variables *variables, const char *name) NONNULL(1, 2);

/* Puts them into all values below the node. */
unsigned variables_expand(struct variables *variables, struct yaml_node *node, const char *path,
			  struct text *problems) NONNULL(1, 2, 3, 4);

/* Marks it as used by name alone, as `secrets` does. */
void variables_use(struct variables *variables, const char *name) NONNULL(1, 2);
/* Adds a problem for each of a file of variables that the runbook does not have and whose name is near to one that it has and
 * that nobody gives another value. A file may serve several runbooks: others are none. Call it last, while the path lives. */
unsigned variables_check_file(const struct variables *variables, struct text *problems)
	NONNULL(1, 2);
/* Adds a problem for each setting that nothing has used and no file declares: it is misspelt. Call it last. */
unsigned variables_check_settings(const struct variables *variables, struct text *problems)
	NONNULL(1, 2);

#endif
