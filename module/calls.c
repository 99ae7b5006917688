// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/file.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "arch.h"
#include "calls.h"
#include "collect.h"
#include "compat/compat.h"
#include "session.h"

/* Numbers the calls; per CPU, so that counting costs no shared cache line. */
static DEFINE_PER_CPU(u64, calls_made);

/* For a call that finds no slot: it is told at once, as one that was missed. */
static DEFINE_PER_CPU(struct st_inflight, spare);

/*
 * Where a record is put together. Not on the stack, which kernels with
 * INIT_STACK_ALL_ZERO zero once more, and which may be deep in use already.
 * Handlers don't nest: they run in tasks, with preemption off.
 */
static DEFINE_PER_CPU(struct socktrace_event, scratch);

/* CPU in the upper bits: unique without being agreed upon. Never 0. */
static u64 next_call_id(void)
{
	return (u64)smp_processor_id() << 48 | __this_cpu_inc_return(calls_made);
}

/*
 * What there is to be known of a call at its entry, as far as any filter asks.
 * The record that it stands in is only used for that.
 */
static void facts_at_entry(struct st_filter_facts *facts, struct socktrace_event *ev)
{
	facts->ev = ev;
	facts->known = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_PHASES |
		       SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_TID |
		       SOCKTRACE_MATCH_ANCESTOR;
	facts->descends = st_collect_descends;
	facts->in_cgroup = st_collect_in_cgroup;
	ev->flags = 0;
	ev->addr_len = ev->local_len = 0;
	ev->netns = ev->mntns = ev->pidns = 0;
	ev->tgid = current->tgid;
	ev->tid = current->pid;
	if (st_sessions_conditions() & ST_COLLECT_TASK_CONDITIONS) {
		st_collect_task(ev);
		facts->known |= ST_COLLECT_TASK_CONDITIONS;
	}
}

/* What creates has its family and type from its caller, and never an address. */
static void facts_of_creation(struct st_filter_facts *facts, struct socktrace_event *ev,
			      s32 domain, s32 type)
{
	facts->known |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES | ST_FILTER_ENDS;
	ev->args[0] = domain;
	ev->args[1] = type;
}

/* @ev is what @facts are of. */
static bool wanted(const struct st_filter_facts *facts, struct socktrace_event *ev,
		   enum socktrace_type type, enum socktrace_phase phase)
{
	if (!st_sessions_may_want(type, phase))
		return false;
	ev->type = type;
	ev->phase = phase;
	return st_sessions_want(facts, phase);
}

/* Does anything that this call can give find a taker? */
static bool return_is_wanted(const struct st_filter_facts *facts,
			     struct socktrace_event *ev, enum socktrace_type type)
{
	if (wanted(facts, ev, type, SOCKTRACE_EXIT))
		return true;
	/* The LSM hook's records tell of the call that they are part of. */
	return type == SOCKTRACE_CONNECT &&
	       (wanted(facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT) ||
		wanted(facts, ev, SOCKTRACE_ADDR_MISMATCH, SOCKTRACE_POINT));
}

/* st_call_enter(), of somebody whose calls some session may want. */
static noinline struct st_inflight *call_judge(enum socktrace_type type,
					    const struct st_entry_point *entry,
					    struct pt_regs *regs)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	bool wants_return, wants_entry;
	struct st_filter_facts facts;
	struct st_inflight *call;

	facts_at_entry(&facts, ev);
	if (entry->creates)
		facts_of_creation(&facts, ev, st_arch_arg(regs, 0), st_arch_arg(regs, 1));

	wants_return = return_is_wanted(&facts, ev, type);
	wants_entry = wanted(&facts, ev, type, SOCKTRACE_ENTER);
	if (!wants_return)
		st_sessions_refuse(SOCKTRACE_PHASE_EXIT);
	if (!wants_return && !wants_entry) {
		st_sessions_refuse(SOCKTRACE_PHASE_ENTER);
		return NULL;
	}

	call = st_inflight_claim(current);
	if (!call) {
		call = this_cpu_ptr(&spare);
		call->task = NULL;
	}
	call->time_ns = st_compat_boottime_ns();
	call->call_id = next_call_id();
	call->tgid = current->tgid;
	call->tid = current->pid;
	st_compat_copy_comm(call->comm, current);
	call->type = type;
	call->via = entry->via;
	call->returns_file = entry->returns_file;
	call->abi = st_arch_abi();
	call->wants_return = wants_return;
	call->wants_entry = wants_entry;
	call->hooked = false;
	call->is_a_try = false;
	call->hook_ns = 0;
	call->socket = NULL;
	call->sock.inode = 0;
	call->addr_len = 0;
	call->addr_source = SOCKTRACE_ADDR_NONE;
	call->toctou = SOCKTRACE_TOCTOU_NONE;
	memset(call->args, 0, sizeof(call->args));
	entry->enter(call, regs);
	if (call->is_a_try) /* it may be none to tell of */
		call->wants_entry = false;
	st_inflight_publish(call);
	return call;
}

