// SPDX-License-Identifier: GPL-2.0
#include "filter/compile.h"

#include <stdlib.h>
#include <string.h>

#include "filter/rule.h"

/* Of one list while it is made; what is left of it is far less. */
#define RULES_MAX 2048U

struct list {
	unsigned int length;
	uint32_t otherwise; /* enum socktrace_action, where no rule matches */
	struct socktrace_rule rules[];
};

struct compile {
	struct filter_error *error;
	uint32_t clash; /* conditions that one rule can't hold together */
	unsigned int needed; /* rules, of a list that got too long */
};

static struct list *list_new(struct compile *compile, unsigned int room)
{
	struct list *list;

	if (room > RULES_MAX) {
		compile->needed = room;
		return NULL;
	}
	list = malloc(sizeof(*list) + room * sizeof(list->rules[0]));
	if (list) {
		list->length = 0;
		list->otherwise = SOCKTRACE_REJECT;
	}
	return list;
}

static uint32_t opposite(uint32_t action)
{
	return action == SOCKTRACE_ACCEPT ? SOCKTRACE_REJECT : SOCKTRACE_ACCEPT;
}

/* "Not" costs nothing: each decision becomes the other one. */
static void negate(struct list *list)
{
	unsigned int i;

	for (i = 0; i < list->length; i++)
		list->rules[i].action = opposite(list->rules[i].action);
	list->otherwise = opposite(list->otherwise);
}

/* --- shorter lists that decide the same ------------------------------------- */

static void drop(struct list *list, unsigned int i)
{
	list->length--;
	memmove(&list->rules[i], &list->rules[i + 1],
		(list->length - i) * sizeof(list->rules[0]));
}

/* An earlier rule takes all its records. */
static bool shadowed(const struct list *list, unsigned int i)
{
	unsigned int k;

	for (k = 0; k < i; k++) {
		if (rule_within(&list->rules[i], &list->rules[k]))
			return true;
	}
	return false;
}

/* Without it, all its records would come to the same decision. */
static bool redundant(const struct list *list, unsigned int i)
{
	const struct socktrace_rule *rule = &list->rules[i], *later;
	unsigned int k;

	for (k = i + 1; k < list->length; k++) {
		later = &list->rules[k];
		if (later->action != rule->action) {
			if (!rule_disjoint(rule, later))
				return false;
		} else if (rule_within(rule, later)) {
			return true;
		}
	}
	return list->otherwise == rule->action;
}

/* May rule k stand at i's place, before it? */
static bool can_move_up(const struct list *list, unsigned int k, unsigned int i)
{
	const struct socktrace_rule *rule = &list->rules[k];

	for (i++; i < k; i++) {
		if (list->rules[i].action != rule->action &&
		    !rule_disjoint(rule, &list->rules[i]))
			return false;
	}
	return true;
}

static bool join_later(struct list *list, unsigned int i)
{
	struct socktrace_rule joined;
	unsigned int k;

	for (k = i + 1; k < list->length; k++) {
		joined = list->rules[i];
		if (rule_join(&joined, &list->rules[k]) && can_move_up(list, k, i)) {
			list->rules[i] = joined;
			drop(list, k);
			return true;
		}
	}
	return false;
}

static void simplify(struct list *list)
{
	unsigned int i = 0;
	bool changed;

	do {
		changed = false;
		for (i = list->length; i-- > 0;) {
			if (shadowed(list, i) || redundant(list, i)) {
				drop(list, i);
				changed = true;
			}
		}
		for (i = 0; i < list->length; i++) {
			while (join_later(list, i))
				changed = true;
		}
	} while (changed);
}

/* --- and, or ------------------------------------------------------------------ */

static bool add(struct list *list, const struct socktrace_rule *rule)
{
	list->rules[list->length++] = *rule;
	return true;
}

