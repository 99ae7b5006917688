/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls in flight: what is remembered of a traced call between its entry and
 * its return, found by the task that makes it.
 */
#ifndef SOCKTRACE_INFLIGHT_H
#define SOCKTRACE_INFLIGHT_H

#include <linux/atomic.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "compat/compat.h"
#include "record.h"

#define ST_CALL_ID_CPU_SHIFT 48 /* of a call's number: above it the CPU of its entry */

/* What is told of a socket: only plain facts, no reference is held. */
struct st_socket_facts {
	const void *is; /* which struct socket: only to be compared; NULL: not known */
	u64 inode;
	u16 family, type, protocol;
	bool by_descriptor; /* what it named, not what the kernel had in hand */
};

#define ST_INFLIGHT_FORGOTTEN ~0U

/* Written by the calling task alone; `task` says whose it is. */
struct st_inflight {
	/*
	 * 0: free. Claimed by cmpxchg. Bit 0: a call within another of the task's. Bit 1:
	 * its return will not be seen.
	 */
	unsigned long task;
	/* Of the slot itself: how many calls in flight are of tasks that look here first. */
	atomic_t at_home;
	struct st_inflight *inner; /* the call within this one, or NULL */
	u64 time_ns; /* entry, CLOCK_BOOTTIME */
	u64 call_id;
	u64 hook_ns; /* the LSM hook's time, where it is told at the return; or 0 */
	u32 uses; /* of this slot, by whomever */
	/* `uses`, while all below is of a call; else 0, or ST_INFLIGHT_FORGOTTEN */
	u32 published;
	u32 tgid, tid;
	char comm[SOCKTRACE_COMM_LEN];
	s32 args[3];
	u8 type; /* enum socktrace_type */
	u8 abi; /* enum socktrace_abi */
	u8 via; /* enum socktrace_via */
	u8 toctou; /* enum socktrace_toctou */
	bool wants_entry; /* some session wants to know of the entry */
	bool wants_return; /* ... of the return */
	bool hooked; /* and the return handler will be called: only then it is published */
	bool returns_file; /* a struct file *, not a descriptor */
	bool is_a_try; /* one that got EAGAIN will be made again, and told then */
	bool was_connecting; /* CONNECT: the socket, before it */
	bool grafted; /* ACCEPT4: the connection is there, `ends` and `made` are of it */
	s16 share; /* that it is counted against, or ST_SHARE_NONE */
	/*
	 * What the call is made on. `socket` is there until its return has been seen: it
	 * is held by the call, or nobody else has the descriptor; `listener` only until
	 * then; else it is known by its descriptor.
	 */
	union {
		struct socket *socket;
		const s32 __user *sv; /* SOCKETPAIR: where its descriptors go */
	};
	struct socket *listener;
	struct st_socket_facts sock; /* of it, from where the kernel had it in hand */
	struct st_socket_facts made; /* ACCEPT4, if `grafted`: the new socket */
	struct st_ends ends;
};

int st_inflight_init(unsigned int max_calls);
void st_inflight_exit(void);
struct st_inflight *st_inflight_claim(const struct task_struct *task, bool nests);
struct st_inflight *st_inflight_find(const struct task_struct *task);
struct st_inflight *st_inflight_of_current(void);
void st_inflight_release(struct st_inflight *call);

/*
 * By the calling task, for what is left of a call that it never came back from: true: it
 * is to be released; false: st_inflight_forget() does.
 */
bool st_inflight_take_back(struct st_inflight *call);
/*
 * Releases the calls of @types (SOCKTRACE_EVENT_BIT), each after @leave: nobody will see
 * their return, and no handler of theirs runs. Others' may. Sleeps.
 */
void st_inflight_forget(u32 types, void (*leave)(struct st_inflight *call));

/* By the calling task: others may see it from now on ... */
static inline void st_inflight_publish(struct st_inflight *call)
{
	if (++call->uses == ST_INFLIGHT_FORGOTTEN)
		call->uses = 1;
	/* After what it is made of: pairs with st_inflight_copy(). */
	smp_store_release(&call->published, call->uses);
}

/* ... and until it changes again. */
static inline void st_inflight_withdraw(struct st_inflight *call)
{
	WRITE_ONCE(call->published, 0);
	/* Before anything of it changes: pairs with st_inflight_copy(). */
	smp_wmb();
}

/* For the others, while the probes stay armed, or disarmed: how many slots there are. */
unsigned int st_inflight_slots(void);
/* The call in this slot; false: there is none, or it changes. */
bool st_inflight_copy(struct st_inflight *call, unsigned int slot);
/* Is this, a copy of what was in the slot, still what is there? */
bool st_inflight_is(const struct st_inflight *call, unsigned int slot);
/* Whose it is; only to be compared. */
struct task_struct *st_inflight_task(const struct st_inflight *call);

#endif /* SOCKTRACE_INFLIGHT_H */
