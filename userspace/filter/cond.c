// SPDX-License-Identifier: GPL-2.0
#include "filter/cond.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/escape.h"
#include "record/cgroups.h"
#include "record/decode.h"
#include "record/sockaddr.h"

static char *lower(char *p, const char *s)
{
	for (; *s; s++)
		*p++ = (char)(*s >= 'A' && *s <= 'Z' ? *s + ('a' - 'A') : *s);
	return p;
}

/* A mask as names between commas: in lower case without the prefix, if any. */
static char *mask(char *p, uint64_t bits, const struct name *(*name_of)(unsigned int),
		  unsigned int prefix)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++) {
		const struct name *name = name_of(bit);

		if (!(bits >> bit & 1))
			continue;
		if (!name)
			p = fmt_u32(p, bit);
		else if (!prefix)
			p = fmt_str(p, name->s);
		else
			p = lower(p, name->s + prefix);
		*p++ = ',';
	}
	return p - 1;
}

static char *print_events(char *p, const struct socktrace_rule *rule)
{
	if (rule->events == SOCKTRACE_EVENTS_ALL)
		return fmt_lit(p, "all");
	return mask(p, rule->events, decode_event, 0);
}

static char *print_phases(char *p, const struct socktrace_rule *rule)
{
	return mask(p, rule->phases, decode_phase, 0);
}

static char *print_families(char *p, const struct socktrace_rule *rule)
{
	return mask(p, rule->families, decode_family, 3);
}

static char *print_types(char *p, const struct socktrace_rule *rule)
{
	return mask(p, rule->types, decode_type, 5);
}

static char *print_pid(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->tgid);
}

static char *print_tid(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->tid);
}

static char *print_ancestor(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->ancestor);
}

static char *range(char *p, uint32_t min, uint32_t max)
{
	p = fmt_u32(p, min);
	if (max == min)
		return p;
	*p++ = '-';
	return fmt_u32(p, max);
}

static char *print_uid(char *p, const struct socktrace_rule *rule)
{
	return range(p, rule->uid_min, rule->uid_max);
}

static char *print_euid(char *p, const struct socktrace_rule *rule)
{
	return range(p, rule->euid_min, rule->euid_max);
}

static char *print_loginuid(char *p, const struct socktrace_rule *rule)
{
	if (rule->loginuid_min == UINT32_MAX)
		return fmt_lit(p, "none");
	return range(p, rule->loginuid_min, rule->loginuid_max);
}

/* By name where that says no more than the rule: it implies the families. */
static char *print_protocol(char *p, const struct socktrace_rule *rule)
{
	const uint64_t ip = 1ULL << AF_INET | 1ULL << AF_INET6, netlink = 1ULL << AF_NETLINK;
	uint64_t families = rule->match & SOCKTRACE_MATCH_FAMILIES ? rule->families : ~0ULL;
	const struct name *name = NULL;

	if (!(families & ~ip))
		name = decode_protocol(AF_INET, rule->protocol);
	else if (!(families & ~netlink))
		name = decode_protocol(AF_NETLINK, rule->protocol);
	if (!name)
		return fmt_u32(p, rule->protocol);
	return lower(p, name->s + (families & ip ? sizeof("IPPROTO_") - 1 : 0));
}

static char *print_comm(char *p, const struct socktrace_rule *rule)
{
	*p++ = '"';
	p = escape_text(p, rule->comm, strnlen(rule->comm, sizeof(rule->comm)), 1);
	if (rule->match & SOCKTRACE_MATCH_COMM_PREFIX)
		*p++ = '*';
	*p++ = '"';
	return p;
}

static char *net(char *p, const struct socktrace_endpoint *end)
{
	static const uint8_t v4[12] = { [10] = 0xff, [11] = 0xff };
	struct sockaddr_info ip = { .kind = SOCKADDR_INET6, .bytes = end->addr };
	unsigned int bits = end->prefix_len;

	if (bits >= 96 && !memcmp(end->addr, v4, sizeof(v4))) {
		ip.kind = SOCKADDR_INET;
		ip.bytes += sizeof(v4);
		bits -= 96;
	}
	p = sockaddr_fmt_ip(p, &ip);
	*p++ = '/';
	return fmt_u32(p, bits);
}

