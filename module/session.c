// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat/compat.h"
#include "deliver.h"
#include "early.h"
#include "lineage.h"
#include "session.h"

struct st_session_limits st_session_limits;

/* Not under a lock: open() is called with one of the kernel's, for all devices. */
static atomic_t sessions_open = ATOMIC_INIT(0);

/* Guards the list's writers and the totals below. */
static DEFINE_MUTEX(sessions_lock);
LIST_HEAD(st_sessions_started);
static unsigned int sessions_nr_started;
static u64 sessions_memory;

/* --- waking the reader --------------------------------------------------- */

static void session_wake_work(struct irq_work *work)
{
	struct st_session *s = container_of(work, struct st_session, work);

	if (READ_ONCE(s->wake) == ST_WAKE_READY)
		wake_up_interruptible(&s->wait);
	else
		schedule_delayed_work(&s->delay,
				      msecs_to_jiffies(s->config.latency_ms));
}

static void session_wake_delay(struct work_struct *work)
{
	struct st_session *s = container_of(to_delayed_work(work), struct st_session, delay);

	WRITE_ONCE(s->wake, ST_WAKE_READY);
	wake_up_interruptible(&s->wait);
}

/* The reader found nothing more: the next record is to wake it again. */
void st_session_drained(struct st_session *s)
{
	WRITE_ONCE(s->wake, ST_WAKE_IDLE);
	/* The state before the last look: pairs with session_notify(). */
	smp_mb();
	if (st_ring_set_empty(s->rings))
		return;
	WRITE_ONCE(s->wake, ST_WAKE_READY);
	/* Another thread may sleep on what we alone saw. */
	wake_up_interruptible(&s->wait);
}

bool st_session_ready(struct st_session *s)
{
	if (!st_session_is_started(s))
		return true;
	if (READ_ONCE(s->wake) != ST_WAKE_READY)
		return false;
	if (!st_ring_set_empty(s->rings))
		return true;
	st_session_drained(s);
	return READ_ONCE(s->wake) == ST_WAKE_READY;
}

/* --- descendants that end ---------------------------------------------------- */

/* How late it may be noticed that the last one has ended. */
#define WATCH_MS 250

static void session_watch(struct work_struct *work)
{
	struct st_session *s = container_of(to_delayed_work(work), struct st_session, watch);
	u64 roots, members = 1, missed = 0;

	mutex_lock(&s->lock);
	roots = rcu_dereference_protected(s->filter, lockdep_is_held(&s->lock))->roots;
	if (roots)
		st_lineage_count(roots, &members, &missed);
	/* Of those that were missed nobody knows. */
	if (!members && !missed)
		WRITE_ONCE(s->deserted, true);
	mutex_unlock(&s->lock);
	if (READ_ONCE(s->deserted))
		wake_up_interruptible(&s->wait);
	else if (roots)
		schedule_delayed_work(&s->watch, msecs_to_jiffies(WATCH_MS));
}

/* Else it is looked for from now on, by somebody on the wait queue. */
bool st_session_is_deserted(struct st_session *s)
{
	if (READ_ONCE(s->deserted))
		return true;
	if (st_session_is_started(s))
		schedule_delayed_work(&s->watch, 0);
	return false;
}

/* --- the file descriptor's side ------------------------------------------ */

static struct st_filter *filter_accept_all(void)
{
	struct st_filter *filter = kzalloc(sizeof(*filter), GFP_KERNEL);

	if (filter) {
		filter->default_action = SOCKTRACE_ACCEPT;
		st_filter_prepare(filter);
	}
	return filter;
}

/* ERR_PTR: -EUSERS more than max_sessions, -ENOMEM. Waits for nobody. */
struct st_session *st_session_create(void)
{
	struct st_session *s;

	if (atomic_inc_return(&sessions_open) > st_session_limits.max_sessions) {
		atomic_dec(&sessions_open);
		return ERR_PTR(-EUSERS);
	}
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		goto no_session;
	RCU_INIT_POINTER(s->filter, filter_accept_all());
	if (!rcu_access_pointer(s->filter))
		goto no_filter;
	INIT_LIST_HEAD(&s->node);
	s->owner = get_pid(task_tgid(current));
	init_irq_work(&s->work, session_wake_work);
	INIT_DELAYED_WORK(&s->delay, session_wake_delay);
	INIT_DELAYED_WORK(&s->watch, session_watch);
	init_waitqueue_head(&s->wait);
	mutex_init(&s->lock);
	mutex_init(&s->read_lock);
	st_session_configure(s, &(struct socktrace_config){ 0 });
	return s;

no_filter:
	kfree(s);
no_session:
	atomic_dec(&sessions_open);
	return ERR_PTR(-ENOMEM);
}

