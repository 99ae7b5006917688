// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "arch.h"
#include "calls.h"
#include "collect.h"
#include "compat/compat.h"
#include "deliver.h"
#include "images.h"
#include "lineage.h"
#include "share.h"
#include "sockets.h"

/* Numbers the calls; per CPU, so that counting costs no shared cache line. */
static DEFINE_PER_CPU(u64, calls_made);

/* Whose the slots of calls in flight are. */
static struct st_shares shares;

/* For a call that finds no slot: it is told at once, as one that was missed. */
static DEFINE_PER_CPU(struct st_inflight, spare);

/*
 * Where a record is put together, and what is known of it. Not on the stack, which
 * kernels with INIT_STACK_ALL_ZERO zero once more, and which may be deep in use already.
 * Handlers don't nest, and preemption is off.
 */
static DEFINE_PER_CPU(struct socktrace_event, scratch);
static DEFINE_PER_CPU(struct st_filter_facts, facts_known);
static DEFINE_PER_CPU(struct st_connected, connected);

/* While no call is in flight, of which at most @max will be. */
void st_calls_init(unsigned int max)
{
	st_share_init(&shares, max);
}

/* CPU in the upper bits: unique without being agreed upon. Never 0. */
static u64 next_call_id(void)
{
	return (u64)smp_processor_id() << ST_CALL_ID_CPU_SHIFT | __this_cpu_inc_return(calls_made);
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
	facts->answers = NULL;
	facts->peer_path = NULL;
	facts->task = current;
	facts->descends = st_lineage_descends;
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

/*
 * What creates has its family and type from its caller, and never an address. Which
 * protocol that means in the end, its socket tells.
 */
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
	/* These records tell of the call that they are part of. */
	return type == SOCKTRACE_CONNECT &&
	       (wanted(facts, ev, SOCKTRACE_CONNECTED, SOCKTRACE_POINT) ||
		wanted(facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT) ||
		wanted(facts, ev, SOCKTRACE_ADDR_MISMATCH, SOCKTRACE_POINT));
}

/*
 * Which of its records find a taker, as far as its entry tells; a bit per phase.
 * Seldom asked for: most often it is clear without any facts.
 */
static noinline u32 phases_wanted(enum socktrace_type type, const struct st_entry_point *entry,
				  struct pt_regs *regs)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct st_filter_facts facts;
	u32 phases = 0;

	facts_at_entry(&facts, ev);
	if (entry->creates)
		facts_of_creation(&facts, ev, st_arch_arg(regs, 0), st_arch_arg(regs, 1));
	if (return_is_wanted(&facts, ev, type))
		phases |= SOCKTRACE_PHASE_EXIT;
	if (wanted(&facts, ev, type, SOCKTRACE_ENTER))
		phases |= SOCKTRACE_PHASE_ENTER;
	return phases;
}

static void call_put_share(struct st_inflight *call)
{
	if (call->share != ST_SHARE_NONE)
		st_share_put(&shares, call->share);
}

/* It is over, or nobody will see it return. */
static void call_release(struct st_inflight *call)
{
	call_put_share(call);
	st_inflight_release(call);
}

void st_calls_forget(u32 types)
{
	st_inflight_forget(types, call_put_share);
}

/*
 * Where to remember a call that enters; the spare, if nobody will see it return. A
 * task makes one such call at a time: what it has already, unless that may be around
 * this one, is the rest of one that never returned (the task was killed by an oops,
 * and its task_struct came back as another's).
 */
static struct st_inflight *call_claim(const struct st_entry_point *entry)
{
	u32 owner = st_collect_owner();
	int share = ST_SHARE_NONE;
	struct st_inflight *call;

	while (!entry->nests && (call = st_inflight_find(current)))
		if (st_inflight_take_back(call))
			call_release(call);
	if (owner != ST_SHARE_ROOT) {
		share = st_share_take(&shares, owner);
		if (share == ST_SHARE_NONE)
			goto none;
	}
	call = st_inflight_claim(current, entry->nests);
	if (call) {
		call->share = share;
		return call;
	}
	if (share != ST_SHARE_NONE)
		st_share_put(&shares, share);
none:
	call = this_cpu_ptr(&spare);
	call->task = 0;
	return call;
}

