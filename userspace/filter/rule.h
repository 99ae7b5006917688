/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What rules mean together. A rule holds for a set of records: those of which
 * all its conditions hold. These functions know that set by `match` and its
 * fields; `action` is not looked at.
 */
#ifndef SOCKTRACE_FILTER_RULE_H
#define SOCKTRACE_FILTER_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#define RULE_PHASES_ALL                                                        \
	(1U << SOCKTRACE_ENTER | 1U << SOCKTRACE_EXIT | 1U << SOCKTRACE_POINT)

/* No record is of both. Conservative: false where that can't be known. */
bool rule_disjoint(const struct socktrace_rule *a, const struct socktrace_rule *b);

/* Each record of `a` is one of `b`. Conservative likewise. */
bool rule_within(const struct socktrace_rule *a, const struct socktrace_rule *b);

/*
 * Makes `a`, which is not disjoint from `b`, the rule of the records of both.
 * 0, or the SOCKTRACE_MATCH_ bits of the condition that one rule can hold only
 * once.
 */
uint32_t rule_meet(struct socktrace_rule *a, const struct socktrace_rule *b);

/* Makes `a` the rule of the records of either, if there is one. */
bool rule_join(struct socktrace_rule *a, const struct socktrace_rule *b);

/*
 * Makes `rule`, of one condition, the rule of all other records, if there is
 * one: only for facts that every record has.
 */
bool rule_complement(struct socktrace_rule *rule);

#endif
