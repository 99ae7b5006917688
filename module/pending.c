// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open hash table by socket that is never locked, like that of the calls in
 * flight. Whoever changes a slot's key from the socket alone has the outcome to
 * tell; the sweep alone gives slots back, for it may put sockets.
 *
 * The sweep also tells what can't be told at once: outcomes in an interrupt of another
 * handler, whose scratch and rings they must not use; and it looks at each socket, for
 * a state may change just as it is remembered, and a kprobe's hit, where there is no
 * tracepoint, is dropped by the kernel in such an interrupt.
 */
#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/in.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "arch.h"
#include "collect.h"
#include "compat/compat.h"
#include "deliver.h"
#include "lineage.h"
#include "pending.h"
#include "share.h"

/* Slots looked at from a socket's own on. */
#define MAX_STEPS 32
#define SWEEP_EVERY msecs_to_jiffies(250)

/* In the lowest bits of a key, which are the socket's address else. */
#define BUSY 1UL /* a handler fills it in, or tells of it */
#define TOLD 2UL /* waits for the sweep to give it back */
#define SETTLED 4UL /* likewise, and to tell of it */
#define TAGS (BUSY | TOLD | SETTLED)

/* The program has taken it before it could be seen. */
#define GONE ECANCELED

struct st_pending {
	struct socktrace_event ev; /* the outcome's record, but for the outcome */
	struct st_filter_answers answers;
	const struct pid *caller; /* only to be compared */
	int share;
	int error; /* that the socket was seen to be given; GONE; else 0 */
};

/* Set while the probe is armed; `taking` says whether handlers may use them. */
static struct st_pending *slots;
static unsigned long *keys; /* of the slots: claimed by a cmpxchg; 0: free */
static atomic_t *claimed; /* slots of the sockets that hash to each */
static unsigned int slot_bits;
static bool taking;
atomic_t st_pending_nr = ATOMIC_INIT(0);
static struct st_shares shares;

static void pending_sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep, pending_sweep);
static struct irq_work wake_sweep;

/* --- the table -------------------------------------------------------------- */

static unsigned int slot_at(u32 home, unsigned int i)
{
	return (home + i) & ((1U << slot_bits) - 1);
}

static struct sock *socket_of(unsigned long key)
{
	return (struct sock *)(key & ~TAGS);
}

/* Is the outcome in slot @at, of @sk, still to be told? Now it is the caller's to do. */
static bool slot_take(unsigned int at, const struct sock *sk)
{
	unsigned long key = (unsigned long)sk;

	return READ_ONCE(keys[at]) == key && cmpxchg(&keys[at], key, key | BUSY) == key;
}

/* Likewise, wherever it is; or NULL. */
static struct st_pending *pending_take(const struct sock *sk)
{
	u32 home = hash_ptr(sk, slot_bits);
	unsigned int i;

	if (!atomic_read(&claimed[home]))
		return NULL;
	for (i = 0; i < MAX_STEPS; i++)
		if (slot_take(slot_at(home, i), sk))
			return &slots[slot_at(home, i)];
	return NULL;
}

/* The caller is done with it: the outcome can be taken, or it is told. */
static void pending_set(struct st_pending *pending, unsigned long tag)
{
	unsigned long *key = &keys[pending - slots];

	smp_store_release(key, (*key & ~TAGS) | tag);
}

/* A slot for @sk, which the caller holds, and it too then; or NULL. */
static struct st_pending *pending_claim(struct sock *sk)
{
	u32 home = hash_ptr(sk, slot_bits), owner = st_collect_owner();
	unsigned long key = (unsigned long)sk | BUSY;
	int share = ST_SHARE_NONE;
	unsigned int i, at;

	if (owner != ST_SHARE_ROOT) {
		share = st_share_take(&shares, owner);
		if (share == ST_SHARE_NONE)
			return NULL;
	}
	for (i = 0; i < MAX_STEPS; i++) {
		at = slot_at(home, i);
		if (READ_ONCE(keys[at]) || cmpxchg(&keys[at], 0, key))
			continue;
		sock_hold(sk);
		slots[at].share = share;
		slots[at].error = 0;
		atomic_inc(&claimed[home]);
		if (atomic_inc_return(&st_pending_nr) == 1)
			irq_work_queue(&wake_sweep);
		return &slots[at];
	}
	if (share != ST_SHARE_NONE)
		st_share_put(&shares, share);
	return NULL;
}

