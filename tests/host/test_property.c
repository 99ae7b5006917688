// SPDX-License-Identifier: GPL-2.0
/*
 * Random expressions on random records: what the expression means, worked out
 * here by hand from its tree, is what the kernel's matcher (module/filter.c)
 * makes of the rules that the reader compiled of its text, and what the reader's own
 * (filter/judge.c), for captures, does. The facts of a record
 * are drawn first, so that nothing here reads a record.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "filter/compile.h"
#include "filter/judge.h"
#include "kernel_matcher.h"

#define EXPRESSIONS 4000
#define RECORDS 60
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* As simple as it gets, and the same everywhere: xorshift. */
static uint64_t state_of_random;

static uint32_t any(uint32_t below)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (uint32_t)(state_of_random >> 33) % below;
}

/* --- records ---------------------------------------------------------------- */

static const struct {
	int family;
	const char *ip; /* or the name: '@' for a NUL */
} addresses[] = {
	{ AF_INET, "10.1.2.3" },	   { AF_INET, "10.200.0.1" },
	{ AF_INET, "192.0.2.1" },	   { AF_INET6, "::1" },
	{ AF_INET6, "2001:db8::1" },	   { AF_INET6, "::ffff:10.1.2.3" },
	{ AF_INET6, "2001:db8:1::1" },	   { AF_UNIX, "/run/a.sock" },
	{ AF_UNIX, "/run/b" },		   { AF_UNIX, "/tmp/x" },
	{ AF_UNIX, "@foo" },		   { AF_UNIX, "@foobar" },
	{ AF_UNIX, "" },		   { AF_UNSPEC, "" },
	{ -1 /* too short for its family */, "" },
};
#define NO_ADDRESS (-1)

/* Bit n is address n. */
static const struct {
	const char *text;
	unsigned int holds;
} nets[] = {
	{ "10/8", 1 << 0 | 1 << 1 | 1 << 5 }, { "10.0.0.0/9", 1 << 0 | 1 << 5 },
	{ "10.1.2.3", 1 << 0 | 1 << 5 },      { "::/0", 0x7f },
	{ "0/0", 1 << 0 | 1 << 1 | 1 << 2 | 1 << 5 },
	{ "2001:db8::/32", 1 << 4 | 1 << 6 }, { "2001:db8::/48", 1 << 4 },
	{ "::1", 1 << 3 },		      { "::ffff:192.0.2.0/120", 1 << 2 },
	{ "127/8,192.0.2.1", 1 << 2 },
}, paths[] = {
	{ "/run/", 3 << 7 }, { "/", 7 << 7 },	    { "/tmp/x", 1 << 9 },
	{ "@", 3 << 10 },    { "@foo", 3 << 10 },   { "\"@foob\"", 1 << 11 },
	{ "/run/a", 1 << 7 }, { "'/tm\\x70'", 1 << 9 },
};

static const char *const comms[] = { "nginx", "ngin", "nginx-worker", "sh", "" };
static const uint32_t uids[] = { 0, 1, 33, 999, 1000, 1001, UINT32_MAX };
static const uint32_t inodes[] = { 0, 4026531840, 4026532000 };
static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, 77, -1 };
static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
static const int protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP, 262 };
static const int results[] = { 0, 7, -ECONNREFUSED, -EINPROGRESS, -EAGAIN, -512 };
static const uint64_t durations[] = { 0, 999999, 1000000, 1000001, 1000000000, UINT64_MAX };
static const uint32_t port_numbers[] = { 0, 80, 443, 1023, 1024, 65535 };

static struct facts {
	unsigned int event, phase, tgid, tid, uid, euid, loginuid, netns, mntns, pidns, cgroup;
	const char *comm;
	int family, type, protocol; /* -1: none */
	int remote, local; /* of addresses[]; or NO_ADDRESS */
	unsigned int remote_port, local_port;
	int ret;
	uint64_t duration;
} now;

/* Process n's parent is n / 2, cgroup n's is too. */
static bool below(unsigned int n, unsigned int top)
{
	while (n && n != top)
		n /= 2;
	return n == top;
}

