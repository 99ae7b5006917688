// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "filter.h"
#include "record.h"

#define SOCK_TYPE_BITS 0xf /* SOCK_TYPE_MASK, which only the kernel has */
#define IPV6_UP_TO_ADDR 24 /* what RFC 2133 knew of a sockaddr_in6 */

/* --- one condition each --------------------------------------------------- */

/* An end of a connection as rules know it: IPv4 as ::ffff:a.b.c.d. */
struct endpoint {
	u8 addr[16];
	u16 port; /* host byte order */
};

/* False: it is no IPv4 or IPv6 address. */
static bool end_of(struct endpoint *end, const u8 *sockaddr, unsigned int len)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (st_record_addr_family(sockaddr, len)) {
	case AF_INET:
		if (len < offsetof(struct sockaddr_in, sin_addr) + sizeof(in.sin_addr))
			return false;
		memcpy(&in, sockaddr, min_t(unsigned int, len, sizeof(in)));
		memset(end->addr, 0, 10);
		memset(end->addr + 10, 0xff, 2);
		memcpy(end->addr + 12, &in.sin_addr, 4);
		end->port = ntohs(in.sin_port);
		return true;
	case AF_INET6:
		if (len < IPV6_UP_TO_ADDR)
			return false;
		memcpy(&in6, sockaddr, min_t(unsigned int, len, sizeof(in6)));
		memcpy(end->addr, &in6.sin6_addr, 16);
		end->port = ntohs(in6.sin6_port);
		return true;
	default:
		return false;
	}
}

static bool prefix_is(const u8 *addr, const u8 *prefix, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	return !memcmp(addr, prefix, bytes) &&
	       (!rest || !((addr[bytes] ^ prefix[bytes]) >> (8 - rest)));
}

static bool endpoint_is(const struct socktrace_endpoint *want, const u8 *sockaddr,
			unsigned int len, bool net, bool port)
{
	struct endpoint end;

	return end_of(&end, sockaddr, len) &&
	       (!net || prefix_is(end.addr, want->addr, want->prefix_len)) &&
	       (!port || (end.port >= want->port_min && end.port <= want->port_max));
}

static bool path_is(const struct socktrace_rule *rule, const u8 *sockaddr,
		    unsigned int len)
{
	const unsigned int at = sizeof(__kernel_sa_family_t);

	return st_record_addr_family(sockaddr, len) == AF_UNIX &&
	       len >= at + rule->path_len &&
	       !memcmp(sockaddr + at, rule->path, rule->path_len);
}

/* Abstract names are no paths: a rule of those begins with what no path has. */
static bool peer_path_is(const struct socktrace_rule *rule, const struct st_path *path)
{
	return path && path->len >= rule->path_len &&
	       !memcmp(path->text, rule->path, rule->path_len);
}

static bool in_mask(u64 mask, int bit)
{
	return bit >= 0 && bit < 64 && mask >> bit & 1;
}

/* --- rules ----------------------------------------------------------------- */

static bool remote_is(const struct socktrace_rule *rule, const struct socktrace_event *ev,
		      bool net, bool port)
{
	return ev->type != SOCKTRACE_BIND &&
	       endpoint_is(&rule->remote, socktrace_addr(ev), ev->addr_len, net, port);
}

/* Of a bind that has not succeeded: the end that it asks for. */
static bool local_is(const struct socktrace_rule *rule, const struct socktrace_event *ev,
		     bool net, bool port)
{
	if (ev->type == SOCKTRACE_BIND && (ev->phase != SOCKTRACE_EXIT || ev->ret < 0))
		return endpoint_is(&rule->local, socktrace_addr(ev), ev->addr_len, net, port);
	return endpoint_is(&rule->local, socktrace_local(ev), ev->local_len, net, port);
}

