// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/string.h>

#include "share.h"

/*
 * An owner has two shares, found by hashing, and takes of the one that is less
 * used. So who shares one with an owner that has used it up has another; which
 * these are is not to be guessed.
 */
#define SHARE_BITS 8
static atomic_t shares[1 + (1 << SHARE_BITS)]; /* the first one is ST_SHARE_NONE */
static u32 share_salt[2];

/*
 * Of all shares together, in steps, so that calls of different users seldom write
 * to the same place: what is below a step of each is not in it.
 */
static atomic_t held_by_all;
static int step, limit;

void st_share_init(unsigned int max_calls)
{
	memset(shares, 0, sizeof(shares));
	atomic_set(&held_by_all, 0);
	limit = max_calls - max_calls / 4;
	step = rounddown_pow_of_two(max_calls / 1024 ?: 1);
	get_random_bytes(share_salt, sizeof(share_salt));
}

int st_share_take(u32 owner)
{
	int share = 1 + hash_32(owner ^ share_salt[0], SHARE_BITS);
	int other = 1 + hash_32(owner ^ share_salt[1], SHARE_BITS);
	int held = atomic_read(&shares[share]), seen;

	if (atomic_read(&shares[other]) < held) {
		share = other;
		held = atomic_read(&shares[share]);
	}
	for (;;) {
		if (held >= limit - atomic_read(&held_by_all))
			return ST_SHARE_NONE;
		seen = atomic_cmpxchg(&shares[share], held, held + 1);
		if (seen == held)
			break;
		held = seen;
	}
	if (!((held + 1) & (step - 1)))
		atomic_add(step, &held_by_all);
	return share;
}

void st_share_put(int share)
{
	int held = atomic_dec_return(&shares[share]) + 1;

	if (!(held & (step - 1)))
		atomic_sub(step, &held_by_all);
}
