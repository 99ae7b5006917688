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

struct pid;
struct st_path;

#define ST_FILTER_TGID_BUCKETS 64

/*
 * The processes that a rule names, as they were set; the rule has their numbers in
 * the initial pid namespace, and for its ancestor, while the filter is in force, the
 * number of that root.
 */
struct st_filter_asked {
	u32 tgid, tid, ancestor;
	u32 root_tgid; /* the ancestor's, in the initial pid namespace */
	u64 root_start_ns;
};

/* Conditions about either end's address, and about the result. */
#define ST_FILTER_ENDS                                                            \
	(SOCKTRACE_MATCH_REMOTE_NET | SOCKTRACE_MATCH_REMOTE_PORT |            \
	 SOCKTRACE_MATCH_LOCAL_NET | SOCKTRACE_MATCH_LOCAL_PORT |              \
	 SOCKTRACE_MATCH_PATH)
/* Those that are asked of the task itself. */
#define ST_FILTER_TASK (SOCKTRACE_MATCH_ANCESTOR | SOCKTRACE_MATCH_CGROUP_TREE)
#define ST_FILTER_RESULT                                                          \
	(SOCKTRACE_MATCH_OK | SOCKTRACE_MATCH_FAILED | SOCKTRACE_MATCH_ERROR | \
	 SOCKTRACE_MATCH_DURATION)

struct task_struct;

struct st_filter {
	struct rcu_head rcu;
	/* Worked out by st_filter_prepare(). Bit n of a mask of rules is rule n. */
	u32 accepts; /* events that it accepts, whatever the facts */
	u32 events; /* those that it may accept at all */
	u64 tgids; /* from whom, a bit for each of the tgid's low bits */
	u32 conditions; /* what any rule looks at */
	u64 by_event[SOCKTRACE_LISTEN + 1]; /* rules that may match it */
	u64 by_tgid[ST_FILTER_TGID_BUCKETS]; /* likewise, by the tgid's low bits */
	u64 roots; /* while in force: those of struct lineage that its rules ask of */

	u32 default_action; /* enum socktrace_action */
	u32 nr_rules;
	struct st_filter_asked *asked; /* behind the rules, one each */
	struct socktrace_rule rules[];
};

/* What was asked of a task in time, for when it can't be asked any more. */
#define ST_FILTER_ANSWERS 8
struct st_filter_answers {
	unsigned int nr;
	struct {
		u64 value; /* which ancestor, or cgroup */
		u32 condition; /* one of ST_FILTER_TASK */
		bool holds;
	} answer[ST_FILTER_ANSWERS];
};

/* What is known of a record so far. */
struct st_filter_facts {
	/*
	 * Conditions that can be judged, SOCKTRACE_MATCH_*: their facts are in
	 * @ev, or are known to be none. Of the others the facts are to come.
	 */
	u32 known;
	const struct socktrace_event *ev;
	/* The task itself, and how to ask of it: is it it, or below; is it in it, or below? */
	struct task_struct *task;
	bool (*descends)(const struct task_struct *task, u32 ancestor);
	bool (*in_cgroup)(struct task_struct *task, u64 id);
	/* Not NULL: instead of these two. What it doesn't have can't be judged. */
	const struct st_filter_answers *answers;
	const struct st_path *peer_path; /* NULL: the peer has none */
	/* Whose record it is; only to be compared. */
	const struct pid *caller;
};

/* The finished record @ev; who asks the task itself is still to be set. */
static inline void st_filter_facts_of(struct st_filter_facts *facts,
				   const struct socktrace_event *ev)
{
	facts->known = SOCKTRACE_MATCH_ALL_BITS;
	facts->ev = ev;
	facts->answers = NULL;
	facts->peer_path = NULL;
}

enum st_filter_verdict { ST_FILTER_ACCEPT, ST_FILTER_REJECT, ST_FILTER_UNDECIDED };

void st_filter_prepare(struct st_filter *filter);
int st_filter_validate(const struct st_filter *filter, u32 *bad_rule, u32 *bad_field);
enum st_filter_verdict st_filter_judge(const struct st_filter *filter,
				 const struct st_filter_facts *facts);
void st_filter_ask(const struct st_filter *filter, const struct st_filter_facts *facts,
		   struct st_filter_answers *answers);

#endif /* SOCKTRACE_FILTER_H */
