/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shares: how many of the calls in flight may be one user's, so that nobody can
 * use up what the others' calls are followed with.
 *
 * A share may grow to what all of them together leave free, of three quarters of
 * what there is: so one user gets two thirds of these, several get more together,
 * and there is always room for one more. root is not counted, and has the last
 * quarter, too.
 */
#ifndef SOCKTRACE_SHARE_H
#define SOCKTRACE_SHARE_H

#include <linux/types.h>

#define ST_SHARE_ROOT 0 /* the owner that is not counted */
#define ST_SHARE_NONE 0 /* no share: there is no more, or it is root's */

/* When no call is in flight. */
void st_share_init(unsigned int max_calls);

/*
 * Which share one more call of @owner's, not ST_SHARE_ROOT, is counted against;
 * to be given to st_share_put() when it is over. Or ST_SHARE_NONE.
 */
int st_share_take(u32 owner);
void st_share_put(int share);

#endif /* SOCKTRACE_SHARE_H */
