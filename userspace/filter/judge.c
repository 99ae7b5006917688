// SPDX-License-Identifier: GPL-2.0
#include "filter/judge.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "record/decode.h"
#include "record/record.h"
#include "record/sockaddr.h"

/* What a condition is about may not be known of a record. */
enum verdict { NO, YES, PERHAPS };

/* --- addresses ------------------------------------------------------------------------ */

/* -1: it has none. */
static int family_at(const uint8_t *addr, unsigned int length)
{
	uint16_t family;

	if (length < sizeof(family))
		return -1;
	memcpy(&family, addr, sizeof(family));
	return family;
}

/* As rules know addresses: IPv4 as ::ffff:a.b.c.d. */
static bool in_net(const struct socktrace_endpoint *want, const struct sockaddr_info *sa)
{
	unsigned int bytes = want->prefix_len / 8, rest = want->prefix_len % 8;
	uint8_t ip[17] = { [10] = 0xff, [11] = 0xff };

	memcpy(sa->kind == SOCKADDR_INET ? ip + 12 : ip, sa->bytes, sa->length);
	return !memcmp(ip, want->addr, bytes) &&
	       (!rest || !((ip[bytes] ^ want->addr[bytes]) >> (8 - rest)));
}

static bool is_end(const struct socktrace_endpoint *want, const uint8_t *addr,
		   unsigned int length, bool net, bool port)
{
	struct sockaddr_info sa;

	if (!length)
		return false;
	sockaddr_decode(&sa, addr, length, -1);
	return (sa.kind == SOCKADDR_INET || sa.kind == SOCKADDR_INET6) &&
	       (!net || in_net(want, &sa)) &&
	       (!port || (sa.port >= want->port_min && sa.port <= want->port_max));
}

static bool is_remote(const struct socktrace_rule *rule, const struct socktrace_event *ev)
{
	bool net = rule->match & SOCKTRACE_MATCH_REMOTE_NET;
	bool port = rule->match & SOCKTRACE_MATCH_REMOTE_PORT;

	if (!net && !port)
		return true;
	return ev->type != SOCKTRACE_BIND &&
	       is_end(&rule->remote, socktrace_addr(ev), record_addr_length(ev), net, port);
}

/* Of a bind that has not succeeded: the end that it asks for. */
static bool is_local(const struct socktrace_rule *rule, const struct socktrace_event *ev)
{
	bool net = rule->match & SOCKTRACE_MATCH_LOCAL_NET;
	bool port = rule->match & SOCKTRACE_MATCH_LOCAL_PORT;

	if (!net && !port)
		return true;
	if (ev->type == SOCKTRACE_BIND && (ev->phase != SOCKTRACE_EXIT || ev->ret < 0))
		return is_end(&rule->local, socktrace_addr(ev), record_addr_length(ev), net,
			      port);
	return record_local_length(ev) &&
	       is_end(&rule->local, socktrace_local(ev), record_local_length(ev), net, port);
}

static bool begins_with_path(const struct socktrace_rule *rule, const uint8_t *addr,
			     unsigned int length)
{
	return family_at(addr, length) == AF_UNIX && length >= 2U + rule->path_len &&
	       !memcmp(addr + 2, rule->path, rule->path_len);
}

static enum verdict has_path(const struct judge *judge, const struct socktrace_rule *rule,
			     const struct socktrace_event *ev)
{
	const struct path *path;

	if (!(rule->match & SOCKTRACE_MATCH_PATH) ||
	    begins_with_path(rule, socktrace_addr(ev), record_addr_length(ev)) ||
	    (record_local_length(ev) &&
	     begins_with_path(rule, socktrace_local(ev), record_local_length(ev))))
		return YES;
	if (!(ev->flags & SOCKTRACE_F_PEER_PATH))
		return NO;
	path = paths_of(judge->paths, ev);
	if (!path)
		return PERHAPS;
	return path->length >= rule->path_len && !memcmp(path->text, rule->path, rule->path_len);
}

/* --- all else --------------------------------------------------------------------------- */

static bool is_result(const struct socktrace_rule *rule, const struct socktrace_event *ev)
{
	const uint32_t about = SOCKTRACE_MATCH_OK | SOCKTRACE_MATCH_FAILED |
			       SOCKTRACE_MATCH_ERROR | SOCKTRACE_MATCH_DURATION;
	uint32_t match = rule->match;

	if (!(match & about))
		return true;
	if (!record_has_result(ev))
		return false;
	/* How a connect that is under way ends is told by another record. */
	return !(match & SOCKTRACE_MATCH_OK && ev->ret < 0) &&
	       !(match & SOCKTRACE_MATCH_FAILED && (ev->ret >= 0 || ev->ret == -EINPROGRESS)) &&
	       !(match & SOCKTRACE_MATCH_ERROR && -(int64_t)ev->ret != rule->error) &&
	       !(match & SOCKTRACE_MATCH_DURATION && ev->duration_ns < rule->min_duration_ns);
}

static bool within(uint32_t value, uint32_t min, uint32_t max)
{
	return value >= min && value <= max;
}