/* st_call_enter(), of somebody whose calls some session may want. */
static noinline struct st_inflight *call_judge(enum socktrace_type type,
					    const struct st_entry_point *entry,
					    struct pt_regs *regs)
{
	struct st_inflight *call;
	u32 phases;

	if (!st_sessions_may_want(type, SOCKTRACE_ENTER) &&
	    st_sessions_surely_want_return(type))
		phases = SOCKTRACE_PHASE_EXIT;
	else
		phases = phases_wanted(type, entry, regs);
	if (!(phases & SOCKTRACE_PHASE_EXIT))
		st_sessions_refuse(type, SOCKTRACE_PHASE_EXIT);
	if (!phases) {
		st_sessions_refuse(type, SOCKTRACE_PHASE_ENTER);
		return NULL;
	}

	call = call_claim(entry);
	call->time_ns = st_compat_boottime_ns();
	call->call_id = next_call_id();
	call->tgid = current->tgid;
	call->tid = current->pid;
	st_compat_copy_comm(call->comm, current);
	call->type = type;
	call->via = entry->via;
	call->returns_file = entry->returns_file;
	call->abi = st_arch_abi();
	call->wants_return = phases & SOCKTRACE_PHASE_EXIT;
	call->wants_entry = phases & SOCKTRACE_PHASE_ENTER;
	call->hooked = false;
	call->is_a_try = false;
	call->hook_ns = 0;
	call->was_connecting = false;
	call->grafted = false;
	call->socket = NULL;
	call->listener = NULL;
	call->sock.is = NULL;
	st_ends_clear(&call->ends);
	call->toctou = SOCKTRACE_TOCTOU_NONE;
	memset(call->args, 0, sizeof(call->args));
	entry->enter(call, regs);
	if (call->is_a_try) /* it may be none to tell of */
		call->wants_entry = false;
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
	st_sessions_refuse(type, SOCKTRACE_PHASE_ENTER | SOCKTRACE_PHASE_EXIT);
	return NULL;
}

/* A hit of @entry that is no call of its own: for the one that it is part of. */
void st_call_pass(const struct st_entry_point *entry, struct pt_regs *regs)
{
	struct st_inflight *call = entry->pass ? st_inflight_of_current() : NULL;

	if (call)
		entry->pass(call, regs);
}

void st_call_record(struct socktrace_event *ev, const struct st_inflight *call,
		    enum socktrace_phase phase)
{
	st_record_init(ev, call->type, phase);
	ev->abi = call->abi;
	ev->via = call->via;
	ev->time_ns = call->time_ns;
	ev->call_id = call->call_id;
	memcpy(ev->args, call->args, sizeof(ev->args));
	if (!st_record_creates(call->type))
		st_record_set_ends(ev, &call->ends);
	if (phase == SOCKTRACE_ENTER) {
		/* Who waits is told at the return. */
		ev->flags &= ~SOCKTRACE_F_QUEUE;
		ev->queue_len = ev->queue_limit = 0;
	}
	if (call->sock.is)
		st_collect_set_socket(ev, &call->sock);
}

/* Likewise, of current's. */
static void record_call(struct socktrace_event *ev, const struct st_inflight *call,
			enum socktrace_phase phase)
{
	st_call_record(ev, call, phase);
	st_collect_task(ev);
}

/* Of the finished record @ev. Conditions in @unknown can't be judged. */
static void facts_of_record(struct st_filter_facts *facts, const struct socktrace_event *ev,
			    u32 unknown)
{
	st_filter_facts_of(facts, ev);
	facts->known &= ~unknown;
	facts->task = current;
	facts->descends = st_lineage_descends;
	facts->in_cgroup = st_collect_in_cgroup;
	facts->caller = task_tgid(current);
}

/* The program that made the call, for who is told of programs. */
static void add_image(struct socktrace_event *ev)
{
	if (st_sessions_want_images())
		ev->image = st_images_of_current();
}

