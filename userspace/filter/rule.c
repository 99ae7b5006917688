// SPDX-License-Identifier: GPL-2.0
#include "filter/rule.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum shape {
	MASK32, /* the fact is one of these */
	MASK64,
	ID16, /* the fact is this */
	ID32,
	ID64,
	RANGE32, /* from this field to the next one */
	PORTS, /* likewise, within an endpoint */
	NET,
	COMM,
	PATH,
	LEAST, /* this or more */
	RESULT,
};

/* The facts of a record, and which conditions are about each. */
static const struct fact {
	uint32_t bits;
	enum shape shape;
	size_t offset;
	/* A record has several of it: two conditions that differ may both hold. */
	bool several;
} facts[] = {
#define FACT(bit, shape, field, several)                                        \
	{ SOCKTRACE_MATCH_##bit, shape, offsetof(struct socktrace_rule, field), several }
	FACT(EVENTS, MASK32, events, false),
	FACT(PHASES, MASK32, phases, false),
	FACT(TGID, ID32, tgid, false),
	FACT(TID, ID32, tid, false),
	FACT(ANCESTOR, ID32, ancestor, true),
	FACT(FAMILIES, MASK64, families, false),
	FACT(TYPES, MASK32, types, false),
	FACT(UID, RANGE32, uid_min, false),
	FACT(EUID, RANGE32, euid_min, false),
	FACT(LOGINUID, RANGE32, loginuid_min, false),
	FACT(PROTOCOL, ID16, protocol, false),
	FACT(COMM | SOCKTRACE_MATCH_COMM_PREFIX, COMM, comm, false),
	FACT(NETNS, ID32, netns, false),
	FACT(MNTNS, ID32, mntns, false),
	FACT(PIDNS, ID32, pidns, false),
	FACT(CGROUP_TREE, ID64, cgroup, true),
	FACT(REMOTE_NET, NET, remote, false),
	FACT(REMOTE_PORT, PORTS, remote, false),
	FACT(LOCAL_NET, NET, local, false),
	FACT(LOCAL_PORT, PORTS, local, false),
	/* The address's name, and the socket's own. */
	FACT(PATH, PATH, path, true),
	FACT(OK | SOCKTRACE_MATCH_FAILED | SOCKTRACE_MATCH_ERROR, RESULT, error, false),
	FACT(DURATION, LEAST, min_duration_ns, false),
};
#define FACTS (sizeof(facts) / sizeof(facts[0]))

/* Facts of a call that returned, and of a connect's outcome. */
#define OF_RESULT                                                               \
	(SOCKTRACE_MATCH_OK | SOCKTRACE_MATCH_FAILED | SOCKTRACE_MATCH_ERROR |  \
	 SOCKTRACE_MATCH_DURATION)
#define PHASE_EXIT (1U << SOCKTRACE_EXIT)
#define PHASE_POINT (1U << SOCKTRACE_POINT)

static const void *at(const struct socktrace_rule *rule, size_t offset)
{
	return (const char *)rule + offset;
}

static uint16_t get16(const struct socktrace_rule *rule, size_t offset)
{
	uint16_t v;

	memcpy(&v, at(rule, offset), sizeof(v));
	return v;
}

static uint32_t get32(const struct socktrace_rule *rule, size_t offset)
{
	uint32_t v;

	memcpy(&v, at(rule, offset), sizeof(v));
	return v;
}

static uint64_t get64(const struct socktrace_rule *rule, size_t offset)
{
	uint64_t v;

	memcpy(&v, at(rule, offset), sizeof(v));
	return v;
}

static void put16(struct socktrace_rule *rule, size_t offset, uint16_t v)
{
	memcpy((char *)rule + offset, &v, sizeof(v));
}

static void put32(struct socktrace_rule *rule, size_t offset, uint32_t v)
{
	memcpy((char *)rule + offset, &v, sizeof(v));
}

static void put64(struct socktrace_rule *rule, size_t offset, uint64_t v)
{
	memcpy((char *)rule + offset, &v, sizeof(v));
}

struct range {
	uint32_t min, max;
};

static struct range range_of(const struct fact *fact, const struct socktrace_rule *rule)
{
	const struct socktrace_endpoint *end;

	if (fact->shape == RANGE32)
		return (struct range){ get32(rule, fact->offset), get32(rule, fact->offset + 4) };
	end = at(rule, fact->offset);
	return (struct range){ end->port_min, end->port_max };
}

static void set_range(const struct fact *fact, struct socktrace_rule *rule,
		      struct range range)
{
	struct socktrace_endpoint *end = (void *)((char *)rule + fact->offset);

	if (fact->shape == RANGE32) {
		put32(rule, fact->offset, range.min);
		put32(rule, fact->offset + 4, range.max);
	} else {
		end->port_min = (uint16_t)range.min;
		end->port_max = (uint16_t)range.max;
	}
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int bytes = bits / 8, rest = bits % 8;

	return !memcmp(a, b, bytes) && (!rest || !((a[bytes] ^ b[bytes]) >> (8 - rest)));
}

/* Of two nets, one is within the other, or they are disjoint. */
static bool net_within(const struct socktrace_endpoint *a,
		       const struct socktrace_endpoint *b)
{
	return a->prefix_len >= b->prefix_len && same_bits(a->addr, b->addr, b->prefix_len);
}

static bool path_within(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	return a->path_len >= b->path_len && !memcmp(a->path, b->path, b->path_len);
}

static bool comm_within(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	if (b->match & SOCKTRACE_MATCH_COMM)
		return a->match & SOCKTRACE_MATCH_COMM &&
		       !strncmp(a->comm, b->comm, sizeof(a->comm));
	return !strncmp(a->comm, b->comm, strnlen(b->comm, sizeof(b->comm)));
}

static bool result_within(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	if (b->match & SOCKTRACE_MATCH_OK)
		return a->match & SOCKTRACE_MATCH_OK;
	if (b->match & SOCKTRACE_MATCH_ERROR)
		return a->match & SOCKTRACE_MATCH_ERROR && a->error == b->error;
	/* A connect under way has not failed. */
	return a->match & SOCKTRACE_MATCH_FAILED ||
	       (a->match & SOCKTRACE_MATCH_ERROR && a->error != EINPROGRESS);
}

/* Both have a condition on the fact: does that of `a` imply that of `b`? */
static bool fact_within(const struct fact *fact, const struct socktrace_rule *a,
			const struct socktrace_rule *b)
{
	size_t offset = fact->offset;
	struct range ra, rb;

	switch (fact->shape) {
	case MASK32:
		return !(get32(a, offset) & ~get32(b, offset));
	case MASK64:
		return !(get64(a, offset) & ~get64(b, offset));
	case ID16:
		return get16(a, offset) == get16(b, offset);
	case ID32:
		return get32(a, offset) == get32(b, offset);
	case ID64:
		return get64(a, offset) == get64(b, offset);
	case RANGE32:
	case PORTS:
		ra = range_of(fact, a);
		rb = range_of(fact, b);
		return ra.min >= rb.min && ra.max <= rb.max;
	case NET:
		return net_within(at(a, offset), at(b, offset));
	case COMM:
		return comm_within(a, b);
	case PATH:
		return path_within(a, b);
	case LEAST:
		return get64(a, offset) >= get64(b, offset);
	case RESULT:
		return result_within(a, b);
	}
	return false;
}

static bool fact_disjoint(const struct fact *fact, const struct socktrace_rule *a,
			  const struct socktrace_rule *b)
{
	size_t offset = fact->offset;
	struct range ra, rb;

	if (fact->several)
		return false;
	switch (fact->shape) {
	case MASK32:
		return !(get32(a, offset) & get32(b, offset));
	case MASK64:
		return !(get64(a, offset) & get64(b, offset));
	case RANGE32:
	case PORTS:
		ra = range_of(fact, a);
		rb = range_of(fact, b);
		return ra.max < rb.min || rb.max < ra.min;
	case LEAST:
		return false;
	default:
		/* Of all others, two that meet are one within the other. */
		return !fact_within(fact, a, b) && !fact_within(fact, b, a);
	}
}

static uint32_t events_of(const struct socktrace_rule *rule)
{
	return rule->match & SOCKTRACE_MATCH_EVENTS ? rule->events : SOCKTRACE_EVENTS_ALL;
}

static uint32_t phases_named(const struct socktrace_rule *rule)
{
	return rule->match & SOCKTRACE_MATCH_PHASES ? rule->phases : RULE_PHASES_ALL;
}

/* The phases that records may have which have a result, if that is asked for. */
static uint32_t phases_with_result(uint32_t match, uint32_t events)
{
	if (!(match & OF_RESULT))
		return RULE_PHASES_ALL;
	if (!(events & SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECTED)))
		return PHASE_EXIT;
	return PHASE_EXIT | PHASE_POINT;
}