static bool descends(const struct task_struct *task, uint32_t tgid)
{
	(void)task;
	return below(now.tgid, tgid);
}

static bool in_cgroup(struct task_struct *task, uint64_t id)
{
	(void)task;
	return id && below(now.cgroup, (unsigned int)id);
}

static unsigned int put_address(uint8_t *to, int which, unsigned int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t length;

	if (which == NO_ADDRESS)
		return 0;
	switch (addresses[which].family) {
	case AF_INET:
		inet_pton(AF_INET, addresses[which].ip, &in.sin_addr);
		memcpy(to, &in, sizeof(in));
		return any(2) ? sizeof(in) : 8;
	case AF_INET6:
		inet_pton(AF_INET6, addresses[which].ip, &in6.sin6_addr);
		memcpy(to, &in6, sizeof(in6));
		return any(2) ? sizeof(in6) : 24;
	case AF_UNIX:
		length = strlen(addresses[which].ip);
		memcpy(un.sun_path, addresses[which].ip, length);
		if (un.sun_path[0] == '@')
			un.sun_path[0] = '\0';
		else if (length)
			length++;
		memcpy(to, &un, 2 + length);
		return (unsigned int)(2 + length);
	case AF_UNSPEC:
		memset(to, 0, 16);
		return any(2) ? 2 : 16;
	default:
		in.sin_addr.s_addr = 0;
		memcpy(to, &in, 7);
		return 7;
	}
}

#define DRAW(array) ((array)[any(COUNT(array))])

static bool has_result(void)
{
	return now.phase == SOCKTRACE_EXIT || now.event == SOCKTRACE_CONNECTED;
}

static void draw(struct socktrace_event *ev)
{
	static const uint8_t events[] = { SOCKTRACE_SOCKET, SOCKTRACE_SOCKETPAIR,
					  SOCKTRACE_CONNECT, SOCKTRACE_CONNECT,
					  SOCKTRACE_ACCEPT4, SOCKTRACE_ACCEPT4,
					  SOCKTRACE_SECURITY_SOCKET_CONNECT,
					  SOCKTRACE_ADDR_MISMATCH,
					  SOCKTRACE_CONNECTED };
	bool creates;

	memset(ev, 0, sizeof(*ev));
	now = (struct facts){
		.event = DRAW(events), .tgid = 1 + any(15), .uid = DRAW(uids),
		.euid = DRAW(uids), .loginuid = DRAW(uids), .protocol = -1,
		.netns = DRAW(inodes), .mntns = DRAW(inodes), .pidns = DRAW(inodes),
		.cgroup = any(16), .comm = DRAW(comms), .type = -1, .family = -1,
		.remote = (int)any(COUNT(addresses) + 3), .local = (int)any(COUNT(addresses) + 3),
		.remote_port = DRAW(port_numbers), .local_port = DRAW(port_numbers),
	};
	now.tid = now.tgid + any(2);
	creates = now.event == SOCKTRACE_SOCKET || now.event == SOCKTRACE_SOCKETPAIR;
	if (now.event == SOCKTRACE_SECURITY_SOCKET_CONNECT ||
	    now.event == SOCKTRACE_ADDR_MISMATCH || now.event == SOCKTRACE_CONNECTED)
		now.phase = SOCKTRACE_POINT;
	else
		now.phase = any(4) ? SOCKTRACE_EXIT : SOCKTRACE_ENTER;
	if (creates || now.remote >= (int)COUNT(addresses))
		now.remote = NO_ADDRESS;
	if (creates || now.local >= (int)COUNT(addresses))
		now.local = NO_ADDRESS;
	if (creates) {
		now.family = DRAW(families);
		now.type = DRAW(types);
		ev->args[0] = now.family;
		ev->args[1] = now.type | (any(2) ? SOCK_CLOEXEC : 0);
		now.protocol = ev->args[2] = DRAW(protocols);
		/* What its caller left open, its socket tells. */
		if (now.phase == SOCKTRACE_EXIT && any(2)) {
			now.protocol = DRAW(protocols);
			ev->flags |= SOCKTRACE_F_SOCK;
		}
	} else if (any(3)) {
		now.family = families[any(COUNT(families) - 1)];
		now.type = DRAW(types);
		now.protocol = DRAW(protocols);
		ev->flags |= SOCKTRACE_F_SOCK;
		ev->sock_family = (__u16)now.family;
		ev->sock_type = (__u16)now.type;
	} else if (now.remote != NO_ADDRESS) {
		now.family = addresses[now.remote].family;
		if (now.family < 0)
			now.family = AF_INET;
	}
	if (ev->flags & SOCKTRACE_F_SOCK)
		ev->sock_protocol = (__u16)now.protocol;
	if (has_result()) {
		now.ret = DRAW(results);
		now.duration = DRAW(durations);
	}
	ev->size = sizeof(*ev);
	ev->version = SOCKTRACE_RECORD_VERSION;
	ev->type = (__u8)now.event;
	ev->phase = (__u8)now.phase;
	ev->tgid = now.tgid;
	ev->tid = now.tid;
	ev->uid = now.uid;
	ev->euid = now.euid;
	ev->loginuid = now.loginuid;
	ev->netns = now.netns;
	ev->mntns = now.mntns;
	ev->pidns = now.pidns;
	ev->cgroup_id = now.cgroup;
	ev->ret = now.ret;
	ev->duration_ns = now.duration;
	strcpy(ev->comm, now.comm);
	ev->addr_len = (__u8)put_address(ev->addrs, now.remote, now.remote_port);
	ev->local_len = (__u8)put_address(socktrace_local(ev), now.local, now.local_port);
}

