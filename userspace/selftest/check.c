// SPDX-License-Identifier: GPL-2.0
/*
 * Each field is shown as text, of the record and of one that is as it has to
 * be: what looks the same is the same. Some are not known to the last digit.
 */
#include "selftest/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/text.h"
#include "record/decode.h"
#include "record/record.h"
#include "record/walltime.h"

/* The module's clock may be behind the system call's by as much as that. */
#define CLOCK_SLACK_NS 1000000

typedef char *shower(char *p, const struct socktrace_event *ev);

static char *name_or_number(char *p, const struct name *name, int64_t number)
{
	return name ? fmt_name(p, name) : p + sprintf(p, "%" PRId64, number);
}

#define NAMED(field, decode)                                                       \
	static char *show_##field(char *p, const struct socktrace_event *ev)       \
	{                                                                          \
		return name_or_number(p, decode(ev->field), ev->field);            \
	}
#define NUMBER(field)                                                              \
	static char *show_##field(char *p, const struct socktrace_event *ev)       \
	{                                                                          \
		return fmt_u32(p, ev->field);                                      \
	}
/* Of the socket, if there is one. */
#define OF_SOCKET(field, show)                                                     \
	static char *show_##field(char *p, const struct socktrace_event *ev)       \
	{                                                                          \
		if (!(ev->flags & SOCKTRACE_F_SOCK))                               \
			return fmt_lit(p, "none");                                 \
		return show;                                                       \
	}

NAMED(type, decode_event)
NAMED(abi, decode_abi)
NAMED(via, decode_via)
NAMED(addr_source, decode_addr_source)
NAMED(toctou, decode_toctou)
NUMBER(tgid)
NUMBER(tid)
NUMBER(ppid)
NUMBER(uid)
NUMBER(gid)
NUMBER(euid)
NUMBER(ns_tgid)
NUMBER(ns_tid)
NUMBER(netns)
NUMBER(mntns)
NUMBER(pidns)
OF_SOCKET(inode, fmt_u64(p, ev->inode))
OF_SOCKET(sock_family, name_or_number(p, decode_family(ev->sock_family), ev->sock_family))
OF_SOCKET(sock_type, name_or_number(p, decode_type(ev->sock_type), ev->sock_type))
OF_SOCKET(sock_protocol,
	  name_or_number(p, decode_protocol(ev->sock_family, ev->sock_protocol),
			 ev->sock_protocol))

static char *show_phase(char *p, const struct socktrace_event *ev)
{
	p = name_or_number(p, decode_phase(ev->phase), ev->phase);
	if (ev->flags & SOCKTRACE_F_RETURN_MISSED)
		p = fmt_lit(p, " (the return was missed)");
	return p;
}

static char *number_or_none(char *p, uint32_t number)
{
	return number == UINT32_MAX ? fmt_lit(p, "none") : fmt_u32(p, number);
}

static char *show_loginuid(char *p, const struct socktrace_event *ev)
{
	return number_or_none(p, ev->loginuid);
}

static char *show_session(char *p, const struct socktrace_event *ev)
{
	return number_or_none(p, ev->sessionid);
}

/* In clock ticks, as all that is known of it is. */
static char *show_start(char *p, const struct socktrace_event *ev)
{
	return fmt_u64(p, ev->start_ns / (1000000000U / (unsigned int)sysconf(_SC_CLK_TCK)));
}

static char *show_comm(char *p, const struct socktrace_event *ev)
{
	return escape_text(p, ev->comm, record_comm_length(ev), 0);
}

static char *show_args(char *p, const struct socktrace_event *ev)
{
	p = fmt_lit(fmt_i32(p, ev->args[0]), ", ");
	p = fmt_i32(p, ev->args[1]);
	if (record_creates(ev))
		p = fmt_i32(fmt_lit(p, ", "), ev->args[2]);
	return p;
}

static char *show_ret(char *p, const struct socktrace_event *ev)
{
	const struct name *name = ev->ret < 0 ? decode_errno(-(uint32_t)ev->ret) : NULL;

	p = fmt_i32(p, ev->ret);
	if (name)
		p = fmt_lit(fmt_name(fmt_lit(p, " ("), name), ")");
	return p;
}