/* The phases of records that both rules match, as far as these conditions tell. */
static uint32_t phases_of_both(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	return phases_named(a) & phases_named(b) &
	       phases_with_result(a->match | b->match, events_of(a) & events_of(b));
}

static uint32_t phases_of(const struct socktrace_rule *rule)
{
	return phases_of_both(rule, rule);
}

bool rule_disjoint(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	size_t i;

	if (!phases_of_both(a, b))
		return true;
	for (i = 0; i < FACTS; i++) {
		if (a->match & facts[i].bits && b->match & facts[i].bits &&
		    fact_disjoint(&facts[i], a, b))
			return true;
	}
	return false;
}

bool rule_within(const struct socktrace_rule *a, const struct socktrace_rule *b)
{
	size_t i;

	if (phases_of(a) & ~phases_of(b))
		return false;
	for (i = 0; i < FACTS; i++) {
		if (!(b->match & facts[i].bits) || facts[i].bits == SOCKTRACE_MATCH_PHASES)
			continue;
		if (!(a->match & facts[i].bits) || !fact_within(&facts[i], a, b))
			return false;
	}
	return true;
}

static void copy_fact(const struct fact *fact, struct socktrace_rule *to,
		      const struct socktrace_rule *from)
{
	struct socktrace_endpoint *end = (void *)((char *)to + fact->offset);
	const struct socktrace_endpoint *other = at(from, fact->offset);

	to->match = (to->match & ~fact->bits) | (from->match & fact->bits);
	switch (fact->shape) {
	case ID16:
		put16(to, fact->offset, get16(from, fact->offset));
		return;
	case MASK32:
	case ID32:
	case RESULT:
		put32(to, fact->offset, get32(from, fact->offset));
		return;
	case MASK64:
	case ID64:
	case LEAST:
		put64(to, fact->offset, get64(from, fact->offset));
		return;
	case RANGE32:
	case PORTS:
		set_range(fact, to, range_of(fact, from));
		return;
	case NET:
		memcpy(end->addr, other->addr, sizeof(end->addr));
		end->prefix_len = other->prefix_len;
		return;
	case COMM:
		memcpy(to->comm, from->comm, sizeof(to->comm));
		return;
	case PATH:
		memcpy(to->path, from->path, sizeof(to->path));
		to->path_len = from->path_len;
		return;
	}
}

