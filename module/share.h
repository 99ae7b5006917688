/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares: how many of the calls in flight, or of the connects under way, may be one
 * user's, so that nobody can use up what the others' are followed with.
 *
 * A share may grow to what all of them together leave free, of three quarters of
 * what there is: so one user gets two thirds of these, several get more together,
 * and there is always room for one more. root is not counted, and has the last
 * quarter, too.
 */
#ifndef SOCKTRACE_SHARE_H
#define SOCKTRACE_SHARE_H

#include <linux/atomic.h>
#include <linux/types.h>

#define ST_SHARE_ROOT 0 /* the owner that is not counted */
#define ST_SHARE_NONE 0 /* no share: there is no more, or it is root's */
#define ST_SHARE_BITS 8

/* Of one thing that is shared. Zeroed, it has none to give. */
struct st_shares {
	atomic_t held[1 + (1 << ST_SHARE_BITS)]; /* the first one is ST_SHARE_NONE */
	u32 salt[2];
	/*
	 * Of all shares together, in steps, so that calls of different users seldom
	 * write to the same place: what is below a step of each is not in it.
	 */
	atomic_t held_by_all;
	int step, limit;
};

/* Of @max things, while none is taken. */
void st_share_init(struct st_shares *shares, unsigned int max);

/*
 * Which share one more of @owner's, not ST_SHARE_ROOT, is counted against; to be
 * given to st_share_put() when it is over. Or ST_SHARE_NONE.
 */
int st_share_take(struct st_shares *shares, u32 owner);
void st_share_put(struct st_shares *shares, int share);

#endif /* SOCKTRACE_SHARE_H */
