// SPDX-License-Identifier: GPL-2.0-only
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/socket.h>

#include "../../module/filter.c"

#include "suites.h"

#define CONNECT_BIT SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT)
#define SOCKET_BIT SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET)

/* The task descends from 1, 10 and 100. */
static unsigned int descends_asked;
static bool descends(u32 tgid)
{
	descends_asked++;
	return tgid == 1 || tgid == 10 || tgid == 100;
}

static struct filter_facts facts(u32 event, u32 tgid, u32 tid, int family, bool final)
{
	struct filter_facts f = { event, tgid, tid, family, final, descends };

	return f;
}

static struct filter *new_filter(struct kunit *test, u32 nr_rules, u32 action)
{
	struct filter *filter =
		kunit_kzalloc(test, sizeof(*filter) +
				    nr_rules * sizeof(struct socktrace_rule), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, filter);
	filter->nr_rules = nr_rules;
	filter->default_action = action;
	return filter;
}

/* One rule that accepts, over a default that rejects. */
static struct filter *one_rule(struct kunit *test, struct socktrace_rule rule)
{
	struct filter *filter = new_filter(test, 1, SOCKTRACE_REJECT);

	rule.action = SOCKTRACE_ACCEPT;
	filter->rules[0] = rule;
	return filter;
}

#define EXPECT_JUDGED(test, filter, verdict, ...)                              \
	do {                                                                   \
		struct filter_facts f_ = facts(__VA_ARGS__);                   \
		KUNIT_EXPECT_EQ(test, (int)filter_judge(filter, &f_), (int)(verdict)); \
	} while (0)

static void without_rules_the_default_decides(struct kunit *test)
{
	EXPECT_JUDGED(test, new_filter(test, 0, SOCKTRACE_ACCEPT), FILTER_ACCEPT,
		      CONNECT_BIT, 1, 1, -1, false);
	EXPECT_JUDGED(test, new_filter(test, 0, SOCKTRACE_REJECT), FILTER_REJECT,
		      CONNECT_BIT, 1, 1, -1, false);
}

static void events_match_by_mask(struct kunit *test)
{
	struct filter *filter = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS, .events = CONNECT_BIT });

	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, -1, false);
}

static void tgid_and_tid_match_exactly(struct kunit *test)
{
	struct filter *tgid = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 100 });
	struct filter *tid = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TID, .tid = 101 });

	EXPECT_JUDGED(test, tgid, FILTER_ACCEPT, CONNECT_BIT, 100, 101, -1, true);
	EXPECT_JUDGED(test, tgid, FILTER_REJECT, CONNECT_BIT, 99, 100, -1, true);
	EXPECT_JUDGED(test, tgid, FILTER_REJECT, CONNECT_BIT, 101, 100, -1, true);
	EXPECT_JUDGED(test, tid, FILTER_ACCEPT, CONNECT_BIT, 100, 101, -1, true);
	EXPECT_JUDGED(test, tid, FILTER_REJECT, CONNECT_BIT, 101, 100, -1, true);
}

static void ancestor_is_asked_of_the_task(struct kunit *test)
{
	struct filter *yes = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR, .ancestor = 10 });
	struct filter *no = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR, .ancestor = 11 });

	EXPECT_JUDGED(test, yes, FILTER_ACCEPT, CONNECT_BIT, 100, 100, -1, false);
	EXPECT_JUDGED(test, no, FILTER_REJECT, CONNECT_BIT, 100, 100, -1, false);
}

static void ancestor_is_not_asked_where_another_condition_fails(struct kunit *test)
{
	struct filter *filter = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR | SOCKTRACE_MATCH_EVENTS |
			 SOCKTRACE_MATCH_FAMILIES,
		.ancestor = 10, .events = CONNECT_BIT, .families = 1ULL << AF_INET });

	descends_asked = 0;
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, AF_INET, true);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 1, 1, AF_UNIX, true);
	KUNIT_EXPECT_EQ(test, descends_asked, 0U);
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, AF_INET, true);
	KUNIT_EXPECT_EQ(test, descends_asked, 1U);
}