static bool is_caller(const struct judge *judge, const struct socktrace_rule *rule,
		      const struct socktrace_event *ev)
{
	const struct procinfo *proc = judge->proc;
	uint32_t match = rule->match, tid = ev->tid;

	if (proc->pidns)
		tid = ev->pidns == proc->pidns ? ev->ns_tid : 0;
	return !(match & SOCKTRACE_MATCH_TGID && rule->tgid != procinfo_pid(proc, ev)) &&
	       !(match & SOCKTRACE_MATCH_TID && rule->tid != tid) &&
	       !(match & SOCKTRACE_MATCH_UID && !within(ev->uid, rule->uid_min, rule->uid_max)) &&
	       !(match & SOCKTRACE_MATCH_EUID &&
		 !within(ev->euid, rule->euid_min, rule->euid_max)) &&
	       !(match & SOCKTRACE_MATCH_LOGINUID &&
		 !within(ev->loginuid, rule->loginuid_min, rule->loginuid_max)) &&
	       !(match & SOCKTRACE_MATCH_COMM &&
		 strncmp(ev->comm, rule->comm, SOCKTRACE_COMM_LEN)) &&
	       !(match & SOCKTRACE_MATCH_COMM_PREFIX &&
		 strncmp(ev->comm, rule->comm, strnlen(rule->comm, SOCKTRACE_COMM_LEN))) &&
	       !(match & SOCKTRACE_MATCH_NETNS && rule->netns != ev->netns) &&
	       !(match & SOCKTRACE_MATCH_MNTNS && rule->mntns != ev->mntns) &&
	       !(match & SOCKTRACE_MATCH_PIDNS && rule->pidns != ev->pidns) &&
	       !(match & SOCKTRACE_MATCH_CGROUP && rule->cgroup != ev->cgroup_id);
}

static bool in_mask(uint64_t mask, int bit)
{
	return bit >= 0 && bit < 64 && mask >> bit & 1;
}

static bool is_socket(const struct socktrace_rule *rule, const struct socktrace_event *ev)
{
	int family = family_at(socktrace_addr(ev), record_addr_length(ev)), type = -1,
	    protocol = -1;

	if (ev->flags & SOCKTRACE_F_SOCK) {
		family = ev->sock_family;
		type = ev->sock_type;
		protocol = ev->sock_protocol;
	}
	if (record_creates(ev)) {
		family = ev->args[0];
		type = ev->args[1] & (int)DECODE_TYPE_MASK;
		/* What its caller left open, its socket tells. */
		if (!(ev->flags & SOCKTRACE_F_SOCK))
			protocol = ev->args[2];
	}
	return !(rule->match & SOCKTRACE_MATCH_FAMILIES && !in_mask(rule->families, family)) &&
	       !(rule->match & SOCKTRACE_MATCH_TYPES && !in_mask(rule->types, type)) &&
	       !(rule->match & SOCKTRACE_MATCH_PROTOCOL && rule->protocol != protocol);
}

/* The cgroup itself, or one below it. */
static bool in_tree(const struct judge *judge, const struct socktrace_rule *rule,
		    const struct socktrace_event *ev)
{
	size_t top_length, length;
	const char *top, *path;

	if (!(rule->match & SOCKTRACE_MATCH_CGROUP_TREE) || ev->cgroup_id == rule->cgroup)
		return true;
	top = judge->cgroup_path(judge->context, rule->cgroup, &top_length);
	/* A record that tells of version 1 is of a process in the root of version 2. */
	if ((ev->cgroup_id ^ rule->cgroup) & SOCKTRACE_CGROUP_V1)
		return ev->cgroup_id & SOCKTRACE_CGROUP_V1 && top && top_length == 1;
	path = judge->cgroup_path(judge->context, ev->cgroup_id, &length);
	if (!top || !path || length < top_length || memcmp(path, top, top_length))
		return false;
	/* One that came again at the same place is the same to whoever asks by its path. */
	return top_length == 1 /* the root */ || length == top_length || path[top_length] == '/';
}

static enum verdict holds(const struct judge *judge, const struct socktrace_rule *rule,
			  const struct socktrace_event *ev)
{
	uint32_t match = rule->match;

	if (match & SOCKTRACE_MATCH_ANCESTOR ||
	    (match & SOCKTRACE_MATCH_EVENTS && !in_mask(rule->events, ev->type)) ||
	    (match & SOCKTRACE_MATCH_PHASES && !in_mask(rule->phases, ev->phase)) ||
	    !is_socket(rule, ev) || !is_caller(judge, rule, ev) || !is_result(rule, ev) ||
	    !is_remote(rule, ev) || !is_local(rule, ev) || !in_tree(judge, rule, ev))
		return NO;
	return has_path(judge, rule, ev);
}

bool judge_accepts(const struct judge *judge, const struct socktrace_event *ev)
{
	unsigned int i;

	for (i = 0; i < judge->nr_rules; i++) {
		const struct socktrace_rule *rule = &judge->rules[i];
		enum verdict verdict = holds(judge, rule, ev);

		/* A rule that may reject leaves it to the others. */
		if (verdict == YES || (verdict == PERHAPS && rule->action == SOCKTRACE_ACCEPT))
			return rule->action == SOCKTRACE_ACCEPT;
	}
	return false;
}