static bool ends_match(const struct socktrace_rule *rule, u32 match,
		       const struct st_filter_facts *facts)
{
	const struct socktrace_event *ev = facts->ev;
	bool net, port;

	net = match & SOCKTRACE_MATCH_REMOTE_NET;
	port = match & SOCKTRACE_MATCH_REMOTE_PORT;
	if ((net || port) && !remote_is(rule, ev, net, port))
		return false;
	net = match & SOCKTRACE_MATCH_LOCAL_NET;
	port = match & SOCKTRACE_MATCH_LOCAL_PORT;
	if ((net || port) && !local_is(rule, ev, net, port))
		return false;
	return !(match & SOCKTRACE_MATCH_PATH) ||
	       path_is(rule, socktrace_addr(ev), ev->addr_len) ||
	       path_is(rule, socktrace_local(ev), ev->local_len) ||
	       peer_path_is(rule, facts->peer_path);
}

/* How a connect that is under way ends is told by another record. */
static bool has_failed(const struct socktrace_event *ev)
{
	return ev->ret < 0 && ev->ret != -EINPROGRESS;
}

static bool result_matches(const struct socktrace_rule *rule, u32 match,
			   const struct socktrace_event *ev)
{
	if (ev->phase != SOCKTRACE_EXIT && ev->type != SOCKTRACE_CONNECTED)
		return false;
	return !(match & SOCKTRACE_MATCH_OK && ev->ret < 0) &&
	       !(match & SOCKTRACE_MATCH_FAILED && !has_failed(ev)) &&
	       !(match & SOCKTRACE_MATCH_ERROR && -(s64)ev->ret != rule->error) &&
	       !(match & SOCKTRACE_MATCH_DURATION &&
		 ev->duration_ns < rule->min_duration_ns);
}

static bool identity_matches(const struct socktrace_rule *rule, u32 match,
			     const struct socktrace_event *ev)
{
	return !(match & SOCKTRACE_MATCH_UID &&
		 (ev->uid < rule->uid_min || ev->uid > rule->uid_max)) &&
	       !(match & SOCKTRACE_MATCH_EUID &&
		 (ev->euid < rule->euid_min || ev->euid > rule->euid_max)) &&
	       !(match & SOCKTRACE_MATCH_LOGINUID &&
		 (ev->loginuid < rule->loginuid_min ||
		  ev->loginuid > rule->loginuid_max)) &&
	       !(match & SOCKTRACE_MATCH_COMM &&
		 strncmp(ev->comm, rule->comm, SOCKTRACE_COMM_LEN)) &&
	       !(match & SOCKTRACE_MATCH_COMM_PREFIX &&
		 strncmp(ev->comm, rule->comm,
			 strnlen(rule->comm, SOCKTRACE_COMM_LEN))) &&
	       !(match & SOCKTRACE_MATCH_NETNS && rule->netns != ev->netns) &&
	       !(match & SOCKTRACE_MATCH_MNTNS && rule->mntns != ev->mntns) &&
	       !(match & SOCKTRACE_MATCH_PIDNS && rule->pidns != ev->pidns) &&
	       !(match & SOCKTRACE_MATCH_CGROUP && rule->cgroup != ev->cgroup_id);
}

#define IDENTITY                                                               \
	(SOCKTRACE_MATCH_UID | SOCKTRACE_MATCH_EUID |                          \
	 SOCKTRACE_MATCH_LOGINUID | SOCKTRACE_MATCH_COMM |                     \
	 SOCKTRACE_MATCH_COMM_PREFIX | SOCKTRACE_MATCH_NETNS |                 \
	 SOCKTRACE_MATCH_MNTNS | SOCKTRACE_MATCH_PIDNS | SOCKTRACE_MATCH_CGROUP)

/* AF_* of what creates, else of the socket, else of the address; or -1. */
static int family_of(const struct socktrace_event *ev)
{
	if (st_record_creates(ev->type))
		return ev->args[0];
	if (ev->flags & SOCKTRACE_F_SOCK)
		return ev->sock_family;
	return st_record_addr_family(ev->addrs, ev->addr_len);
}

