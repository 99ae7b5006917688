// SPDX-License-Identifier: GPL-2.0-only
/* 3.17; before, real_start_time is a struct timespec */
#include <linux/sched.h>

u64 probe(const struct task_struct *task)
{
	return task->real_start_time;
}
