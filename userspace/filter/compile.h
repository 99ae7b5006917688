/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Expressions as rule tables. A rule can only ask that conditions hold, never
 * that one does not; but an earlier rule can take its records away. So each part
 * of an expression becomes a decision list: rules of which the first that
 * matches decides, and what is decided where none does.
 */
#ifndef SOCKTRACE_FILTER_COMPILE_H
#define SOCKTRACE_FILTER_COMPILE_H

#include "filter/expr.h"

/*
 * Fills `rules` (room for SOCKTRACE_MAX_RULES); what no rule matches is to be
 * rejected. Gives their number, 0 if no record can match; or -1 with `error`.
 * `events` may be accepted, no others. Conditions that only the reader knows may hold:
 * what could meet all is accepted (see sieve.h).
 */
int filter_compile(const struct filter_node *node, uint32_t events,
		   struct socktrace_rule *rules, struct filter_error *error);

#endif
