// SPDX-License-Identifier: GPL-2.0-only
/* What rules match, and which one decides. What rules may be: validate_test.c. */
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/un.h>

#include "../../module/filter.c"

#include "fixture.h"
#include "suites.h"

#define BIT_OF(type) SOCKTRACE_EVENT_BIT(SOCKTRACE_##type)
#define ENTRY_KNOWN                                                            \
	(SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_PHASES | SOCKTRACE_MATCH_TGID | \
	 SOCKTRACE_MATCH_TID | SOCKTRACE_MATCH_ANCESTOR)

/* The task descends from 1, 10 and 100, and is in cgroup 77 of 7. */
static unsigned int trees_walked;

static bool descends(const struct task_struct *task, u32 tgid)
{
	trees_walked++;
	return tgid == 1 || tgid == 10 || tgid == 100;
}

static bool in_cgroup(struct task_struct *task, u64 id)
{
	trees_walked++;
	return id == 7 || id == 77;
}

/* Records that the rules are tried on. */
enum sample {
	TCP, TCP6, MAPPED, UNIX_PATH_CALL, ABSTRACT, NO_SOCKET, SOCKET_CALL, PAIR, LOST_PAIR, ENTERED,
	BOUND, NOT_BOUND
};

static void set_in(struct sockaddr_in *in, u32 addr, u16 port)
{
	*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(addr) };
}

static void set_in6(struct sockaddr_in6 *in6, const u8 *addr, u16 port)
{
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
	memcpy(&in6->sin6_addr, addr, 16);
}

static const u8 v6_remote[16] = { 0x20, 1, 0xd, 0xb8, 0xff };
static const u8 v6_local[16] = { 0x20, 1, 0xd, 0xb8, 0, 1 };
static const u8 v6_mapped[16] = { [10] = 0xff, 0xff, 10, 1, 2, 3 };

/* Of either byte order: the family is the host's. */
static const struct sockaddr_un dbus = { AF_UNIX, "/run/dbus/socket" };
static const struct sockaddr_un abstract = { AF_UNIX, "\0name" };
#define UNIX_LEN(path) (offsetof(struct sockaddr_un, sun_path) + sizeof(path) - 1)