/* Is it told more than fits into the calls' records? */
static bool session_has_companions(const struct st_session *s)
{
	return s->processes || s->paths;
}

static void session_free_rings(struct st_session *s)
{
	lockdep_assert_held(&sessions_lock);
	if (!s->rings)
		return;
	sessions_memory -= st_ring_set_bytes(s->rings->records, session_has_companions(s));
	st_ring_set_free(s->rings);
	s->rings = NULL;
}

/* When nobody can use it any more, and the probes don't. */
void st_session_destroy(struct st_session *s)
{
	cancel_delayed_work_sync(&s->watch);
	mutex_lock(&sessions_lock);
	session_free_rings(s);
	mutex_unlock(&sessions_lock);
	atomic_dec(&sessions_open);

	kfree(rcu_access_pointer(s->filter));
	put_pid(s->owner);
	mutex_destroy(&s->read_lock);
	mutex_destroy(&s->lock);
	kfree(s);
}

#define CONFIG_FLAGS \
	(SOCKTRACE_CONFIG_OWN | SOCKTRACE_CONFIG_PROCESSES | SOCKTRACE_CONFIG_PATHS)

/*
 * Takes @config, and writes back what is in force. 0, -EBUSY once the session
 * was started, -EINVAL for a value that can't be.
 */
int st_session_configure(struct st_session *s, struct socktrace_config *config)
{
	u32 phases = SOCKTRACE_PHASE_ENTER | SOCKTRACE_PHASE_EXIT;
	int err = 0;

	if (config->phases & ~phases || config->flags & ~CONFIG_FLAGS ||
	    config->events & ~SOCKTRACE_EVENTS_ALL || config->latency_ms > ST_SESSION_MAX_LATENCY_MS ||
	    config->records_per_cpu > st_session_limits.max_records_per_cpu)
		return -EINVAL;
	if (!config->records_per_cpu)
		config->records_per_cpu = st_session_limits.records_per_cpu;
	config->records_per_cpu = roundup_pow_of_two(
		max_t(u32, config->records_per_cpu, ST_SESSION_MIN_RECORDS));
	if (config->watermark > config->records_per_cpu)
		return -EINVAL;
	if (!config->phases)
		config->phases = SOCKTRACE_PHASE_EXIT;
	if (!config->events)
		config->events = SOCKTRACE_EVENTS_DEFAULT;
	if (!config->watermark)
		config->watermark = 1;
	if (config->watermark > 1 && !config->latency_ms)
		config->latency_ms = 100;

	mutex_lock(&s->lock);
	if (s->was_started) {
		err = -EBUSY;
	} else {
		s->config = *config;
		s->phases = config->phases | 1U << SOCKTRACE_POINT;
		s->events = config->events;
		s->watermark = config->watermark;
		s->own = config->flags & SOCKTRACE_CONFIG_OWN;
		s->processes = config->flags & SOCKTRACE_CONFIG_PROCESSES;
		s->paths = config->flags & SOCKTRACE_CONFIG_PATHS;
	}
	mutex_unlock(&s->lock);
	return err;
}