static void families_match_by_mask(struct kunit *test)
{
	struct filter *filter = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_FAMILIES,
		.families = 1ULL << AF_INET | 1ULL << AF_INET6 | 1ULL << 63 | 1 });

	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, AF_UNSPEC, true);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 1, 1, AF_UNIX, true);
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, AF_INET, true);
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, AF_INET6, true);
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1, 1, 63, true);
	/* socket()'s domain is any int. */
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, 64, true);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, 66, true);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, INT_MAX, true);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, INT_MIN, true);
}

static void an_unknown_family_is_undecided_until_final(struct kunit *test)
{
	struct filter *filter = one_rule(test, (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TGID,
		.families = 1ULL << AF_INET, .tgid = 5 });

	EXPECT_JUDGED(test, filter, FILTER_UNDECIDED, CONNECT_BIT, 5, 5, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 5, 5, -1, true);
	/* What fails already needs no family. */
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 6, 6, -1, false);
}

static void the_first_match_decides(struct kunit *test)
{
	struct filter *filter = new_filter(test, 3, SOCKTRACE_REJECT);

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 7, .action = SOCKTRACE_REJECT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS, .events = CONNECT_BIT,
		.action = SOCKTRACE_ACCEPT };
	filter->rules[2] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 7, .action = SOCKTRACE_ACCEPT };
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 7, 7, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 8, 8, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 8, 8, -1, false);
}

static void a_rule_before_an_undecided_one_decides(struct kunit *test)
{
	struct filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS, .events = SOCKET_BIT,
		.action = SOCKTRACE_REJECT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_FAMILIES, .families = 1ULL << AF_INET,
		.action = SOCKTRACE_ACCEPT };
	EXPECT_JUDGED(test, filter, FILTER_REJECT, SOCKET_BIT, 1, 1, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_UNDECIDED, CONNECT_BIT, 1, 1, -1, false);
}

static void the_last_of_64_rules_is_reached(struct kunit *test)
{
	struct filter *filter = new_filter(test, SOCKTRACE_MAX_RULES, SOCKTRACE_REJECT);
	u32 i;

	for (i = 0; i < SOCKTRACE_MAX_RULES; i++)
		filter->rules[i] = (struct socktrace_rule){
			.match = SOCKTRACE_MATCH_TGID, .tgid = 1000 + i,
			.action = SOCKTRACE_ACCEPT };
	EXPECT_JUDGED(test, filter, FILTER_ACCEPT, CONNECT_BIT, 1063, 1, -1, false);
	EXPECT_JUDGED(test, filter, FILTER_REJECT, CONNECT_BIT, 1064, 1, -1, false);
}

/*
 * What was decided without the family must be what is decided with it: else a
 * call refused at its entry would have been kept at its return.
 */
static void early_verdicts_stand_at_the_end(struct kunit *test)
{
	static const int families[] = { -1, AF_UNIX, AF_INET, AF_INET6, 99 };
	struct filter *filter = new_filter(test, 4, SOCKTRACE_REJECT);
	unsigned int round, i, decided = 0, undecided = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4711);
	for (round = 0; round < 2000; round++) {
		struct filter_facts f = facts(1U << (1 + prandom_u32_state(&rnd) % 5),
					      prandom_u32_state(&rnd) % 3,
					      prandom_u32_state(&rnd) % 3, -1, false);
		enum filter_verdict early;

		for (i = 0; i < filter->nr_rules; i++)
			filter->rules[i] = (struct socktrace_rule){
				.match = prandom_u32_state(&rnd) & SOCKTRACE_MATCH_ALL_BITS,
				.action = 1 + prandom_u32_state(&rnd) % 2,
				.events = prandom_u32_state(&rnd) & SOCKTRACE_EVENTS_ALL,
				.tgid = prandom_u32_state(&rnd) % 3,
				.tid = prandom_u32_state(&rnd) % 3,
				.ancestor = prandom_u32_state(&rnd) % 12,
				.families = prandom_u32_state(&rnd) };
		early = filter_judge(filter, &f);
		undecided += early == FILTER_UNDECIDED;
		if (early == FILTER_UNDECIDED)
			continue;
		decided++;
		f.final = true;
		for (i = 0; i < ARRAY_SIZE(families); i++) {
			f.family = families[i];
			KUNIT_EXPECT_EQ(test, (int)filter_judge(filter, &f), (int)early);
		}
	}
	/* Both kinds must have come up, or nothing was tested. */
	KUNIT_EXPECT_GT(test, decided, 100U);
	KUNIT_EXPECT_GT(test, undecided, 100U);
}