static void sample(struct socktrace_event *ev, enum sample which)
{
	struct sockaddr_in in, in_local;
	struct sockaddr_in6 in6, in6_local;

	st_record_init(ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	ev->tgid = 100;
	ev->tid = 101;
	ev->uid = 1000;
	ev->euid = 33;
	ev->loginuid = which == NO_SOCKET ? ~0U : 1001;
	ev->netns = 11;
	ev->mntns = 12;
	ev->pidns = 13;
	ev->cgroup_id = 77;
	memcpy(ev->comm, "nginx", 6);
	ev->ret = -111;
	ev->duration_ns = 5000;
	ev->flags = SOCKTRACE_F_SOCK;
	ev->sock_family = AF_INET;
	ev->sock_type = SOCK_STREAM;
	ev->sock_protocol = IPPROTO_TCP;
	set_in(&in, 0x0a010203, 443);
	set_in(&in_local, 0xc0a80009, 40000);
	switch (which) {
	case BOUND: /* to any port of any address, which became 192.168.0.9:40000 */
		set_in(&in, 0, 0);
		ev->ret = 0;
		fallthrough;
	case NOT_BOUND:
		ev->type = SOCKTRACE_BIND;
		set_ends(ev, &in, sizeof(in), &in_local, which == BOUND ? sizeof(in_local) : 0);
		break;
	case ENTERED:
		ev->phase = SOCKTRACE_ENTER;
		ev->ret = 0;
		ev->duration_ns = 0;
		fallthrough;
	case TCP:
		set_ends(ev, &in, sizeof(in), &in_local, sizeof(in_local));
		break;
	case TCP6:
	case MAPPED:
		ev->sock_family = AF_INET6;
		set_in6(&in6, which == TCP6 ? v6_remote : v6_mapped, 443);
		set_in6(&in6_local, v6_local, 40000);
		set_ends(ev, &in6, sizeof(in6), &in6_local, sizeof(in6_local));
		break;
	case UNIX_PATH_CALL:
		ev->sock_family = AF_UNIX;
		ev->ret = 0;
		set_ends(ev, &dbus, UNIX_LEN("/run/dbus/socket") + 1, NULL, 0);
		break;
	case ABSTRACT: /* an accept: the name is its own */
		ev->type = SOCKTRACE_ACCEPT4;
		ev->sock_family = AF_UNIX;
		ev->ret = 5;
		set_ends(ev, &abstract, UNIX_LEN(""), &abstract, UNIX_LEN("\0name"));
		break;
	case NO_SOCKET:
		ev->flags = 0;
		ev->sock_family = ev->sock_type = 0;
		break;
	case SOCKET_CALL:
		ev->type = SOCKTRACE_SOCKET;
		ev->args[0] = AF_INET6;
		ev->args[1] = SOCK_DGRAM | O_CLOEXEC;
		ev->sock_protocol = IPPROTO_UDP;
		ev->ret = 3;
		break;
	case LOST_PAIR: /* what its caller's memory had was no pair */
		ev->flags = 0;
		ev->sock_family = ev->sock_type = 0;
		fallthrough;
	case PAIR:
		ev->type = SOCKTRACE_SOCKETPAIR;
		ev->args[0] = AF_UNIX;
		ev->args[1] = SOCK_RAW | O_CLOEXEC; /* it becomes one of datagrams */
		ev->args[2] = 1;
		ev->ret = 0;
		if (which == PAIR) {
			ev->flags |= SOCKTRACE_F_SV;
			ev->sock_family = AF_UNIX;
			ev->sock_type = SOCK_DGRAM;
			ev->sv[0] = AF_UNIX;
			ev->sv[1] = 0x2f2f2f2f;
		}
		break;
	}
}

static enum st_filter_verdict judge(const struct st_filter *filter,
				 const struct socktrace_event *ev)
{
	struct st_filter_facts facts;

	st_filter_facts_of(&facts, ev);
	facts.descends = descends;
	facts.in_cgroup = in_cgroup;
	return st_filter_judge(filter, &facts);
}

/* --- each condition, on both sides of its bounds -------------------------- */

struct match_case {
	const char *name;
	enum sample sample;
	bool holds;
	struct socktrace_rule rule;
};

#define WITH(bit) .match = SOCKTRACE_MATCH_##bit
#define NET(bits, ...) { .addr = __VA_ARGS__, .prefix_len = bits }
#define V4(a, b, c, d) { [10] = 0xff, 0xff, a, b, c, d }
#define PORTS(min, max) { .port_min = min, .port_max = max }
#define PATH(s) .path = s, .path_len = sizeof(s) - 1

static const struct match_case match_cases[] = {
	{ "no condition", TCP, true, { 0 } },
	{ "event", TCP, true, { WITH(EVENTS), .events = BIT_OF(CONNECT) | BIT_OF(SOCKET) } },
	{ "other event", TCP, false, { WITH(EVENTS), .events = BIT_OF(SOCKET) } },
	{ "phase", TCP, true, { WITH(PHASES), .phases = SOCKTRACE_PHASE_EXIT } },
	{ "other phase", TCP, false, { WITH(PHASES), .phases = SOCKTRACE_PHASE_ENTER } },
	{ "entry phase", ENTERED, true, { WITH(PHASES), .phases = SOCKTRACE_PHASE_ENTER } },
	{ "tgid", TCP, true, { WITH(TGID), .tgid = 100 } },
	{ "tgid is not tid", TCP, false, { WITH(TGID), .tgid = 101 } },
	{ "tgid of the same bucket", TCP, false, { WITH(TGID), .tgid = 100 + 64 } },
	{ "tid", TCP, true, { WITH(TID), .tid = 101 } },
	{ "tid is not tgid", TCP, false, { WITH(TID), .tid = 100 } },
	{ "ancestor", TCP, true, { WITH(ANCESTOR), .ancestor = 10 } },
	{ "no ancestor", TCP, false, { WITH(ANCESTOR), .ancestor = 11 } },
	{ "uid alone", TCP, true, { WITH(UID), .uid_min = 1000, .uid_max = 1000 } },
	{ "uid at its lowest", TCP, true, { WITH(UID), .uid_min = 1000, .uid_max = 1001 } },
	{ "uid at its highest", TCP, true, { WITH(UID), .uid_min = 0, .uid_max = 1000 } },
	{ "uid above", TCP, false, { WITH(UID), .uid_min = 0, .uid_max = 999 } },
	{ "uid below", TCP, false, { WITH(UID), .uid_min = 1001, .uid_max = ~0U } },
	{ "euid alone", TCP, true, { WITH(EUID), .euid_min = 33, .euid_max = 33 } },
	{ "euid is not uid", TCP, false, { WITH(EUID), .euid_min = 34, .euid_max = ~0U } },
	{ "euid above", TCP, false, { WITH(EUID), .euid_max = 32 } },
	{ "loginuid alone", TCP, true, { WITH(LOGINUID), .loginuid_min = 1001, .loginuid_max = 1001 } },
	{ "loginuid is not uid", TCP, false, { WITH(LOGINUID), .loginuid_max = 1000 } },
	{ "loginuid below", TCP, false, { WITH(LOGINUID), .loginuid_min = 1002, .loginuid_max = ~0U } },
	{ "nobody logged in", NO_SOCKET, true, { WITH(LOGINUID), .loginuid_min = ~0U, .loginuid_max = ~0U } },
	{ "anybody logged in", NO_SOCKET, false, { WITH(LOGINUID), .loginuid_max = ~0U - 1 } },
	{ "protocol", TCP, true, { WITH(PROTOCOL), .protocol = IPPROTO_TCP } },
	{ "other protocol", TCP, false, { WITH(PROTOCOL), .protocol = IPPROTO_UDP } },
	{ "protocol that socket() left open", SOCKET_CALL, true, { WITH(PROTOCOL), .protocol = IPPROTO_UDP } },
	{ "protocol of no socket, as asked for", LOST_PAIR, true, { WITH(PROTOCOL), .protocol = 1 } },
	{ "protocol of no socket", NO_SOCKET, false, { WITH(PROTOCOL) } },
	{ "comm", TCP, true, { WITH(COMM), .comm = "nginx" } },
	{ "comm, longer", TCP, false, { WITH(COMM), .comm = "nginxx" } },
	{ "comm, shorter", TCP, false, { WITH(COMM), .comm = "ngin" } },
	{ "comm begins", TCP, true, { WITH(COMM_PREFIX), .comm = "ngin" } },
	{ "comm begins with all", TCP, true, { WITH(COMM_PREFIX), .comm = "nginx" } },
	{ "comm is too short", TCP, false, { WITH(COMM_PREFIX), .comm = "nginxx" } },
	{ "comm begins else", TCP, false, { WITH(COMM_PREFIX), .comm = "x" } },
	{ "netns", TCP, true, { WITH(NETNS), .netns = 11 } },
	{ "other netns", TCP, false, { WITH(NETNS), .netns = 12 } },
	{ "mntns", TCP, true, { WITH(MNTNS), .mntns = 12 } },
	{ "other mntns", TCP, false, { WITH(MNTNS), .mntns = 11 } },
	{ "pidns", TCP, true, { WITH(PIDNS), .pidns = 13 } },
	{ "other pidns", TCP, false, { WITH(PIDNS), .pidns = 11 } },
	{ "cgroup", TCP, true, { WITH(CGROUP), .cgroup = 77 } },
	{ "cgroup above", TCP, false, { WITH(CGROUP), .cgroup = 7 } },
	{ "cgroup tree", TCP, true, { WITH(CGROUP_TREE), .cgroup = 7 } },
	{ "other cgroup tree", TCP, false, { WITH(CGROUP_TREE), .cgroup = 8 } },
	{ "family", TCP, true, { WITH(FAMILIES), .families = 1 << AF_INET } },
	{ "other family", TCP, false, { WITH(FAMILIES), .families = ~(1ULL << AF_INET) } },
	{ "family of neither socket nor address", NO_SOCKET, false, { WITH(FAMILIES), .families = ~0ULL } },
	{ "domain", SOCKET_CALL, true, { WITH(FAMILIES), .families = 1 << AF_INET6 } },
	{ "other domain", SOCKET_CALL, false, { WITH(FAMILIES), .families = 1 << AF_INET } },
	{ "type", TCP, true, { WITH(TYPES), .types = 1 << SOCK_STREAM } },
	{ "other type", TCP, false, { WITH(TYPES), .types = 1 << SOCK_DGRAM } },
	{ "type without its flags", SOCKET_CALL, true, { WITH(TYPES), .types = 1 << SOCK_DGRAM } },
	{ "event of a pair", PAIR, true, { WITH(EVENTS), .events = BIT_OF(SOCKETPAIR) } },
	{ "other event than a pair's", PAIR, false, { WITH(EVENTS), .events = BIT_OF(SOCKET) } },
	{ "domain of a pair", PAIR, true, { WITH(FAMILIES), .families = 1 << AF_UNIX } },
	{ "domain of a lost pair", LOST_PAIR, true, { WITH(FAMILIES), .families = 1 << AF_UNIX } },
	{ "type of a pair, as asked for", PAIR, true, { WITH(TYPES), .types = 1 << SOCK_RAW } },
	{ "type of a pair, as made", PAIR, false, { WITH(TYPES), .types = 1 << SOCK_DGRAM } },
	{ "type of a lost pair", LOST_PAIR, true, { WITH(TYPES), .types = 1 << SOCK_RAW } },
	{ "a pair's descriptors are no path", PAIR, false, { WITH(PATH), PATH("/") } },
	{ "a pair that was made", PAIR, true, { WITH(OK) } },
	{ "type of no socket", NO_SOCKET, false, { WITH(TYPES), .types = 0xffff } },
	{ "net", TCP, true, { WITH(REMOTE_NET), .remote = NET(96 + 8, V4(10, 0, 0, 0)) } },
	{ "other net", TCP, false, { WITH(REMOTE_NET), .remote = NET(96 + 8, V4(11, 0, 0, 0)) } },
	{ "net within a byte", TCP, true, { WITH(REMOTE_NET), .remote = NET(96 + 15, V4(10, 0, 0, 0)) } },
	{ "other net within a byte", TCP, false, { WITH(REMOTE_NET), .remote = NET(96 + 16, V4(10, 0, 0, 0)) } },
	{ "net of one address", TCP, true, { WITH(REMOTE_NET), .remote = NET(128, V4(10, 1, 2, 3)) } },
	{ "the address beside it", TCP, false, { WITH(REMOTE_NET), .remote = NET(128, V4(10, 1, 2, 2)) } },
	{ "any IPv4", TCP, true, { WITH(REMOTE_NET), .remote = NET(96, V4(0, 0, 0, 0)) } },
	{ "any IPv4 is no IPv6", TCP6, false, { WITH(REMOTE_NET), .remote = NET(96, V4(0, 0, 0, 0)) } },
	{ "any address", TCP6, true, { WITH(REMOTE_NET) } },
	{ "any address is none of UNIX", UNIX_PATH_CALL, false, { WITH(REMOTE_NET) } },
	{ "IPv6 net", TCP6, true, { WITH(REMOTE_NET), .remote = NET(33, { 0x20, 1, 0xd, 0xb8, 0x80 }) } },
	{ "other IPv6 net", TCP6, false, { WITH(REMOTE_NET), .remote = NET(33, { 0x20, 1, 0xd, 0xb8 }) } },
	{ "mapped is IPv4", MAPPED, true, { WITH(REMOTE_NET), .remote = NET(96 + 8, V4(10, 0, 0, 0)) } },
	{ "local net", TCP, true, { WITH(LOCAL_NET), .local = NET(96 + 16, V4(192, 168, 0, 0)) } },
	{ "local net is not remote", TCP, false, { WITH(LOCAL_NET), .local = NET(96 + 8, V4(10, 0, 0, 0)) } },
	{ "remote port", TCP, true, { WITH(REMOTE_PORT), .remote = PORTS(443, 443) } },
	{ "remote port at its lowest", TCP6, true, { WITH(REMOTE_PORT), .remote = PORTS(443, 500) } },
	{ "remote port at its highest", TCP, true, { WITH(REMOTE_PORT), .remote = PORTS(1, 443) } },
	{ "remote port above", TCP, false, { WITH(REMOTE_PORT), .remote = PORTS(0, 442) } },
	{ "remote port below", TCP, false, { WITH(REMOTE_PORT), .remote = PORTS(444, 65535) } },
	{ "local port", TCP, true, { WITH(LOCAL_PORT), .local = PORTS(40000, 40000) } },
	{ "local port is not remote", TCP, false, { WITH(LOCAL_PORT), .local = PORTS(443, 443) } },
	{ "port of no address", SOCKET_CALL, false, { WITH(REMOTE_PORT), .remote = PORTS(0, 65535) } },
	{ "port of a bind", BOUND, true, { WITH(LOCAL_PORT), .local = PORTS(40000, 40000) } },
	{ "port that a bind asks for", BOUND, false, { WITH(LOCAL_PORT), .local = PORTS(0, 0) } },
	{ "port that a bind did not get", NOT_BOUND, true, { WITH(LOCAL_PORT), .local = PORTS(443, 443) } },
	{ "net that a bind did not get", NOT_BOUND, true, { WITH(LOCAL_NET), .local = NET(96 + 8, V4(10, 0, 0, 0)) } },
	{ "a bind's is not remote", NOT_BOUND, false, { WITH(REMOTE_PORT), .remote = PORTS(0, 65535) } },
	{ "path", UNIX_PATH_CALL, true, { WITH(PATH), PATH("/run/") } },
	{ "path, all of it", UNIX_PATH_CALL, true, { WITH(PATH), PATH("/run/dbus/socket") } },
	{ "path, longer", UNIX_PATH_CALL, false, { WITH(PATH), PATH("/run/dbus/socket2") } },
	{ "other path", UNIX_PATH_CALL, false, { WITH(PATH), PATH("/var/") } },
	{ "path of IPv4", TCP, false, { WITH(PATH), PATH("\x01") } },
	{ "abstract, local", ABSTRACT, true, { WITH(PATH), PATH("\0na") } },
	{ "abstract is no path", ABSTRACT, false, { WITH(PATH), PATH("na") } },
	{ "abstract, longer", ABSTRACT, false, { WITH(PATH), PATH("\0names") } },
	{ "ok", SOCKET_CALL, true, { WITH(OK) } },
	{ "ok with 0", UNIX_PATH_CALL, true, { WITH(OK) } },
	{ "not ok", TCP, false, { WITH(OK) } },
	{ "failed", TCP, true, { WITH(FAILED) } },
	{ "not failed", UNIX_PATH_CALL, false, { WITH(FAILED) } },
	{ "errno", TCP, true, { WITH(ERROR), .error = 111 } },
	{ "other errno", TCP, false, { WITH(ERROR), .error = 110 } },
	{ "no errno", SOCKET_CALL, false, { WITH(ERROR), .error = 3 } },
	{ "duration, just", TCP, true, { WITH(DURATION), .min_duration_ns = 5000 } },
	{ "duration, just not", TCP, false, { WITH(DURATION), .min_duration_ns = 5001 } },
	{ "no result at entry: ok", ENTERED, false, { WITH(OK) } },
	{ "no result at entry: failed", ENTERED, false, { WITH(FAILED) } },
	{ "no duration at entry", ENTERED, false, { WITH(DURATION) } },
	{ "all of several", TCP, true, { .match = SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_FAILED,
	  .tgid = 100 } },
	{ "all but the last of several", TCP, false, { .match = SOCKTRACE_MATCH_TGID |
	  SOCKTRACE_MATCH_OK, .tgid = 100 } },
};

static void describe_match(const struct match_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}
KUNIT_ARRAY_PARAM(match, match_cases, describe_match);

static void a_condition_holds(struct kunit *test)
{
	const struct match_case *c = test->param_value;
	struct st_filter *filter = new_filter(test, 1, SOCKTRACE_REJECT);
	struct socktrace_event ev;
	u32 rule, field;

	filter->rules[0] = c->rule;
	filter->rules[0].action = SOCKTRACE_ACCEPT;
	st_filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, st_filter_validate(filter, &rule, &field), 0);
	sample(&ev, c->sample);
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev),
			(int)(c->holds ? ST_FILTER_ACCEPT : ST_FILTER_REJECT));
}

