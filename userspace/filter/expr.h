/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Filter expressions as trees. A condition about a fact that a record does not
 * have is false of it, and its negation true: there is no third value.
 * docs/filters.md has the grammar.
 */
#ifndef SOCKTRACE_FILTER_EXPR_H
#define SOCKTRACE_FILTER_EXPR_H

#include "filter/cond.h"

enum filter_op { FILTER_COND, FILTER_TOLD, FILTER_NOT, FILTER_AND, FILTER_OR };

struct filter_node {
	enum filter_op op;
	const struct filter_node *left, *right; /* NOT has the left one only */
	struct socktrace_rule cond; /* COND: one condition, or several that hold together */
	enum filter_told told; /* TOLD: what, and its value, not 0-terminated */
	const char *text;
	size_t length;
	struct filter_node *next; /* in the pool */
};

/* A cgroup that conditions name by its path, which may come to lead to another. */
struct filter_cgroup {
	char *directory;
	uint64_t id; /* that the conditions have */
	struct filter_cgroup *next;
};

/* Owns the nodes. */
struct filter_pool {
	struct filter_node *all;
	struct filter_cgroup *cgroups;
	unsigned int nodes;
	uint32_t events; /* SOCKTRACE_EVENT_BIT() of those that were named */
	uint32_t phases; /* likewise, 1 << enum socktrace_phase */
	uint32_t told; /* likewise, 1 << enum filter_told */
};

void filter_pool_free(struct filter_pool *pool);

/*
 * `left op right`; either may be NULL, which leaves the other one. NULL: no
 * memory, or too many nodes.
 */
#define FILTER_NODES_MAX 10000
const struct filter_node *filter_join(struct filter_pool *pool, enum filter_op op,
				      const struct filter_node *left,
				      const struct filter_node *right);
const struct filter_node *filter_leaf(struct filter_pool *pool,
				      const struct socktrace_rule *cond);

/*
 * The condition with this value; between commas, if it takes a list, any of
 * them. NULL with `error`, `at` counted from `s`.
 */
const struct filter_node *filter_value(struct filter_pool *pool,
				       const struct filter_cond *cond, const char *s,
				       size_t length, struct filter_error *error);

/* As an expression, as far as there is room; 0-terminated. Bytes that it takes. */
size_t filter_node_words(char *buffer, size_t size, const struct filter_node *node);

/* NULL with `error`, `at` counted from the beginning of the text. */
const struct filter_node *filter_parse(struct filter_pool *pool, const char *text,
				       struct filter_error *error);

#endif