/* False: one rule can't hold both. */
static bool meet_fact(const struct fact *fact, struct socktrace_rule *a,
		      const struct socktrace_rule *b)
{
	size_t offset = fact->offset;
	struct range ra, rb;

	if (fact_within(fact, a, b))
		return true;
	if (fact_within(fact, b, a)) {
		copy_fact(fact, a, b);
		return true;
	}
	switch (fact->shape) {
	case MASK32:
		put32(a, offset, get32(a, offset) & get32(b, offset));
		return true;
	case MASK64:
		put64(a, offset, get64(a, offset) & get64(b, offset));
		return true;
	case RANGE32:
	case PORTS:
		ra = range_of(fact, a);
		rb = range_of(fact, b);
		ra.min = ra.min > rb.min ? ra.min : rb.min;
		ra.max = ra.max < rb.max ? ra.max : rb.max;
		set_range(fact, a, ra);
		return true;
	default:
		return false;
	}
}

uint32_t rule_meet(struct socktrace_rule *a, const struct socktrace_rule *b)
{
	uint32_t phases;
	size_t i;

	for (i = 0; i < FACTS; i++) {
		if (!(b->match & facts[i].bits))
			continue;
		if (!(a->match & facts[i].bits))
			copy_fact(&facts[i], a, b);
		else if (!meet_fact(&facts[i], a, b))
			return facts[i].bits;
	}
	/* What only a result has, says as much of the phase already. */
	phases = phases_with_result(a->match, events_of(a));
	if (a->match & SOCKTRACE_MATCH_PHASES && a->match & OF_RESULT) {
		a->phases &= phases;
		if (a->phases == phases) {
			a->match &= ~SOCKTRACE_MATCH_PHASES;
			a->phases = 0;
		}
	}
	return 0;
}