static char *print_remote_net(char *p, const struct socktrace_rule *rule)
{
	return net(p, &rule->remote);
}

static char *print_local_net(char *p, const struct socktrace_rule *rule)
{
	return net(p, &rule->local);
}

static char *print_remote_port(char *p, const struct socktrace_rule *rule)
{
	return range(p, rule->remote.port_min, rule->remote.port_max);
}

static char *print_local_port(char *p, const struct socktrace_rule *rule)
{
	return range(p, rule->local.port_min, rule->local.port_max);
}

static char *print_path(char *p, const struct socktrace_rule *rule)
{
	unsigned int abstract = !rule->path[0];

	p = abstract ? fmt_lit(p, "\"@") : fmt_lit(p, "\"");
	p = escape_text(p, rule->path + abstract, rule->path_len - abstract, 1);
	*p++ = '"';
	return p;
}

static char *print_errno(char *p, const struct socktrace_rule *rule)
{
	const struct name *name = decode_errno(rule->error);

	return name ? fmt_name(p, name) : fmt_u32(p, rule->error);
}

static char *print_duration(char *p, const struct socktrace_rule *rule)
{
	uint64_t ns = rule->min_duration_ns;

	if (!(ns % 1000000000))
		return fmt_lit(fmt_u64(p, ns / 1000000000), "s");
	if (!(ns % 1000000))
		return fmt_lit(fmt_u64(p, ns / 1000000), "ms");
	if (!(ns % 1000))
		return fmt_lit(fmt_u64(p, ns / 1000), "us");
	return fmt_lit(fmt_u64(p, ns), "ns");
}

static char *print_netns(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->netns);
}

static char *print_mntns(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->mntns);
}

static char *print_pidns(char *p, const struct socktrace_rule *rule)
{
	return fmt_u32(p, rule->pidns);
}

static char *print_cgroup(char *p, const struct socktrace_rule *rule)
{
	return cgroups_number(p, rule->cgroup);
}

#define FIELD(first, last)                                                      \
	offsetof(struct socktrace_rule, first),                                 \
		offsetof(struct socktrace_rule, last) +                         \
			sizeof(((struct socktrace_rule *)0)->last)
#define COMM_BITS (SOCKTRACE_MATCH_COMM | SOCKTRACE_MATCH_COMM_PREFIX)

