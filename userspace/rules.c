// SPDX-License-Identifier: GPL-2.0
#include "rules.h"

#include "filter/compile.h"
#include "filter/contradiction.h"

/* Of each connect, connect's own record tells more. */
#define DEFAULT_EVENTS                                                          \
	(SOCKTRACE_EVENTS_DEFAULT &                                             \
	 ~SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT))

/* The processes that these conditions name, with their descendants. */
static const struct filter_node *followed(struct filter_pool *pool,
					  const struct filter_node *pids)
{
	const struct filter_node *left, *right;
	struct socktrace_rule rule = { .match = SOCKTRACE_MATCH_ANCESTOR };

	if (pids->op == FILTER_COND) {
		rule.ancestor = pids->cond.tgid;
		return filter_leaf(pool, &rule);
	}
	left = followed(pool, pids->left);
	right = followed(pool, pids->right);
	return left && right ? filter_join(pool, FILTER_OR, left, right) : NULL;
}

int filter_build(struct options *options, uint32_t ancestor,
		 struct socktrace_rule *rules, struct filter_error *error)
{
	struct filter_pool *pool = &options->pool;
	const struct filter_node *all = NULL, *node;
	struct socktrace_rule of_command = { .match = SOCKTRACE_MATCH_ANCESTOR,
					     .ancestor = ancestor };
	/* Of a capture all that it has, unless some are named. */
	uint32_t events = options->replay ? SOCKTRACE_EVENTS_ALL : DEFAULT_EVENTS | pool->events;
	unsigned int i;

	for (i = 0; i < FILTER_CONDS; i++) {
		const struct filter_cond *cond = filter_cond(i);

		node = options->conditions[i];
		if (!node)
			continue;
		if (cond->bits == SOCKTRACE_MATCH_EVENTS)
			events = SOCKTRACE_EVENTS_ALL;
		if (cond->bits == SOCKTRACE_MATCH_TGID && options->follow)
			node = followed(pool, node);
		if (node)
			all = filter_join(pool, FILTER_AND, all, node);
		if (!node || !all)
			return filter_wrong(error, "too many conditions");
	}
	if (ancestor) {
		node = filter_leaf(pool, &of_command);
		all = node ? filter_join(pool, FILTER_AND, all, node) : NULL;
		if (!all)
			return filter_wrong(error, "too many conditions");
	}
	if (options->filter) {
		all = filter_join(pool, FILTER_AND, all, options->filter);
		if (!all)
			return filter_wrong(error, "too many conditions");
	}
	events &= ~options->without;
	return events ? filter_compile(all, events, rules, error) : 0;
}

int filter_sieve(const struct options *options, struct sieve *sieve,
		 struct filter_error *error)
{
	unsigned int i;

	for (i = 0; i < FILTER_CONDS; i++) {
		if (options->conditions[i] && sieve_add(sieve, options->conditions[i], error))
			return -1;
	}
	return options->filter ? sieve_add(sieve, options->filter, error) : 0;
}

bool filter_why_none(struct options *options, char *buffer, size_t size)
{
	char names[FILTER_CONDS][32];
	struct contradiction all = { 0 };
	struct socktrace_rule asked = { .match = SOCKTRACE_MATCH_EVENTS };
	const struct filter_cond *events = filter_cond_by_keyword("event", 5);
	const struct filter_node *node;
	unsigned int i;

	for (i = 0; i < FILTER_CONDS; i++) {
		if (options->conditions[i])
			contradiction_add(&all, options->conditions[i],
					  filter_cond_name(filter_cond(i), names[i],
							   sizeof(names[i])));
	}
	asked.events = DEFAULT_EVENTS | options->pool.events;
	if (options->conditions[filter_cond_row(events)])
		asked.events = SOCKTRACE_EVENTS_ALL;
	asked.events &= ~options->without;
	if (!asked.events) {
		snprintf(buffer, size, "'-e !...', which leaves no event,");
		return true;
	}
	node = filter_leaf(&options->pool, &asked);
	if (node)
		contradiction_add(&all, node, "-e");
	if (options->filter)
		contradiction_add(&all, options->filter, NULL);
	return contradiction_tell(&all, &options->pool, buffer, size);
}

static unsigned int gather_pids(const struct filter_node *node, uint32_t *pids,
				unsigned int nr, unsigned int max)
{
	if (!node || nr == max)
		return nr;
	if (node->op == FILTER_COND) {
		pids[nr] = node->cond.tgid;
		return nr + 1;
	}
	return gather_pids(node->right, pids, gather_pids(node->left, pids, nr, max), max);
}

unsigned int filter_pids(const struct options *options, uint32_t *pids, unsigned int max)
{
	const struct filter_cond *cond = filter_cond_by_keyword("pid", 3);

	return gather_pids(options->conditions[filter_cond_row(cond)], pids, 0, max);
}

uint32_t filter_events(const struct socktrace_rule *rules, unsigned int nr_rules)
{
	uint32_t events = 0;
	unsigned int i;

	for (i = 0; i < nr_rules; i++) {
		if (rules[i].action == SOCKTRACE_ACCEPT)
			events |= rules[i].match & SOCKTRACE_MATCH_EVENTS ?
					  rules[i].events : SOCKTRACE_EVENTS_DEFAULT;
	}
	return events;
}

bool filter_follows(const struct socktrace_rule *rules, unsigned int nr_rules)
{
	unsigned int i;

	for (i = 0; i < nr_rules; i++)
		if (rules[i].match & SOCKTRACE_MATCH_ANCESTOR)
			return true;
	return false;
}

bool filter_only_follows(const struct socktrace_rule *rules, unsigned int nr_rules)
{
	unsigned int i;

	for (i = 0; i < nr_rules; i++)
		if (rules[i].action == SOCKTRACE_ACCEPT &&
		    !(rules[i].match & SOCKTRACE_MATCH_ANCESTOR))
			return false;
	return nr_rules;
}

int filter_explain(const struct socktrace_rule *rules, unsigned int nr_rules,
		   const struct sieve *sieve, FILE *to)
{
	char words[FILTER_WORDS_MAX];
	unsigned int i;

	fprintf(to, "%u of the kernel's %d rules; the first that matches decides:\n", nr_rules,
		SOCKTRACE_MAX_RULES);
	for (i = 0; i < nr_rules; i++) {
		filter_words(words, &rules[i]);
		fprintf(to, "%3u  %s  %s\n", i + 1,
			rules[i].action == SOCKTRACE_ACCEPT ? "accept" : "reject", words);
	}
	fputs("     reject  all else\n", to);
	for (i = 0; i < sieve->nr; i++) {
		filter_node_words(words, sizeof(words), sieve->all[i]);
		fprintf(to, "of what they accept, the reader shows only: %s\n", words);
	}
	return fflush(to) || ferror(to) ? -1 : 0;
}
