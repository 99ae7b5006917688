// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/lineage.c"

#include "suites.h"

#define MAX_MEMBERS 64
#define NOBODY 4000000 /* and beyond: more than any kernel gives by itself */

static int set_up(struct kunit *test)
{
	st_lineage_max = MAX_MEMBERS;
	return st_lineage_init();
}

static void tear_down(struct kunit *test)
{
	st_lineage_exit();
}

static u64 roots_now(u32 tgid, u64 start_ns)
{
	struct member *member = find(lineage, tgid, start_ns);

	return member ? roots_of(member) : 0;
}

static void a_member_is_known_by_number_and_start(struct kunit *test)
{
	make_member(lineage, NOBODY, 7, 1ULL << 63);
	KUNIT_EXPECT_EQ(test, roots_now(NOBODY, 7), 1ULL << 63);
	KUNIT_EXPECT_EQ(test, roots_now(NOBODY, 8), 0ULL);
	KUNIT_EXPECT_EQ(test, roots_now(NOBODY + 1, 7), 0ULL);
	make_member(lineage, NOBODY, 8, 1);
	make_member(lineage, NOBODY, 7, 1ULL << 32 | 1);
	KUNIT_EXPECT_EQ(test, roots_now(NOBODY, 7), 1ULL << 63 | 1ULL << 32 | 1);
	KUNIT_EXPECT_EQ(test, roots_now(NOBODY, 8), 1ULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&lineage->used), 2);
}

static void as_many_as_promised_find_room(struct kunit *test)
{
	u64 members, missed;
	u64 roots = 0;
	u32 root, i;

	KUNIT_ASSERT_EQ(test, st_lineage_get(NOBODY, 1, &root, &roots), 0);
	/* No sweep meanwhile. */
	mutex_lock(&lineage_lock);
	for (i = 0; i < MAX_MEMBERS + 5; i++)
		make_member(lineage, NOBODY + i, i, roots);
	for (i = 0; i < MAX_MEMBERS + 5; i++)
		KUNIT_EXPECT_EQ(test, roots_now(NOBODY + i, i), i < MAX_MEMBERS ? roots : 0);
	mutex_unlock(&lineage_lock);
	st_lineage_count(roots, &members, &missed);
	KUNIT_EXPECT_EQ(test, missed, 5ULL);
	KUNIT_EXPECT_EQ(test, members, 0ULL); /* they don't live */
	st_lineage_put(roots);
	KUNIT_EXPECT_EQ(test, atomic_read(&lineage->used), 0);
}

static void who_ended_is_swept_out(struct kunit *test)
{
	u64 start_ns = st_compat_start_ns(current->group_leader);
	u64 members, missed;
	u64 roots = 0;
	u32 root;

	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &root, &roots), 0);
	st_lineage_seed(true);
	KUNIT_EXPECT_TRUE(test, st_lineage_descends(current, root));
	make_member(lineage, current->tgid, start_ns + 1, roots);
	make_member(lineage, NOBODY, 1, roots);
	st_lineage_count(roots, &members, &missed);
	KUNIT_EXPECT_EQ(test, members, 1ULL);
	mutex_lock(&lineage_lock);
	sweep(lineage);
	mutex_unlock(&lineage_lock);
	KUNIT_EXPECT_EQ(test, atomic_read(&lineage->used), 1);
	KUNIT_EXPECT_TRUE(test, st_lineage_descends(current, root));
	st_lineage_put(roots);
}

/* As by a birth and by the seed at once. */
static void who_is_there_twice_is_made_one(struct kunit *test)
{
	u64 start_ns = st_compat_start_ns(current->group_leader);
	u64 roots = 0;
	u32 root;

	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &root, &roots), 0);
	KUNIT_EXPECT_TRUE(test, insert(lineage, current->tgid, start_ns, 1ULL << 5));
	KUNIT_EXPECT_TRUE(test, insert(lineage, current->tgid, start_ns, roots));
	mutex_lock(&lineage_lock);
	sweep(lineage);
	mutex_unlock(&lineage_lock);
	KUNIT_EXPECT_EQ(test, atomic_read(&lineage->used), 1);
	KUNIT_EXPECT_EQ(test, roots_now(current->tgid, start_ns), roots | 1ULL << 5);
	st_lineage_put(roots);
}

static void a_root_goes_with_its_last_filter(struct kunit *test)
{
	u64 start_ns = st_compat_start_ns(current->group_leader);
	u64 one = 0, two = 0;
	u32 first, second, third;

	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &first, &one), 0);
	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &second, &one), 0);
	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &third, &two), 0);
	KUNIT_EXPECT_EQ(test, first, second);
	KUNIT_EXPECT_EQ(test, first, third);
	KUNIT_EXPECT_EQ(test, one, two);
	st_lineage_seed(true);
	st_lineage_put(one);
	KUNIT_EXPECT_TRUE(test, st_lineage_descends(current, first));
	st_lineage_put(two);
	KUNIT_EXPECT_FALSE(test, st_lineage_descends(current, first));
	two = 0;
	KUNIT_ASSERT_EQ(test, st_lineage_get(current->tgid, start_ns, &third, &two), 0);
	KUNIT_EXPECT_NE(test, first, third);
	st_lineage_put(two);
}

static void there_are_so_many_roots(struct kunit *test)
{
	u64 roots = 0;
	u32 root, i;

	for (i = 0; i < ST_LINEAGE_ROOTS; i++)
		KUNIT_EXPECT_EQ(test, st_lineage_get(NOBODY + i, 1, &root, &roots), 0);
	KUNIT_EXPECT_EQ(test, st_lineage_get(NOBODY + i, 1, &root, &roots), -EUSERS);
	KUNIT_EXPECT_EQ(test, st_lineage_get(NOBODY, 1, &root, &roots), 0);
	KUNIT_EXPECT_EQ(test, roots, ~0ULL);
	st_lineage_put(roots);
}

static struct kunit_case lineage_cases[] = {
	KUNIT_CASE(a_member_is_known_by_number_and_start),
	KUNIT_CASE(as_many_as_promised_find_room),
	KUNIT_CASE(who_ended_is_swept_out),
	KUNIT_CASE(who_is_there_twice_is_made_one),
	KUNIT_CASE(a_root_goes_with_its_last_filter),
	KUNIT_CASE(there_are_so_many_roots),
	{}
};

struct kunit_suite lineage_suite = {
	.name = "socktrace_lineage",
	.init = set_up,
	.exit = tear_down,
	.test_cases = lineage_cases,
};
