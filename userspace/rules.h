/* SPDX-License-Identifier: GPL-2.0 */
/* The options' conditions as rules for SET_FILTER. */
#ifndef SOCKTRACE_RULES_H
#define SOCKTRACE_RULES_H

#include "filter/sieve.h"
#include "options.h"

/*
 * Fills `rules` (room for SOCKTRACE_MAX_RULES) with rules that accept what the
 * options ask for, where the default is to reject, and gives their number: 0 if
 * no record can match; or -1 with `error`. `ancestor`: if not 0, only this
 * process and its descendants.
 */
int filter_build(struct options *options, uint32_t ancestor,
		 struct socktrace_rule *rules, struct filter_error *error);

/* What of the options' conditions the kernel can't judge. 0, or -1 with `error`. */
int filter_sieve(const struct options *options, struct sieve *sieve,
		 struct filter_error *error);

/* If it gave 0: which conditions can't hold together. False: that takes more than two. */
bool filter_why_none(struct options *options, char *buffer, size_t size);

/* The events that the rules may accept: mask of SOCKTRACE_EVENT_BIT(). */
uint32_t filter_events(const struct socktrace_rule *rules, unsigned int nr_rules);

/* The processes that -p names, `max` of them at most; how many. */
unsigned int filter_pids(const struct options *options, uint32_t *pids, unsigned int max);

/* Does any of them ask for descendants? */
bool filter_follows(const struct socktrace_rule *rules, unsigned int nr_rules);

/* Do they accept nothing but what descendants do? */
bool filter_only_follows(const struct socktrace_rule *rules, unsigned int nr_rules);

/* Prints the rules in words. 0, or -1 if that can't be written. */
int filter_explain(const struct socktrace_rule *rules, unsigned int nr_rules,
		   const struct sieve *sieve, FILE *to);

#endif
