/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks that may be in an accept since before a session began: those that were there
 * then, until they are seen to enter one. So an accept that gets its connection, and
 * that is not followed, is known for one whose entry the session was not offered.
 *
 * By the task's place in memory alone. What is made there later is in no accept either
 * before it is seen to enter one.
 */
#ifndef SOCKTRACE_EARLY_H
#define SOCKTRACE_EARLY_H

#include <linux/types.h>

struct task_struct;
struct st_early;

/* Of all tasks but the kernel's own; may sleep. NULL: no memory. */
struct st_early *st_early_create(void);
void st_early_free(struct st_early *early);

/* Room for @nr tasks, of which none is there yet. NULL: no memory. */
struct st_early *st_early_create_for(unsigned int nr);
/* Before anybody else looks. False: there is no room. */
bool st_early_add(struct st_early *early, const struct task_struct *task);

/* For the probes' handlers. Each task is taken out by itself alone. */
bool st_early_has(const struct st_early *early, const struct task_struct *task);
void st_early_remove(struct st_early *early, const struct task_struct *task);

#endif /* SOCKTRACE_EARLY_H */