/* --- expressions -------------------------------------------------------------- */

struct tree {
	char op; /* '&' '|' '!', or ' ': a condition */
	struct tree *left, *right;
	unsigned int kind;
	uint64_t a, b;
	char text[64];
};

static bool has_port(int which)
{
	return which != NO_ADDRESS && (addresses[which].family == AF_INET ||
				       addresses[which].family == AF_INET6);
}

static bool in(unsigned int which, unsigned int holds)
{
	return which < 32 && holds >> which & 1;
}

/*
 * A condition: with `text`, draws one and writes it; without, tells whether it
 * holds now. Both sides of each stand together.
 */
static bool leaf(struct tree *t, bool make)
{
	static const char *const family_names[] = { "unix", "INET", "AF_INET6", "netlink" };
	static const char *const type_names[] = { "stream", "SOCK_DGRAM", "seqpacket" };
	static const char *const phase_names[] = { "", "enter", "exit", "point" };
	static const char *const event_names[] = {
		"", "socket", "connect", "accept", "security_socket_connect", "addr_mismatch",
		"socketpair", "connected"
	};
	static const char *const operators[] = { ">", ">=", "<", "<=" };
	static const char *const times[] = { "0s", "999.999us", "1ms", "1000001ns", "1s" };
	static const uint64_t times_ns[] = { 0, 999999, 1000000, 1000001, 1000000000 };
	const char *comm;

#define MAKE(...) (make ? snprintf(t->text, sizeof(t->text), __VA_ARGS__) : 0)
/* Draws a from so many numbers, and b from as many after it. */
#define OF(first, count)                                                        \
	do {                                                                    \
		if (make) {                                                     \
			t->a = (first) + any(count);                            \
			t->b = t->a + any(count);                               \
		}                                                               \
	} while (0)
	if (make) {
		t->kind = any(29);
		/* What can't stand twice in a rule: less often, to be refused less. */
		if (t->kind >= 25 && any(3))
			t->kind = any(25);
		t->a = any(1 << 20);
		t->b = any(1 << 20);
	}
#define A(array) ((array)[t->a % COUNT(array)])
#define B(array) ((array)[t->b % COUNT(array)])
	switch (t->kind) {
	case 0: case 1: case 2:
		OF(1, 7);
		MAKE("%s", event_names[t->a]);
		return now.event == t->a;
	case 3:
		OF(1, 3);
		MAKE("%s", phase_names[t->a]);
		return now.phase == t->a;
	case 4:
		OF(1, 15);
		MAKE("pid %u", (unsigned int)t->a);
		return now.tgid == t->a;
	case 5:
		OF(1, 8);
		MAKE("tid=%u,%u", (unsigned int)t->a, (unsigned int)t->a + 7);
		return now.tid == t->a || now.tid == t->a + 7;
	case 6:
		MAKE("uid %u", A(uids));
		return now.uid == A(uids);
	case 7: case 8:
		OF(0, 1001);
		MAKE("user %u-%u", (unsigned int)t->a, (unsigned int)t->b);
		return now.uid >= t->a && now.uid <= t->b;
	case 9:
		comm = comms[t->a % 4];
		MAKE("comm %s", comm);
		return !strcmp(now.comm, comm);
	case 10:
		comm = comms[t->a % 4];
		MAKE("comm '%s*'", comm);
		return !strncmp(now.comm, comm, strlen(comm));
	case 11:
		MAKE("family %s,63", A(family_names));
		return now.family == families[t->a % 4];
	case 12:
		MAKE("type %s", A(type_names));
		return now.type == A(types);
	case 13: case 14:
		MAKE("net %s", A(nets).text);
		return in((unsigned int)now.remote, A(nets).holds);
	case 15:
		MAKE("lnet %s", A(nets).text);
		return in((unsigned int)now.local, A(nets).holds);
	case 16:
		MAKE("port %u", A(port_numbers));
		return has_port(now.remote) && now.remote_port == A(port_numbers);
	case 17:
		OF(0, 1024);
		MAKE("lport %u-%u", (unsigned int)t->a, (unsigned int)t->b);
		return has_port(now.local) && now.local_port >= t->a && now.local_port <= t->b;
	case 18:
		MAKE(t->a % 2 ? "ok" : "failed");
		return has_result() && (t->a % 2 ? now.ret >= 0 :
						   now.ret < 0 && now.ret != -EINPROGRESS);
	case 19:
		MAKE(t->a % 2 ? "errno ECONNREFUSED" : "errno EAGAIN,512,einprogress");
		return has_result() && (t->a % 2 ? now.ret == -ECONNREFUSED :
					       now.ret == -EAGAIN || now.ret == -512 ||
						       now.ret == -EINPROGRESS);
	case 20:
		MAKE("duration %s %s", A(operators), B(times));
		if (!has_result())
			return false;
		switch (t->a % 4) {
		case 0: return now.duration > B(times_ns);
		case 1: return now.duration >= B(times_ns);
		case 2: return now.duration < B(times_ns);
		default: return now.duration <= B(times_ns);
		}
	case 21:
		MAKE("%s %u", t->a % 3 == 0 ? "netns" : t->a % 3 == 1 ? "mntns" : "pidns",
		     inodes[1 + t->b % 2]);
		return (t->a % 3 == 0 ? now.netns : t->a % 3 == 1 ? now.mntns : now.pidns) ==
		       inodes[1 + t->b % 2];
	case 22:
		MAKE("euid %u", A(uids));
		return now.euid == A(uids);
	case 23:
		if (t->a % 4) {
			MAKE("loginuid %u-%u", B(uids), UINT32_MAX);
			return now.loginuid >= B(uids);
		}
		MAKE("loginuid none");
		return now.loginuid == UINT32_MAX;
	case 24:
		if (t->a % 2) {
			MAKE("proto %d", B(protocols));
			return now.protocol == B(protocols);
		}
		MAKE("proto %s", t->b % 2 ? "TCP" : "ipproto_udp");
		return now.protocol == (t->b % 2 ? IPPROTO_TCP : IPPROTO_UDP) &&
		       (now.family == AF_INET || now.family == AF_INET6);
	case 25:
		OF(1, 15);
		MAKE("descendant %u", (unsigned int)t->a);
		return below(now.tgid, (unsigned int)t->a);
	case 26:
		OF(1, 15);
		MAKE("cgroup %u", (unsigned int)t->a);
		return below(now.cgroup, (unsigned int)t->a);
	default:
		MAKE("path %s", A(paths).text);
		return in((unsigned int)now.remote, A(paths).holds) ||
		       in((unsigned int)now.local, A(paths).holds);
	}
}

