// SPDX-License-Identifier: GPL-2.0-only
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "calls.h"
#include "collect.h"
#include "compat/compat.h"
#include "deliver.h"
#include "inflight.h"
#include "lineage.h"
#include "listing.h"

/* The conditions that are to be judged when the call returns. */
static u32 unknown_yet(const struct socktrace_event *ev)
{
	u32 unknown = ST_FILTER_RESULT;

	if (st_record_creates(ev->type))
		return unknown | SOCKTRACE_MATCH_PROTOCOL;
	unknown |= ST_FILTER_ENDS;
	if (ev->type == SOCKTRACE_CONNECT && ev->addr_source == SOCKTRACE_ADDR_KERNEL)
		unknown &= ~(SOCKTRACE_MATCH_REMOTE_NET | SOCKTRACE_MATCH_REMOTE_PORT);
	if (!(ev->flags & SOCKTRACE_F_SOCK))
		unknown |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES |
			   SOCKTRACE_MATCH_PROTOCOL;
	return unknown;
}

/* May @s take the return of the call @ev of @task? */
static bool may_be_taken(const struct st_session *s, struct socktrace_event *ev,
			 struct task_struct *task)
{
	struct st_filter_facts facts;
	bool may;

	st_filter_facts_of(&facts, ev);
	facts.known &= ~unknown_yet(ev);
	facts.task = task;
	facts.descends = st_lineage_descends;
	facts.in_cgroup = st_collect_in_cgroup;
	facts.caller = task_tgid(task);
	ev->phase = SOCKTRACE_EXIT;
	rcu_read_lock_sched(); /* as in a handler */
	may = st_session_may_want(s, &facts);
	rcu_read_unlock_sched();
	ev->phase = SOCKTRACE_ENTER;
	return may;
}

/* The call in @slot as a record; false: there is none, or @s would not take it. */
static bool list_call(struct socktrace_event *ev, unsigned int slot,
		      const struct st_session *s)
{
	struct st_inflight call;
	struct task_struct *task;
	bool listed = false;

	if (!st_inflight_copy(&call, slot))
		return false;
	st_call_record(ev, &call, SOCKTRACE_ENTER);
	ev->cpu = call.call_id >> ST_CALL_ID_CPU_SHIFT;
	rcu_read_lock();
	task = pid_task(find_pid_ns(call.tid, &init_pid_ns), PIDTYPE_PID);
	if (task && task == st_inflight_task(&call)) {
		st_collect_other_task(ev, task);
		memcpy(ev->comm, call.comm, sizeof(ev->comm));
		listed = !s || may_be_taken(s, ev, task);
	}
	rcu_read_unlock();
	return listed && st_inflight_is(&call, slot);
}

unsigned int st_listing_make(struct socktrace_event *records, unsigned int room,
			     const struct st_session *s)
{
	unsigned int found = 0, slots = st_inflight_slots(), slot;
	struct socktrace_event spare;

	for (slot = 0; slot < slots; slot++) {
		if (!(slot % 1024))
			cond_resched();
		if (list_call(found < room ? &records[found] : &spare, slot, s))
			found++;
	}
	return found;
}