/* After any change of the started sessions, or of what they take. */
static void sessions_sum_up(void)
{
	u32 events[ARRAY_SIZE(st_sessions_events)] = { 0 };
	const struct st_session *s;
	unsigned int phase;
	const struct pid *sure_but_of = NULL;
	u32 phases = 0, asked = 0, sure = 0;
	bool processes = false, paths = false;
	u64 tgids = 0;

	lockdep_assert_held(&sessions_lock);
	list_for_each_entry(s, &st_sessions_started, node) {
		const struct st_filter *filter = rcu_dereference_protected(
			s->filter, lockdep_is_held(&sessions_lock));

		phases |= s->phases;
		tgids |= filter->tgids;
		asked |= filter->conditions;
		if (!sure && s->phases & SOCKTRACE_PHASE_EXIT) {
			sure = filter->accepts & s->events;
			sure_but_of = s->own ? NULL : s->owner;
		}
		processes |= s->processes;
		paths |= s->paths;
		for (phase = 0; phase < ARRAY_SIZE(events); phase++)
			if (s->phases & 1U << phase)
				events[phase] |= filter->events & s->events;
	}
	WRITE_ONCE(st_sessions_tgids, tgids);
	WRITE_ONCE(st_sessions_phases, phases);
	/* For a moment they may be of two sessions: then a call is followed in vain. */
	WRITE_ONCE(st_sessions_sure, sure);
	WRITE_ONCE(st_sessions_sure_but_of, sure_but_of);
	WRITE_ONCE(st_sessions_tell_processes, processes);
	WRITE_ONCE(st_sessions_tell_paths, paths);
	WRITE_ONCE(st_sessions_asked, asked);
	for (phase = 0; phase < ARRAY_SIZE(events); phase++)
		WRITE_ONCE(st_sessions_events[phase], events[phase]);
}

/* Adds to @needs what the session asks for. */
void st_session_add_needs(const struct st_session *s, const struct st_filter *filter,
			  struct st_needs *needs)
{
	needs->events |= filter->events & s->events;
	needs->conditions |= filter->conditions;
	if (s->processes)
		needs->events |= SOCKTRACE_EVENT_BIT(SOCKTRACE_PROCESS);
}

/* Of the session as it is configured, with its present filter. */
void st_session_needs(struct st_session *s, struct st_needs *needs)
{
	mutex_lock(&s->lock);
	st_session_add_needs(s, rcu_dereference_protected(s->filter,
							  lockdep_is_held(&s->lock)),
			     needs);
	mutex_unlock(&s->lock);
}

/* Of all sessions that are started. */
void st_sessions_needs(struct st_needs *needs)
{
	const struct st_session *s;

	memset(needs, 0, sizeof(*needs));
	mutex_lock(&sessions_lock);
	list_for_each_entry(s, &st_sessions_started, node)
		st_session_add_needs(s, rcu_dereference_protected(
						s->filter, lockdep_is_held(&sessions_lock)),
				     needs);
	mutex_unlock(&sessions_lock);
}

/* Takes @filter over, and gives the one before: probes may be judging by it yet. */
struct st_filter *st_session_swap_filter(struct st_session *s, struct st_filter *filter)
{
	struct st_filter *old;

	mutex_lock(&s->lock);
	mutex_lock(&sessions_lock);
	old = rcu_dereference_protected(s->filter, lockdep_is_held(&s->lock));
	rcu_assign_pointer(s->filter, filter);
	WRITE_ONCE(s->deserted, false);
	sessions_sum_up();
	mutex_unlock(&sessions_lock);
	mutex_unlock(&s->lock);
	return old;
}

/* No probe judges by @filter any more: gives its roots, and keeps what is to be told. */
u64 st_session_leave_roots(struct st_session *s, struct st_filter *filter)
{
	u64 roots, members, missed;

	mutex_lock(&s->lock);
	roots = filter->roots;
	filter->roots = 0;
	if (roots) {
		st_lineage_count(roots, &members, &missed);
		s->members_missed += missed;
	}
	mutex_unlock(&s->lock);
	return roots;
}

/* What is set: @header's nr_rules of @rules, which has room for the most that can be. */
void st_session_get_filter(struct st_session *s, struct socktrace_filter *header,
			   struct socktrace_rule *rules)
{
	const struct st_filter *filter;
	u32 i;

	mutex_lock(&s->lock);
	filter = rcu_dereference_protected(s->filter, lockdep_is_held(&s->lock));
	header->nr_rules = filter->nr_rules;
	header->default_action = filter->default_action;
	header->flags = 0;
	memcpy(rules, filter->rules, filter->nr_rules * sizeof(*rules));
	for (i = 0; i < filter->nr_rules; i++) {
		rules[i].tgid = filter->asked[i].tgid;
		rules[i].tid = filter->asked[i].tid;
		rules[i].ancestor = filter->asked[i].ancestor;
	}
	mutex_unlock(&s->lock);
}

static void *session_alloc(size_t bytes, int cpu)
{
	return kvzalloc_node(bytes, GFP_KERNEL_ACCOUNT, cpu_to_node(cpu));
}