static struct tree nodes[256];
static unsigned int nr_nodes;

static struct tree *grow(unsigned int depth)
{
	struct tree *t = &nodes[nr_nodes++];

	*t = (struct tree){ .op = depth ? "&&&|||! "[any(8)] : ' ' };
	if (t->op == ' ') {
		leaf(t, true);
		return t;
	}
	t->left = grow(depth - 1);
	if (t->op != '!')
		t->right = grow(depth - 1);
	return t;
}

static bool holds(struct tree *t)
{
	switch (t->op) {
	case '&':
		return holds(t->left) && holds(t->right);
	case '|':
		return holds(t->left) || holds(t->right);
	case '!':
		return !holds(t->left);
	default:
		return leaf(t, false);
	}
}

/* Parentheses where the grammar needs them, and sometimes where it does not. */
static char *write_tree(char *p, const struct tree *t, char above)
{
	bool group = (t->op == '|' && above != '|' && above != ' ') ||
		     (t->op == '&' && above == '!') || !any(8);

	if (group)
		p = stpcpy(p, any(2) ? "(" : "( ");
	switch (t->op) {
	case '&':
		p = write_tree(p, t->left, '&');
		p = stpcpy(p, any(3) ? " and " : "&&");
		p = write_tree(p, t->right, '&');
		break;
	case '|':
		p = write_tree(p, t->left, '|');
		p = stpcpy(p, any(3) ? " or " : " || ");
		p = write_tree(p, t->right, '|');
		break;
	case '!':
		p = stpcpy(p, any(3) ? "not " : "!");
		p = write_tree(p, t->left, '!');
		break;
	default:
		p = stpcpy(p, t->text);
	}
	return group ? stpcpy(p, ")") : p;
}

