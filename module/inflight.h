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

#include "record.h"

/* What is told of a socket: only plain facts, no reference is held. */
struct st_socket_facts {
	u64 inode; /* 0: not known */
	u16 family, type, protocol;
};

/* Written by the calling task alone; `task` says whose it is. */
struct st_inflight {
	struct task_struct *task; /* NULL: free. Claimed by cmpxchg */
	u64 time_ns; /* entry, CLOCK_BOOTTIME */
	u64 call_id;
	u64 hook_ns; /* the LSM hook's time, where it is told at the return; or 0 */
	u32 uses; /* of this slot, by whomever */
	u32 published; /* `uses`, while all below is of a call; else 0 */
	u32 tgid, tid;
	char comm[SOCKTRACE_COMM_LEN];
	s32 args[3];
	u8 type; /* enum socktrace_type */
	u8 abi; /* enum socktrace_abi */
	u8 via; /* enum socktrace_via */
	u8 addr_source; /* enum socktrace_addr_source, of addr */
	u8 toctou; /* enum socktrace_toctou */
	bool wants_entry; /* some session wants to know of the entry */
	bool wants_return; /* ... of the return */
	bool hooked; /* and the return handler will be called */
	bool returns_file; /* a struct file *, not a descriptor */
	bool is_a_try; /* one that got EAGAIN will be made again, and told then */
	u8 addr_len; /* valid bytes of addr */
	union {
		struct socket *socket; /* held by the call; NULL: known by its descriptor */
		const s32 __user *sv; /* SOCKETPAIR: where its descriptors go */
	};
	struct st_socket_facts sock; /* of it, or from the LSM hook */
	u8 addr[ST_RECORD_ADDR_MAX];
};

int st_inflight_init(unsigned int max_calls);
void st_inflight_exit(void);
struct st_inflight *st_inflight_claim(struct task_struct *task);
struct st_inflight *st_inflight_find(const struct task_struct *task);
struct st_inflight *st_inflight_of_current(void);
void st_inflight_publish(struct st_inflight *call);
void st_inflight_release(struct st_inflight *call);
unsigned int st_inflight_list(struct socktrace_inflight_call *calls, unsigned int room);

#endif /* SOCKTRACE_INFLIGHT_H */