/* What filter_prepare() rules out, no judgement may accept. */
static void prepared_events_rule_out_only_rejects(struct kunit *test)
{
	struct filter *filter = new_filter(test, 3, SOCKTRACE_REJECT);
	unsigned int round, i, ruled_out = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 815);
	for (round = 0; round < 1000; round++) {
		filter->default_action = prandom_u32_state(&rnd) % 8 ? SOCKTRACE_REJECT :
								       SOCKTRACE_ACCEPT;
		for (i = 0; i < filter->nr_rules; i++)
			filter->rules[i] = (struct socktrace_rule){
				.match = SOCKTRACE_MATCH_EVENTS | (prandom_u32_state(&rnd) %
								   (SOCKTRACE_MATCH_TID << 1)),
				.action = 1 + prandom_u32_state(&rnd) % 2,
				.events = 1U << (1 + prandom_u32_state(&rnd) % 5),
				.tgid = prandom_u32_state(&rnd) % 2,
				.tid = prandom_u32_state(&rnd) % 2 };
		filter_prepare(filter);
		for (i = 1; i <= 5; i++) {
			struct filter_facts f = facts(1U << i, prandom_u32_state(&rnd) % 2,
						      prandom_u32_state(&rnd) % 2, -1, true);

			if (filter->events & f.event)
				continue;
			ruled_out++;
			KUNIT_EXPECT_EQ(test, (int)filter_judge(filter, &f), (int)FILTER_REJECT);
		}
	}
	KUNIT_EXPECT_GT(test, ruled_out, 100U);
	filter_prepare(new_filter(test, 0, SOCKTRACE_REJECT));
	filter = new_filter(test, 0, SOCKTRACE_ACCEPT);
	filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, filter->events, SOCKTRACE_EVENTS_ALL);
}

static void facts_of_a_record(struct kunit *test)
{
	struct sockaddr sa = { .sa_family = AF_INET6 };
	struct socktrace_event ev;
	struct filter_facts f;

	record_init(&ev, SOCKTRACE_SOCKET, SOCKTRACE_EXIT);
	ev.args[0] = 77;
	ev.tgid = 4;
	ev.tid = 5;
	filter_facts_of(&f, &ev);
	KUNIT_EXPECT_EQ(test, f.event, SOCKET_BIT);
	KUNIT_EXPECT_EQ(test, f.tgid, 4U);
	KUNIT_EXPECT_EQ(test, f.tid, 5U);
	KUNIT_EXPECT_EQ(test, f.family, 77);
	KUNIT_EXPECT_TRUE(test, f.final);

	record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	ev.args[0] = 3;
	filter_facts_of(&f, &ev);
	KUNIT_EXPECT_EQ(test, f.family, -1);
	record_set_addr(&ev, &sa, sizeof(sa));
	filter_facts_of(&f, &ev);
	KUNIT_EXPECT_EQ(test, f.family, AF_INET6);
	ev.flags = SOCKTRACE_F_SOCK;
	ev.sock_family = AF_INET;
	filter_facts_of(&f, &ev);
	KUNIT_EXPECT_EQ(test, f.family, AF_INET);
}