/* --- which rule decides ---------------------------------------------------- */

static void without_rules_the_default_decides(struct kunit *test)
{
	struct socktrace_event ev;

	sample(&ev, TCP);
	KUNIT_EXPECT_EQ(test, (int)judge(new_filter(test, 0, SOCKTRACE_ACCEPT), &ev),
			(int)ST_FILTER_ACCEPT);
	KUNIT_EXPECT_EQ(test, (int)judge(new_filter(test, 0, SOCKTRACE_REJECT), &ev),
			(int)ST_FILTER_REJECT);
}

static void the_first_match_decides(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 3, SOCKTRACE_REJECT);
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 7, .action = SOCKTRACE_REJECT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS, .events = BIT_OF(CONNECT),
		.action = SOCKTRACE_ACCEPT };
	filter->rules[2] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 7, .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_ACCEPT);
	ev.tgid = 7;
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
	sample(&ev, SOCKET_CALL);
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
}

static void each_of_64_rules_is_reached(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, SOCKTRACE_MAX_RULES, SOCKTRACE_REJECT);
	struct socktrace_event ev;
	u32 i;

	for (i = 0; i < SOCKTRACE_MAX_RULES; i++)
		filter->rules[i] = (struct socktrace_rule){
			.match = i % 2 ? SOCKTRACE_MATCH_TGID : SOCKTRACE_MATCH_TID,
			.tgid = i % 2 ? 1000 + i : 0, .tid = i % 2 ? 0 : 1000 + i,
			.action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	for (i = 0; i < SOCKTRACE_MAX_RULES; i++) {
		ev.tgid = i % 2 ? 1000 + i : 1;
		ev.tid = i % 2 ? 1 : 1000 + i;
		KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_ACCEPT);
	}
	ev.tgid = ev.tid = 1064;
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
}

