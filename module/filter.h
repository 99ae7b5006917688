/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Filters: rules over facts. Pure: what needs the kernel, whether a task
 * descends from another and which cgroup it is in, is asked of whoever gives
 * the facts.
 */
#ifndef SOCKTRACE_FILTER_H
#define SOCKTRACE_FILTER_H

#include <linux/rcupdate.h>
#include <linux/types.h>

#include "../uapi/socktrace.h"

#define FILTER_TGID_BUCKETS 64

/* Conditions about either end's address, and about the result. */
#define FILTER_ENDS                                                            \
	(SOCKTRACE_MATCH_REMOTE_NET | SOCKTRACE_MATCH_REMOTE_PORT |            \
	 SOCKTRACE_MATCH_LOCAL_NET | SOCKTRACE_MATCH_LOCAL_PORT |              \
	 SOCKTRACE_MATCH_PATH)
#define FILTER_RESULT                                                          \
	(SOCKTRACE_MATCH_OK | SOCKTRACE_MATCH_FAILED | SOCKTRACE_MATCH_ERROR | \
	 SOCKTRACE_MATCH_DURATION)

struct filter {
	struct rcu_head rcu;
	/* Worked out by filter_prepare(). Bit n of a mask of rules is rule n. */
	u32 accepts; /* events that it accepts, whatever the facts */
	u32 events; /* those that it may accept at all */
	u64 tgids; /* from whom, a bit for each of the tgid's low bits */
	u32 conditions; /* what any rule looks at */
	u64 by_event[SOCKTRACE_SOCKETPAIR + 1]; /* rules that may match it */
	u64 by_tgid[FILTER_TGID_BUCKETS]; /* likewise, by the tgid's low bits */

	u32 default_action; /* enum socktrace_action */
	u32 nr_rules;
	struct socktrace_rule rules[];
};

/* What is known of a record so far. */
struct filter_facts {
	/*
	 * Conditions that can be judged, SOCKTRACE_MATCH_*: their facts are in
	 * @ev, or are known to be none. Of the others the facts are to come.
	 */
	u32 known;
	const struct socktrace_event *ev;
	bool (*descends)(u32 tgid); /* does the task descend from @tgid? */
	bool (*in_cgroup)(u64 id); /* is the task in cgroup @id or below? */
};

/* The finished record @ev; who asks the task itself is still to be set. */
static inline void filter_facts_of(struct filter_facts *facts,
				   const struct socktrace_event *ev)
{
	facts->known = SOCKTRACE_MATCH_ALL_BITS;
	facts->ev = ev;
}

enum filter_verdict { FILTER_ACCEPT, FILTER_REJECT, FILTER_UNDECIDED };

void filter_prepare(struct filter *filter);
int filter_validate(const struct filter *filter, u32 *bad_rule, u32 *bad_field);
enum filter_verdict filter_judge(const struct filter *filter,
				 const struct filter_facts *facts);

#endif /* SOCKTRACE_FILTER_H */
