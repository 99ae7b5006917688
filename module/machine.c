// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/fs_struct.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "machine.h"

u64 st_machine_memory(void)
{
	struct sysinfo info;

	si_meminfo(&info);
	return (u64)info.totalram * info.mem_unit;
}

int st_machine_root(struct path *root)
{
	struct task_struct *first;
	int err = -ESRCH;

	rcu_read_lock();
	first = pid_task(find_pid_ns(1, &init_pid_ns), PIDTYPE_PID);
	if (first) {
		task_lock(first);
		if (first->fs) {
			get_fs_root(first->fs, root);
			err = 0;
		}
		task_unlock(first);
	}
	rcu_read_unlock();
	return err;
}