static char *show_addr(char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_addr_length(ev);

	return length ? text_address(p, ev, socktrace_addr(ev), length, false) :
			fmt_lit(p, "none");
}

static char *show_local(char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_local_length(ev);

	return length ? text_address(p, ev, socktrace_local(ev), length,
				     ev->flags & SOCKTRACE_F_LOCAL_TRUNCATED) :
			fmt_lit(p, "none");
}

static char *show_peer(char *p, const struct socktrace_event *ev)
{
	if (!(ev->flags & SOCKTRACE_F_PEERCRED))
		return fmt_lit(p, "none");
	p = fmt_u32(fmt_lit(p, "pid "), ev->peer_pid);
	return fmt_u32(fmt_lit(p, ", uid "), ev->peer_uid);
}

static char *show_queue(char *p, const struct socktrace_event *ev)
{
	if (!(ev->flags & SOCKTRACE_F_QUEUE))
		return fmt_lit(p, "none");
	p = fmt_lit(fmt_u32(p, ev->queue_len), "/");
	return fmt_u32(p, ev->queue_limit);
}

static char *show_sv(char *p, const struct socktrace_event *ev)
{
	if (!(ev->flags & SOCKTRACE_F_SV))
		return fmt_lit(p, "none");
	p = fmt_lit(fmt_i32(p, ev->sv[0]), ", ");
	return fmt_i32(p, ev->sv[1]);
}

/* Named as docs/json.md does. Those without a shower are not known exactly. */
static const struct {
	const char *name;
	shower *show;
} fields[SELFTEST_FIELDS] = {
	[FIELD_EVENT] = { "event", show_type },
	[FIELD_PHASE] = { "phase", show_phase },
	[FIELD_ABI] = { "abi", show_abi },
	[FIELD_VIA] = { "via", show_via },
	[FIELD_PID] = { "pid", show_tgid },
	[FIELD_TID] = { "tid", show_tid },
	[FIELD_PPID] = { "ppid", show_ppid },
	[FIELD_UID] = { "uid", show_uid },
	[FIELD_GID] = { "gid", show_gid },
	[FIELD_EUID] = { "euid", show_euid },
	[FIELD_LOGINUID] = { "loginuid", show_loginuid },
	[FIELD_SESSION] = { "session", show_session },
	[FIELD_START] = { "start", show_start },
	[FIELD_COMM] = { "comm", show_comm },
	[FIELD_NSPID] = { "nspid", show_ns_tgid },
	[FIELD_NSTID] = { "nstid", show_ns_tid },
	[FIELD_NETNS] = { "netns", show_netns },
	[FIELD_MNTNS] = { "mntns", show_mntns },
	[FIELD_PIDNS] = { "pidns", show_pidns },
	[FIELD_TIME] = { "time", NULL },
	[FIELD_CALL] = { "call", NULL },
	[FIELD_ARGS] = { "args", show_args },
	[FIELD_RET] = { "ret", show_ret },
	[FIELD_DURATION] = { "duration_ns", NULL },
	[FIELD_INODE] = { "inode", show_inode },
	[FIELD_FAMILY] = { "family", show_sock_family },
	[FIELD_TYPE] = { "type", show_sock_type },
	[FIELD_PROTOCOL] = { "protocol", show_sock_protocol },
	[FIELD_ADDR] = { "addr", show_addr },
	[FIELD_ADDR_SOURCE] = { "addr_source", show_addr_source },
	[FIELD_TOCTOU] = { "toctou", show_toctou },
	[FIELD_LOCAL] = { "local", show_local },
	[FIELD_PEER] = { "peer", show_peer },
	[FIELD_QUEUE] = { "queue", show_queue },
	[FIELD_SV] = { "sv", show_sv },
};

const char *selftest_field_name(enum selftest_field field)
{
	return fields[field].name;
}

