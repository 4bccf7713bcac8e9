/* SPDX-License-Identifier: Apache-2.0 */
/* Constraints, bound to their axes and judged. */
#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/option.h"
#include "base/text.h"
#include "host/plan/constraint_node.h"

/* ---- names ---- */

struct binder {
	const struct axes *axes;
	struct constraint *constraint;
	constraint_problem_fn *on_problem;
	void *arg;
	unsigned problems;
};

static void PRINTF(4, 5)
	tell(struct binder *binder, const struct node *at, bool is_remark, const char *format, ...)
{
	CLEAN_TEXT struct text what = TEXT_INIT(1024);
	va_list args;

	va_start(args, format);
	(void)text_addv(&what, format, args);
	va_end(args);
	binder->problems += !is_remark;
	binder->on_problem(binder->arg, at->column, is_remark, what.buf);
}

/* "; did you mean 'x'?", or what there is. */
static void add_near(const char *near, struct text *out)
{
	if (near)
		(void)text_addf(out, "; did you mean '%s'?", near);
}

static void add_names(const char *beginning, const struct axes *axes, struct text *out)
{
	(void)text_adds(out, beginning);
	vec_each (&axes->list, axis)
		(void)text_addf(out, "%s%s", axis == axes->list.items ? "" : ", ", (*axis)->name);
}

static void refuse_axis(struct binder *binder, const struct node *operand, const char *axis)
{
	CLEAN_TEXT struct text hint = TEXT_INIT(512);
	const char *near = axes_nearest(binder->axes, axis);

	add_near(near, &hint);
	if (!near)
		add_names("; there are ", binder->axes, &hint);
	tell(binder, operand, false,
	     "there is no axis '%.64s'%s (a value with a '.' stands in quotes)", axis, hint.buf);
}

static void refuse_trait(struct binder *binder, const struct node *operand, const struct axis *axis,
			 const char *trait)
{
	CLEAN_TEXT struct text hint = TEXT_INIT(512);
	const char *near = axis_nearest_trait(axis, trait);

	add_near(near, &hint);
	if (!near && axis->traits.count > 0) {
		(void)text_adds(&hint, "; there are ");
		vec_each (&axis->traits, name)
			(void)text_addf(&hint, "%s%s", name == axis->traits.items ? "" : ", ",
					*name);
	}
	tell(binder, operand, false, "no item of the axis '%s' has a trait '%.64s'%s", axis->name,
	     trait, hint.buf);
}

static int compare_names(const void *a, const void *b)
{
	const struct constraint_name *x = a, *y = b;

	if (x->axis != y->axis)
		return x->axis < y->axis ? -1 : 1;
	return (x->trait > y->trait) - (x->trait < y->trait);
}

static void note_name(struct constraint *constraint, struct constraint_name name)
{
	vec_each (&constraint->names, it)
		if (compare_names(it, &name) == 0)
			return;
	(void)vec_add(&constraint->names, name); /* no more than its text has bytes */
}

static void bind_name(struct binder *binder, struct node *operand, int axis, int trait)
{
	operand->is_name = true;
	operand->name = (struct constraint_name){(unsigned)axis, trait};
	note_name(binder->constraint, operand->name);
}

/* What begins with a digit, stands in quotes or is no axis is a value. */
static void bind_operand(struct binder *binder, struct node *operand)
{
	const char *text = operand->value.text, *dot = strchr(text, '.');

	operand->is_name = false;
	if (operand->is_quoted || isdigit((unsigned char)text[0]))
		return;
	CLEAN_FREE char *name = xasprintf("%.*s", (int)strcspn(text, "."), text);
	int axis = axes_find(binder->axes, name);
	if (axis < 0) {
		if (dot)
			refuse_axis(binder, operand, name);
		return;
	}
	int trait = -1;
	if (dot) {
		trait = axis_find_trait(binder->axes->list.items[axis], dot + 1);
		if (trait < 0) {
			refuse_trait(binder, operand, binder->axes->list.items[axis], dot + 1);
			return;
		}
	}
	bind_name(binder, operand, axis, trait);
}

/* ---- what is compared ---- */

static bool is_ordering(enum node_type type)
{
	return type == NODE_BELOW || type == NODE_AT_MOST || type == NODE_ABOVE ||
	       type == NODE_AT_LEAST;
}