static const struct filter_cond rows[] = {
	{ "event", NULL, 'e', "event", "EVENT[,EVENT]", "only these events, see below", true, 0,
	  SOCKTRACE_MATCH_EVENTS, FIELD(events, events), value_event, print_events },
	{ "pid", "tgid", 'p', "pid", "PID[,PID]",
	  "only these processes; \"$(pidof NAME)\" will do", true, 0,
	  SOCKTRACE_MATCH_TGID, FIELD(tgid, tgid), value_pid, print_pid },
	{ "user", "uid", 'u', "uid", "USER[,USER]", "only of these: a name, 1000, 1000-1999",
	  true, UINT32_MAX, SOCKTRACE_MATCH_UID, FIELD(uid_min, uid_max), value_user, print_uid },
	{ "euid", NULL, 0, "euid", "USER[,USER]", "only with these effective users", true, UINT32_MAX,
	  SOCKTRACE_MATCH_EUID, FIELD(euid_min, euid_max), value_euid, print_euid },
	{ "loginuid", NULL, 0, "loginuid", "USER[,USER]",
	  "only by whom they logged in as; none: nobody", true, UINT32_MAX - 1,
	  SOCKTRACE_MATCH_LOGINUID, FIELD(loginuid_min, loginuid_max), value_loginuid,
	  print_loginuid },
	{ "comm", NULL, 0, "comm", "NAME", "only threads of this name; NAME*: its beginning",
	  false, 0, COMM_BITS, FIELD(comm, comm), value_comm, print_comm },
	{ "family", "domain", 0, "family", "FAMILY[,FAMILY]",
	  "only these: inet, inet6, unix, netlink, ...", true, 0,
	  SOCKTRACE_MATCH_FAMILIES, FIELD(families, families), value_family, print_families },
	{ "type", NULL, 0, "type", "TYPE[,TYPE]", "only these: stream, dgram, seqpacket, ...",
	  true, 0, SOCKTRACE_MATCH_TYPES, FIELD(types, types), value_type, print_types },
	{ "proto", "protocol", 0, "proto", "PROTO[,PROTO]", "only these: tcp, udp, icmp, ...",
	  true, 0, SOCKTRACE_MATCH_PROTOCOL, FIELD(protocol, protocol), value_protocol,
	  print_protocol },
	/* Ends of a socket as ss(8) calls them: dst is the peer. */
	{ "net", "dst daddr", 0, "net", "NET[,NET]", "only to or from these: 10.0.0.0/8, ::1, ...",
	  true, 0, SOCKTRACE_MATCH_REMOTE_NET, FIELD(remote.addr, remote.prefix_len),
	  value_remote_net, print_remote_net },
	{ "lnet", "src saddr", 0, "local-net", "NET[,NET]", "only with a local address of these", true, 0,
	  SOCKTRACE_MATCH_LOCAL_NET, FIELD(local.addr, local.prefix_len), value_local_net,
	  print_local_net },
	{ "rport", "port dport", 0, "rport", "PORT[,PORT]", "only these remote ports: 443, 1-1023",
	  true, UINT16_MAX, SOCKTRACE_MATCH_REMOTE_PORT, FIELD(remote.port_min, remote.port_max),
	  value_remote_port, print_remote_port },
	{ "lport", "sport", 0, "lport", "PORT[,PORT]", "only these local ports", true, UINT16_MAX,
	  SOCKTRACE_MATCH_LOCAL_PORT, FIELD(local.port_min, local.port_max),
	  value_local_port, print_local_port },
	{ "path", NULL, 0, "path", "PREFIX", "only paths that begin so; @NAME: abstract",
	  false, 0, SOCKTRACE_MATCH_PATH, FIELD(path, path_len), value_path, print_path },
	{ "ok", NULL, 'z', "ok", NULL, "only calls that succeeded", false, 0,
	  SOCKTRACE_MATCH_OK, 0, 0, value_ok, NULL },
	{ "failed", NULL, 'Z', "failed", NULL, "only calls that failed (not EINPROGRESS)", false, 0,
	  SOCKTRACE_MATCH_FAILED, 0, 0, value_failed, NULL },
	{ "errno", NULL, 0, "errno", "ERRNO[,ERRNO]", "only with these: ECONNREFUSED, ...",
	  true, 0, SOCKTRACE_MATCH_ERROR, FIELD(error, error), value_errno, print_errno },
	{ "duration", NULL, 0, "min-duration", "TIME", "only calls of so long: 10ms, 1.5s, ...",
	  false, 0, SOCKTRACE_MATCH_DURATION, FIELD(min_duration_ns, min_duration_ns),
	  value_duration, print_duration },
	{ "netns", NULL, 0, "netns", "NAME|PID|FILE", "only in this network namespace", true, 0,
	  SOCKTRACE_MATCH_NETNS, FIELD(netns, netns), value_netns, print_netns },
	{ "mntns", NULL, 0, "mntns", "PID|FILE", "only in this mount namespace", true, 0,
	  SOCKTRACE_MATCH_MNTNS, FIELD(mntns, mntns), value_mntns, print_mntns },
	{ "pidns", NULL, 0, "pidns", "PID|FILE", "only in this pid namespace", true, 0,
	  SOCKTRACE_MATCH_PIDNS, FIELD(pidns, pidns), value_pidns, print_pidns },
	{ "cgroup", NULL, 0, "cgroup", "PATH", "only in this cgroup, or below", false, 0,
	  SOCKTRACE_MATCH_CGROUP_TREE, FIELD(cgroup, cgroup), value_cgroup, print_cgroup },
	{ "exe", NULL, 0, "exe", "PREFIX", "only programs whose path begins so", false, 0,
	  0, 0, 0, value_exe, NULL },
	{ "container", NULL, 0, "container", "ID[,ID]", "only in these, or *: in any", true, 0,
	  0, 0, 0, value_container, NULL },
	/* In expressions only: these options would be rare, or are others' (-f, --enter). */
	{ "tid", NULL, 0, NULL, "TID", NULL, true, 0,
	  SOCKTRACE_MATCH_TID, FIELD(tid, tid), value_tid, print_tid },
	{ "descendant", NULL, 0, NULL, "PID", NULL, true, 0,
	  SOCKTRACE_MATCH_ANCESTOR, FIELD(ancestor, ancestor), value_descendant,
	  print_ancestor },
	{ "phase", NULL, 0, NULL, "PHASE", NULL, true, 0,
	  SOCKTRACE_MATCH_PHASES, FIELD(phases, phases), value_phase, print_phases },
};
_Static_assert(sizeof(rows) / sizeof(rows[0]) == FILTER_CONDS, "FILTER_CONDS");

