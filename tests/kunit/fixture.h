/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_KUNIT_FIXTURE_H
#define SOCKTRACE_KUNIT_FIXTURE_H

#include <kunit/test.h>

#include "../../module/filter.h"

/* Room for @nr_rules, all zero. Freed with the test. */
static inline struct st_filter *new_filter(struct kunit *test, u32 nr_rules, u32 action)
{
	struct st_filter *filter =
		kunit_kzalloc(test, sizeof(*filter) +
				    nr_rules * sizeof(struct socktrace_rule), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, filter);
	filter->nr_rules = nr_rules;
	filter->default_action = action;
	return filter;
}

#endif /* SOCKTRACE_KUNIT_FIXTURE_H */
