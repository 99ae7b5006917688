// SPDX-License-Identifier: GPL-2.0-only
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
static DEFINE_PER_CPU(struct inflight, spare);

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
static void facts_at_entry(struct filter_facts *facts, struct socktrace_event *ev)
{
	facts->ev = ev;
	facts->known = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_PHASES |
		       SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_TID |
		       SOCKTRACE_MATCH_ANCESTOR;
	facts->descends = collect_descends;
	facts->in_cgroup = collect_in_cgroup;
	ev->flags = 0;
	ev->addr_len = ev->local_len = 0;
	ev->netns = ev->mntns = ev->pidns = 0;
	ev->tgid = current->tgid;
	ev->tid = current->pid;
	if (sessions_conditions() & COLLECT_TASK_CONDITIONS) {
		collect_task(ev);
		facts->known |= COLLECT_TASK_CONDITIONS;
	}
}

/* A socket() has its family and type from its caller, and never an address. */
static void facts_of_socket_call(struct filter_facts *facts, struct socktrace_event *ev,
				 const s32 *args)
{
	facts->known |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES | FILTER_ENDS;
	ev->args[0] = args[0];
	ev->args[1] = args[1];
}

/* @ev is what @facts are of. */
static bool wanted(const struct filter_facts *facts, struct socktrace_event *ev,
		   enum socktrace_type type, enum socktrace_phase phase)
{
	if (!sessions_may_want(type, phase))
		return false;
	ev->type = type;
	ev->phase = phase;
	return sessions_want(facts, phase);
}

/* Does anything that this call can give find a taker? */
static bool return_is_wanted(const struct filter_facts *facts,
			     struct socktrace_event *ev, enum socktrace_type type)
{
	if (wanted(facts, ev, type, SOCKTRACE_EXIT))
		return true;
	/* The LSM hook's records tell of the call that they are part of. */
	return type == SOCKTRACE_CONNECT &&
	       (wanted(facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT) ||
		wanted(facts, ev, SOCKTRACE_ADDR_MISMATCH, SOCKTRACE_POINT));
}

/* The caller's address as it is now; the kernel reads it again for itself. */
static void read_user_addr(struct inflight *call, const void __user *addr, s32 len)
{
	call->addr_source = SOCKTRACE_ADDR_NONE;
	call->addr_len = 0;
	call->toctou = SOCKTRACE_TOCTOU_NONE;
	if (len <= 0 || len > RECORD_ADDR_MAX) /* the kernel won't read it */
		return;
	call->toctou = SOCKTRACE_TOCTOU_UNCHECKED;
	call->addr_source = SOCKTRACE_ADDR_FAULT;
	if (collect_user_addr(call->addr, addr, len))
		return;
	call->addr_source = SOCKTRACE_ADDR_USER;
	call->addr_len = len;
}

/*
 * A call of @type begins. NULL: nobody wants to know of it. Else what is
 * remembered of it, for call_entered(); `wants_return` says whether that is for
 * its return, too.
 */
struct inflight *call_enter(enum socktrace_type type, struct pt_regs *regs)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct filter_facts facts;
	struct inflight *call;
	bool wants_return, wants_entry;
	s32 args[3];

	args[0] = arch_arg(regs, 0);
	args[1] = arch_arg(regs, 1);
	args[2] = arch_arg(regs, 2);
	facts_at_entry(&facts, ev);
	if (type == SOCKTRACE_SOCKET)
		facts_of_socket_call(&facts, ev, args);

	wants_return = return_is_wanted(&facts, ev, type);
	wants_entry = wanted(&facts, ev, type, SOCKTRACE_ENTER);
	if (!wants_return)
		sessions_refuse(SOCKTRACE_PHASE_EXIT);
	if (!wants_return && !wants_entry) {
		sessions_refuse(SOCKTRACE_PHASE_ENTER);
		return NULL;
	}

	call = inflight_claim(current);
	if (!call) {
		call = this_cpu_ptr(&spare);
		call->task = NULL;
	}
	call->time_ns = compat_boottime_ns();
	call->call_id = next_call_id();
	call->tgid = current->tgid;
	call->tid = current->pid;
	memcpy(call->comm, current->comm, sizeof(call->comm));
	call->type = type;
	call->abi = arch_abi();
	call->wants_return = wants_return;
	call->wants_entry = wants_entry;
	call->hooked = false;
	call->sock.inode = 0;
	call->addr_len = 0;
	call->addr_source = SOCKTRACE_ADDR_NONE;
	call->toctou = SOCKTRACE_TOCTOU_NONE;
	memset(call->args, 0, sizeof(call->args));
	switch (type) {
	case SOCKTRACE_CONNECT:
		call->args[0] = args[0];
		call->args[1] = args[2];
		read_user_addr(call, (const void __user *)arch_arg(regs, 1), args[2]);
		break;
	case SOCKTRACE_ACCEPT4:
		call->args[0] = args[0];
		call->args[1] = arch_arg(regs, 3);
		break;
	default:
		memcpy(call->args, args, sizeof(args));
	}
	inflight_publish(call);
	return call;
}

static void record_call(struct socktrace_event *ev, const struct inflight *call,
			enum socktrace_phase phase)
{
	record_init(ev, call->type, phase);
	ev->abi = call->abi;
	ev->time_ns = call->time_ns;
	ev->call_id = call->call_id;
	memcpy(ev->args, call->args, sizeof(ev->args));
	ev->addr_source = call->addr_source;
	if (call->addr_len)
		record_set_addr(ev, call->addr, call->addr_len);
	if (call->sock.inode)
		collect_set_socket(ev, &call->sock);
	collect_task(ev);
}