static void trees_are_walked_last(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 1, SOCKTRACE_REJECT);
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR | SOCKTRACE_MATCH_CGROUP_TREE |
			 SOCKTRACE_MATCH_FAILED,
		.ancestor = 10, .cgroup = 7, .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	trees_walked = 0;
	sample(&ev, UNIX_PATH_CALL);
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
	KUNIT_EXPECT_EQ(test, trees_walked, 0U);
	sample(&ev, TCP);
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_ACCEPT);
	KUNIT_EXPECT_EQ(test, trees_walked, 2U);
}

static void a_path_is_also_that_of_the_peer(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 1, SOCKTRACE_REJECT);
	struct st_path path = { .text = "/srv/dock.sock", .len = 14 };
	struct st_filter_facts facts;
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){ WITH(PATH), PATH("/srv/"),
						    .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, UNIX_PATH_CALL);
	st_filter_facts_of(&facts, &ev);
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
	facts.peer_path = &path;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_ACCEPT);
	path.len = 4;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
	/* It has one that can't be told. */
	facts.peer_path = NULL;
	facts.known &= ~SOCKTRACE_MATCH_PATH;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_UNDECIDED);
}

/* --- what is decided before everything is known ---------------------------- */

static struct st_filter_facts at_entry(const struct socktrace_event *ev, u32 known)
{
	struct st_filter_facts facts = { .known = ENTRY_KNOWN | known, .ev = ev,
					 .descends = descends, .in_cgroup = in_cgroup };

