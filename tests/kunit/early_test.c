// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/early.c"

#include "suites.h"

#define NR 1000

/* Tasks are only told apart by their addresses: nothing of them is read. */
static struct task_struct *task(unsigned long n)
{
	return (struct task_struct *)(0x1000 + n * 64);
}

static void who_was_there_is_known_until_taken_out(struct kunit *test)
{
	struct st_early *early = st_early_create_for(NR);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, early);
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_TRUE(test, st_early_add(early, task(i)));
	for (i = 0; i < NR; i += 2)
		st_early_remove(early, task(i));
	for (i = 0; i < NR; i++)
		KUNIT_EXPECT_EQ(test, st_early_has(early, task(i)), i % 2 != 0);
	KUNIT_EXPECT_FALSE(test, st_early_has(early, task(NR)));
	st_early_remove(early, task(NR));
	st_early_remove(early, task(0));
	st_early_free(early);
}

static void half_of_it_stays_empty(struct kunit *test)
{
	struct st_early *early = st_early_create_for(3);
	unsigned int added = 0;

	KUNIT_ASSERT_NOT_NULL(test, early);
	while (st_early_add(early, task(added)))
		added++;
	KUNIT_EXPECT_EQ(test, added, 1U << (early->bits - 1));
	KUNIT_EXPECT_GE(test, added, 3U);
	KUNIT_EXPECT_FALSE(test, st_early_has(early, task(added)));
	st_early_free(early);
	early = st_early_create_for(0);
	KUNIT_ASSERT_NOT_NULL(test, early);
	KUNIT_EXPECT_FALSE(test, st_early_has(early, task(0)));
	st_early_free(early);
}

static void all_tasks_but_the_kernels_are_there(struct kunit *test)
{
	struct st_early *early = st_early_create();

	KUNIT_ASSERT_NOT_NULL(test, early);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, st_early_has(early, pid_task(find_vpid(1), PIDTYPE_PID)));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, st_early_has(early, current), !(current->flags & PF_KTHREAD));
	st_early_free(early);
}

static struct kunit_case early_cases[] = {
	KUNIT_CASE(who_was_there_is_known_until_taken_out),
	KUNIT_CASE(half_of_it_stays_empty),
	KUNIT_CASE(all_tasks_but_the_kernels_are_there),
	{}
};

struct kunit_suite early_suite = {
	.name = "socktrace_early",
	.test_cases = early_cases,
};
