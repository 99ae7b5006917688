// SPDX-License-Identifier: GPL-2.0-only
/* Which rules are refused, and that the bad field is named. */
#include <linux/errno.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include "fixture.h"
#include "suites.h"

struct rule_case {
	const char *name;
	u32 bad_field; /* ~0: it is fine */
	struct socktrace_rule rule;
};

#define AT(field) offsetof(struct socktrace_rule, field)
#define FINE (~0U)
#define WITH(bit) .action = SOCKTRACE_ACCEPT, .match = SOCKTRACE_MATCH_##bit
#define NONE .action = SOCKTRACE_ACCEPT

static const struct rule_case rule_cases[] = {
	{ "unknown condition", AT(match), { NONE, .match = 1U << 31 } },
	{ "no action", AT(action), { .match = 0 } },
	{ "unknown action", AT(action), { .action = 3 } },
	{ "no condition", FINE, { NONE } },
	{ "events, not asked", AT(events), { NONE, .events = 2 } },
	{ "no events", AT(events), { WITH(EVENTS) } },
	{ "unknown event", AT(events), { WITH(EVENTS), .events = 1 } },
	{ "lost is no event", AT(events), { WITH(EVENTS), .events = 1U << SOCKTRACE_LOST } },
	{ "phases, not asked", AT(phases), { NONE, .phases = 2 } },
	{ "no phases", AT(phases), { WITH(PHASES) } },
	{ "unknown phase", AT(phases), { WITH(PHASES), .phases = 1 } },
	{ "every phase", FINE, { WITH(PHASES), .phases = 0xe } },
	{ "tgid, not asked", AT(tgid), { NONE, .tgid = 1 } },
	{ "no tgid", AT(tgid), { WITH(TGID) } },
	{ "tid, not asked", AT(tid), { NONE, .tid = 1 } },
	{ "no tid", AT(tid), { WITH(TID) } },
	{ "ancestor, not asked", AT(ancestor), { NONE, .ancestor = 1 } },
	{ "no ancestor", AT(ancestor), { WITH(ANCESTOR) } },
	{ "families, not asked", AT(families), { NONE, .families = 1ULL << 40 } },
	{ "no families", AT(families), { WITH(FAMILIES) } },
	{ "types, not asked", AT(types), { NONE, .types = 2 } },
	{ "no types", AT(types), { WITH(TYPES) } },
	{ "unknown type", AT(types), { WITH(TYPES), .types = 1 << 16 } },
	{ "uid_min, not asked", AT(uid_min), { NONE, .uid_min = 1 } },
	{ "uid_max, not asked", AT(uid_max), { NONE, .uid_max = 1 } },
	{ "uids upside down", AT(uid_max), { WITH(UID), .uid_min = 2, .uid_max = 1 } },
	{ "root", FINE, { WITH(UID) } },
	{ "euid_min, not asked", AT(euid_min), { WITH(UID), .euid_min = 1 } },
	{ "euid_max, not asked", AT(euid_max), { WITH(UID), .euid_max = 1 } },
	{ "euids upside down", AT(euid_max), { WITH(EUID), .euid_min = 2, .euid_max = 1 } },
	{ "the effective root", FINE, { WITH(EUID) } },
	{ "loginuid_min, not asked", AT(loginuid_min), { WITH(EUID), .loginuid_min = 1 } },
	{ "loginuid_max, not asked", AT(loginuid_max), { WITH(EUID), .loginuid_max = 1 } },
	{ "loginuids upside down", AT(loginuid_max),
	  { WITH(LOGINUID), .loginuid_min = 2, .loginuid_max = 1 } },
	{ "nobody logged in", FINE,
	  { WITH(LOGINUID), .loginuid_min = ~0U, .loginuid_max = ~0U } },
	{ "protocol, not asked", AT(protocol), { NONE, .protocol = 6 } },
	{ "protocol 0", FINE, { WITH(PROTOCOL) } },
	{ "comm, not asked", AT(comm), { NONE, .comm = "x" } },
	{ "no comm", AT(comm), { WITH(COMM) } },
	{ "no beginning of comm", AT(comm), { WITH(COMM_PREFIX) } },
	{ "comm of 16 bytes", AT(comm), { WITH(COMM), .comm = "0123456789abcdef" } },
	{ "comm of 15 bytes", FINE, { WITH(COMM), .comm = "0123456789abcde" } },
	{ "something behind comm", AT(comm), { WITH(COMM), .comm = "a\0b" } },
	{ "netns, not asked", AT(netns), { NONE, .netns = 1 } },
	{ "no netns", AT(netns), { WITH(NETNS) } },
	{ "mntns, not asked", AT(mntns), { NONE, .mntns = 1 } },
	{ "no mntns", AT(mntns), { WITH(MNTNS) } },
	{ "pidns, not asked", AT(pidns), { NONE, .pidns = 1 } },
	{ "no pidns", AT(pidns), { WITH(PIDNS) } },
	{ "cgroup, not asked", AT(cgroup), { NONE, .cgroup = 1 } },
	{ "no cgroup", AT(cgroup), { WITH(CGROUP) } },
	{ "no cgroup tree", AT(cgroup), { WITH(CGROUP_TREE) } },
	{ "error, not asked", AT(error), { NONE, .error = 1 } },
	{ "no error", AT(error), { WITH(ERROR) } },
	{ "the highest error", FINE, { WITH(ERROR), .error = 4095 } },
	{ "no such error", AT(error), { WITH(ERROR), .error = 4096 } },
	{ "duration, not asked", AT(min_duration_ns), { NONE, .min_duration_ns = 1 } },
	{ "any duration", FINE, { WITH(DURATION) } },
	{ "remote address, not asked", AT(remote.addr),
	  { WITH(REMOTE_PORT), .remote = { .addr = { 1 }, .prefix_len = 8 } } },
	{ "remote prefix, not asked", AT(remote.prefix_len),
	  { WITH(REMOTE_PORT), .remote.prefix_len = 8 } },
	{ "prefix too long", AT(remote.prefix_len),
	  { WITH(REMOTE_NET), .remote.prefix_len = 129 } },
	{ "prefix of all bits", FINE,
	  { WITH(REMOTE_NET), .remote = { .addr = { [15] = 1 }, .prefix_len = 128 } } },
	{ "a bit behind the prefix", AT(remote.addr),
	  { WITH(REMOTE_NET), .remote = { .addr = { 0xff }, .prefix_len = 7 } } },
	{ "a byte behind the prefix", AT(remote.addr),
	  { WITH(REMOTE_NET), .remote = { .addr = { 0xfe, 0, 1 }, .prefix_len = 7 } } },
	{ "remote port, not asked", AT(remote.port_min),
	  { WITH(REMOTE_NET), .remote = { .port_min = 1, .port_max = 1 } } },
	{ "remote ports upside down", AT(remote.port_max),
	  { WITH(REMOTE_PORT), .remote = { .port_min = 2, .port_max = 1 } } },
	{ "remote reserved", AT(remote.reserved), { WITH(REMOTE_NET), .remote.reserved = 1 } },
	{ "remote reserved2", AT(remote.reserved2),
	  { WITH(REMOTE_PORT), .remote.reserved2 = 1 } },
	{ "local address, not asked", AT(local.addr), { WITH(REMOTE_NET), .local.addr = { 1 } } },
	{ "local prefix too long", AT(local.prefix_len),
	  { WITH(LOCAL_NET), .local.prefix_len = 200 } },
	{ "local ports upside down", AT(local.port_max),
	  { WITH(LOCAL_PORT), .local = { .port_min = 2, .port_max = 1 } } },
	{ "local reserved2", AT(local.reserved2), { WITH(LOCAL_PORT), .local.reserved2 = 1 } },
	{ "path, not asked", AT(path), { NONE, .path = "/" } },
	{ "path_len, not asked", AT(path_len), { NONE, .path_len = 1 } },
	{ "no path", AT(path_len), { WITH(PATH) } },
	{ "path of one NUL", FINE, { WITH(PATH), .path_len = 1 } },
	{ "path of 108 bytes", FINE, { WITH(PATH), .path_len = 108 } },
	{ "path too long", AT(path_len), { WITH(PATH), .path_len = 109 } },
	{ "something behind path", AT(path), { WITH(PATH), .path = "ab", .path_len = 1 } },
	{ "reserved", AT(reserved), { NONE, .reserved = 1 } },
};