/* Gives the record to the sessions. Conditions in @unknown can't be judged. */
static void offer(struct socktrace_event *ev, u32 unknown)
{
	struct filter_facts facts;

	filter_facts_of(&facts, ev);
	facts.known &= ~unknown;
	facts.descends = collect_descends;
	facts.in_cgroup = collect_in_cgroup;
	sessions_offer(ev, &facts);
}

static void tell_entry(const struct inflight *call, bool missed)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	u32 unknown = 0;

	record_call(ev, call, SOCKTRACE_ENTER);
	if (missed) {
		/* It stands for the return, whose facts nobody will know. */
		ev->flags |= SOCKTRACE_F_RETURN_MISSED;
		unknown = SOCKTRACE_MATCH_PHASES | FILTER_RESULT;
		if (call->type != SOCKTRACE_SOCKET)
			unknown |= FILTER_ENDS;
	}
	if (call->type != SOCKTRACE_SOCKET)
		collect_fd(ev, call->args[0], 0);
	offer(ev, unknown);
}

/*
 * After the attempt to hook the return of @call. Tells of the entry those who
 * asked for it, and everybody if the return will not be seen.
 */
void call_entered(struct inflight *call)
{
	bool missed = call->wants_return && !call->hooked;

	if (missed || call->wants_entry)
		tell_entry(call, missed);
	else
		sessions_refuse(SOCKTRACE_PHASE_ENTER);
	if (!call->hooked && call->task)
		inflight_release(call);
}

/* The call's result is @ret: the record of the whole call. */
void call_return(struct inflight *call, long ret)
{
	u64 now = compat_boottime_ns();
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	record_call(ev, call, SOCKTRACE_EXIT);
	/* This clock may step back by some ns when its base is updated. */
	ev->duration_ns = now > call->time_ns ? now - call->time_ns : 0;
	ev->ret = ret;
	switch (call->type) {
	case SOCKTRACE_SOCKET:
		if (ev->ret >= 0)
			collect_created(ev, ev->ret);
		break;
	case SOCKTRACE_CONNECT:
		ev->toctou = call->toctou;
		collect_fd(ev, call->args[0], call->sock.inode);
		break;
	case SOCKTRACE_ACCEPT4:
		if (ev->ret >= 0)
			collect_accepted(ev, ev->ret);
		else
			collect_fd(ev, call->args[0], 0);
		collect_queue(ev, call->args[0]);
		break;
	}
	inflight_release(call);
	offer(ev, 0);
}

/* The caller changed the address after its entry: its copy, for the record. */
static void tell_mismatch(const struct inflight *call)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	record_call(ev, call, SOCKTRACE_POINT);
	ev->type = SOCKTRACE_ADDR_MISMATCH;
	ev->time_ns = compat_boottime_ns();
	ev->toctou = SOCKTRACE_TOCTOU_MISMATCH;
	offer(ev, 0);
}

/* The kernel's copy takes the place of the caller's, once both were compared. */
static void take_kernel_addr(struct inflight *call, const void *addr, s32 len)
{
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
		call->toctou = SOCKTRACE_TOCTOU_UNREADABLE;
		break;
	default: /* no address, or its second time here */
		break;
	}
	memcpy(call->addr, addr, len);
	call->addr_len = len;
	call->addr_source = len ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_NONE;
}

static void tell_security_socket_connect(const struct inflight *call,
					 const struct socket_facts *sock,
					 const void *addr, s32 addrlen)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	record_init(ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	ev->time_ns = compat_boottime_ns();
	ev->abi = arch_abi();
	if (call)
		ev->call_id = call->call_id;
	else
		ev->via = collect_via();
	ev->args[0] = call ? call->args[0] : -1;
	ev->args[1] = addrlen;
	record_set_addr(ev, addr, max(addrlen, 0));
	if (ev->addr_len)
		ev->addr_source = SOCKTRACE_ADDR_KERNEL;
	collect_set_socket(ev, sock);
	collect_task(ev);
	offer(ev, 0);
}

/*
 * security_socket_connect(sock, address, addrlen): with the address that the
 * kernel goes on to use, within a connect that was seen to enter, or outside
 * any (io_uring's).
 */
void call_security_socket_connect(struct pt_regs *regs)
{
	struct socket *sock = (struct socket *)arch_arg(regs, 0);
	const void *addr = (const void *)arch_arg(regs, 1);
	s32 len = clamp_t(s32, arch_arg(regs, 2), 0, RECORD_ADDR_MAX);
	struct inflight *call = inflight_find(current);
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct socket_facts sock_facts = { 0 };
	struct filter_facts facts;

	collect_socket(&sock_facts, sock);
	if (call && call->type != SOCKTRACE_CONNECT)
		call = NULL;
	if (call) {
		call->sock = sock_facts;
		take_kernel_addr(call, addr, len);
	}

	facts_at_entry(&facts, ev);
	facts.known |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES;
	collect_set_socket(ev, &sock_facts);
	if (wanted(&facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT))
		tell_security_socket_connect(call, &sock_facts, addr,
					     (s32)arch_arg(regs, 2));
	else
		sessions_refuse(1U << SOCKTRACE_POINT);
}
