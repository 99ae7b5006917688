// SPDX-License-Identifier: GPL-2.0
#include "filter/contradiction.h"

#include <stdio.h>
#include <string.h>

#include "filter/compile.h"

#define PART_MAX 120 /* bytes of a condition that are told */

void contradiction_add(struct contradiction *all, const struct filter_node *node,
		       const char *option)
{
	if (!option && node->op == FILTER_AND) {
		contradiction_add(all, node->left, NULL);
		contradiction_add(all, node->right, NULL);
	} else if (all->nr < CONTRADICTION_MAX) {
		all->all[all->nr].node = node;
		all->all[all->nr++].option = option;
	}
}

static bool empty(struct filter_pool *pool, const struct filter_node *a,
		  const struct filter_node *b)
{
	const struct filter_node *both = filter_join(pool, FILTER_AND, a, b);
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	struct filter_error ignored;

	return both && !filter_compile(both, SOCKTRACE_EVENTS_ALL, rules, &ignored);
}

static void part(const struct contradiction *all, unsigned int i, char *buffer, size_t size)
{
	const struct filter_node *node = all->all[i].node;
	const char *option = all->all[i].option;
	size_t at = 0;

	if (option)
		at = (size_t)snprintf(buffer, size, "%s: ", option);
	if (at + filter_node_words(buffer + at, size - at, node) >= size)
		memcpy(buffer + size - 4, "...", 4);
}

bool contradiction_tell(const struct contradiction *all, struct filter_pool *pool,
			char *buffer, size_t size)
{
	char one[PART_MAX], other[PART_MAX];
	unsigned int i, k;

	for (i = 0; i < all->nr; i++) {
		if (!empty(pool, all->all[i].node, NULL))
			continue;
		part(all, i, one, sizeof(one));
		snprintf(buffer, size, "'%s'", one);
		return true;
	}
	for (k = 1; k < all->nr; k++) {
		for (i = 0; i < k; i++) {
			if (!empty(pool, all->all[i].node, all->all[k].node))
				continue;
			part(all, i, one, sizeof(one));
			part(all, k, other, sizeof(other));
			snprintf(buffer, size, "'%s' and '%s'", one, other);
			return true;
		}
	}
	return false;
}
