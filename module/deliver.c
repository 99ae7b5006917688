// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>

#include "compat/compat.h"
#include "deliver.h"
#include "early.h"
#include "images.h"
#include "session.h"

/*
 * In the probes' handlers, which run with preemption off and, being kprobes', don't nest,
 * not even where one interrupts another: so what is this CPU's is theirs alone, and it
 * is a read side of RCU. Likewise where a connect's outcome is told: with interrupts
 * off, and not in one of another handler.
 */

/*
 * Which events any started session may take in which phase, for the probes to
 * ask before they do anything. Written by session.c. At worst it is of a
 * moment ago, which is as if the call had come then.
 */
u32 st_sessions_events[SOCKTRACE_POINT + 1];
u64 st_sessions_tgids; /* likewise: of which callers, as struct st_filter has it */
u32 st_sessions_phases; /* likewise: a bit for each that is asked for */
/*
 * Likewise: events of which one session, the first that is sure of any, keeps each
 * record of a return, whatever the facts; but for what this caller does.
 */
u32 st_sessions_sure;
const struct pid *st_sessions_sure_but_of;
u32 st_sessions_asked; /* likewise: conditions that any filter looks at */
bool st_sessions_tell_processes; /* likewise */
bool st_sessions_tell_paths; /* likewise */

/* Which of these phases of @type does the session get records of, of what @caller did? */
static u32 session_takes_of(const struct st_session *s, const struct pid *caller, u8 type,
			    u32 phases)
{
	if (!(s->events & SOCKTRACE_EVENT_BIT(type)))
		return 0;
	return s->own || s->owner != caller ? s->phases & phases : 0;
}

/* Likewise, of what current does. */
static u32 session_takes(const struct st_session *s, u8 type, u32 phases)
{
	return session_takes_of(s, task_tgid(current), type, phases);
}

static enum st_filter_verdict session_judge(const struct st_session *s,
					 const struct st_filter_facts *facts)
{
	const struct st_filter *filter = rcu_dereference_sched(s->filter);

	if (filter->accepts & SOCKTRACE_EVENT_BIT(facts->ev->type))
		return ST_FILTER_ACCEPT;
	return st_filter_judge(filter, facts);
}

/* Would any session keep a record with these facts, or can't it tell yet? */
bool st_sessions_want(const struct st_filter_facts *facts, enum socktrace_phase phase)
{
	const struct st_session *s;

	list_for_each_entry_rcu(s, &st_sessions_started, node)
		if (session_takes(s, facts->ev->type, 1U << phase) &&
		    session_judge(s, facts) != ST_FILTER_REJECT)
			return true;
	return false;
}

bool st_session_may_want(const struct st_session *s, const struct st_filter_facts *facts)
{
	return session_takes_of(s, facts->caller, facts->ev->type, 1U << facts->ev->phase) &&
	       session_judge(s, facts) != ST_FILTER_REJECT;
}

static struct st_ring *session_ring(const struct st_session *s)
{
	return s->rings->ring[smp_processor_id()];
}

/*
 * Is the session offered this call's return now, at its entry: one that it is not to be
 * told of once more, as one that it was not offered the entry of?
 */
static void session_sees_entry(const struct st_session *s, u8 type, u32 takes)
{
	if (type == SOCKTRACE_ACCEPT4 && takes & SOCKTRACE_PHASE_EXIT && s->early)
		st_early_remove(s->early, current);
}

/* Counts a record of each of @phases, which st_sessions_want() said nobody wants. */
void st_sessions_refuse(enum socktrace_type type, u32 phases)
{
	const struct st_session *s;

	if (!(READ_ONCE(st_sessions_phases) & phases))
		return;
	list_for_each_entry_rcu(s, &st_sessions_started, node) {
		struct st_ring *ring = session_ring(s);
		u32 takes = session_takes(s, type, phases);

		if (!takes)
			continue;
		session_sees_entry(s, type, takes);
		u64_stats_update_begin(&ring->sync);
		ring->counts.hits += hweight32(takes);
		ring->counts.filtered += hweight32(takes);
		u64_stats_update_end(&ring->sync);
	}
}

/* A record was put, or dropped: wake the reader, now or later, unless that's under way. */
static void session_notify(struct st_session *s, struct st_ring *ring)
{
	/* The record before the state: pairs with st_session_drained(). */
	smp_mb();
	switch (READ_ONCE(s->wake)) {
	case ST_WAKE_READY:
		return;
	case ST_WAKE_IDLE:
		if (s->watermark > 1 && st_ring_len(ring) < s->watermark) {
			if (cmpxchg(&s->wake, ST_WAKE_IDLE, ST_WAKE_DELAYED) == ST_WAKE_IDLE)
				irq_work_queue(&s->work);
			return;
		}
		break;
	case ST_WAKE_DELAYED:
		if (st_ring_len(ring) < s->watermark)
			return;
	}
	if (xchg(&s->wake, ST_WAKE_READY) != ST_WAKE_READY)
		irq_work_queue(&s->work);
}

/* With what is to be told before it: its program, and the path of its socket's peer. */
static bool session_put(const struct st_session *s, struct st_ring *ring,
			struct socktrace_event *ev, const struct st_path *peer_path)
{
	const struct st_image *image;

