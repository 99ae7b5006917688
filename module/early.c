// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "early.h"

/* Two MiB of them. Of a machine with more tasks, the rest are not known. */
#define MAX_BITS 18

/* In place of a task that was taken out: others may be behind it. */
#define GONE 1UL

/* An open hash table, half of it empty at least. */
struct st_early {
	unsigned int bits, room;
	unsigned long tasks[]; /* 0: none, nor behind it */
};

struct st_early *st_early_create_for(unsigned int nr)
{
	struct st_early *early;
	unsigned int bits;

	nr |= 1;
	bits = min_t(unsigned int, ilog2(roundup_pow_of_two(nr)) + 1, MAX_BITS);
	early = kvzalloc(sizeof(*early) + (sizeof(early->tasks[0]) << bits),
			 GFP_KERNEL_ACCOUNT);
	if (!early)
		return NULL;
	early->bits = bits;
	early->room = 1U << (bits - 1);
	return early;
}

void st_early_free(struct st_early *early)
{
	kvfree(early);
}

bool st_early_add(struct st_early *early, const struct task_struct *task)
{
	u32 at = hash_ptr(task, early->bits);

	if (!early->room)
		return false;
	early->room--;
	while (early->tasks[at])
		at = (at + 1) & ((1U << early->bits) - 1);
	early->tasks[at] = (unsigned long)task;
	return true;
}

/* Where @task stands; NULL: nowhere. */
static const unsigned long *early_find(const struct st_early *early,
				       const struct task_struct *task)
{
	u32 at = hash_ptr(task, early->bits);
	unsigned long found;

	while ((found = READ_ONCE(early->tasks[at]))) {
		if (found == (unsigned long)task)
			return &early->tasks[at];
		at = (at + 1) & ((1U << early->bits) - 1);
	}
	return NULL;
}

bool st_early_has(const struct st_early *early, const struct task_struct *task)
{
	return early_find(early, task);
}

void st_early_remove(struct st_early *early, const struct task_struct *task)
{
	const unsigned long *at = early_find(early, task);

	if (at)
		WRITE_ONCE(early->tasks[at - early->tasks], GONE);
}

struct st_early *st_early_create(void)
{
	struct task_struct *process, *task;
	struct st_early *early;
	unsigned int nr = 0;

	rcu_read_lock();
	for_each_process_thread(process, task)
		nr++;
	rcu_read_unlock();
	early = st_early_create_for(nr + nr / 4 + 64); /* some are made meanwhile */
	if (!early)
		return NULL;
	rcu_read_lock();
	for_each_process_thread(process, task) {
		if (!(task->flags & PF_KTHREAD) && !st_early_add(early, task))
			goto full;
	}
full:
	rcu_read_unlock();
	return early;
}