struct bad_rule {
	const char *name;
	struct socktrace_rule rule;
	u32 field;
};
#define RULE_AT(field) offsetof(struct socktrace_rule, field)
static const struct bad_rule bad_rules[] = {
	{ "unknown condition", { .match = 1U << 31, .action = SOCKTRACE_ACCEPT },
	  RULE_AT(match) },
	{ "no action", { .match = 0 }, RULE_AT(action) },
	{ "unknown action", { .action = 3 }, RULE_AT(action) },
	{ "events without its condition", { .action = 1, .events = CONNECT_BIT },
	  RULE_AT(events) },
	{ "no events", { .action = 1, .match = SOCKTRACE_MATCH_EVENTS }, RULE_AT(events) },
	{ "unknown event", { .action = 1, .match = SOCKTRACE_MATCH_EVENTS, .events = 1 },
	  RULE_AT(events) },
	{ "lost is no event", { .action = 1, .match = SOCKTRACE_MATCH_EVENTS,
	  .events = 1U << SOCKTRACE_LOST }, RULE_AT(events) },
	{ "tgid without its condition", { .action = 1, .tgid = 1 }, RULE_AT(tgid) },
	{ "tgid 0", { .action = 1, .match = SOCKTRACE_MATCH_TGID }, RULE_AT(tgid) },
	{ "tid without its condition", { .action = 1, .tid = 1 }, RULE_AT(tid) },
	{ "tid 0", { .action = 1, .match = SOCKTRACE_MATCH_TID }, RULE_AT(tid) },
	{ "ancestor without its condition", { .action = 1, .ancestor = 1 },
	  RULE_AT(ancestor) },
	{ "ancestor 0", { .action = 1, .match = SOCKTRACE_MATCH_ANCESTOR },
	  RULE_AT(ancestor) },
	{ "families without its condition", { .action = 1, .families = 1ULL << 40 },
	  RULE_AT(families) },
	{ "no families", { .action = 1, .match = SOCKTRACE_MATCH_FAMILIES },
	  RULE_AT(families) },
};

static void describe(const struct bad_rule *bad, char *desc)
{
	strscpy(desc, bad->name, KUNIT_PARAM_DESC_SIZE);
}
KUNIT_ARRAY_PARAM(bad_rule, bad_rules, describe);

static void a_bad_rule_is_named(struct kunit *test)
{
	const struct bad_rule *bad = test->param_value;
	struct filter *filter = new_filter(test, 3, SOCKTRACE_ACCEPT);
	u32 rule = 99, field = 99;

	filter->rules[0].action = filter->rules[2].action = SOCKTRACE_ACCEPT;
	filter->rules[1] = bad->rule;
	KUNIT_EXPECT_EQ(test, filter_validate(filter, &rule, &field), -EINVAL);
	KUNIT_EXPECT_EQ(test, rule, 1U);
	KUNIT_EXPECT_EQ(test, field, bad->field);
}

static void a_bad_default_is_named(struct kunit *test)
{
	u32 rule = 0, field = 0;

	KUNIT_EXPECT_EQ(test, filter_validate(new_filter(test, 0, 0), &rule, &field), -EINVAL);
	KUNIT_EXPECT_EQ(test, rule, ~0U);
	KUNIT_EXPECT_EQ(test, field, (u32)offsetof(struct socktrace_filter, default_action));
}

static void good_filters_are_taken(struct kunit *test)
{
	struct filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);
	u32 rule, field;

	filter->rules[0].action = SOCKTRACE_REJECT;
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ALL_BITS, .action = SOCKTRACE_ACCEPT,
		.events = SOCKTRACE_EVENTS_ALL, .tgid = 1, .tid = 1, .ancestor = 1,
		.families = ~0ULL };
	KUNIT_EXPECT_EQ(test, filter_validate(filter, &rule, &field), 0);
}

static struct kunit_case filter_cases[] = {
	KUNIT_CASE(without_rules_the_default_decides),
	KUNIT_CASE(events_match_by_mask),
	KUNIT_CASE(tgid_and_tid_match_exactly),
	KUNIT_CASE(ancestor_is_asked_of_the_task),
	KUNIT_CASE(ancestor_is_not_asked_where_another_condition_fails),
	KUNIT_CASE(families_match_by_mask),
	KUNIT_CASE(an_unknown_family_is_undecided_until_final),
	KUNIT_CASE(the_first_match_decides),
	KUNIT_CASE(a_rule_before_an_undecided_one_decides),
	KUNIT_CASE(the_last_of_64_rules_is_reached),
	KUNIT_CASE(early_verdicts_stand_at_the_end),
	KUNIT_CASE(prepared_events_rule_out_only_rejects),
	KUNIT_CASE(facts_of_a_record),
	KUNIT_CASE_PARAM(a_bad_rule_is_named, bad_rule_gen_params),
	KUNIT_CASE(a_bad_default_is_named),
	KUNIT_CASE(good_filters_are_taken),
	{}
};

struct kunit_suite filter_suite = {
	.name = "socktrace_filter",
	.test_cases = filter_cases,
};