	if (st_ring_lacks_image(ring, ev->image)) {
		image = st_images_describe(ev->image);
		if (image)
			st_ring_put_image(ring, ev, image);
	}
	ev->flags &= ~SOCKTRACE_F_PEER_PATH; /* of another session */
	if (peer_path && s->paths) {
		ev->flags |= SOCKTRACE_F_PEER_PATH;
		st_ring_put_path(ring, ev, peer_path);
	}
	return st_ring_put(ring, ev);
}

static void session_deliver(struct st_session *s, struct socktrace_event *ev,
			  const struct st_filter_facts *facts, u32 phases)
{
	u32 takes = session_takes_of(s, facts->caller, ev->type, phases);
	enum st_filter_verdict verdict;
	struct st_ring_counts *counts;
	struct st_ring *ring;
	bool wanted, missed;

	if (!takes)
		return;
	missed = ev->flags & SOCKTRACE_F_RETURN_MISSED && takes & SOCKTRACE_PHASE_EXIT;
	if (missed)
		session_sees_entry(s, ev->type, takes);
	ring = session_ring(s);
	counts = &ring->counts;
	verdict = session_judge(s, facts);
	/* What might have been wanted, had it been seen, is told. */
	wanted = verdict == ST_FILTER_ACCEPT ||
		 (verdict == ST_FILTER_UNDECIDED &&
		  takes & (SOCKTRACE_PHASE_EXIT | 1U << SOCKTRACE_POINT));

	u64_stats_update_begin(&ring->sync);
	if (wanted) {
		counts->hits++;
		if (missed) {
			counts->hits++;
			counts->missed++;
		}
		if (!session_put(s, ring, ev, facts->peer_path))
			counts->dropped++;
	} else {
		counts->hits += hweight32(takes);
		counts->filtered += hweight32(takes);
	}
	u64_stats_update_end(&ring->sync);
	/* A drop, too: the reader may have emptied the ring meanwhile. */
	if (wanted)
		session_notify(s, ring);
}

/*
 * Where to make a record that nobody changes once it is delivered: in the ring of the only
 * session, which need not copy it then; or @otherwise. To a session that starts meanwhile it
 * is given first, while it is still hidden in that ring.
 */
struct socktrace_event *st_sessions_room(struct socktrace_event *otherwise)
{
	const struct list_head *first = READ_ONCE(st_sessions_started.next);

	if (first == &st_sessions_started || READ_ONCE(first->next) != &st_sessions_started)
		return otherwise;
	return st_ring_room(session_ring(list_entry(first, struct st_session, node))) ?:
	       otherwise;
}

/* Gives the finished record @ev to every session that wants it. */
void st_sessions_deliver(struct socktrace_event *ev, const struct st_filter_facts *facts)
{
	u32 phases = 1U << ev->phase;
	struct st_session *s;

	/* A missed return is told to who waits for it, by the entry's record. */
	if (ev->flags & SOCKTRACE_F_RETURN_MISSED)
		phases |= SOCKTRACE_PHASE_EXIT;
	list_for_each_entry_rcu(s, &st_sessions_started, node)
		session_deliver(s, ev, facts, phases);
}

static bool session_has_early(const struct st_session *s)
{
	return s->early && st_early_has(s->early, current);
}

bool st_sessions_have_early(void)
{
	const struct st_session *s;

	list_for_each_entry_rcu(s, &st_sessions_started, node)
		if (session_has_early(s))
			return true;
	return false;
}

void st_sessions_deliver_early(struct socktrace_event *ev, const struct st_filter_facts *facts)
{
	struct st_session *s;

	list_for_each_entry_rcu(s, &st_sessions_started, node) {
		if (!session_has_early(s))
			continue;
		st_early_remove(s->early, current);
		/* It stands for the return. */
		session_deliver(s, ev, facts, SOCKTRACE_PHASE_EXIT);
	}
}

/*
 * There will be no record of what @facts are of, a point, since there is no room to
 * remember it: counts it as missed for whoever might have wanted it.
 */
void st_sessions_miss(const struct st_filter_facts *facts)
{
	const struct st_session *s;

	list_for_each_entry_rcu(s, &st_sessions_started, node) {
		struct st_ring *ring = session_ring(s);
		bool wanted;

		if (!session_takes(s, facts->ev->type, 1U << SOCKTRACE_POINT))
			continue;
		wanted = session_judge(s, facts) != ST_FILTER_REJECT;
		u64_stats_update_begin(&ring->sync);
		ring->counts.hits++;
		if (wanted)
			ring->counts.missed++;
		else
			ring->counts.filtered++;
		u64_stats_update_end(&ring->sync);
	}
}

/* Asks of current all that any session's filter may want to know of it later. */
void st_sessions_ask(const struct st_filter_facts *facts, struct st_filter_answers *answers)
{
	const struct st_session *s;

	answers->nr = 0;
	if (!(st_sessions_conditions() & ST_FILTER_TASK))
		return;
	list_for_each_entry_rcu(s, &st_sessions_started, node)
		st_filter_ask(rcu_dereference_sched(s->filter), facts, answers);
}
