// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/stddef.h>

#include "compat/compat.h"
#include "numbers.h"

/* The task of that number in current's pid namespace, as a reader of RCU; or NULL. */
static const struct task_struct *task_of(u32 number)
{
	return pid_task(find_vpid(number), PIDTYPE_PID);
}

/* @number in the initial pid namespace, and when it began; 0: no such process. */
static u32 process(u32 number, u64 *start_ns)
{
	const struct task_struct *task;
	u32 tgid = 0;

	rcu_read_lock();
	task = task_of(number);
	if (task && task->pid == task->tgid) {
		tgid = task->tgid;
		*start_ns = st_compat_start_ns(task);
	}
	rcu_read_unlock();
	return tgid;
}

static u32 thread(u32 number)
{
	const struct task_struct *task;
	u32 tid;

	rcu_read_lock();
	task = task_of(number);
	tid = task ? task->pid : 0;
	rcu_read_unlock();
	return tid;
}

/* Sets what @rule asks for; 0, or the byte offset of what names nobody. */
static u32 translate(struct socktrace_rule *rule, struct st_filter_asked *asked)
{
	u64 unused;

	asked->tgid = rule->tgid;
	asked->tid = rule->tid;
	asked->ancestor = rule->ancestor;
	if (rule->match & SOCKTRACE_MATCH_TGID) {
		rule->tgid = process(rule->tgid, &unused);
		if (!rule->tgid)
			return offsetof(struct socktrace_rule, tgid);
	}
	if (rule->match & SOCKTRACE_MATCH_TID) {
		rule->tid = thread(rule->tid);
		if (!rule->tid)
			return offsetof(struct socktrace_rule, tid);
	}
	if (rule->match & SOCKTRACE_MATCH_ANCESTOR) {
		asked->root_tgid = process(rule->ancestor, &asked->root_start_ns);
		if (!asked->root_tgid)
			return offsetof(struct socktrace_rule, ancestor);
	}
	return 0;
}

int st_numbers_translate(struct st_filter *filter, u32 *bad_rule, u32 *bad_field)
{
	u32 i, bad;

	for (i = 0; i < filter->nr_rules; i++) {
		bad = translate(&filter->rules[i], &filter->asked[i]);
		if (bad) {
			*bad_rule = i;
			*bad_field = bad;
			return -ESRCH;
		}
	}
	return 0;
}