/* SOCK_* of what creates, else of the socket; or -1. */
static int type_of(const struct socktrace_event *ev)
{
	if (st_record_creates(ev->type))
		return ev->args[1] & SOCK_TYPE_BITS;
	return ev->flags & SOCKTRACE_F_SOCK ? ev->sock_type : -1;
}

/* Of the socket, else the argument of what creates, which may leave it open; or -1. */
static int protocol_of(const struct socktrace_event *ev)
{
	if (ev->flags & SOCKTRACE_F_SOCK)
		return ev->sock_protocol;
	return st_record_creates(ev->type) ? ev->args[2] : -1;
}

/* Was it asked whether @condition, about @value, holds, and does it? */
static bool was_asked(const struct st_filter_answers *answers, u32 condition, u64 value,
		      bool *holds)
{
	unsigned int i;

	for (i = 0; i < answers->nr; i++)
		if (answers->answer[i].condition == condition &&
		    answers->answer[i].value == value) {
			*holds = answers->answer[i].holds;
			return true;
		}
	return false;
}

/* Does @condition of the task hold, which can be judged? */
static bool task_is(const struct st_filter_facts *facts, u32 condition, u64 value)
{
	bool holds = false;

	if (facts->answers)
		return was_asked(facts->answers, condition, value, &holds) && holds;
	return condition == SOCKTRACE_MATCH_ANCESTOR ? facts->descends(facts->task, value) :
						       facts->in_cgroup(facts->task, value);
}

static u64 task_value(const struct socktrace_rule *rule, u32 condition)
{
	return condition == SOCKTRACE_MATCH_ANCESTOR ? rule->ancestor : rule->cgroup;
}

static const u32 task_conditions[] = { SOCKTRACE_MATCH_CGROUP_TREE, SOCKTRACE_MATCH_ANCESTOR };

/* Which conditions can be judged, of this rule. */
static u32 known_of(const struct socktrace_rule *rule, const struct st_filter_facts *facts)
{
	u32 known = facts->known;
	unsigned int i;
	bool holds;

	if (!facts->answers || !(rule->match & ST_FILTER_TASK))
		return known;
	for (i = 0; i < ARRAY_SIZE(task_conditions); i++)
		if (!was_asked(facts->answers, task_conditions[i],
			       task_value(rule, task_conditions[i]), &holds))
			known &= ~task_conditions[i];
	return known;
}

/*
 * Asks of the task at hand what the filter's rules ask, as far as there is room for
 * the answers.
 */
void st_filter_ask(const struct st_filter *filter, const struct st_filter_facts *facts,
		   struct st_filter_answers *answers)
{
	unsigned int i, c;
	bool holds;

	for (i = 0; i < filter->nr_rules && answers->nr < ST_FILTER_ANSWERS; i++)
		for (c = 0; c < ARRAY_SIZE(task_conditions); c++) {
			u64 value = task_value(&filter->rules[i], task_conditions[c]);

			if (!(filter->rules[i].match & task_conditions[c]) ||
			    was_asked(answers, task_conditions[c], value, &holds) ||
			    answers->nr == ST_FILTER_ANSWERS)
				continue;
			answers->answer[answers->nr].condition = task_conditions[c];
			answers->answer[answers->nr].value = value;
			answers->answer[answers->nr++].holds =
				task_is(facts, task_conditions[c], value);
		}
}

