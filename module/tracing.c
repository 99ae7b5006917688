// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include "inflight.h"
#include "lineage.h"
#include "listing.h"
#include "pending.h"
#include "probes.h"
#include "tracing.h"

/*
 * Taken before those of sessions. Held for as long as arming takes: nothing that must
 * not wait may take it.
 */
static DEFINE_MUTEX(tracing_lock);
static unsigned int tracing_users; /* sessions that want the probes armed */
static unsigned int lineage_users; /* filters in force that ask for descendants */

/*
 * For the first session, or one more: before it is offered anything, so that it
 * misses nothing of what it asks for.
 */
static int tracing_get(struct st_session *s)
{
	struct st_needs needs;
	int err = 0;

	st_sessions_needs(&needs);
	st_session_needs(s, &needs);
	if (!tracing_users)
		err = st_probes_arm(&needs);
	else
		st_probes_arm_more(&needs);
	if (!err)
		tracing_users++;
	return err;
}

/*
 * What no session asks for any more need not be armed. Only if one has @ended, not for a
 * filter that may be changed back: what calls come in by, for those in flight are forgotten.
 */
static void tracing_trim(bool ended)
{
	struct st_needs needs;

	st_sessions_needs(&needs);
	st_probes_disarm_unneeded(&needs, ended);
}

static void tracing_put(void)
{
	if (!--tracing_users)
		st_probes_disarm();
	else
		tracing_trim(true);
}

static void lineage_put(void)
{
	if (!--lineage_users)
		st_lineage_exit();
}

/* The descendants that a filter has asked for may go. */
static void unfollow(u64 roots)
{
	if (!roots)
		return;
	st_lineage_put(roots);
	lineage_put();
}

/* Sets the roots of @filter, and what its rules ask of them. */
static int take_roots(struct st_filter *filter)
{
	int err = 0;
	u32 i;

	for (i = 0; !err && i < filter->nr_rules; i++) {
		const struct st_filter_asked *asked = &filter->asked[i];

		if (filter->rules[i].match & SOCKTRACE_MATCH_ANCESTOR)
			err = st_lineage_get(asked->root_tgid, asked->root_start_ns,
					     &filter->rules[i].ancestor, &filter->roots);
	}
	return err;
}

/*
 * Before any probe judges by @filter, and after births are followed for it: finds the
 * descendants it asks for.
 */
static int follow(struct st_filter *filter)
{
	int err;

	if (!(filter->conditions & SOCKTRACE_MATCH_ANCESTOR))
		return 0;
	if (!lineage_users) {
		err = st_lineage_init();
		if (err)
			return err;
	}
	lineage_users++;
	err = take_roots(filter);
	if (err) {
		st_lineage_put(filter->roots);
		filter->roots = 0;
		lineage_put();
		return err;
	}
	st_lineage_seed(st_probes_are_armed_for(SOCKTRACE_MATCH_ANCESTOR));
	return 0;
}

static int session_start(struct st_session *s)
{
	int err = tracing_get(s);

	if (err)
		return err;
	err = follow(st_session_filter(s));
	if (err)
		goto no_lineage;
	err = st_session_enlist(s);
	if (!err)
		return 0;
	unfollow(st_session_leave_roots(s, st_session_filter(s)));
no_lineage:
	tracing_put();
	return err;
}

int st_tracing_configure(struct st_session *s, struct socktrace_config *config)
{
	int err;

	if (mutex_lock_killable(&tracing_lock))
		return -EINTR;
	err = st_session_configure(s, config);
	mutex_unlock(&tracing_lock);
	return err;
}

int st_tracing_start(struct st_session *s)
{
	int err = 0;

	mutex_lock(&tracing_lock);
	if (!st_session_is_started(s))
		err = session_start(s);
	mutex_unlock(&tracing_lock);
	return err;
}

void st_tracing_stop(struct st_session *s)
{
	if (!st_session_was_started(s)) /* nor waits for those that are */
		return;
	mutex_lock(&tracing_lock);
	if (st_session_is_started(s))
		st_pending_sweep();
	if (st_session_delist(s)) {
		unfollow(st_session_leave_roots(s, st_session_filter(s)));
		tracing_put();
	}
	mutex_unlock(&tracing_lock);
}

/* Of a started session. */
static int change_filter(struct st_session *s, struct st_filter *filter)
{
	struct st_needs needs;
	struct st_filter *old;
	int err;

	st_sessions_needs(&needs);
	st_session_add_needs(s, filter, &needs);
	st_probes_arm_more(&needs);
	err = follow(filter);
	if (!err) {
		old = st_session_swap_filter(s, filter);
		if (old->roots) {
			/* What is judged by it now. */
			synchronize_rcu();
			unfollow(st_session_leave_roots(s, old));
		}
		kfree_rcu(old, rcu);
	}
	tracing_trim(false);
	return err;
}

int st_tracing_set_filter(struct st_session *s, struct st_filter *filter)
{
	int err = 0;

	if (mutex_lock_killable(&tracing_lock))
		return -EINTR;
	if (st_session_is_started(s))
		err = change_filter(s, filter);
	else
		kfree_rcu(st_session_swap_filter(s, filter), rcu);
	mutex_unlock(&tracing_lock);
	return err;
}

unsigned int st_tracing_inflight_max(void)
{
	unsigned int max;

	mutex_lock(&tracing_lock);
	max = st_inflight_slots();
	mutex_unlock(&tracing_lock);
	return max;
}

int st_tracing_inflight(struct socktrace_event *records, unsigned int room,
			const struct st_session *wanted_by)
{
	int found = -EINVAL;

	mutex_lock(&tracing_lock);
	if (!wanted_by || st_session_is_started(wanted_by))
		found = st_listing_make(records, room, wanted_by);
	mutex_unlock(&tracing_lock);
	return found;
}
