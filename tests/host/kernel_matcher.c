// SPDX-License-Identifier: GPL-2.0-only
/* Built with kernel-shim/ before the system's headers. */
#include "../../module/record.c"

#include "../../module/filter.c"

#include <stdlib.h>

#include "kernel_matcher.h"

struct matcher {
	struct st_filter filter;
};

struct matcher *matcher_new(const struct socktrace_rule *rules, unsigned int nr_rules,
			    uint32_t *bad_rule, uint32_t *bad_field)
{
	struct st_filter *filter = calloc(1, sizeof(*filter) + nr_rules * sizeof(*rules));

	if (!filter)
		abort();
	filter->nr_rules = nr_rules;
	filter->default_action = SOCKTRACE_REJECT;
	memcpy(filter->rules, rules, nr_rules * sizeof(*rules));
	if (st_filter_validate(filter, bad_rule, bad_field)) {
		free(filter);
		return NULL;
	}
	st_filter_prepare(filter);
	return (struct matcher *)filter;
}

void matcher_free(struct matcher *matcher)
{
	free(matcher);
}

int matcher_judge(const struct matcher *matcher, const struct socktrace_event *ev,
		  uint32_t known,
		  bool (*descends)(const struct task_struct *task, uint32_t tgid),
		  bool (*in_cgroup)(struct task_struct *task, uint64_t id))
{
	struct st_filter_facts facts = { 0 };

	st_filter_facts_of(&facts, ev);
	facts.known &= known;
	facts.descends = descends;
	facts.in_cgroup = in_cgroup;
	switch (st_filter_judge(&matcher->filter, &facts)) {
	case ST_FILTER_ACCEPT:
		return MATCHER_ACCEPT;
	case ST_FILTER_REJECT:
		return MATCHER_REJECT;
	default:
		return MATCHER_UNDECIDED;
	}
}