/* Do these conditions of the rule hold, all of which can be judged? */
static bool rule_holds(const struct socktrace_rule *rule, u32 match,
		       const struct st_filter_facts *facts)
{
	const struct socktrace_event *ev = facts->ev;

	if (match & SOCKTRACE_MATCH_EVENTS && !(rule->events >> ev->type & 1))
		return false;
	if (match & SOCKTRACE_MATCH_PHASES && !(rule->phases >> ev->phase & 1))
		return false;
	if (match & SOCKTRACE_MATCH_TGID && rule->tgid != ev->tgid)
		return false;
	if (match & SOCKTRACE_MATCH_TID && rule->tid != ev->tid)
		return false;
	if (match & SOCKTRACE_MATCH_FAMILIES && !in_mask(rule->families, family_of(ev)))
		return false;
	if (match & SOCKTRACE_MATCH_TYPES && !in_mask(rule->types, type_of(ev)))
		return false;
	if (match & SOCKTRACE_MATCH_PROTOCOL && rule->protocol != protocol_of(ev))
		return false;
	if (match & IDENTITY && !identity_matches(rule, match, ev))
		return false;
	if (match & ST_FILTER_RESULT && !result_matches(rule, match, ev))
		return false;
	if (match & ST_FILTER_ENDS && !ends_match(rule, match, facts))
		return false;
	/* Last, for they walk trees. */
	if (match & SOCKTRACE_MATCH_CGROUP_TREE &&
	    !task_is(facts, SOCKTRACE_MATCH_CGROUP_TREE, rule->cgroup))
		return false;
	return !(match & SOCKTRACE_MATCH_ANCESTOR) ||
	       task_is(facts, SOCKTRACE_MATCH_ANCESTOR, rule->ancestor);
}

/*
 * The first rule that matches decides. ST_FILTER_UNDECIDED: facts that are yet to
 * come may still lead to ST_FILTER_ACCEPT; never where all are known.
 */
enum st_filter_verdict st_filter_judge(const struct st_filter *filter,
				 const struct st_filter_facts *facts)
{
	u64 left = filter->by_event[facts->ev->type] &
		   filter->by_tgid[facts->ev->tgid % ST_FILTER_TGID_BUCKETS];
	u32 action = filter->default_action;
	bool undecided = false;

	for (; left; left &= left - 1) {
		const struct socktrace_rule *rule = &filter->rules[__ffs64(left)];

		u32 known = known_of(rule, facts);

		if (!rule_holds(rule, rule->match & known, facts))
			continue;
		if (!(rule->match & ~known)) {
			action = rule->action;
			break;
		}
		if (rule->action == SOCKTRACE_ACCEPT)
			return ST_FILTER_UNDECIDED;
		/* It may reject, or leave that to the others. */
		undecided = true;
	}
	if (action == SOCKTRACE_REJECT)
		return ST_FILTER_REJECT;
	return undecided ? ST_FILTER_UNDECIDED : ST_FILTER_ACCEPT;
}

/* Is @event accepted by the first rule for it, or by default, and by that alone? */
static bool accepts(const struct st_filter *filter, unsigned int event)
{
	u64 left = filter->by_event[event];
	const struct socktrace_rule *rule;

	if (!left)
		return filter->default_action == SOCKTRACE_ACCEPT;
	rule = &filter->rules[__ffs64(left)];
	return rule->action == SOCKTRACE_ACCEPT && !(rule->match & ~SOCKTRACE_MATCH_EVENTS);
}

/* What is worked out once, so that judging looks at few rules, or at none. */
void st_filter_prepare(struct st_filter *filter)
{
	unsigned int event, bucket;
	u32 i;

	filter->events = 0;
	filter->tgids = 0;
	filter->conditions = 0;
	memset(filter->by_event, 0, sizeof(filter->by_event));
	memset(filter->by_tgid, 0, sizeof(filter->by_tgid));
	if (filter->default_action == SOCKTRACE_ACCEPT) {
		filter->events = SOCKTRACE_EVENTS_ALL;
		filter->tgids = ~0ULL;
	}
	for (i = 0; i < filter->nr_rules; i++) {
		const struct socktrace_rule *rule = &filter->rules[i];
		u32 events = SOCKTRACE_EVENTS_ALL;

		if (rule->match & SOCKTRACE_MATCH_EVENTS)
			events = rule->events;
		if (rule->action == SOCKTRACE_ACCEPT)
			filter->events |= events;
		filter->conditions |= rule->match;
		for (event = 0; event < ARRAY_SIZE(filter->by_event); event++)
			if (events >> event & 1)
				filter->by_event[event] |= 1ULL << i;
		for (bucket = 0; bucket < ST_FILTER_TGID_BUCKETS; bucket++) {
			if (rule->match & SOCKTRACE_MATCH_TGID &&
			    rule->tgid % ST_FILTER_TGID_BUCKETS != bucket)
				continue;
			filter->by_tgid[bucket] |= 1ULL << i;
			if (rule->action == SOCKTRACE_ACCEPT)
				filter->tgids |= 1ULL << bucket;
		}
	}
	filter->accepts = 0;
	for (event = 0; event < ARRAY_SIZE(filter->by_event); event++)
		if (accepts(filter, event))
			filter->accepts |= 1U << event;
}