const struct filter_cond *filter_cond(unsigned int row)
{
	return row < FILTER_CONDS ? &rows[row] : NULL;
}

enum filter_told filter_cond_told(const struct filter_cond *cond)
{
	if (cond->parse == value_exe)
		return FILTER_TOLD_EXE;
	return cond->parse == value_container ? FILTER_TOLD_CONTAINER : FILTER_TOLD_NONE;
}

unsigned int filter_cond_row(const struct filter_cond *cond)
{
	return (unsigned int)(cond - rows);
}

/* Is it one of these words, which have blanks between? */
static bool is(const char *words, const char *s, size_t length)
{
	size_t n;

	for (; words && *words; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == length && !strncasecmp(words, s, length))
			return true;
	}
	return false;
}

const struct filter_cond *filter_cond_by_keyword(const char *s, size_t length)
{
	unsigned int row;

	for (row = 0; row < FILTER_CONDS; row++) {
		if (is(rows[row].keyword, s, length) || is(rows[row].aliases, s, length))
			return &rows[row];
	}
	return NULL;
}

const char *filter_cond_keywords(char *buffer, size_t size)
{
	size_t used = 0;
	unsigned int row;

	*buffer = '\0';
	for (row = 0; row < FILTER_CONDS && used < size; row++)
		used += (size_t)snprintf(buffer + used, size - used, "%s%s", row ? ", " : "",
					 rows[row].keyword);
	return buffer;
}

const struct filter_cond *filter_cond_by_offset(size_t offset)
{
	unsigned int row;

	for (row = 0; row < FILTER_CONDS; row++) {
		if (offset >= rows[row].offset && offset < rows[row].end)
			return &rows[row];
	}
	return NULL;
}

const char *filter_cond_name(const struct filter_cond *cond, char *buffer, size_t size)
{
	if (cond->letter)
		snprintf(buffer, size, "-%c", cond->letter);
	else if (cond->option)
		snprintf(buffer, size, "--%s", cond->option);
	else
		snprintf(buffer, size, "%s", cond->keyword);
	return buffer;
}

void filter_words(char *buffer, const struct socktrace_rule *rule)
{
	char *p = buffer;
	unsigned int row;

	for (row = 0; row < FILTER_CONDS; row++) {
		const struct filter_cond *cond = &rows[row];

		if (!(rule->match & cond->bits))
			continue;
		if (p != buffer)
			p = fmt_lit(p, " and ");
		p = fmt_str(p, cond->keyword);
		*p++ = ' ';
		if (cond->bits == SOCKTRACE_MATCH_DURATION)
			p = fmt_lit(p, ">= ");
		if (cond->print)
			p = cond->print(p, rule);
		else
			p--;
	}
	if (p == buffer)
		p = fmt_lit(p, "all");
	*p = '\0';
}
