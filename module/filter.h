/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters: rules over facts. Pure: the one fact that needs the kernel, whether
 * a task descends from another, is asked of whoever gives the facts.
 */
#ifndef SOCKTRACE_FILTER_H
#define SOCKTRACE_FILTER_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "../uapi/socktrace.h"

struct filter {
	struct rcu_head rcu;
	u32 nr_rules;
	u32 default_action; /* enum socktrace_action */
	u32 events; /* what it may accept: filter_prepare() */
	struct socktrace_rule rules[];
};

/* What is known of a record so far. */
struct filter_facts {
	u32 event; /* SOCKTRACE_EVENT_BIT() of its type */
	u32 tgid, tid; /* initial pid namespace */
	int family; /* AF_*, -1: not known */
	bool final; /* what is not known now never will be */
	bool (*descends)(u32 tgid); /* does the task descend from @tgid? */
};

enum filter_verdict { FILTER_ACCEPT, FILTER_REJECT, FILTER_UNDECIDED };

void filter_facts_of(struct filter_facts *facts, const struct socktrace_event *ev);
void filter_prepare(struct filter *filter);
int filter_validate(const struct filter *filter, u32 *bad_rule, u32 *bad_field);
enum filter_verdict filter_judge(const struct filter *filter,
				 const struct filter_facts *facts);

#endif /* SOCKTRACE_FILTER_H */