	return facts;
}

static void what_is_not_known_yet_is_undecided(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);
	struct st_filter_facts facts;
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_TGID,
		.events = BIT_OF(SOCKET), .tgid = 100, .action = SOCKTRACE_ACCEPT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_REMOTE_PORT,
		.tgid = 100, .remote = PORTS(443, 443), .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	facts = at_entry(&ev, 0);
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_UNDECIDED);
	/* What fails already needs no more. */
	ev.tgid = 99;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
	/* What matched before needs no more either. */
	sample(&ev, SOCKET_CALL);
	facts = at_entry(&ev, 0);
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_ACCEPT);
	/* Known to have no address for good: no reason to wait. */
	filter->rules[0].match = 0;
	filter->rules[0].action = SOCKTRACE_REJECT;
	filter->nr_rules = 2;
	filter->rules[0] = filter->rules[1];
	st_filter_prepare(filter);
	facts = at_entry(&ev, SOCKTRACE_MATCH_REMOTE_PORT);
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
}

/* Answers that were got in time stand for the task; what was not asked is open. */
static void answers_stand_for_the_task(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);
	struct st_filter_answers answers = { .nr = 0 };
	struct st_filter_facts facts;
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR, .ancestor = 11, .action = SOCKTRACE_ACCEPT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_ANCESTOR | SOCKTRACE_MATCH_CGROUP_TREE,
		.ancestor = 10, .cgroup = 7, .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	st_filter_facts_of(&facts, &ev);
	facts.descends = descends;
	facts.in_cgroup = in_cgroup;
	st_filter_ask(filter, &facts, &answers);
	KUNIT_EXPECT_EQ(test, answers.nr, 3U);
	facts.descends = NULL;
	facts.in_cgroup = NULL;
	facts.answers = &answers;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_ACCEPT);
	filter->rules[1].cgroup = 8;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_UNDECIDED);
	filter->rules[1].ancestor = 11;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
}