static bool join_fact(const struct fact *fact, struct socktrace_rule *a,
		      const struct socktrace_rule *b)
{
	struct range ra, rb;

	switch (fact->shape) {
	case MASK32:
		put32(a, fact->offset, get32(a, fact->offset) | get32(b, fact->offset));
		return true;
	case MASK64:
		put64(a, fact->offset, get64(a, fact->offset) | get64(b, fact->offset));
		return true;
	case RANGE32:
	case PORTS:
		ra = range_of(fact, a);
		rb = range_of(fact, b);
		if ((uint64_t)ra.max + 1 < rb.min || (uint64_t)rb.max + 1 < ra.min)
			return false;
		ra.min = ra.min < rb.min ? ra.min : rb.min;
		ra.max = ra.max > rb.max ? ra.max : rb.max;
		set_range(fact, a, ra);
		return true;
	default:
		return false;
	}
}

bool rule_join(struct socktrace_rule *a, const struct socktrace_rule *b)
{
	struct socktrace_rule other;
	size_t i;

	if (a->match != b->match || a->action != b->action)
		return false;
	for (i = 0; i < FACTS; i++) {
		if (!(a->match & facts[i].bits))
			continue;
		/* They may differ in this one only. */
		other = *b;
		copy_fact(&facts[i], &other, a);
		if (!memcmp(&other, a, sizeof(other)) && join_fact(&facts[i], a, b))
			return true;
	}
	return false;
}

/* Of a range that ends at either end of all numbers, the rest is one, too. */
static bool range_complement(struct socktrace_rule *rule, size_t offset)
{
	uint32_t min = get32(rule, offset), max = get32(rule, offset + 4);

	if (!min == (max == UINT32_MAX))
		return false;
	put32(rule, offset, min ? 0 : max + 1);
	put32(rule, offset + 4, min ? min - 1 : UINT32_MAX);
	return true;
}

bool rule_complement(struct socktrace_rule *rule)
{
	uint32_t mask;

	switch (rule->match) {
	case SOCKTRACE_MATCH_EVENTS:
		mask = SOCKTRACE_EVENTS_ALL & ~rule->events;
		if (mask)
			rule->events = mask;
		return mask;
	case SOCKTRACE_MATCH_PHASES:
		mask = RULE_PHASES_ALL & ~rule->phases;
		if (mask)
			rule->phases = mask;
		return mask;
	case SOCKTRACE_MATCH_UID:
		return range_complement(rule, offsetof(struct socktrace_rule, uid_min));
	case SOCKTRACE_MATCH_EUID:
		return range_complement(rule, offsetof(struct socktrace_rule, euid_min));
	case SOCKTRACE_MATCH_LOGINUID:
		return range_complement(rule, offsetof(struct socktrace_rule, loginuid_min));
	default:
		return false;
	}
}
