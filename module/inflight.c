// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open hash table that is never locked: a slot is claimed by a cmpxchg and
 * given back by a store, both by the task that the slot is for; or, if the call's probes
 * go while it is in flight, by who took these away. Not kept in the
 * kretprobe's instance, because the LSM hook can't find that one.
 */
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "inflight.h"

/* Slots looked at from a task's own on: with half of them free, plenty. */
#define MAX_STEPS 32

/* Set while the probes are armed. */
static struct st_inflight *slots;
static unsigned int slot_bits;

/* When no handler can run any more. */
void st_inflight_exit(void)
{
	kvfree(slots);
	slots = NULL;
}

int st_inflight_init(unsigned int max_calls)
{
	/* Room for all of a kind and many of the others, in short runs. */
	slot_bits = ilog2(roundup_pow_of_two(max_calls)) + 2;
	slot_bits = max_t(unsigned int, slot_bits, ilog2(MAX_STEPS));
	slots = kvzalloc(sizeof(*slots) << slot_bits, GFP_KERNEL);
	return slots ? 0 : -ENOMEM;
}

static struct st_inflight *slot_at(u32 home, unsigned int i)
{
	return &slots[(home + i) & ((1U << slot_bits) - 1)];
}

/* Of @task's slots: bit 0 of the key is set in that of a call within another. */
#define INNER 1UL
/* Not found any more: the call is forgotten, and soon released. */
#define GOING 2UL

static u32 home_of(const struct task_struct *task)
{
	return hash_ptr(task, slot_bits);
}

static struct st_inflight *inflight_find_from(u32 home, unsigned long key)
{
	unsigned int i;

	if (!atomic_read(&slots[home].at_home))
		return NULL;
	for (i = 0; i < MAX_STEPS; i++) {
		struct st_inflight *call = slot_at(home, i);

		if (READ_ONCE(call->task) == key)
			return call;
	}
	return NULL;
}

/* The innermost call that @task is in. */
struct st_inflight *st_inflight_find(const struct task_struct *task)
{
	struct st_inflight *call = inflight_find_from(home_of(task), (unsigned long)task);
	struct st_inflight *inner = call ? READ_ONCE(call->inner) : NULL;

	return inner ?: call;
}

/* The call that current is in; not what a task that never came back has left. */
struct st_inflight *st_inflight_of_current(void)
{
	struct st_inflight *call = st_inflight_find(current);

	return call && call->tid == current->pid ? call : NULL;
}

/*
 * A slot for a call that @task, which is current, just enters; or NULL: none is
 * free. If it @nests the call may be made by another one of the task's, on its way;
 * but not by one that is within another itself. Otherwise the task has none.
 */
struct st_inflight *st_inflight_claim(const struct task_struct *task, bool nests)
{
	unsigned long key = (unsigned long)task;
	struct st_inflight *outer = NULL, *call;
	u32 home = home_of(task);
	unsigned int i;

	if (nests)
		outer = inflight_find_from(home, key);
	if (outer) {
		if (outer->inner)
			return NULL;
		key |= INNER;
	}
	for (i = 0; i < MAX_STEPS; i++) {
		call = slot_at(home, i);
		if (!READ_ONCE(call->task) && !cmpxchg(&call->task, 0, key)) {
			atomic_inc(&slots[home].at_home);
			call->inner = NULL;
			if (outer)
				WRITE_ONCE(outer->inner, call);
			return call;
		}
	}
	return NULL;
}

static struct task_struct *task_of(unsigned long key)
{
	return (struct task_struct *)(key & ~(INNER | GOING));
}

/* The call that it is within, if any, has none within it any more. */
static void inflight_leave_outer(struct st_inflight *call)
{
	const struct task_struct *task = task_of(call->task);
	struct st_inflight *outer;

	if (!(call->task & INNER))
		return;
	outer = inflight_find_from(home_of(task), (unsigned long)task);
	if (outer)
		cmpxchg(&outer->inner, call, NULL);
}

static void inflight_free(struct st_inflight *call)
{
	atomic_dec(&slots[home_of(task_of(call->task))].at_home);
	/* Whoever claims it must not see what we wrote: pairs with the cmpxchg. */
	smp_store_release(&call->task, 0);
}

void st_inflight_release(struct st_inflight *call)
{
	st_inflight_withdraw(call);
	inflight_leave_outer(call);
	inflight_free(call);
}

/* Both who may do it come by here: whose cmpxchg it is. `uses` is no other call's. */
bool st_inflight_take_back(struct st_inflight *call)
{
	u32 published = READ_ONCE(call->published);

	if (published != ST_INFLIGHT_FORGOTTEN &&
	    cmpxchg(&call->published, published, 0) == published)
		return true;
	/* It may be about to; and frees it when no handler is where this one is. */
	WRITE_ONCE(call->task, call->task | GOING);
	inflight_leave_outer(call);
	return false;
}

/* Is it of @types, and taken now? */
static bool inflight_begin_to_forget(struct st_inflight *call, u32 types)
{
	/* Pairs with st_inflight_publish(). */
	u32 published = smp_load_acquire(&call->published);

	if (!published || !(types & SOCKTRACE_EVENT_BIT(call->type)) ||
	    cmpxchg(&call->published, published, ST_INFLIGHT_FORGOTTEN) != published)
		return false;
	WRITE_ONCE(call->task, call->task | GOING);
	inflight_leave_outer(call);
	return true;
}

void st_inflight_forget(u32 types, void (*leave)(struct st_inflight *call))
{
	unsigned int slot;
	bool any = false;

	for (slot = 0; slot < 1U << slot_bits; slot++) {
		any |= inflight_begin_to_forget(&slots[slot], types);
		if (!(slot % 1024))
			cond_resched();
	}
	if (!any)
		return;
	/* Handlers that found one of them yet. */
	synchronize_rcu();
	for (slot = 0; slot < 1U << slot_bits; slot++) {
		if (!(slot % 1024))
			cond_resched();
		if (slots[slot].published != ST_INFLIGHT_FORGOTTEN)
			continue;
		leave(&slots[slot]);
		WRITE_ONCE(slots[slot].published, 0);
		inflight_free(&slots[slot]);
	}
}

unsigned int st_inflight_slots(void)
{
	return slots ? 1U << slot_bits : 0;
}

bool st_inflight_copy(struct st_inflight *call, unsigned int slot)
{
	const struct st_inflight *from = &slots[slot];
	/* Pairs with st_inflight_publish(). */
	u32 published = smp_load_acquire(&from->published);

	if (!published || published == ST_INFLIGHT_FORGOTTEN)
		return false;
	memcpy(call, from, sizeof(*call));
	/* All of it before the second look. */
	smp_rmb();
	return READ_ONCE(from->published) == published;
}

bool st_inflight_is(const struct st_inflight *call, unsigned int slot)
{
	/* What was read of it, or of its task, before this look. */
	smp_rmb();
	return READ_ONCE(slots[slot].published) == call->uses;
}

struct task_struct *st_inflight_task(const struct st_inflight *call)
{
	return task_of(call->task);
}