/* Gives the record to the sessions; with the path of its socket's peer, or NULL. */
static void deliver_with(struct socktrace_event *ev, u32 unknown,
			 const struct st_path *peer_path)
{
	struct st_filter_facts *facts = this_cpu_ptr(&facts_known);

	add_image(ev);
	facts_of_record(facts, ev, unknown);
	facts->peer_path = peer_path;
	st_sessions_deliver(ev, facts);
}

static void deliver(struct socktrace_event *ev, u32 unknown)
{
	deliver_with(ev, unknown, NULL);
}

/* Seldom asked for: st_call_entered() need not save registers for it. */
static noinline void report_entry(struct st_inflight *call, bool missed)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	bool creates = st_record_creates(call->type);
	u32 unknown = 0;

	if (!creates)
		st_sockets_add_own(call);
	record_call(ev, call, SOCKTRACE_ENTER);
	if (missed) {
		/* It stands for the return, whose facts nobody will know. */
		ev->flags |= SOCKTRACE_F_RETURN_MISSED;
		unknown = SOCKTRACE_MATCH_PHASES | ST_FILTER_RESULT;
		unknown |= creates ? SOCKTRACE_MATCH_PROTOCOL : ST_FILTER_ENDS;
	}
	/* All of that may be another's at the return. */
	if (!call->socket)
		call->sock.is = NULL;
	call->ends.flags = 0;
	call->ends.local_len = 0;
	deliver(ev, unknown);
}

/*
 * After the attempt to hook the return of @call. Tells of the entry those who
 * asked for it, and everybody if the return will not be seen.
 */
void st_call_entered(struct st_inflight *call)
{
	bool missed = call->wants_return && !call->hooked;

	if (missed || call->wants_entry)
		report_entry(call, missed);
	else
		st_sessions_refuse(call->type, SOCKTRACE_PHASE_ENTER);
	if (call->hooked)
		st_inflight_publish(call);
	else if (call->task)
		call_release(call);
}

/* The caller changed the address after its entry: its copy, for the record. */
static void report_mismatch(const struct st_inflight *call)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	record_call(ev, call, SOCKTRACE_POINT);
	ev->type = SOCKTRACE_ADDR_MISMATCH;
	ev->time_ns = st_compat_boottime_ns();
	ev->toctou = SOCKTRACE_TOCTOU_MISMATCH;
	deliver(ev, 0);
}

/* The kernel's copy takes the place of the caller's, once both were compared. */
static void take_kernel_addr(struct st_inflight *call, const void *addr, s32 len)
{
	struct st_ends *ends = &call->ends;

	/* Whatever else was passed is no part of it, and may change. */
	len = st_record_addr_len(addr, len);
	switch (ends->addr_source) {
	case SOCKTRACE_ADDR_USER:
		if (len == ends->addr_len && !memcmp(addr, ends->addrs, len)) {
			call->toctou = SOCKTRACE_TOCTOU_MATCH;
		} else {
			call->toctou = SOCKTRACE_TOCTOU_MISMATCH;
			report_mismatch(call);
		}
		break;
	case SOCKTRACE_ADDR_FAULT:
		call->toctou = len ? SOCKTRACE_TOCTOU_UNREADABLE : SOCKTRACE_TOCTOU_NONE;
		break;
	default: /* no address, or its second time here */
		break;
	}
	memcpy(ends->addrs, addr, len);
	ends->addr_len = len;
	ends->addr_source = len ? SOCKTRACE_ADDR_KERNEL : SOCKTRACE_ADDR_NONE;
}

/*
 * A connect that is followed has the socket in hand, and its own copy of the address that
 * it goes on to use.
 */
void st_call_connects(struct st_inflight *call, struct socket *sock, const void *addr,
		      s32 addrlen)
{
	st_inflight_withdraw(call);
	st_sockets_show(call, sock);
	call->was_connecting = READ_ONCE(sock->state) == SS_CONNECTING;
	take_kernel_addr(call, addr, clamp_t(s32, addrlen, 0, ST_RECORD_ADDR_MAX));
	st_inflight_publish(call);
}