static void a_connect_under_way_has_not_failed(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 1, SOCKTRACE_REJECT);
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_FAILED, .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	ev.ret = -EINPROGRESS;
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
	ev.type = SOCKTRACE_CONNECTED;
	ev.phase = SOCKTRACE_POINT;
	ev.ret = -ECONNREFUSED;
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_ACCEPT);
	ev.ret = 0;
	KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)ST_FILTER_REJECT);
}

/* A rule that may reject leaves nothing open where the rest rejects anyway. */
static void an_open_reject_before_a_sure_one_is_sure(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);
	struct st_filter_facts facts;
	struct socktrace_event ev;

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_FAILED, .action = SOCKTRACE_REJECT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_TGID, .tgid = 100, .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	sample(&ev, TCP);
	facts = at_entry(&ev, 0);
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_UNDECIDED);
	ev.tgid = 99;
	KUNIT_EXPECT_EQ(test, (int)st_filter_judge(filter, &facts), (int)ST_FILTER_REJECT);
}

static void random_rule(struct socktrace_rule *rule, struct rnd_state *rnd)
{
	const struct match_case *a = &match_cases[prandom_u32_state(rnd) %
						  ARRAY_SIZE(match_cases)];
	const struct match_case *b = &match_cases[prandom_u32_state(rnd) %
						  ARRAY_SIZE(match_cases)];
	size_t i;

	/* Two rules of the table at once, where they look at different fields. */
	*rule = a->rule;
	if (!(a->rule.match & b->rule.match))
		for (i = 0; i < sizeof(*rule); i++)
			((u8 *)rule)[i] |= ((const u8 *)&b->rule)[i];
	rule->action = 1 + prandom_u32_state(rnd) % 2;
}