/* The records that both rules match, with the action of `b`. */
static bool add_meet(struct compile *compile, struct list *list,
		     const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	struct socktrace_rule both = *a;
	uint32_t clash;

	if (rule_disjoint(a, b))
		return true;
	clash = rule_meet(&both, b);
	if (clash) {
		compile->clash = clash;
		return false;
	}
	both.action = b->action;
	return add(list, &both);
}

/*
 * `a` first: what it rejects is rejected; where it accepts, `b` decides. Should
 * `b` decide that because none of its rules matches, and it rejects then, no
 * rule is needed: all later ones that accept are parts of one of b's rules.
 */
static bool append_and(struct compile *compile, struct list *list, const struct list *a,
		       const struct list *b)
{
	struct socktrace_rule rule;
	unsigned int i, k;

	for (i = 0; i < a->length; i++) {
		rule = a->rules[i];
		if (rule.action == SOCKTRACE_ACCEPT) {
			for (k = 0; k < b->length; k++) {
				if (!add_meet(compile, list, &rule, &b->rules[k]))
					return false;
			}
			if (b->otherwise == SOCKTRACE_REJECT)
				continue;
		}
		add(list, &rule);
	}
	list->otherwise = a->otherwise;
	if (a->otherwise == SOCKTRACE_ACCEPT) {
		for (k = 0; k < b->length; k++)
			add(list, &b->rules[k]);
		list->otherwise = b->otherwise;
	}
	return true;
}

static struct list *list_and(struct compile *compile, const struct list *a,
			     const struct list *b)
{
	unsigned int room = a->length + b->length, i;
	struct list *list;

	for (i = 0; i < a->length; i++)
		room += a->rules[i].action == SOCKTRACE_ACCEPT ? b->length : 0;
	list = list_new(compile, room);
	if (!list || !append_and(compile, list, a, b)) {
		free(list);
		return NULL;
	}
	simplify(list);
	return list;
}

/* Which list is asked first makes no difference but for the length. */
static struct list *shorter_and(struct compile *compile, const struct list *a,
				const struct list *b)
{
	struct list *one, *other;

	/* Of two as short: the one that tells earlier what it rejects. */
	if (a->otherwise == SOCKTRACE_ACCEPT && b->otherwise == SOCKTRACE_REJECT) {
		const struct list *swap = a;

		a = b;
		b = swap;
	}
	one = list_and(compile, a, b);
	other = list_and(compile, b, a);
	if (one && (!other || one->length <= other->length)) {
		free(other);
		return one;
	}
	free(one);
	return other;
}

/* Takes both lists. "Or" is "and" of the negations, negated. */
static struct list *combine(struct compile *compile, enum filter_op op, struct list *a,
			    struct list *b)
{
	struct list *list = NULL;

	if (a && b) {
		if (op == FILTER_OR) {
			negate(a);
			negate(b);
		}
		list = shorter_and(compile, a, b);
		if (list && op == FILTER_OR)
			negate(list);
	}
	free(a);
	free(b);
	return list;
}

/* --- trees ---------------------------------------------------------------------- */

/* A part of the expression, of which the negation may be meant. */
struct operand {
	const struct filter_node *node;
	bool not;
};

/* Passes through the nots; the operator that is meant then. */
static enum filter_op resolve(struct operand *operand)
{
	enum filter_op op;

	while (operand->node->op == FILTER_NOT) {
		operand->node = operand->node->left;
		operand->not = !operand->not;
	}
	op = operand->node->op;
	if (op == FILTER_COND || op == FILTER_TOLD || !operand->not)
		return op;
	return op == FILTER_AND ? FILTER_OR : FILTER_AND;
}

static struct list *compile_cond(struct compile *compile, const struct operand *operand)
{
	struct list *list = list_new(compile, 1);

	if (!list)
		return NULL;
	list->rules[0] = operand->node->cond;
	list->rules[0].action = SOCKTRACE_ACCEPT;
	list->length = 1;
	if (operand->not && !rule_complement(&list->rules[0]))
		negate(list);
	return list;
}