/* What --explain prints is an expression that makes the rule again. */
static void assert_words(const struct socktrace_rule *rule)
{
	struct filter_pool pool = { 0 };
	struct filter_error error = { 0 };
	struct socktrace_rule again[SOCKTRACE_MAX_RULES];
	char words[FILTER_WORDS_MAX];
	const struct filter_node *node;

	filter_words(words, rule);
	node = filter_parse(&pool, words, &error);
	if (!node)
		fail_msg("%s: %s", words, error.text);
	if (filter_compile(node, SOCKTRACE_EVENTS_ALL, again, &error) != 1)
		fail_msg("%s: not one rule: %s", words, error.text);
	again[0].action = rule->action;
	if (memcmp(&again[0], rule, sizeof(*rule)))
		fail_msg("%s: another rule", words);
	filter_pool_free(&pool);
}

static struct {
	unsigned int expressions, clashes, too_long, empty, most;
	unsigned long rules, records, accepted, early, by_judge;
} tally;

/* Each cgroup's path goes from the root, 1, to itself, as in_cgroup() has it. */
static const char *cgroup_path(const void *context, uint64_t id, size_t *length)
{
	static char buffers[2][64];
	static unsigned int turn;
	char *p = buffers[turn++ % 2];
	unsigned int bit = 31;

	(void)context;
	if (!id)
		return NULL;
	*length = 0;
	while (!(id >> bit & 1))
		bit--;
	for (; bit + 1; bit--)
		*length += (size_t)sprintf(p + *length, "/%u", (unsigned int)id >> bit);
	return p;
}

static bool asks_for_descendants(const struct socktrace_rule *rules, unsigned int nr_rules)
{
	while (nr_rules--)
		if (rules[nr_rules].match & SOCKTRACE_MATCH_ANCESTOR)
			return true;
	return false;
}

