// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/inflight.c"

#include "suites.h"

#define MAX_CALLS 16

/* Tasks are only told apart by their addresses: nothing of them is read. */
static struct task_struct *task(unsigned long n)
{
	return (struct task_struct *)(0x1000 + n * 64);
}

static int set_up(struct kunit *test)
{
	return st_inflight_init(MAX_CALLS);
}

static void tear_down(struct kunit *test)
{
	st_inflight_exit();
}

static struct st_inflight *enter(struct kunit *test, unsigned long n)
{
	struct st_inflight *call = st_inflight_claim(task(n), false);

	KUNIT_ASSERT_NOT_NULL(test, call);
	call->tid = n;
	call->type = SOCKTRACE_CONNECT;
	call->call_id = n + 1;
	st_inflight_publish(call);
	return call;
}

static void a_call_is_found_by_its_task_alone(struct kunit *test)
{
	struct st_inflight *call = enter(test, 1);

	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(1)), call);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(2)), (struct st_inflight *)NULL);
	st_inflight_release(call);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(1)), (struct st_inflight *)NULL);
}

static void as_many_as_promised_find_room(struct kunit *test)
{
	struct st_inflight *calls[2 * MAX_CALLS];
	unsigned long i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = enter(test, i);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(i)), calls[i]);
	for (i = 0; i < ARRAY_SIZE(calls); i += 2)
		st_inflight_release(calls[i]);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(i)), i % 2 ? calls[i] : NULL);
}

static void a_full_table_says_so(struct kunit *test)
{
	unsigned long i, given = 0;

	for (i = 0; i < 16 * MAX_CALLS; i++)
		given += !!st_inflight_claim(task(i), false);
	KUNIT_EXPECT_GE(test, given, 2UL * MAX_CALLS);
	KUNIT_EXPECT_LE(test, given, 1UL << slot_bits);
	KUNIT_EXPECT_LT(test, given, i);
}

static void a_call_within_another_leaves_that_alone(struct kunit *test)
{
	struct st_inflight *outer = enter(test, 5), *inner;

	inner = st_inflight_claim(task(5), true);
	KUNIT_ASSERT_NOT_NULL(test, inner);
	KUNIT_EXPECT_PTR_NE(test, inner, outer);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), inner);
	/* There is no room for one within that. */
	KUNIT_EXPECT_NULL(test, st_inflight_claim(task(5), true));
	st_inflight_release(inner);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), outer);
	st_inflight_release(outer);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), (struct st_inflight *)NULL);
	/* With none around it, it is like any other. */
	inner = st_inflight_claim(task(5), true);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), inner);
	KUNIT_EXPECT_EQ(test, inner->task & 1, 0UL);
	st_inflight_release(inner);
}

/* Which slots show a call, and the last of these. */
static unsigned int shown(struct st_inflight *call)
{
	unsigned int slot, last = 0, found = 0;

	for (slot = 0; slot < st_inflight_slots(); slot++) {
		if (st_inflight_copy(call, slot)) {
			last = slot;
			found++;
		}
	}
	if (found)
		st_inflight_copy(call, last);
	return found;
}

static void what_is_in_flight_is_shown_to_others(struct kunit *test)
{
	struct st_inflight *a = enter(test, 1), *b = enter(test, 2), *c, copy;
	unsigned int slot;

	KUNIT_EXPECT_EQ(test, shown(&copy), 2U);
	KUNIT_EXPECT_EQ(test, copy.call_id, (u64)copy.tid + 1);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_task(&copy), task(copy.tid));
	/* Claimed, but not filled in yet. */
	c = st_inflight_claim(task(3), false);
	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_EXPECT_EQ(test, shown(&copy), 2U);
	st_inflight_release(a);
	KUNIT_EXPECT_EQ(test, shown(&copy), 1U);
	KUNIT_EXPECT_EQ(test, copy.tid, 2U);
	/* It changes: what was copied before is not what is there. */
	slot = b - slots;
	KUNIT_EXPECT_TRUE(test, st_inflight_is(&copy, slot));
	st_inflight_withdraw(b);
	KUNIT_EXPECT_EQ(test, shown(&copy), 0U);
	st_inflight_publish(b);
	KUNIT_EXPECT_FALSE(test, st_inflight_is(&copy, slot));
	KUNIT_EXPECT_EQ(test, shown(&copy), 1U);
	st_inflight_release(b);
	st_inflight_release(c);
}