/*
 * What was decided on some facts must be what is decided on all of them: else a
 * call refused at its entry would have been kept at its return.
 */
static void early_verdicts_stand_at_the_end(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 4, SOCKTRACE_REJECT);
	unsigned int round, i, decided = 0, undecided = 0;
	struct socktrace_event ev;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 4711);
	for (round = 0; round < 10000; round++) {
		enum st_filter_verdict early;
		struct st_filter_facts facts;

		sample(&ev, prandom_u32_state(&rnd) % (ENTERED + 1));
		filter->default_action = 1 + prandom_u32_state(&rnd) % 2;
		for (i = 0; i < filter->nr_rules; i++)
			random_rule(&filter->rules[i], &rnd);
		st_filter_prepare(filter);
		facts = at_entry(&ev, prandom_u32_state(&rnd) &
				      (IDENTITY | SOCKTRACE_MATCH_FAMILIES |
				       SOCKTRACE_MATCH_TYPES));
		early = st_filter_judge(filter, &facts);
		if (early == ST_FILTER_UNDECIDED) {
			undecided++;
			continue;
		}
		decided++;
		KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)early);
	}
	/* Both kinds must have come up, or nothing was tested. */
	KUNIT_EXPECT_GT(test, decided, 300U);
	KUNIT_EXPECT_GT(test, undecided, 300U);
}