static const struct node *first_name(const struct node *comparison)
{
	for (const struct node *operand = comparison->first; operand; operand = operand->next)
		if (operand->is_name)
			return operand;
	return NULL;
}

/* Values beside values: one of them was to be a name. */
static void check_has_name(struct binder *binder, const struct node *comparison)
{
	CLEAN_TEXT struct text hint = TEXT_INIT(512);
	const struct node *meant = comparison->first;
	const char *near = NULL;

	for (const struct node *operand = comparison->first; operand && !near;
	     operand = operand->next) {
		near = operand->is_quoted ? NULL : axes_nearest(binder->axes, operand->value.text);
		if (near)
			meant = operand;
	}
	add_near(near, &hint);
	if (!near)
		add_names(": there are ", binder->axes, &hint);
	tell(binder, meant, false,
	     near ? "'%.64s' is no axis%s"
		  : "'%.64s' is compared, and nothing here names an axis%s",
	     meant->value.text, hint.buf);
}

static void check_order(struct binder *binder, const struct node *comparison)
{
	for (const struct node *operand = comparison->first; operand; operand = operand->next)
		if (!operand->is_name &&
		    (operand->value.kind == VALUE_WORD || operand->value.kind == VALUE_TRUTH))
			tell(binder, operand, false,
			     "'%.64s' is neither above nor below anything: only numbers, versions, "
			     "sizes and times have an order",
			     operand->value.text);
}

static bool has_value(const struct axis *axis, int trait, const struct value *wanted)
{
	vec_each (&axis->items, item) {
		const struct value *value = axis_value(*item, trait);
		if (value && value_is_equal(value, wanted))
			return true;
	}
	return false;
}

static const char *nearest_value(const struct axis *axis, int trait, const char *word)
{
	CLEAN_FREE const char **texts = xnew((axis->items.count + 1) * sizeof *texts);
	size_t count = 0;

	vec_each (&axis->items, item) {
		const struct value *value = axis_value(*item, trait);
		if (value)
			texts[count++] = value->text;
	}
	return nearest_word(word, texts);
}

/* A value that nothing has: the comparison is the same for all. */
static void remark_value(struct binder *binder, const struct node *name, const struct node *operand)
{
	const struct axis *axis = binder->axes->list.items[name->name.axis];
	CLEAN_TEXT struct text hint = TEXT_INIT(512);

	if (operand->is_name || has_value(axis, name->name.trait, &operand->value))
		return;
	add_near(nearest_value(axis, name->name.trait, operand->value.text), &hint);
	tell(binder, operand, true, "nothing has '%.64s' as its %s%s", operand->value.text,
	     name->value.text, hint.buf);
}

static void check_comparison(struct binder *binder, const struct node *comparison)
{
	const struct node *name = first_name(comparison);

	if (!name) {
		check_has_name(binder, comparison);
		return;
	}
	if (is_ordering(comparison->type)) {
		check_order(binder, comparison);
		return;
	}
	if (comparison->type == NODE_IN && name != comparison->first)
		return; /* a value that is looked for among names */
	for (const struct node *operand = comparison->first; operand; operand = operand->next)
		remark_value(binder, name, operand);
}

static void check_known(struct binder *binder, const struct node *known)
{
	if (!known->first->is_name)
		tell(binder, known->first, false, "'%.64s' is no axis and no trait",
		     known->first->value.text);
}

static void bind_node(struct binder *binder, struct node *node)
{
	unsigned before = binder->problems;

	if (node->type == NODE_OPERAND) {
		bind_operand(binder, node);
		return;
	}
	for (struct node *child = node->first; child; child = child->next)
		bind_node(binder, child);
	if (binder->problems > before)
		return; /* it is told already */
	if (node->type == NODE_KNOWN)
		check_known(binder, node);
	else if (node->type >= NODE_EQUAL && node->type <= NODE_IN)
		check_comparison(binder, node);
}

unsigned constraint_bind(struct constraint *constraint, const struct axes *axes,
			 constraint_problem_fn *on_problem, void *arg)
{
	struct binder binder = {axes, constraint, on_problem, arg, 0};

	constraint->names.count = 0;
	bind_node(&binder, constraint->root);
	if (constraint->names.count > 0)
		qsort(constraint->names.items, constraint->names.count,
		      sizeof *constraint->names.items, compare_names);
	constraint->is_bound = binder.problems == 0;
	return binder.problems;
}