/* Does anybody want to know that security_socket_connect() was called for @sock? */
static bool hook_is_wanted(const struct st_socket_facts *sock)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct st_filter_facts facts;

	if (!st_sessions_may_want(SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT))
		return false;
	facts_at_entry(&facts, ev);
	facts.known |= SOCKTRACE_MATCH_FAMILIES | SOCKTRACE_MATCH_TYPES |
		       SOCKTRACE_MATCH_PROTOCOL;
	st_collect_set_socket(ev, sock);
	return wanted(&facts, ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
}

/*
 * security_socket_connect() was called at @time_ns, or just now (0), within @call, or
 * outside any (NULL). Tells who wants to know.
 */
static void report_security_socket_connect(const struct st_inflight *call, u64 time_ns,
					   const struct st_socket_facts *sock,
					   const void *addr, s32 addrlen)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);

	if (!hook_is_wanted(sock)) {
		st_sessions_refuse(SOCKTRACE_SECURITY_SOCKET_CONNECT, 1U << SOCKTRACE_POINT);
		return;
	}
	st_record_init(ev, SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_POINT);
	ev->time_ns = time_ns ?: st_compat_boottime_ns();
	ev->abi = st_arch_abi();
	ev->via = call ? call->via : SOCKTRACE_VIA_UNKNOWN;
	if (call)
		ev->call_id = call->call_id;
	ev->args[0] = call ? call->args[0] : -1;
	ev->args[1] = addrlen;
	ev->addr_len = st_record_addr_len(addr, max(addrlen, 0));
	memcpy(ev->addrs, addr, ev->addr_len);
	if (ev->addr_len)
		ev->addr_source = SOCKTRACE_ADDR_KERNEL;
	st_collect_set_socket(ev, sock);
	st_collect_task(ev);
	deliver(ev, 0);
}

/* Likewise, outside any call that is followed. */
static noinline void report_hook_alone(struct socket *sock, const void *addr, s32 addrlen)
{
	struct st_socket_facts facts;

	/* io_uring looks what became of a connect that was told before. */
	if (st_entry_is_another_look(sock, addr, addrlen))
		return;
	if (!st_sessions_may_want_of(current->tgid)) {
		st_sessions_refuse(SOCKTRACE_SECURITY_SOCKET_CONNECT, 1U << SOCKTRACE_POINT);
		return;
	}
	st_collect_socket(&facts, sock);
	report_security_socket_connect(NULL, 0, &facts, addr, addrlen);
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

	if (!call || call->type != SOCKTRACE_CONNECT) {
		report_hook_alone(sock, addr, addrlen);
		return;
	}
	if (call->sock.is != sock || call->ends.addr_source != SOCKTRACE_ADDR_KERNEL)
		st_call_connects(call, sock, addr, addrlen);
	st_inflight_withdraw(call);
	if (call->is_a_try)
		call->hook_ns = st_compat_boottime_ns(); /* to be told with the call */
	else
		report_security_socket_connect(call, 0, &call->sock, addr, addrlen);
	st_inflight_publish(call);
}

/*
 * current has accepted the connection @made by a call that was blocked since before
 * some session began. Of the call itself nothing is known, nor how it will end.
 */
static noinline void report_early_accept(struct socket *made)
{
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct st_socket_facts facts;
	struct st_filter_facts known;
	struct st_ends ends;

	st_ends_clear(&ends);
	st_collect_peer(&ends, made);
	st_collect_local(&ends, made);
	st_collect_socket(&facts, made);
	st_record_init(ev, SOCKTRACE_ACCEPT4, SOCKTRACE_POINT);
	ev->time_ns = st_compat_boottime_ns();
	ev->via = SOCKTRACE_VIA_UNKNOWN;
	ev->abi = st_arch_abi();
	ev->args[0] = -1;
	ev->flags = SOCKTRACE_F_ENTERED_BEFORE;
	st_record_set_ends(ev, &ends);
	st_collect_set_socket(ev, &facts);
	st_collect_task(ev);
	add_image(ev);
	facts_of_record(&known, ev, SOCKTRACE_MATCH_PHASES | ST_FILTER_RESULT);
	st_sessions_deliver_early(ev, &known);
}

