/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sockets of a call that is followed: which one it is made on, what it has made,
 * and what that one has come to; found for its record, in the probes' context.
 */
#ifndef SOCKTRACE_SOCKETS_H
#define SOCKTRACE_SOCKETS_H

#include <linux/net.h>
#include <linux/types.h>

#include "inflight.h"
#include "pending.h"

/* What a connect has come to. */
struct st_connected {
	struct st_outcome outcome; /* how the connection comes about */
	u32 unknown; /* conditions that can't be judged */
	const struct st_path *peer_path; /* NULL: not known, or none */
};

/* The kernel has @sock in hand for @call, which is made on it. */
void st_sockets_show(struct st_inflight *call, struct socket *sock);

/* Adds to @call what there is to tell of the socket that it is made on. */
void st_sockets_add_own(struct st_inflight *call);

/*
 * Likewise, of all that it has to do with, as it returns @ret, which means @result.
 * Of a connect also sets in @to what has come of it; whoever called this must follow
 * its outcome.
 */
void st_sockets_add_returned(struct st_inflight *call, long ret, s32 result,
			     struct st_connected *to);

#endif /* SOCKTRACE_SOCKETS_H */