/* --- validation ------------------------------------------------------------ */

/*
 * One row per field of a rule: it is looked at if one of `bits` is set, and must
 * be zero else. A row without bits is reserved. `some`: zero could never hold.
 */
#define FIELD(field, bits, some)                                               \
	{ bits, offsetof(struct socktrace_rule, field),                        \
	  sizeof(((struct socktrace_rule *)0)->field), some }
static const struct {
	u32 bits;
	u16 offset, size;
	bool some;
} fields[] = {
	FIELD(events, SOCKTRACE_MATCH_EVENTS, true),
	FIELD(phases, SOCKTRACE_MATCH_PHASES, true),
	FIELD(tgid, SOCKTRACE_MATCH_TGID, true),
	FIELD(tid, SOCKTRACE_MATCH_TID, true),
	FIELD(ancestor, SOCKTRACE_MATCH_ANCESTOR, true),
	FIELD(types, SOCKTRACE_MATCH_TYPES, true),
	FIELD(families, SOCKTRACE_MATCH_FAMILIES, true),
	FIELD(uid_min, SOCKTRACE_MATCH_UID, false),
	FIELD(uid_max, SOCKTRACE_MATCH_UID, false),
	FIELD(euid_min, SOCKTRACE_MATCH_EUID, false),
	FIELD(euid_max, SOCKTRACE_MATCH_EUID, false),
	FIELD(loginuid_min, SOCKTRACE_MATCH_LOGINUID, false),
	FIELD(loginuid_max, SOCKTRACE_MATCH_LOGINUID, false),
	FIELD(netns, SOCKTRACE_MATCH_NETNS, true),
	FIELD(mntns, SOCKTRACE_MATCH_MNTNS, true),
	FIELD(pidns, SOCKTRACE_MATCH_PIDNS, true),
	FIELD(error, SOCKTRACE_MATCH_ERROR, true),
	FIELD(cgroup, SOCKTRACE_MATCH_CGROUP | SOCKTRACE_MATCH_CGROUP_TREE, true),
	FIELD(min_duration_ns, SOCKTRACE_MATCH_DURATION, false),
	FIELD(comm, SOCKTRACE_MATCH_COMM | SOCKTRACE_MATCH_COMM_PREFIX, true),
	FIELD(remote.addr, SOCKTRACE_MATCH_REMOTE_NET, false),
	FIELD(remote.prefix_len, SOCKTRACE_MATCH_REMOTE_NET, false),
	FIELD(remote.reserved, 0, false),
	FIELD(remote.port_min, SOCKTRACE_MATCH_REMOTE_PORT, false),
	FIELD(remote.port_max, SOCKTRACE_MATCH_REMOTE_PORT, false),
	FIELD(remote.reserved2, 0, false),
	FIELD(local.addr, SOCKTRACE_MATCH_LOCAL_NET, false),
	FIELD(local.prefix_len, SOCKTRACE_MATCH_LOCAL_NET, false),
	FIELD(local.reserved, 0, false),
	FIELD(local.port_min, SOCKTRACE_MATCH_LOCAL_PORT, false),
	FIELD(local.port_max, SOCKTRACE_MATCH_LOCAL_PORT, false),
	FIELD(local.reserved2, 0, false),
	FIELD(path, SOCKTRACE_MATCH_PATH, false),
	FIELD(path_len, SOCKTRACE_MATCH_PATH, true),
	FIELD(reserved, 0, false),
	FIELD(protocol, SOCKTRACE_MATCH_PROTOCOL, false),
};