/* May hold or not, and so may its negation: all is let through to who knows. */
static struct list *compile_told(struct compile *compile)
{
	struct list *list = list_new(compile, 0);

	if (list)
		list->otherwise = SOCKTRACE_ACCEPT;
	return list;
}

/* The operands of one operator, however the tree nests them, in their order. */
static unsigned int gather(struct operand operand, enum filter_op op,
			   struct operand *operands, unsigned int n)
{
	struct operand right;

	while (resolve(&operand) == op) {
		right = (struct operand){ operand.node->right, operand.not };
		operand.node = operand.node->left;
		/* The left one may nest deeply: loop there, for the right. */
		n = gather(right, op, operands, n);
	}
	operands[n++] = operand;
	return n;
}

static struct list *compile_node(struct compile *compile, struct operand operand);

/* Halves, so that long lists are combined few times. */
static struct list *compile_many(struct compile *compile, enum filter_op op,
				 const struct operand *operands, unsigned int n)
{
	struct list *left, *right = NULL;

	if (n == 1)
		return compile_node(compile, operands[0]);
	left = compile_many(compile, op, operands, n / 2);
	if (left)
		right = compile_many(compile, op, operands + n / 2, n - n / 2);
	return combine(compile, op, left, right);
}

static struct list *compile_node(struct compile *compile, struct operand operand)
{
	enum filter_op op = resolve(&operand);
	struct operand *operands;
	struct list *list;
	unsigned int n, i;

	if (op == FILTER_COND)
		return compile_cond(compile, &operand);
	if (op == FILTER_TOLD)
		return compile_told(compile);
	operands = malloc(FILTER_NODES_MAX * sizeof(*operands));
	if (!operands)
		return NULL;
	n = gather(operand, op, operands, 0);
	/* They were gathered from the right. */
	for (i = 0; i < n / 2; i++) {
		struct operand swap = operands[i];

		operands[i] = operands[n - 1 - i];
		operands[n - 1 - i] = swap;
	}
	list = compile_many(compile, op, operands, n);
	free(operands);
	return list;
}

static int failed(const struct compile *compile)
{
	unsigned int row;
	char name[32];

	if (compile->needed && !compile->clash)
		return filter_wrong(compile->error, "needs about %u rules, the kernel takes %d",
				    compile->needed, SOCKTRACE_MAX_RULES);
	for (row = 0; compile->clash && row < FILTER_CONDS; row++) {
		const struct filter_cond *cond = filter_cond(row);

		if (cond->bits & compile->clash)
			return filter_wrong(compile->error, "two different conditions '%s' (%s) "
					    "must hold together: the kernel's rules hold one each",
					    cond->keyword,
					    filter_cond_name(cond, name, sizeof(name)));
	}
	return filter_wrong(compile->error, "no memory");
}

int filter_compile(const struct filter_node *node, uint32_t events,
		   struct socktrace_rule *rules, struct filter_error *error)
{
	struct compile compile = { .error = error };
	struct filter_node asked = { .op = FILTER_COND };
	struct list *list;
	unsigned int length;

	asked.cond.match = SOCKTRACE_MATCH_EVENTS;
	asked.cond.events = events;
	list = compile_node(&compile, (struct operand){ &asked, false });
	if (list && node)
		list = combine(&compile, FILTER_AND, list,
			       compile_node(&compile, (struct operand){ node, false }));
	if (!list)
		return failed(&compile);
	length = list->length;
	if (length <= SOCKTRACE_MAX_RULES)
		memcpy(rules, list->rules, length * sizeof(*rules));
	free(list);
	if (length > SOCKTRACE_MAX_RULES)
		return filter_wrong(error, "needs %u rules, the kernel takes %d", length,
				    SOCKTRACE_MAX_RULES);
	return (int)length;
}
