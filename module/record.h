/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records, as pure data: nothing here looks at a task, a socket or a register.
 */
#ifndef SOCKTRACE_RECORD_H
#define SOCKTRACE_RECORD_H

#include <linux/types.h>

#include "../uapi/socktrace.h"

/* The longest address that the kernel takes: sizeof(struct sockaddr_storage). */
#define ST_RECORD_ADDR_MAX 128

/*
 * What a record tells of a connection's two ends and of the queue that it comes
 * from: these members of it, to be kept until there is a record to put them in.
 */
struct st_record_ends {
	u32 flags; /* SOCKTRACE_F_* of what is told here */
	u8 addr_len, local_len, addr_source;
	u32 queue_len, queue_limit;
	u32 peer_pid, peer_uid;
	u8 addrs[SOCKTRACE_ADDRS_LEN];
};

void st_record_save_ends(struct st_record_ends *ends, const struct socktrace_event *ev);
void st_record_restore_ends(struct socktrace_event *ev, const struct st_record_ends *ends);
void st_record_init(struct socktrace_event *ev, enum socktrace_type type,
		 enum socktrace_phase phase);
unsigned int st_record_addr_len(const void *addr, unsigned int len);
void st_record_set_addr(struct socktrace_event *ev, const void *addr,
		     unsigned int len);
void st_record_set_local(struct socktrace_event *ev, const void *addr,
		      unsigned int len);
void st_record_set_lost(struct socktrace_event *ev, u32 cpu, u64 seq, u64 count,
		     u64 time_ns);
int st_record_addr_family(const void *addr, unsigned int len);

/*
 * Does the call begin with no socket? Then family and type are its caller's
 * arguments, and there is no address.
 */
static inline bool st_record_creates(u8 type)
{
	return type == SOCKTRACE_SOCKET || type == SOCKTRACE_SOCKETPAIR;
}

/* When the record was made, CLOCK_BOOTTIME: what reading is merged by. */
static inline u64 st_record_completion(const struct socktrace_event *ev)
{
	return ev->time_ns + ev->duration_ns;
}

#endif /* SOCKTRACE_RECORD_H */