/*
 * A call of @type comes in by @entry. NULL: nobody wants to know of it. Else what
 * is remembered of it, for st_call_entered(); `wants_return` says whether that is
 * for its return, too.
 */
struct st_inflight *st_call_enter(enum socktrace_type type, const struct st_entry_point *entry,
			    struct pt_regs *regs)
{
	if (st_sessions_may_want_of(current->tgid))
		return call_judge(type, entry, regs);
	st_sessions_refuse(SOCKTRACE_PHASE_ENTER | SOCKTRACE_PHASE_EXIT);
	return NULL;
}

static void record_call(struct socktrace_event *ev, const struct st_inflight *call,
			enum socktrace_phase phase)
{
	st_record_init(ev, call->type, phase);
	ev->abi = call->abi;
	ev->via = call->via;
	ev->time_ns = call->time_ns;
	ev->call_id = call->call_id;
	memcpy(ev->args, call->args, sizeof(ev->args));
	ev->addr_source = call->addr_source;
	if (call->addr_len)
		st_record_set_addr(ev, call->addr, call->addr_len);
	if (call->sock.inode)
		st_collect_set_socket(ev, &call->sock);
	st_collect_task(ev);
}

/* Gives the record to the sessions. Conditions in @unknown can't be judged. */
static void offer(struct socktrace_event *ev, u32 unknown)
{
	struct st_filter_facts facts;

	st_filter_facts_of(&facts, ev);
	facts.known &= ~unknown;
	facts.descends = st_collect_descends;
	facts.in_cgroup = st_collect_in_cgroup;
	st_sessions_deliver(ev, &facts);
}

/* The socket that @call is made on, until fput(@file) where there is one. */
static struct socket *call_socket(const struct st_inflight *call, struct file **file)
{
	*file = NULL;
	return call->socket ?: st_collect_get_socket(call->args[0], file);
}

/* That socket, if the call is made on one. */
static void tell_socket(struct socktrace_event *ev, const struct st_inflight *call)
{
	struct socket *sock;
	struct file *file;

	sock = call_socket(call, &file);
	if (sock)
		st_collect_ends(ev, sock, call->sock.inode);
	if (file)
		fput(file);
}

/* The listener's queue; and if @failed all that there is to tell is of it. */
static void tell_listener(struct socktrace_event *ev, const struct st_inflight *call,
			  bool failed)
{
	struct file *file;
	struct socket *sock = call_socket(call, &file);

	if (sock && failed)
		st_collect_ends(ev, sock, call->sock.inode);
	if (sock)
		st_collect_queue(ev, sock);
	if (file)
		fput(file);
}

/* Seldom asked for: st_call_entered() need not save registers for it. */
static noinline void tell_entry(const struct st_inflight *call, bool missed)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	bool creates = st_record_creates(call->type);
	u32 unknown = 0;

	record_call(ev, call, SOCKTRACE_ENTER);
	if (missed) {
		/* It stands for the return, whose facts nobody will know. */
		ev->flags |= SOCKTRACE_F_RETURN_MISSED;
		unknown = SOCKTRACE_MATCH_PHASES | ST_FILTER_RESULT;
		if (!creates)
			unknown |= ST_FILTER_ENDS;
	}
	if (!creates)
		tell_socket(ev, call);
	offer(ev, unknown);
}

/*
 * After the attempt to hook the return of @call. Tells of the entry those who
 * asked for it, and everybody if the return will not be seen.
 */
void st_call_entered(struct st_inflight *call)
{
	bool missed = call->wants_return && !call->hooked;

	if (missed || call->wants_entry)
		tell_entry(call, missed);
	else
		st_sessions_refuse(SOCKTRACE_PHASE_ENTER);
	if (!call->hooked && call->task)
		st_inflight_release(call);
}

/* The caller changed the address after its entry: its copy, for the record. */
static void tell_mismatch(const struct st_inflight *call)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	record_call(ev, call, SOCKTRACE_POINT);
	ev->type = SOCKTRACE_ADDR_MISMATCH;
	ev->time_ns = st_compat_boottime_ns();
	ev->toctou = SOCKTRACE_TOCTOU_MISMATCH;
	offer(ev, 0);
}

/* The kernel's copy takes the place of the caller's, once both were compared. */
static void take_kernel_addr(struct st_inflight *call, const void *addr, s32 len)
{
	/* Whatever else was passed is no part of it, and may change. */
	len = st_record_addr_len(addr, len);
	switch (call->addr_source) {
	case SOCKTRACE_ADDR_USER:
		if (len == call->addr_len && !memcmp(addr, call->addr, len)) {
			call->toctou = SOCKTRACE_TOCTOU_MATCH;
		} else {
			call->toctou = SOCKTRACE_TOCTOU_MISMATCH;
			tell_mismatch(call);
		}
		break;
	case SOCKTRACE_ADDR_FAULT:
		call->toctou = len ? SOCKTRACE_TOCTOU_UNREADABLE : SOCKTRACE_TOCTOU_NONE;
		break;
	default: /* no address, or its second time here */
		break;
	}
	memcpy(call->addr, addr, len);
	call->addr_len = len;
	call->addr_source = len ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_NONE;
}

