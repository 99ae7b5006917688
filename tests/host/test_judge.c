// SPDX-License-Identifier: GPL-2.0
/* filter/judge.c, where test_property does not come: what only a reader can lack. */
#include "unit.h"

#include <sys/socket.h>

#include "filter/judge.h"

static struct paths paths;
static struct procinfo proc;

static const char *no_cgroup(const void *context, uint64_t id, size_t *length)
{
	(void)context;
	(void)id;
	(void)length;
	return NULL;
}

static bool accepts(const struct socktrace_rule *rules, unsigned int nr_rules,
		    const struct socktrace_event *ev)
{
	struct judge judge = { .rules = rules, .nr_rules = nr_rules, .proc = &proc,
			       .paths = &paths, .cgroup_path = no_cgroup };

	return judge_accepts(&judge, ev);
}

static struct socktrace_rule of_path(const char *path, uint32_t action)
{
	struct socktrace_rule rule = { .match = SOCKTRACE_MATCH_PATH, .action = action,
				       .path_len = (__u8)strlen(path) };

	memcpy(rule.path, path, rule.path_len);
	return rule;
}

static void told_paths_are_judged(void **state)
{
	struct socktrace_event part = { .size = sizeof(part), .type = SOCKTRACE_PATH,
					.call_id = 9, .path_parts = 1, .path_len = 8,
					.path_text = "/run/x.s" };
	struct socktrace_event ev = { .size = sizeof(ev), .type = SOCKTRACE_CONNECT,
				      .phase = SOCKTRACE_EXIT, .call_id = 9,
				      .flags = SOCKTRACE_F_PEER_PATH };
	struct socktrace_rule rules[2];

	(void)state;
	rules[0] = of_path("/run/", SOCKTRACE_ACCEPT);
	/* It may be any, as long as it is not told: it is rather given than kept. */
	assert_true(accepts(rules, 1, &ev));
	rules[0] = of_path("/run/", SOCKTRACE_REJECT);
	rules[1] = (struct socktrace_rule){ .action = SOCKTRACE_ACCEPT };
	assert_true(accepts(rules, 2, &ev));
	paths_take(&paths, &part);
	assert_false(accepts(rules, 2, &ev));
	rules[0] = of_path("/run/", SOCKTRACE_ACCEPT);
	assert_true(accepts(rules, 1, &ev));
	rules[0] = of_path("/run/y", SOCKTRACE_ACCEPT);
	assert_false(accepts(rules, 1, &ev));
	rules[0] = of_path("/run/x.sock", SOCKTRACE_ACCEPT);
	assert_false(accepts(rules, 1, &ev));
	/* Without a path of its own. */
	ev.flags = 0;
	rules[0] = of_path("/run/", SOCKTRACE_ACCEPT);
	assert_false(accepts(rules, 1, &ev));
	paths_free(&paths);
}

static void processes_are_those_of_the_recorder(void **state)
{
	struct socktrace_event ev = { .size = sizeof(ev), .type = SOCKTRACE_SOCKET, .tgid = 4711,
				      .tid = 4712, .ns_tgid = 7, .ns_tid = 8, .pidns = 42 };
	struct socktrace_rule rule = { .match = SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_TID,
				       .action = SOCKTRACE_ACCEPT, .tgid = 4711, .tid = 4712 };

	(void)state;
	assert_true(accepts(&rule, 1, &ev));
	proc.pidns = 42;
	assert_false(accepts(&rule, 1, &ev));
	rule.tgid = 7;
	rule.tid = 8;
	assert_true(accepts(&rule, 1, &ev));
	proc.pidns = 43; /* another one: there it has no number */
	assert_false(accepts(&rule, 1, &ev));
	proc.pidns = 0;
}

static void absurd_records_are_judged(void **state)
{
	struct socktrace_event ev = { .size = sizeof(ev), .type = 255, .phase = 255,
				      .addr_len = 255, .local_len = 255,
				      .flags = SOCKTRACE_F_PEER_PATH };
	struct socktrace_rule rule = { .match = SOCKTRACE_MATCH_EVENTS, .action = SOCKTRACE_ACCEPT,
				       .events = ~0U };

	(void)state;
	memset(ev.addrs, 0xff, sizeof(ev.addrs));
	assert_false(accepts(&rule, 1, &ev));
	rule.match = SOCKTRACE_MATCH_REMOTE_PORT | SOCKTRACE_MATCH_LOCAL_PORT |
		     SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_PATH;
	assert_false(accepts(&rule, 1, &ev));
	rule.match = SOCKTRACE_MATCH_CGROUP_TREE;
	rule.cgroup = 3;
	assert_false(accepts(&rule, 1, &ev));
	ev.cgroup_id = 3;
	assert_true(accepts(&rule, 1, &ev));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told_paths_are_judged),
		cmocka_unit_test(processes_are_those_of_the_recorder),
		cmocka_unit_test(absurd_records_are_judged),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