static bool all_zero(const void *bytes, size_t size)
{
	return !memchr_inv(bytes, 0, size);
}

/* Returned by the checks below: this field is bad. Never 0, which is fine. */
#define BAD(field) (offsetof(struct socktrace_rule, field) + 1)

static u32 endpoint_bad_field(const struct socktrace_endpoint *end, u32 at)
{
	const u8 *addr = end->addr;
	unsigned int whole = end->prefix_len / 8, rest = end->prefix_len % 8;

	if (end->prefix_len > 128)
		return at + offsetof(struct socktrace_endpoint, prefix_len) + 1;
	if ((rest && (u8)(addr[whole] << rest)) ||
	    !all_zero(addr + whole + !!rest, 16 - whole - !!rest))
		return at + offsetof(struct socktrace_endpoint, addr) + 1;
	if (end->port_min > end->port_max)
		return at + offsetof(struct socktrace_endpoint, port_max) + 1;
	return 0;
}

/* What no single field can tell. */
static u32 rule_bad_value(const struct socktrace_rule *rule)
{
	size_t comm_len = strnlen(rule->comm, sizeof(rule->comm));

	if (rule->events & ~SOCKTRACE_EVENTS_ALL)
		return BAD(events);
	if (rule->phases & ~(SOCKTRACE_PHASE_ENTER | SOCKTRACE_PHASE_EXIT |
			     1U << SOCKTRACE_POINT))
		return BAD(phases);
	if (rule->types & ~((1U << (SOCK_TYPE_BITS + 1)) - 1))
		return BAD(types);
	if (rule->uid_min > rule->uid_max)
		return BAD(uid_max);
	if (rule->euid_min > rule->euid_max)
		return BAD(euid_max);
	if (rule->loginuid_min > rule->loginuid_max)
		return BAD(loginuid_max);
	if (rule->error > 4095)
		return BAD(error);
	/* A name of the kernel ends with its NUL: a longer one never comes. */
	if (comm_len == sizeof(rule->comm) ||
	    !all_zero(rule->comm + comm_len, sizeof(rule->comm) - comm_len))
		return BAD(comm);
	if (rule->path_len > sizeof(rule->path))
		return BAD(path_len);
	if (!all_zero(rule->path + rule->path_len, sizeof(rule->path) - rule->path_len))
		return BAD(path);
	return endpoint_bad_field(&rule->remote, offsetof(struct socktrace_rule, remote)) ?:
	       endpoint_bad_field(&rule->local, offsetof(struct socktrace_rule, local));
}

static bool action_is_valid(u32 action)
{
	return action == SOCKTRACE_ACCEPT || action == SOCKTRACE_REJECT;
}

/* 0, or the offset + 1 of the first bad field of @rule. */
static u32 rule_bad_field(const struct socktrace_rule *rule)
{
	size_t i;

	if (rule->match & ~SOCKTRACE_MATCH_ALL_BITS)
		return BAD(match);
	if (!action_is_valid(rule->action))
		return BAD(action);
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		bool used = rule->match & fields[i].bits;
		bool zero = all_zero((const char *)rule + fields[i].offset, fields[i].size);

		if (used ? fields[i].some && zero : !zero)
			return fields[i].offset + 1;
	}
	return rule_bad_value(rule);
}

/* 0, or -EINVAL with the rule (~0: the header) and the byte offset in it. */
int st_filter_validate(const struct st_filter *filter, u32 *bad_rule, u32 *bad_field)
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