static void describe(const struct rule_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}
KUNIT_ARRAY_PARAM(rule, rule_cases, describe);

static void a_bad_rule_is_named(struct kunit *test)
{
	const struct rule_case *c = test->param_value;
	struct st_filter *filter = new_filter(test, 3, SOCKTRACE_ACCEPT);
	u32 rule = 99, field = 99;

	filter->rules[0].action = filter->rules[2].action = SOCKTRACE_REJECT;
	filter->rules[1] = c->rule;
	if (c->bad_field == FINE) {
		KUNIT_EXPECT_EQ(test, st_filter_validate(filter, &rule, &field), 0);
		return;
	}
	KUNIT_EXPECT_EQ(test, st_filter_validate(filter, &rule, &field), -EINVAL);
	KUNIT_EXPECT_EQ(test, rule, 1U);
	KUNIT_EXPECT_EQ(test, field, c->bad_field);
}

static void a_bad_default_is_named(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 0, 0);
	u32 rule = 0, field = 0;

	KUNIT_EXPECT_EQ(test, st_filter_validate(filter, &rule, &field), -EINVAL);
	KUNIT_EXPECT_EQ(test, rule, ~0U);
	KUNIT_EXPECT_EQ(test, field, (u32)offsetof(struct socktrace_filter, default_action));
}

static struct kunit_case validate_cases[] = {
	KUNIT_CASE_PARAM(a_bad_rule_is_named, rule_gen_params),
	KUNIT_CASE(a_bad_default_is_named),
	{}
};

struct kunit_suite validate_suite = {
	.name = "socktrace_validate",
	.test_cases = validate_cases,
};
