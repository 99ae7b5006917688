/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who descends from whom. A process whose parent ended is the child of another one,
 * and clone(CLONE_PARENT) makes what never was the caller's child: so births are
 * followed, as long as some filter asks for descendants.
 *
 * Such a filter names roots. Members are the roots and all that they and their
 * descendants make; which roots a member is of are bits of a mask. A member is known
 * by its tgid and the time of its start: no other process ever has both.
 *
 * The callers of st_lineage_init() to st_lineage_exit() take turns.
 */
#ifndef SOCKTRACE_LINEAGE_H
#define SOCKTRACE_LINEAGE_H

#include <linux/ptrace.h>
#include <linux/types.h>

#define ST_LINEAGE_ROOTS 64 /* of all filters in force */

extern unsigned int st_lineage_max; /* members that can live at once */

int st_lineage_init(void); /* or -ENOMEM */

/* When no handler asks any more; births may be followed yet. */
void st_lineage_exit(void);

/*
 * For a filter that asks of process @tgid that began at @start_ns: sets @root, by
 * which st_lineage_descends() knows it, and its bit in @roots. -EUSERS: there are too
 * many. Each bit that was not there before is given back to st_lineage_put().
 */
int st_lineage_get(u32 tgid, u64 start_ns, u32 *root, u64 *roots);

/* When no handler asks for these any more. */
void st_lineage_put(u64 roots);

/*
 * After st_lineage_get(): makes members of the processes there are that descend from
 * the new roots. If @births is false these are not followed, and parents have to do.
 */
void st_lineage_seed(bool births);

/* How many members of any of @roots live; and how many found no room. */
void st_lineage_count(u64 roots, u64 *members, u64 *missed);

/* As a reader of RCU: is @task @root, or does it descend from it? */
bool st_lineage_descends(const struct task_struct *task, u32 root);

/* wake_up_new_task(task): current has made a task, which has not run yet. */
void st_lineage_birth(struct pt_regs *regs);

#endif /* SOCKTRACE_LINEAGE_H */