/* Ring memory, within the limit of all sessions. */
static int session_make_rings(struct st_session *s)
{
	u64 bytes = st_ring_set_bytes(s->config.records_per_cpu, session_has_companions(s));

	lockdep_assert_held(&sessions_lock);
	if (s->rings)
		return 0;
	if (bytes > st_session_limits.max_memory - sessions_memory)
		return -ENOMEM;
	s->rings = st_ring_set_create(s->config.records_per_cpu, session_has_companions(s),
				      session_alloc);
	if (!s->rings)
		return -ENOMEM;
	sessions_memory += bytes;
	return 0;
}

static int session_make_early(struct st_session *s)
{
	if (!(s->events & SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4)) ||
	    !(s->phases & SOCKTRACE_PHASE_EXIT))
		return 0;
	s->early = st_early_create();
	return s->early ? 0 : -ENOMEM;
}

/*
 * From now on the probes write to it. -EALREADY: they do so already; -ENOMEM: then
 * another configuration may do.
 */
int st_session_enlist(struct st_session *s)
{
	int err = -EALREADY;

	mutex_lock(&s->lock);
	if (s->started)
		goto out;
	mutex_lock(&sessions_lock);
	err = session_make_rings(s);
	if (!err)
		err = session_make_early(s);
	if (!err) {
		sessions_nr_started++;
		WRITE_ONCE(s->deserted, false);
		/* What a stop left may wait for a wake-up that it cancelled. */
		s->wake = st_ring_set_empty(s->rings) ? ST_WAKE_IDLE : ST_WAKE_READY;
		smp_store_release(&s->was_started, true);
		smp_store_release(&s->started, true);
		/* Before the others: st_sessions_room() goes by that. */
		list_add_rcu(&s->node, &st_sessions_started);
		sessions_sum_up();
	}
	mutex_unlock(&sessions_lock);
out:
	mutex_unlock(&s->lock);
	return err;
}

/*
 * When it returns, no probe writes to the session, and no work is on the way.
 * False: so it was before.
 */
bool st_session_delist(struct st_session *s)
{
	bool was_started;

	mutex_lock(&s->lock);
	was_started = s->started;
	if (!was_started)
		goto out;
	mutex_lock(&sessions_lock);
	list_del_rcu(&s->node);
	sessions_nr_started--;
	sessions_sum_up();
	mutex_unlock(&sessions_lock);
	synchronize_rcu();
	st_early_free(s->early);
	s->early = NULL;
	irq_work_sync(&s->work);
	cancel_delayed_work_sync(&s->delay);
	smp_store_release(&s->started, false);
	wake_up_interruptible(&s->wait);
out:
	mutex_unlock(&s->lock);
	return was_started;
}

/*
 * Who has the read_lock may be waiting for its page, and that for a userfaultfd:
 * whoever waits for it can be killed. 0, or -EINTR.
 */
int st_session_flush(struct st_session *s)
{
	if (mutex_lock_killable(&s->read_lock))
		return -EINTR;
	if (st_session_was_started(s))
		st_ring_set_flush(s->rings);
	mutex_unlock(&s->read_lock);
	return 0;
}

int st_session_stats(struct st_session *s, struct socktrace_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (mutex_lock_killable(&s->read_lock))
		return -EINTR;
	if (st_session_was_started(s))
		st_ring_set_stats(s->rings, stats);
	mutex_unlock(&s->read_lock);
	return 0;
}

/* What @stats tells of descendants. */
void st_session_members(struct st_session *s, struct socktrace_stats *stats)
{
	const struct st_filter *filter;

	mutex_lock(&s->lock);
	filter = rcu_dereference_protected(s->filter, lockdep_is_held(&s->lock));
	if (filter->roots)
		st_lineage_count(filter->roots, &stats->members, &stats->members_missed);
	stats->members_missed += s->members_missed;
	mutex_unlock(&s->lock);
}

/* What @info tells of all sessions. */
void st_sessions_info(struct socktrace_info *info)
{
	info->records_per_cpu_max = st_session_limits.max_records_per_cpu;
	info->memory_max = st_session_limits.max_memory;
	info->sessions = atomic_read(&sessions_open);
	mutex_lock(&sessions_lock);
	info->started = sessions_nr_started;
	info->memory = sessions_memory;
	mutex_unlock(&sessions_lock);
}
