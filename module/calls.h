/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a probe's hit to a record: what happens at a call's entry, at the LSM
 * hook within it, and at its return. In the probes' context: preemption off,
 * and as a reader of RCU.
 */
#ifndef SOCKTRACE_CALLS_H
#define SOCKTRACE_CALLS_H

#include <linux/ptrace.h>

#include "entry_points.h"
#include "inflight.h"

void st_calls_init(unsigned int max);
/* Those in flight of @types: when no handler of theirs runs any more. Sleeps. */
void st_calls_forget(u32 types);
struct st_inflight *st_call_enter(enum socktrace_type type, const struct st_entry_point *entry,
			    struct pt_regs *regs);
void st_call_entered(struct st_inflight *call);
void st_call_return(struct st_inflight *call, long ret);
/* What is known of @call so far, as a record, but for who makes it. */
void st_call_record(struct socktrace_event *ev, const struct st_inflight *call,
		    enum socktrace_phase phase);
void st_call_pass(const struct st_entry_point *entry, struct pt_regs *regs);
void st_call_connects(struct st_inflight *call, struct socket *sock, const void *addr,
		      s32 addrlen);
void st_call_security_socket_connect(struct pt_regs *regs);
void st_call_security_sock_graft(struct pt_regs *regs);
void st_call_security_socket_bind(struct pt_regs *regs);
void st_call_security_socket_listen(struct pt_regs *regs);
void st_call_security_bprm_committed_creds(struct pt_regs *regs);

#endif /* SOCKTRACE_CALLS_H */
