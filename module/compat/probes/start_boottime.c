// SPDX-License-Identifier: GPL-2.0-only
/* 5.5; before, it is real_start_time */
#include <linux/sched.h>

u64 probe(const struct task_struct *task)
{
	return task->start_boottime;
}