/* What is worked out beforehand may save looks, but change no verdict. */
static void preparation_changes_no_verdict(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 6, SOCKTRACE_REJECT), *plain;
	unsigned int round, i, accepted = 0, ruled_out = 0;
	struct socktrace_event ev;
	struct rnd_state rnd;

	plain = new_filter(test, 6, SOCKTRACE_REJECT);
	prandom_seed_state(&rnd, 815);
	for (round = 0; round < 3000; round++) {
		sample(&ev, prandom_u32_state(&rnd) % (ENTERED + 1));
		for (i = 0; i < filter->nr_rules; i++)
			random_rule(&filter->rules[i], &rnd);
		memcpy(plain->rules, filter->rules, 6 * sizeof(filter->rules[0]));
		st_filter_prepare(filter);
		memset(plain->by_event, 0xff, sizeof(plain->by_event));
		memset(plain->by_tgid, 0xff, sizeof(plain->by_tgid));
		for (i = 0; i < ARRAY_SIZE(plain->by_event); i++)
			plain->by_event[i] = (1 << 6) - 1;
		KUNIT_EXPECT_EQ(test, (int)judge(filter, &ev), (int)judge(plain, &ev));
		accepted += judge(filter, &ev) == ST_FILTER_ACCEPT;
		if (!(filter->events & SOCKTRACE_EVENT_BIT(ev.type))) {
			ruled_out++;
			KUNIT_EXPECT_EQ(test, (int)judge(plain, &ev), (int)ST_FILTER_REJECT);
		}
		if (filter->accepts & SOCKTRACE_EVENT_BIT(ev.type))
			KUNIT_EXPECT_EQ(test, (int)judge(plain, &ev), (int)ST_FILTER_ACCEPT);
		if (!(filter->tgids >> ev.tgid % ST_FILTER_TGID_BUCKETS & 1))
			KUNIT_EXPECT_EQ(test, (int)judge(plain, &ev), (int)ST_FILTER_REJECT);
	}
	KUNIT_EXPECT_GT(test, accepted, 300U);
	KUNIT_EXPECT_GT(test, ruled_out, 10U);
}

/* What spares a look at the rules. */
static void what_is_sure_is_known_beforehand(struct kunit *test)
{
	struct st_filter *filter = new_filter(test, 2, SOCKTRACE_REJECT);

	filter->rules[0] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS, .events = BIT_OF(CONNECT),
		.action = SOCKTRACE_ACCEPT };
	filter->rules[1] = (struct socktrace_rule){
		.match = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_TGID, .tgid = 65,
		.events = BIT_OF(CONNECT) | BIT_OF(ACCEPT4), .action = SOCKTRACE_ACCEPT };
	st_filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, filter->accepts, BIT_OF(CONNECT));
	KUNIT_EXPECT_EQ(test, filter->tgids, ~0ULL);

	/* Only of one process now, and only some of its connects. */
	filter->rules[0].match |= SOCKTRACE_MATCH_TGID;
	filter->rules[0].tgid = 65 + ST_FILTER_TGID_BUCKETS;
	st_filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, filter->accepts, 0U);
	KUNIT_EXPECT_EQ(test, filter->tgids, 1ULL << 1);

	/* A rule that rejects lets nobody in. */
	filter->rules[1].action = SOCKTRACE_REJECT;
	filter->rules[1].tgid = 2;
	st_filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, filter->tgids, 1ULL << 1);

	filter->default_action = SOCKTRACE_ACCEPT;
	st_filter_prepare(filter);
	KUNIT_EXPECT_EQ(test, filter->accepts, ((1U << ARRAY_SIZE(filter->by_event)) - 1) &
			~(BIT_OF(CONNECT) | BIT_OF(ACCEPT4)));
	KUNIT_EXPECT_EQ(test, filter->tgids, ~0ULL);
}

static struct kunit_case filter_cases[] = {
	KUNIT_CASE_PARAM(a_condition_holds, match_gen_params),
	KUNIT_CASE(without_rules_the_default_decides),
	KUNIT_CASE(the_first_match_decides),
	KUNIT_CASE(each_of_64_rules_is_reached),
	KUNIT_CASE(trees_are_walked_last),
	KUNIT_CASE(a_path_is_also_that_of_the_peer),
	KUNIT_CASE(what_is_not_known_yet_is_undecided),
	KUNIT_CASE(answers_stand_for_the_task),
	KUNIT_CASE(a_connect_under_way_has_not_failed),
	KUNIT_CASE(an_open_reject_before_a_sure_one_is_sure),
	KUNIT_CASE(early_verdicts_stand_at_the_end),
	KUNIT_CASE(preparation_changes_no_verdict),
	KUNIT_CASE(what_is_sure_is_known_beforehand),
	{}
};

struct kunit_suite filter_suite = {
	.name = "socktrace_filter",
	.test_cases = filter_cases,
};
