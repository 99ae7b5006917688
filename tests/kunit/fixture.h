/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_KUNIT_FIXTURE_H
#define SOCKTRACE_KUNIT_FIXTURE_H

#include <kunit/test.h>

#include "../../module/filter.h"
#include "../../module/record.h"

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

/* @addr, and behind it @local as far as there is room, as the module gathers them. */
static inline void gather_ends(struct st_ends *ends, const void *addr, unsigned int addr_len,
			       const void *local, unsigned int local_len)
{
	unsigned int room;
	u8 *at;

	/* What was there before must not be seen. */
	memset(ends, 0x5a, sizeof(*ends));
	st_ends_clear(ends);
	st_ends_set_addr(ends, addr, addr_len);
	if (!local)
		return;
	at = st_ends_local_at(ends, &room);
	memcpy(at, local, min(local_len, room));
	st_ends_set_local_len(ends, local_len, room);
}

/* The same into @ev, which has none yet. */
static inline void set_ends(struct socktrace_event *ev, const void *addr, unsigned int addr_len,
			    const void *local, unsigned int local_len)
{
	struct st_ends ends;

	gather_ends(&ends, addr, addr_len, local, local_len);
	st_record_set_ends(ev, &ends);
}

#endif /* SOCKTRACE_KUNIT_FIXTURE_H */
