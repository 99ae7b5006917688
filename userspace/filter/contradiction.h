/* SPDX-License-Identifier: GPL-2.0 */
/* Of conditions that can never hold together: which. */
#ifndef SOCKTRACE_FILTER_CONTRADICTION_H
#define SOCKTRACE_FILTER_CONTRADICTION_H

#include "filter/expr.h"

#define CONTRADICTION_MAX 128

/* Conditions that must all hold. */
struct contradiction {
	unsigned int nr;
	struct {
		const struct filter_node *node;
		const char *option; /* it was given so; NULL: within an expression */
	} all[CONTRADICTION_MAX];
};

/* One more; of an expression, its parts that must hold each. */
void contradiction_add(struct contradiction *all, const struct filter_node *node,
		       const char *option);

/* Names the first one or two of them that no record meets; false: it takes more. */
bool contradiction_tell(const struct contradiction *all, struct filter_pool *pool,
			char *buffer, size_t size);

#endif