static void judge_records(struct tree *tree, const struct socktrace_rule *rules,
			  unsigned int nr_rules, uint32_t events, const char *text)
{
	uint32_t bad_rule = 0, bad_field = 0, i;
	struct matcher *matcher = matcher_new(rules, nr_rules, &bad_rule, &bad_field);
	const struct procinfo proc = { 0 };
	const struct paths no_paths = { 0 };
	const struct judge judge = { .rules = rules, .nr_rules = nr_rules, .proc = &proc,
				     .paths = &no_paths, .cgroup_path = cgroup_path };
	bool by_judge = !asks_for_descendants(rules, nr_rules);
	int early, final, wanted;
	struct socktrace_event ev;

	if (!matcher)
		fail_msg("%s: the kernel refuses byte %u of rule %u", text, bad_field, bad_rule);
	for (i = 0; i < RECORDS; i++) {
		draw(&ev);
		wanted = holds(tree) && events >> now.event & 1 ? MATCHER_ACCEPT : MATCHER_REJECT;
		final = matcher_judge(matcher, &ev, ~0U, descends, in_cgroup);
		if (final != wanted)
			fail_msg("%s: record %u (event %u, phase %u, uid %u): the kernel %s it",
				 text, i, now.event, now.phase, now.uid,
				 final == MATCHER_ACCEPT ? "accepts" : "rejects");
		/* Of a capture nobody can be asked who descends from whom. */
		if (by_judge && judge_accepts(&judge, &ev) != (wanted == MATCHER_ACCEPT))
			fail_msg("%s: record %u (event %u, phase %u): the reader judges otherwise",
				 text, i, now.event, now.phase);
		tally.by_judge += by_judge;
		/* What is judged before all is known is what is judged then. */
		early = matcher_judge(matcher, &ev, any(2) ? any(1U << 27) : 0x7cf, descends,
				      in_cgroup);
		if (early != MATCHER_UNDECIDED && early != wanted)
			fail_msg("%s: record %u: judged too early", text, i);
		tally.early += early != MATCHER_UNDECIDED;
		tally.accepted += final == MATCHER_ACCEPT;
		tally.records++;
	}
	matcher_free(matcher);
}

static void expressions_mean_what_they_say(void **state)
{
	static char text[65536];
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	struct socktrace_event ev;
	unsigned int i, k;
	int n;

	(void)state;
	state_of_random = 88172645463325252ULL;
	if (getenv("SEED"))
		state_of_random ^= strtoull(getenv("SEED"), NULL, 0) << 20;
	draw(&ev); /* conditions are made and asked by the same code */
	for (i = 0; i < EXPRESSIONS; i++) {
		struct filter_pool pool = { 0 };
		struct filter_error error = { 0 };
		const struct filter_node *node;
		uint32_t events = any(3) ? SOCKTRACE_EVENTS_ALL : 1U << (1 + any(6)) | 4;
		struct tree *tree;

		nr_nodes = 0;
		tree = grow(1 + any(4));
		*write_tree(text, tree, ' ') = '\0';
		node = filter_parse(&pool, text, &error);
		if (!node)
			fail_msg("%s: %s at %zu", text, error.text, error.at);
		n = filter_compile(node, events, rules, &error);
		tally.expressions++;
		if (n < 0) {
			/* Refused, for one of two reasons. */
			if (strstr(error.text, "hold one each"))
				tally.clashes++;
			else if (strstr(error.text, "rules, the kernel takes 64"))
				tally.too_long++;
			else
				fail_msg("%s: %s", text, error.text);
		} else {
			tally.rules += (unsigned int)n;
			tally.empty += !n;
			if ((unsigned int)n > tally.most)
				tally.most = (unsigned int)n;
			judge_records(tree, rules, (unsigned int)n, events, text);
			for (k = 0; k < (unsigned int)n; k++)
				assert_words(&rules[k]);
		}
		filter_pool_free(&pool);
	}
	fprintf(stderr, "%u expressions (%u refused for what no rule can hold, %u for their "
			"length, %u never true), %lu rules, at most %u; %lu records, %lu accepted, "
			"%lu judged early\n",
		tally.expressions, tally.clashes, tally.too_long, tally.empty, tally.rules,
		tally.most, tally.records, tally.accepted, tally.early);
	/* Else it would not have tested much. */
	assert_true(tally.clashes < EXPRESSIONS / 10);
	assert_true(tally.too_long < EXPRESSIONS / 50);
	assert_true(tally.by_judge > tally.records / 4);
	assert_true(tally.accepted > tally.records / 5);
	assert_true(tally.accepted < tally.records * 4 / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions_mean_what_they_say),
	};

	return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
