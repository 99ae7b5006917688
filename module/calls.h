/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a probe's hit to a record: what happens at a call's entry, at the LSM
 * hook within it, and at its return. In the probes' context: preemption off,
 * and as a reader of RCU.
 */
#ifndef SOCKTRACE_CALLS_H
#define SOCKTRACE_CALLS_H

#include <linux/ptrace.h>

#include "doors.h"
#include "inflight.h"

struct inflight *call_enter(enum socktrace_type type, const struct door *door,
			    struct pt_regs *regs);
void call_entered(struct inflight *call);
void call_return(struct inflight *call, long ret);
void call_security_socket_connect(struct pt_regs *regs);

#endif /* SOCKTRACE_CALLS_H */
