/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connects under way: what is remembered, by socket, of a connect that returned
 * before it was known whether the connection comes about, and the telling of that.
 *
 * Its end is in an interrupt or in another task: the record is built of what was
 * remembered, and judged by it.
 */
#ifndef SOCKTRACE_PENDING_H
#define SOCKTRACE_PENDING_H

#include <linux/atomic.h>
#include <linux/net.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include "record.h"

struct sock;
struct st_pending;

/* What is known of how a connect ends, as its call returns. */
struct st_outcome {
	enum {
		ST_OUTCOME_TOLD, /* by its return, or by a call before */
		ST_OUTCOME_KNOWN, /* meanwhile: it is @ret */
		ST_OUTCOME_PENDING, /* will be told by way of @pending */
		ST_OUTCOME_MISSED /* no room to remember it */
	} is;
	s32 ret;
	struct st_pending *pending;
};

/* -ENOMEM. At most @max connects of any user's but root's are remembered. */
int st_pending_init(unsigned int max);
/* No connect is remembered any more, and none is told. */
void st_pending_stop(void);
/* A grace period later. When it returns, no socket is held. */
void st_pending_exit(void);

/* Tells what is over and was to be told late. May sleep. */
void st_pending_sweep(void);

/*
 * For the probes' handlers. The connect on @sock, which is held for as long as this
 * takes, returns @ret: how does it end? If it @was_connecting before, it told of that
 * already. Whoever called it must follow the outcome.
 */
void st_pending_look(struct st_outcome *outcome, struct socket *sock, s32 ret,
		     bool was_connecting);

/*
 * Tells @outcome, unless it is told, now or when it is there. @ev is the record of
 * the call's return, which was given to the sessions; it is changed.
 */
void st_pending_follow(const struct st_outcome *outcome, struct socktrace_event *ev);

/* Is any connect followed? To be asked first: sockets change their states often. */
extern atomic_t st_pending_nr;
static inline bool st_pending_any(void)
{
	return atomic_read(&st_pending_nr);
}

/*
 * @sk's state is about to be set to @state. With interrupts off, or in a kprobe's
 * handler; if @nested in another one, the record is made later.
 */
void st_pending_set_state(const struct sock *sk, int state, bool nested);

/* tcp_set_state(sk, state), where there is no tracepoint */
void st_pending_tcp_set_state(struct pt_regs *regs);

/* tcp_done_with_error(sk, error), of all TCP's errors from 6.10 on, and stable ones */
void st_pending_error(struct pt_regs *regs);
/* sock_def_error_report(sk), elsewhere: of all but resets before the state is set */
void st_pending_error_reported(struct pt_regs *regs);

#endif /* SOCKTRACE_PENDING_H */