/*
 * security_sock_graft(sk, parent): an accept that is followed has its connection.
 * Whatever is asked of that is asked here, where the kernel has both sockets in
 * hand; its descriptor is there later, for other threads too. The kernel's own
 * accepts have no file for it.
 */
void st_call_security_sock_graft(struct pt_regs *regs)
{
	struct socket *made = (struct socket *)st_arch_arg(regs, 1);
	struct st_inflight *call = st_inflight_of_current();

	if (!call && READ_ONCE(made->file) && st_sessions_have_early())
		report_early_accept(made);
	if (!call || call->type != SOCKTRACE_ACCEPT4 || call->grafted)
		return;
	st_inflight_withdraw(call);
	call->grafted = true;
	st_collect_socket(&call->made, made);
	st_collect_peer(&call->ends, made);
	st_collect_local(&call->ends, made);
	if (call->listener)
		st_collect_queue(&call->ends, call->listener);
	st_inflight_publish(call);
}

/* security_socket_bind(sock, address, addrlen): what a bind that is followed goes by. */
void st_call_security_socket_bind(struct pt_regs *regs)
{
	struct st_inflight *call = st_inflight_of_current();
	s32 len = st_arch_arg(regs, 2);

	if (!call || call->type != SOCKTRACE_BIND)
		return;
	st_inflight_withdraw(call);
	st_collect_socket(&call->sock, (struct socket *)st_arch_arg(regs, 0));
	st_ends_set_addr(&call->ends, (const void *)st_arch_arg(regs, 1), max(len, 0));
	call->ends.addr_source = call->ends.addr_len ? SOCKTRACE_ADDR_KERNEL :
						       SOCKTRACE_ADDR_NONE;
	st_inflight_publish(call);
}

/* security_socket_listen(sock, backlog), likewise. */
void st_call_security_socket_listen(struct pt_regs *regs)
{
	struct st_inflight *call = st_inflight_of_current();

	if (!call || call->type != SOCKTRACE_LISTEN)
		return;
	st_inflight_withdraw(call);
	st_collect_socket(&call->sock, (struct socket *)st_arch_arg(regs, 0));
	st_inflight_publish(call);
}

/* security_bprm_committed_creds(bprm): current is in execve(), and the old program gone. */
void st_call_security_bprm_committed_creds(struct pt_regs *regs)
{
	if (st_sessions_want_images())
		st_images_executed();
}

/* The call returns @ret: the record of the whole call. */
void st_call_return(struct st_inflight *call, long ret)
{
	s32 result = call->returns_file && !IS_ERR((const void *)ret) ? 0 : ret;
	struct socktrace_event *ev = this_cpu_ptr(&scratch);
	struct st_connected *to = this_cpu_ptr(&connected);
	u64 now = st_compat_boottime_ns();

	st_inflight_withdraw(call);
	if (call->is_a_try && result == -EAGAIN) {
		call_release(call);
		return;
	}
	if (call->hook_ns)
		report_security_socket_connect(call, call->hook_ns, &call->sock,
					       call->ends.addrs, call->args[1]);
	memset(to, 0, sizeof(*to));
	to->outcome.is = ST_OUTCOME_TOLD;
	st_sockets_add_returned(call, ret, result, to);
	if (to->outcome.is == ST_OUTCOME_TOLD) /* else it becomes that record, too */
		ev = st_sessions_room(ev);
	record_call(ev, call, SOCKTRACE_EXIT);
	/* This clock may step back by some ns when its base is updated. */
	ev->duration_ns = now > call->time_ns ? now - call->time_ns : 0;
	ev->ret = result;
	ev->toctou = call->toctou;
	if (call->type == SOCKTRACE_SOCKETPAIR && !result)
		st_collect_pair(ev, call->sv);
	if (to->outcome.is == ST_OUTCOME_MISSED)
		ev->flags |= SOCKTRACE_F_OUTCOME_MISSED;
	call_release(call);
	deliver_with(ev, to->unknown, to->peer_path);
	if (to->outcome.is != ST_OUTCOME_TOLD)
		st_pending_follow(&to->outcome, ev);
}