/*
 * security_socket_connect() was called at @time_ns, within @call, or outside any
 * (NULL). Tells who wants to know.
 */
static void tell_security_socket_connect(const struct st_inflight *call, u64 time_ns,
					 const struct st_socket_facts *sock,
					 const void *addr, s32 addrlen)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct st_filter_facts facts;

	facts_at_entry(&facts, ev);
	facts.known |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES;
	st_collect_set_socket(ev, sock);
	if (!wanted(&facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT)) {
		st_sessions_refuse(1U << SOCKTRACE_POINT);
		return;
	}
	st_record_init(ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	ev->time_ns = time_ns;
	ev->abi = st_arch_abi();
	if (call) {
		ev->call_id = call->call_id;
		ev->via = call->via;
	} else if (!st_arch_in_call(SOCKTRACE_CONNECT)) {
		ev->via = SOCKTRACE_VIA_IO_URING;
	}
	ev->args[0] = call ? call->args[0] : -1;
	ev->args[1] = addrlen;
	st_record_set_addr(ev, addr, max(addrlen, 0));
	if (ev->addr_len)
		ev->addr_source = SOCKTRACE_ADDR_KERNEL;
	st_collect_set_socket(ev, sock);
	st_collect_task(ev);
	offer(ev, 0);
}

/*
 * security_socket_connect(sock, address, addrlen): with the address that the
 * kernel goes on to use, within a connect that was seen to enter, or outside
 * any.
 */
void st_call_security_socket_connect(struct pt_regs *regs)
{
	struct socket *sock = (struct socket *)st_arch_arg(regs, 0);
	const void *addr = (const void *)st_arch_arg(regs, 1);
	s32 addrlen = st_arch_arg(regs, 2);
	struct st_inflight *call = st_inflight_of_current();
	struct st_socket_facts facts = { 0 };

	if (call && call->type != SOCKTRACE_CONNECT)
		call = NULL;
	if (!call && !st_sessions_may_want_of(current->tgid)) {
		if (!st_entry_is_another_look(sock))
			st_sessions_refuse(1U << SOCKTRACE_POINT);
		return;
	}
	st_collect_socket(&facts, sock);
	if (call) {
		call->sock = facts;
		take_kernel_addr(call, addr, clamp_t(s32, addrlen, 0, ST_RECORD_ADDR_MAX));
	} else if (st_entry_is_another_look(sock)) {
		return;
	}
	if (call && call->is_a_try)
		call->hook_ns = st_compat_boottime_ns(); /* to be told with the call */
	else
		tell_security_socket_connect(call, st_compat_boottime_ns(), &facts, addr,
					     addrlen);
}

/* The new socket that @call returned as @ret; until fput(@file) where there is one. */
static struct socket *new_socket(struct socktrace_event *ev, const struct st_inflight *call,
				 long ret, struct file **file)
{
	if (!call->returns_file) {
		ev->ret = ret;
		return ev->ret < 0 ? NULL : st_collect_get_socket(ret, file);
	}
	/* Its descriptor is given later. The caller holds it until then. */
	ev->ret = PTR_ERR_OR_ZERO((const void *)ret);
	return ev->ret ? NULL : st_compat_sock_from_file((struct file *)ret);
}

/* The call returns @ret: the record of the whole call. */
void st_call_return(struct st_inflight *call, long ret)
{
	u64 now = st_compat_boottime_ns();
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct file *file = NULL;
	struct socket *made;

	if (call->is_a_try && (s32)ret == -EAGAIN) {
		st_inflight_release(call);
		return;
	}
	if (call->hook_ns)
		tell_security_socket_connect(call, call->hook_ns, &call->sock,
					     call->addr, call->args[1]);
	record_call(ev, call, SOCKTRACE_EXIT);
	/* This clock may step back by some ns when its base is updated. */
	ev->duration_ns = now > call->time_ns ? now - call->time_ns : 0;
	switch (call->type) {
	case SOCKTRACE_SOCKET:
		made = new_socket(ev, call, ret, &file);
		if (made)
			st_collect_created(ev, made);
		break;
	case SOCKTRACE_CONNECT:
		ev->ret = ret;
		ev->toctou = call->toctou;
		tell_socket(ev, call);
		break;
	case SOCKTRACE_ACCEPT4:
		made = new_socket(ev, call, ret, &file);
		if (made)
			st_collect_accepted(ev, made);
		tell_listener(ev, call, ev->ret < 0);
		break;
	case SOCKTRACE_SOCKETPAIR:
		ev->ret = ret;
		if (!ev->ret)
			st_collect_pair(ev, call->sv);
		break;
	}
	if (file)
		fput(file);
	st_inflight_release(call);
	offer(ev, 0);
}