/* May put the last reference: not in a handler. */
static void pending_release(struct st_pending *pending)
{
	unsigned long *key = &keys[pending - slots];
	struct sock *sk = socket_of(*key);

	if (pending->share != ST_SHARE_NONE)
		st_share_put(&shares, pending->share);
	atomic_dec(&claimed[hash_ptr(sk, slot_bits)]);
	smp_store_release(key, 0);
	atomic_dec(&st_pending_nr);
	sock_put(sk);
}

/* --- outcomes --------------------------------------------------------------- */

static bool is_mptcp(const struct sock *sk)
{
#ifdef IPPROTO_MPTCP
	return sk->sk_protocol == IPPROTO_MPTCP;
#else
	return false;
#endif
}

static bool is_followed(const struct sock *sk)
{
	return (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	       sk->sk_type == SOCK_STREAM &&
	       (sk->sk_protocol == IPPROTO_TCP || is_mptcp(sk));
}

static bool is_under_way(int state)
{
	return state == TCP_SYN_SENT || state == TCP_SYN_RECV;
}

/* What is still to be seen of why @sk, which was being connected, is closed. */
static s32 why_closed(const struct sock *sk, int noted)
{
	if (noted && noted != GONE)
		return -noted;
	return -READ_ONCE(sk->sk_err) ?: -ECANCELED;
}

/* What has become of @sk, which is in @state: it may have gone on since. */
static s32 outcome_by_state(const struct sock *sk, int state, int noted)
{
	if (state != TCP_CLOSE)
		return 0;
	/* The peer's first number: it is 0 until then. */
	if (!is_mptcp(sk) && READ_ONCE(tcp_sk(sk)->rcv_nxt))
		return 0;
	return why_closed(sk, noted);
}

/* Of one that was found, and gives no reason: the error may be gone. */
static u32 late_if_gone(s32 ret)
{
	return ret == -ECANCELED ? SOCKTRACE_F_LATE : 0;
}

/* It is closed by its program, which owns it then, and not for a packet that waited. */
static bool is_given_up(const struct sock *sk)
{
	return sk->sk_lock.owned && !READ_ONCE(sk->sk_backlog.len);
}

/* MPTCP tells the error later than the state: the sweep will have both. */
static bool is_decided(const struct sock *sk, int state)
{
	return !is_under_way(state) &&
	       !(state == TCP_CLOSE && is_mptcp(sk) && !READ_ONCE(sk->sk_err));
}

/* So it ends, and now; the caller took @pending. */
static void settle(struct st_pending *pending, s32 ret, u32 flags)
{
	struct socktrace_event *ev = &pending->ev;
	u64 now = st_compat_boottime_ns();

	ev->duration_ns = now > ev->time_ns ? now - ev->time_ns : 0;
	ev->ret = ret;
	ev->flags |= flags;
}

/*
 * Likewise, as @sk's state is being set to @state from @before. An error is given to it
 * first: another CPU's program may have taken it by now.
 */
static void settle_by_change(struct st_pending *pending, const struct sock *sk, int before,
			     int state, bool nested)
{
	s32 ret = state == TCP_ESTABLISHED ? 0 : why_closed(sk, pending->error);

	if (ret != -ECANCELED || (!pending->error && is_given_up(sk)))
		settle(pending, ret, 0);
	else if (ST_HAS_TCP_DONE_WITH_ERROR || pending->error || sk->sk_lock.owned || nested ||
		 is_mptcp(sk))
		settle(pending, ret, SOCKTRACE_F_LATE);
	else /* the one error that is not reported by now: a reset */
		settle(pending, before == TCP_SYN_SENT ? -ECONNREFUSED : -ECONNRESET, 0);
}

/* Gives the sessions the record in @pending, which is settled. */
static void tell(struct st_pending *pending)
{
	struct st_filter_facts facts;

	pending->ev.cpu = smp_processor_id();
	st_filter_facts_of(&facts, &pending->ev);
	facts.answers = &pending->answers;
	facts.caller = pending->caller;
	st_sessions_deliver(&pending->ev, &facts);
}

/* --- the call's return ------------------------------------------------------ */

/* Is a connection under way since the call that returns @ret, or was until just now? */
static bool has_begun(s32 ret, int state, bool was_connecting)
{
	switch (ret) {
	case -EINPROGRESS:
		return true;
	case -EALREADY:
	case -EISCONN:
		return false;
	case -EINTR:
	case -ERESTARTSYS:
		return !was_connecting;
	default: /* put off until the first data (TCP_FASTOPEN_CONNECT): 0 */
		return !was_connecting && is_under_way(state);
	}
}

void st_pending_look(struct st_outcome *outcome, struct socket *sock, s32 ret,
		     bool was_connecting)
{
	struct sock *sk = READ_ONCE(sock->sk);
	struct st_pending *former;
	int state;

	outcome->is = ST_OUTCOME_TOLD;
	outcome->ret = 0;
	/* Pairs with st_pending_init(). */
	if (!sk || !is_followed(sk) || !smp_load_acquire(&taking))
		return;
	state = READ_ONCE(sk->sk_state);
	if (!has_begun(ret, state, was_connecting))
		return;
	if (is_decided(sk, state)) {
		outcome->is = ST_OUTCOME_KNOWN;
		outcome->ret = outcome_by_state(sk, state, 0);
		return;
	}
	/* One before it has ended, unnoticed; how isn't to be seen any more. */
	former = pending_take(sk);
	if (former) {
		settle(former, -ECANCELED, SOCKTRACE_F_LATE);
		tell(former);
		pending_set(former, TOLD);
	}
	outcome->pending = pending_claim(sk);
	outcome->is = outcome->pending ? ST_OUTCOME_PENDING : ST_OUTCOME_MISSED;
}

/* @ev, in the slot from now on: to be told by whoever sees the outcome. */
static void remember(struct st_pending *pending, const struct socktrace_event *ev,
		     const struct st_filter_facts *facts)
{
	unsigned int at = pending - slots;
	struct sock *sk = socket_of(keys[at]);
	int state;
	s32 ret;

	pending->ev = *ev;
	pending->caller = facts->caller;
	st_sessions_ask(facts, &pending->answers);
	pending_set(pending, 0);
	/* What came before that was not seen: the key before the look at the state. */
	smp_mb();
	state = READ_ONCE(sk->sk_state);
	if (is_decided(sk, state) && slot_take(at, sk)) {
		ret = outcome_by_state(sk, state, pending->error);
		settle(pending, ret, late_if_gone(ret));
		tell(pending);
		pending_set(pending, TOLD);
	}
}

void st_pending_follow(const struct st_outcome *outcome, struct socktrace_event *ev)
{
	struct st_filter_facts facts;

	ev->type = SOCKTRACE_CONNECTED;
	ev->phase = SOCKTRACE_POINT;
	ev->toctou = SOCKTRACE_TOCTOU_NONE;
	ev->flags &= ~SOCKTRACE_F_OUTCOME_MISSED;
	ev->ret = outcome->ret;
	if (outcome->is == ST_OUTCOME_KNOWN)
		ev->flags |= late_if_gone(ev->ret);
	st_filter_facts_of(&facts, ev);
	facts.task = current;
	facts.descends = st_lineage_descends;
	facts.in_cgroup = st_collect_in_cgroup;
	facts.caller = task_tgid(current);
	if (outcome->is == ST_OUTCOME_KNOWN) {
		/* As long as the call: it was over just before. */
		st_sessions_deliver(ev, &facts);
		return;
	}
	facts.known &= ~ST_FILTER_RESULT;
	if (outcome->is == ST_OUTCOME_MISSED) {
		st_sessions_miss(&facts);
	} else if (st_sessions_want(&facts, SOCKTRACE_POINT)) {
		remember(outcome->pending, ev, &facts);
	} else {
		st_sessions_refuse(SOCKTRACE_CONNECTED, 1U << SOCKTRACE_POINT);
		pending_set(outcome->pending, TOLD);
	}
}

/* --- the outcome ------------------------------------------------------------ */

void st_pending_set_state(const struct sock *sk, int state, bool nested)
{
	struct st_pending *pending;
	int before;

	/* Pairs with st_pending_init(), as it counts what was claimed since. */
	if (!st_pending_any() || !smp_load_acquire(&taking) || !is_decided(sk, state))
		return;
	pending = pending_take(sk);
	if (!pending)
		return;
	before = READ_ONCE(sk->sk_state);
	if (is_under_way(before))
		settle_by_change(pending, sk, before, state, nested);
	else
		settle(pending, outcome_by_state(sk, before, pending->error), SOCKTRACE_F_LATE);
	if (!nested)
		tell(pending);
	pending_set(pending, nested ? SETTLED : TOLD);
}

void st_pending_tcp_set_state(struct pt_regs *regs)
{
	st_pending_set_state((const struct sock *)st_arch_arg(regs, 0),
			     (int)st_arch_arg(regs, 1), false);
}

/* @sk was given @error, or is about to be, and is closed then. 0: it is gone. */
static void note_error(const struct sock *sk, int error)
{
	struct st_pending *pending;

	if (!st_pending_any() || !smp_load_acquire(&taking))
		return;
	pending = pending_take(sk);
	if (!pending)
		return;
	pending->error = error ?: GONE;
	pending_set(pending, 0);
}

void st_pending_error(struct pt_regs *regs)
{
	note_error((const struct sock *)st_arch_arg(regs, 0), (int)st_arch_arg(regs, 1));
}

void st_pending_error_reported(struct pt_regs *regs)
{
	const struct sock *sk = (const struct sock *)st_arch_arg(regs, 0);
	int error = READ_ONCE(sk->sk_err);

	/* Of no error, while the program owns it: it is not closed for that. */
	if (error || !sk->sk_lock.owned)
		note_error(sk, error);
}

/* In the sweep. So that no handler comes in between, as they don't among themselves. */
static void tell_late(struct st_pending *pending)
{
	unsigned long flags;

	local_irq_save(flags);
	st_compat_rcu_lock_in_handler();
	pending->ev.flags |= SOCKTRACE_F_LATE;
	tell(pending);
	st_compat_rcu_unlock_in_handler();
	local_irq_restore(flags);
}

static void sweep_slot(unsigned int at)
{
	unsigned long key = READ_ONCE(keys[at]);
	struct sock *sk = socket_of(key);
	int state;

	if (!key || key & BUSY)
		return;
	/* It is held: the slot is given back nowhere else. */
	if (key & SETTLED) {
		/* Pairs with pending_set(). */
		smp_rmb();
		tell_late(&slots[at]);
	} else if (!(key & TOLD)) {
		state = READ_ONCE(sk->sk_state);
		if (is_under_way(state) || !slot_take(at, sk))
			return;
		settle(&slots[at], outcome_by_state(sk, state, slots[at].error), 0);
		tell_late(&slots[at]);
	}
	pending_release(&slots[at]);
}

static void pending_sweep(struct work_struct *work)
{
	unsigned int i;

	for (i = 0; i < 1U << slot_bits && atomic_read(&st_pending_nr); i++) {
		if (!(i % 1024))
			cond_resched();
		sweep_slot(i);
	}
	if (atomic_read(&st_pending_nr))
		schedule_delayed_work(&sweep, SWEEP_EVERY);
}

static void start_sweep(struct irq_work *work)
{
	schedule_delayed_work(&sweep, SWEEP_EVERY);
}

void st_pending_sweep(void)
{
	if (!st_pending_any())
		return;
	irq_work_sync(&wake_sweep);
	cancel_delayed_work_sync(&sweep);
	schedule_delayed_work(&sweep, 0);
	flush_delayed_work(&sweep);
}

/* --- arming and disarming --------------------------------------------------- */

static void pending_free(void)
{
	kvfree(slots);
	kvfree(keys);
	kvfree(claimed);
	slots = NULL;
	keys = NULL;
	claimed = NULL;
}

int st_pending_init(unsigned int max)
{
	slot_bits = max_t(unsigned int, ilog2(roundup_pow_of_two(max)), ilog2(MAX_STEPS));
	slots = kvzalloc(sizeof(*slots) << slot_bits, GFP_KERNEL);
	keys = kvzalloc(sizeof(*keys) << slot_bits, GFP_KERNEL);
	claimed = kvzalloc(sizeof(*claimed) << slot_bits, GFP_KERNEL);
	if (!slots || !keys || !claimed) {
		pending_free();
		return -ENOMEM;
	}
	init_irq_work(&wake_sweep, start_sweep);
	st_share_init(&shares, 1U << slot_bits);
	atomic_set(&st_pending_nr, 0);
	smp_store_release(&taking, true);
	return 0;
}

void st_pending_stop(void)
{
	WRITE_ONCE(taking, false);
}

void st_pending_exit(void)
{
	unsigned int i;

	irq_work_sync(&wake_sweep);
	cancel_delayed_work_sync(&sweep);
	for (i = 0; i < 1U << slot_bits; i++)
		if (keys[i])
			pending_release(&slots[i]);
	pending_free();
}