static void nothing_armed_has_no_slots(struct kunit *test)
{
	st_inflight_exit();
	KUNIT_EXPECT_EQ(test, st_inflight_slots(), 0U);
}

static unsigned int forgotten;

static void count_forgotten(struct st_inflight *call)
{
	forgotten++;
}

static unsigned int forget(u32 types)
{
	forgotten = 0;
	st_inflight_forget(types, count_forgotten);
	return forgotten;
}

#define CONNECTS SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT)

static void calls_of_a_type_are_forgotten_and_no_others(struct kunit *test)
{
	struct st_inflight *a = enter(test, 1), *b = enter(test, 2), copy;
	struct st_inflight *entering = st_inflight_claim(task(3), false);

	b->type = SOCKTRACE_ACCEPT4;
	entering->type = SOCKTRACE_CONNECT; /* what was in its slot before */
	KUNIT_EXPECT_EQ(test, forget(CONNECTS), 1U);
	KUNIT_EXPECT_EQ(test, a->task, 0UL);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(1)), (struct st_inflight *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(2)), b);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(3)), entering);
	KUNIT_EXPECT_EQ(test, shown(&copy), 1U);
	KUNIT_EXPECT_EQ(test, forget(CONNECTS), 0U);
	st_inflight_release(entering);
	/* Their slots are as good as any. */
	KUNIT_EXPECT_PTR_EQ(test, enter(test, 1), a);
	KUNIT_EXPECT_EQ(test, forget(CONNECTS | SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4)), 2U);
	KUNIT_EXPECT_EQ(test, shown(&copy), 0U);
}

static void a_call_within_another_is_forgotten_alone(struct kunit *test)
{
	struct st_inflight *outer = enter(test, 5), *inner;

	outer->type = SOCKTRACE_BIND;
	inner = st_inflight_claim(task(5), true);
	KUNIT_ASSERT_NOT_NULL(test, inner);
	inner->type = SOCKTRACE_CONNECT;
	st_inflight_publish(inner);
	KUNIT_EXPECT_EQ(test, forget(CONNECTS), 1U);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), outer);
	inner = st_inflight_claim(task(5), true);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), inner);
	/* And the one around it. */
	KUNIT_EXPECT_EQ(test, forget(SOCKTRACE_EVENT_BIT(SOCKTRACE_BIND)), 1U);
	st_inflight_release(inner);
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(5)), (struct st_inflight *)NULL);
}

/* The task is back, while its call is being forgotten: one of the two gives it back. */
static void what_a_task_left_is_given_back_once(struct kunit *test)
{
	struct st_inflight *call = enter(test, 1);

	KUNIT_EXPECT_TRUE(test, st_inflight_take_back(call));
	KUNIT_EXPECT_EQ(test, forget(CONNECTS), 0U);
	st_inflight_release(call);
	call = enter(test, 1);
	KUNIT_EXPECT_TRUE(test, inflight_begin_to_forget(call, CONNECTS));
	KUNIT_EXPECT_FALSE(test, st_inflight_take_back(call));
	KUNIT_EXPECT_PTR_EQ(test, st_inflight_find(task(1)), (struct st_inflight *)NULL);
	KUNIT_EXPECT_PTR_NE(test, enter(test, 1), call);
	KUNIT_EXPECT_EQ(test, forget(CONNECTS), 2U);
	KUNIT_EXPECT_EQ(test, call->task, 0UL);
	/* Of a handler that never came back, nothing was published. */
	call = st_inflight_claim(task(1), false);
	KUNIT_EXPECT_TRUE(test, st_inflight_take_back(call));
	st_inflight_release(call);
}

static struct kunit_case inflight_cases[] = {
	KUNIT_CASE(a_call_is_found_by_its_task_alone),
	KUNIT_CASE(as_many_as_promised_find_room),
	KUNIT_CASE(a_full_table_says_so),
	KUNIT_CASE(a_call_within_another_leaves_that_alone),
	KUNIT_CASE(calls_of_a_type_are_forgotten_and_no_others),
	KUNIT_CASE(a_call_within_another_is_forgotten_alone),
	KUNIT_CASE(what_a_task_left_is_given_back_once),
	KUNIT_CASE(what_is_in_flight_is_shown_to_others),
	KUNIT_CASE(nothing_armed_has_no_slots),
	{}
};

struct kunit_suite inflight_suite = {
	.name = "socktrace_inflight",
	.init = set_up,
	.exit = tear_down,
	.test_cases = inflight_cases,
};