/* The record that is as it has to be, its addresses where a record has them. */
static void compose(struct socktrace_event *ev, const struct selftest_expect *expect,
		    const struct socktrace_event *got)
{
	*ev = expect->ev;
	ev->addr_len = (__u8)expect->addr.length;
	ev->local_len = (__u8)expect->local.length;
	memset(ev->addrs, 0, sizeof(ev->addrs));
	memcpy(socktrace_addr(ev), expect->addr.bytes, record_addr_length(ev));
	memcpy(socktrace_local(ev), expect->local.bytes, record_local_length(ev));
	if (ev->flags & SOCKTRACE_F_SV)
		memcpy(ev->sv, expect->sv, sizeof(ev->sv));
	/* The module may not know the kernel's number of this namespace. */
	if (!got->mntns)
		ev->mntns = 0;
	/* io_uring works at the end of an interrupt, too, in no system call. */
	if (ev->via == SOCKTRACE_VIA_IO_URING && !got->abi)
		ev->abi = SOCKTRACE_ABI_UNKNOWN;
	if (expect->or_in_progress && got->ret == -EINPROGRESS)
		ev->ret = got->ret;
}

static bool same_text(shower *show, const struct socktrace_event *got,
		      const struct socktrace_event *expected,
		      struct selftest_difference *difference)
{
	*show(difference->got, got) = '\0';
	*show(difference->expected, expected) = '\0';
	return !strcmp(difference->got, difference->expected);
}

static bool within(const struct selftest_expect *expect, const struct socktrace_event *ev,
		   struct selftest_difference *difference)
{
	uint64_t from = expect->ev.time_ns - CLOCK_SLACK_NS;

	snprintf(difference->got, sizeof(difference->got), "%" PRIu64 " ns",
		 (uint64_t)ev->time_ns);
	snprintf(difference->expected, sizeof(difference->expected),
		 "%" PRIu64 " to %" PRIu64 " ns", from, expect->until_ns);
	return ev->time_ns >= from && ev->time_ns <= expect->until_ns;
}

/* A clock that may show the same time twice may do so at both ends of a call. */
static bool clock_is_coarse(void)
{
	uint64_t last = walltime_boot_ns(), now;

	for (int n = 0; n < 100; n++, last = now) {
		now = walltime_boot_ns();
		if (now == last)
			return true;
	}
	return false;
}

static bool took(const struct selftest_expect *expect, const struct socktrace_event *ev,
		 struct selftest_difference *difference)
{
	/* It may have been coarse then, and not be now: as a machine starts, it changes. */
	bool coarse = expect->until_ns == expect->ev.time_ns || clock_is_coarse();
	uint64_t least = coarse ? 0 : 1;
	uint64_t most = expect->until_ns - expect->ev.time_ns + CLOCK_SLACK_NS;

	snprintf(difference->got, sizeof(difference->got), "%" PRIu64,
		 (uint64_t)ev->duration_ns);
	snprintf(difference->expected, sizeof(difference->expected), "%" PRIu64 " to %" PRIu64,
		 least, most);
	return ev->duration_ns >= least && ev->duration_ns <= most;
}

static bool in_call(const struct selftest_expect *expect, const struct socktrace_event *ev,
		    const struct socktrace_event *previous,
		    struct selftest_difference *difference)
{
	snprintf(difference->got, sizeof(difference->got), "%" PRIu64, (uint64_t)ev->call_id);
	if (expect->same_call && previous)
		snprintf(difference->expected, sizeof(difference->expected),
			 "%" PRIu64 ", as the record before", (uint64_t)previous->call_id);
	else
		snprintf(difference->expected, sizeof(difference->expected), "a number");
	return ev->call_id &&
	       (!expect->same_call || !previous || ev->call_id == previous->call_id);
}

bool selftest_check(const struct selftest_expect *expect, const struct socktrace_event *ev,
		    const struct socktrace_event *previous,
		    struct selftest_difference *difference)
{
	struct socktrace_event expected;
	unsigned int i;
	bool good;

	compose(&expected, expect, ev);
	for (i = 0; i < SELFTEST_FIELDS; i++) {
		if (!(expect->fields & FIELD_BIT(i)))
			continue;
		if (i == FIELD_TIME)
			good = within(expect, ev, difference);
		else if (i == FIELD_CALL)
			good = in_call(expect, ev, previous, difference);
		else if (i == FIELD_DURATION)
			good = took(expect, ev, difference);
		else
			good = same_text(fields[i].show, ev, &expected, difference);
		if (!good) {
			difference->field = fields[i].name;
			return false;
		}
	}
	return true;
}
