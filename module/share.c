// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/string.h>

#include "share.h"

void st_share_init(struct st_shares *shares, unsigned int max)
{
	memset(shares, 0, sizeof(*shares));
	shares->limit = max - max / 4;
	shares->step = rounddown_pow_of_two(max / 1024 ?: 1);
	get_random_bytes(shares->salt, sizeof(shares->salt));
}

static int share_of(const struct st_shares *shares, u32 owner, int n)
{
	return 1 + hash_32(owner ^ shares->salt[n], ST_SHARE_BITS);
}

/*
 * An owner has two shares, found by hashing, and takes of the one that is less
 * used. So who shares one with an owner that has used it up has another; which
 * these are is not to be guessed.
 */
int st_share_take(struct st_shares *shares, u32 owner)
{
	int share = share_of(shares, owner, 0), other = share_of(shares, owner, 1);
	int held = atomic_read(&shares->held[share]), seen;

	if (atomic_read(&shares->held[other]) < held) {
		share = other;
		held = atomic_read(&shares->held[share]);
	}
	for (;;) {
		if (held >= shares->limit - atomic_read(&shares->held_by_all))
			return ST_SHARE_NONE;
		seen = atomic_cmpxchg(&shares->held[share], held, held + 1);
		if (seen == held)
			break;
		held = seen;
	}
	if (!((held + 1) & (shares->step - 1)))
		atomic_add(shares->step, &shares->held_by_all);
	return share;
}

void st_share_put(struct st_shares *shares, int share)
{
	int held = atomic_dec_return(&shares->held[share]) + 1;

	if (!(held & (shares->step - 1)))
		atomic_sub(shares->step, &shares->held_by_all);
}