const struct constraint_name *constraint_names(const struct constraint *constraint,
					       size_t *ret_count)
{
	*ret_count = constraint->names.count;
	return constraint->names.items;
}

/* ---- judging ---- */

struct judge {
	constraint_lookup_fn *lookup;
	const void *arg;
};

static enum truth truth_of(bool it)
{
	return it ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth truth_not(enum truth it)
{
	return (enum truth)(TRUTH_TRUE - it);
}

static const struct value *value_of(const struct judge *judge, const struct node *operand)
{
	return operand->is_name ? judge->lookup(judge->arg, operand->name) : &operand->value;
}

static enum truth judge_order(enum node_type type, const struct value *a, const struct value *b)
{
	int order;

	if (!value_compare(a, b, &order))
		return TRUTH_UNKNOWN;
	return truth_of(type == NODE_BELOW     ? order < 0
			: type == NODE_AT_MOST ? order <= 0
			: type == NODE_ABOVE   ? order > 0
					       : order >= 0);
}

static enum truth judge_comparison(const struct judge *judge, const struct node *node)
{
	const struct value *a = value_of(judge, node->first),
			   *b = value_of(judge, node->first->next);

	if (!a || !b)
		return TRUTH_UNKNOWN;
	if (is_ordering(node->type))
		return judge_order(node->type, a, b);
	return truth_of(value_is_equal(a, b) == (node->type == NODE_EQUAL));
}

/* As the comparisons with each, joined by `or`. */
static enum truth judge_in(const struct judge *judge, const struct node *node)
{
	const struct value *wanted = value_of(judge, node->first);
	enum truth truth = TRUTH_FALSE;

	if (!wanted)
		return TRUTH_UNKNOWN;
	for (const struct node *operand = node->first->next; operand; operand = operand->next) {
		const struct value *value = value_of(judge, operand);
		if (!value)
			truth = TRUTH_UNKNOWN;
		else if (value_is_equal(wanted, value))
			return TRUTH_TRUE;
	}
	return truth;
}

static enum truth judge_node(const struct judge *judge, const struct node *node);

/* The least of all for `and`, the greatest for `or`. */
static enum truth judge_joined(const struct judge *judge, const struct node *node)
{
	bool is_and = node->type == NODE_AND;
	enum truth truth = truth_of(is_and);

	for (const struct node *part = node->first; part; part = part->next) {
		enum truth it = judge_node(judge, part);
		if (is_and ? it < truth : it > truth)
			truth = it;
		if (truth == truth_of(!is_and))
			break;
	}
	return truth;
}

static enum truth judge_implies(const struct judge *judge, const struct node *node)
{
	enum truth premise = truth_not(judge_node(judge, node->first));
	enum truth consequence =
		premise == TRUTH_TRUE ? TRUTH_TRUE : judge_node(judge, node->first->next);

	return premise > consequence ? premise : consequence;
}

static enum truth judge_node(const struct judge *judge, const struct node *node)
{
	switch (node->type) {
	case NODE_AND:
	case NODE_OR:
		return judge_joined(judge, node);
	case NODE_NOT:
		return truth_not(judge_node(judge, node->first));
	case NODE_IMPLIES:
		return judge_implies(judge, node);
	case NODE_IN:
		return judge_in(judge, node);
	case NODE_KNOWN:
		return truth_of(value_of(judge, node->first) != NULL);
	case NODE_EQUAL:
	case NODE_DIFFERS:
	case NODE_BELOW:
	case NODE_AT_MOST:
	case NODE_ABOVE:
	case NODE_AT_LEAST:
		return judge_comparison(judge, node);
	case NODE_OPERAND:
		break;
	}
	return TRUTH_UNKNOWN; /* an operand is nothing by itself: the parser makes no such tree */
}

enum truth constraint_judge_values(const struct constraint *constraint,
				   constraint_lookup_fn *lookup, const void *arg)
{
	struct judge judge = {lookup, arg};

	assert(constraint->is_bound);
	return judge_node(&judge, constraint->root);
}

static const struct value *look_up_item(const void *arg, struct constraint_name name)
{
	const struct axis_item *const *items = arg;

	return items[name.axis] ? axis_value(items[name.axis], name.trait) : NULL;
}

enum truth constraint_judge(const struct constraint *constraint,
			    const struct axis_item *const *items)
{
	return constraint_judge_values(constraint, look_up_item, items);
}
