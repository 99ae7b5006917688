// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/share.c"

#include "suites.h"

#define MAX_CALLS 1024
#define ALICE 1000
#define BOB 1001

static struct st_shares shares;

/* How many @owner gets, of at most @most. */
static int take(u32 owner, int most, int *taken)
{
	int n;

	for (n = 0; n < most; n++) {
		taken[n] = st_share_take(&shares, owner);
		if (taken[n] == ST_SHARE_NONE)
			break;
	}
	return n;
}

static int *room(struct kunit *test)
{
	int *taken = kunit_kzalloc(test, 2 * MAX_CALLS * sizeof(*taken), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, taken);
	st_share_init(&shares, MAX_CALLS);
	return taken;
}

static void give_back(const int *taken, int n)
{
	while (n--)
		st_share_put(&shares, taken[n]);
}

static void one_owner_gets_half(struct kunit *test)
{
	int *taken = room(test), n = take(ALICE, 2 * MAX_CALLS, taken);

	KUNIT_EXPECT_GE(test, n, MAX_CALLS / 3);
	KUNIT_EXPECT_LE(test, n, MAX_CALLS / 2);
	/* All of it can be had again. */
	give_back(taken, n);
	KUNIT_EXPECT_EQ(test, atomic_read(&shares.held_by_all), 0);
	KUNIT_EXPECT_EQ(test, take(ALICE, 2 * MAX_CALLS, taken), n);
}

static void another_owner_gets_some_all_the_same(struct kunit *test)
{
	int *taken = room(test), n = take(ALICE, 2 * MAX_CALLS, taken), first = n;

	n += take(BOB, MAX_CALLS, taken + n);
	KUNIT_EXPECT_GE(test, n - first, MAX_CALLS / 16);
	KUNIT_EXPECT_LE(test, n, MAX_CALLS * 3 / 4);
	give_back(taken, n);
}

static void the_last_quarter_is_roots(struct kunit *test)
{
	int *taken = room(test), n = 0;
	u32 owner;

	for (owner = 1; owner <= 2000 && n < 2 * MAX_CALLS; owner++)
		n += take(owner, 2 * MAX_CALLS - n, taken + n);
	KUNIT_EXPECT_LE(test, n, MAX_CALLS * 3 / 4);
	give_back(taken, n);
}

static void little_is_shared_too(struct kunit *test)
{
	int *taken = room(test);

	st_share_init(&shares, 1);
	KUNIT_EXPECT_EQ(test, take(ALICE, 4, taken), 1);
	KUNIT_EXPECT_EQ(test, take(BOB, 4, taken + 1), 0);
	give_back(taken, 1);
	KUNIT_EXPECT_EQ(test, take(BOB, 4, taken), 1);
	give_back(taken, 1);
}

static struct kunit_case share_cases[] = {
	KUNIT_CASE(one_owner_gets_half),
	KUNIT_CASE(another_owner_gets_some_all_the_same),
	KUNIT_CASE(the_last_quarter_is_roots),
	KUNIT_CASE(little_is_shared_too),
	{}
};

struct kunit_suite share_suite = {
	.name = "socktrace_share",
	.test_cases = share_cases,
};
