// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/stddef.h>

#include "filter.h"
#include "record.h"

/* Does a condition hold? What is not known yet may still come to hold. */
enum answer { NO, UNKNOWN, YES };

static enum answer family_is(u64 families, const struct filter_facts *facts)
{
	if (facts->family < 0)
		return facts->final ? NO : UNKNOWN;
	return facts->family < 64 && families >> facts->family & 1 ? YES : NO;
}

static enum answer rule_matches(const struct socktrace_rule *rule,
				const struct filter_facts *facts)
{
	u32 match = rule->match;
	enum answer answer = YES;

	if (match & SOCKTRACE_MATCH_EVENTS && !(rule->events & facts->event))
		return NO;
	if (match & SOCKTRACE_MATCH_TGID && rule->tgid != facts->tgid)
		return NO;
	if (match & SOCKTRACE_MATCH_TID && rule->tid != facts->tid)
		return NO;
	if (match & SOCKTRACE_MATCH_FAMILIES)
		answer = family_is(rule->families, facts);
	/* Last, for it walks the tasks. */
	if (answer != NO && match & SOCKTRACE_MATCH_ANCESTOR &&
	    !facts->descends(rule->ancestor))
		return NO;
	return answer;
}

static enum filter_verdict verdict_of(u32 action)
{
	return action == SOCKTRACE_ACCEPT ? FILTER_ACCEPT : FILTER_REJECT;
}

/*
 * The first rule that matches decides. FILTER_UNDECIDED: facts that are yet to
 * come decide; never where the facts are final.
 */
enum filter_verdict filter_judge(const struct filter *filter,
				 const struct filter_facts *facts)
{
	u32 i;

	for (i = 0; i < filter->nr_rules; i++) {
		switch (rule_matches(&filter->rules[i], facts)) {
		case NO:
			continue;
		case UNKNOWN:
			return FILTER_UNDECIDED;
		case YES:
			return verdict_of(filter->rules[i].action);
		}
	}
	return verdict_of(filter->default_action);
}

/* All that the finished record @ev tells, but for `descends`. */
void filter_facts_of(struct filter_facts *facts, const struct socktrace_event *ev)
{
	facts->event = SOCKTRACE_EVENT_BIT(ev->type);
	facts->tgid = ev->tgid;
	facts->tid = ev->tid;
	facts->final = true;
	if (ev->type == SOCKTRACE_SOCKET)
		facts->family = ev->args[0];
	else if (ev->flags & SOCKTRACE_F_SOCK)
		facts->family = ev->sock_family;
	else
		facts->family = record_addr_family(ev->addrs, ev->addr_len);
}

/* Works out, once, which events it may accept, so that others need no judging. */
void filter_prepare(struct filter *filter)
{
	u32 i;

	filter->events = 0;
	if (filter->default_action == SOCKTRACE_ACCEPT)
		filter->events = SOCKTRACE_EVENTS_ALL;
	for (i = 0; i < filter->nr_rules; i++) {
		const struct socktrace_rule *rule = &filter->rules[i];

		if (rule->action == SOCKTRACE_ACCEPT)
			filter->events |= rule->match & SOCKTRACE_MATCH_EVENTS ?
						  rule->events : SOCKTRACE_EVENTS_ALL;
	}
}

static bool action_is_valid(u32 action)
{
	return action == SOCKTRACE_ACCEPT || action == SOCKTRACE_REJECT;
}

/* One row per condition: its field must be zero exactly where its bit is not set. */
#define CONDITION(bit, field)                                                  \
	{ bit, offsetof(struct socktrace_rule, field),                         \
	  sizeof(((struct socktrace_rule *)0)->field) }
static const struct {
	u32 bit;
	u16 offset, size;
} conditions[] = {
	CONDITION(SOCKTRACE_MATCH_EVENTS, events),
	CONDITION(SOCKTRACE_MATCH_TGID, tgid),
	CONDITION(SOCKTRACE_MATCH_TID, tid),
	CONDITION(SOCKTRACE_MATCH_ANCESTOR, ancestor),
	CONDITION(SOCKTRACE_MATCH_FAMILIES, families),
};

static bool field_is_zero(const struct socktrace_rule *rule, u16 offset, u16 size)
{
	const u8 *byte = (const u8 *)rule + offset;

	while (size--)
		if (*byte++)
			return false;
	return true;
}

/* 0, or the offset + 1 of the first bad field of @rule. */
static u32 rule_bad_field(const struct socktrace_rule *rule)
{
	size_t i;

	if (rule->match & ~SOCKTRACE_MATCH_ALL_BITS)
		return offsetof(struct socktrace_rule, match) + 1;
	if (!action_is_valid(rule->action))
		return offsetof(struct socktrace_rule, action) + 1;
	/* A condition whose field is zero could never hold: a mistake. */
	for (i = 0; i < ARRAY_SIZE(conditions); i++)
		if (!(rule->match & conditions[i].bit) !=
		    field_is_zero(rule, conditions[i].offset, conditions[i].size))
			return conditions[i].offset + 1;
	if (rule->events & ~SOCKTRACE_EVENTS_ALL)
		return offsetof(struct socktrace_rule, events) + 1;
	return 0;
}

/* 0, or -EINVAL with the rule (~0: the header) and the byte offset in it. */
int filter_validate(const struct filter *filter, u32 *bad_rule, u32 *bad_field)
{
	u32 i, bad;

	if (!action_is_valid(filter->default_action)) {
		*bad_rule = ~0U;
		*bad_field = offsetof(struct socktrace_filter, default_action);
		return -EINVAL;
	}
	for (i = 0; i < filter->nr_rules; i++) {
		bad = rule_bad_field(&filter->rules[i]);
		if (bad) {
			*bad_rule = i;
			*bad_field = bad - 1;
			return -EINVAL;
		}
	}
	return 0;
}
