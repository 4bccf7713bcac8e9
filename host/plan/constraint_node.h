/* SPDX-License-Identifier: Apache-2.0 */
/* A constraint's inside, for the files of it: constraint.c parses, constraint_judge.c finds names and judges. */
#ifndef ASSAY_HOST_PLAN_CONSTRAINT_NODE_H
#define ASSAY_HOST_PLAN_CONSTRAINT_NODE_H

#include "host/plan/constraint.h"

enum node_type {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_IMPLIES, /* its second child from its first */
	NODE_EQUAL,   /* these have two operands */
	NODE_DIFFERS,
	NODE_BELOW,
	NODE_AT_MOST,
	NODE_ABOVE,
	NODE_AT_LEAST,
	NODE_IN,    /* the first operand is one of the others */
	NODE_KNOWN, /* the operand has a value */
	NODE_OPERAND,
};

struct node {
	enum node_type type;
	unsigned column;
	struct node *first, *next; /* its first child, its next sibling; both owned */
	/* An operand: */
	struct value value; /* as it is spelt */
	bool is_quoted, is_name;
	struct constraint_name name; /* is_name: bound to it */
};

void node_free(struct node *node);
DEFINE_CLEANUP(node);

DEFINE_VEC(constraint_name_list, struct constraint_name);

struct constraint {
	char *text;
	struct node *root;
	struct constraint_name_list names;
	bool is_bound;
};

#endif
