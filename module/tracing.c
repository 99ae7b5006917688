// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>

#include "inflight.h"
#include "probes.h"
#include "tracing.h"

/*
 * Taken before those of sessions. Held for as long as arming takes: nothing that must
 * not wait may take it.
 */
static DEFINE_MUTEX(tracing_lock);
static unsigned int tracing_users; /* sessions that want the probes armed */

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

/* What only sessions that are gone asked for need not be armed any more. */
static void tracing_trim(void)
{
	struct st_needs needs;

	st_sessions_needs(&needs);
	st_probes_disarm_unneeded(&needs);
}

static void tracing_put(void)
{
	if (!--tracing_users)
		st_probes_disarm();
	else
		tracing_trim();
}

int st_tracing_start(struct st_session *s)
{
	int err;

	mutex_lock(&tracing_lock);
	err = tracing_get(s);
	if (!err) {
		err = st_session_enlist(s);
		if (err)
			tracing_put();
	}
	mutex_unlock(&tracing_lock);
	return err == -EALREADY ? 0 : err;
}

void st_tracing_stop(struct st_session *s)
{
	if (!st_session_was_started(s)) /* nor waits for those that are */
		return;
	mutex_lock(&tracing_lock);
	if (st_session_delist(s))
		tracing_put();
	mutex_unlock(&tracing_lock);
}

void st_tracing_set_filter(struct st_session *s, struct st_filter *filter)
{
	struct st_needs needs;

	mutex_lock(&tracing_lock);
	if (st_session_is_started(s)) {
		st_sessions_needs(&needs);
		st_session_add_needs(s, filter, &needs);
		st_probes_arm_more(&needs);
		st_session_set_filter(s, filter);
		tracing_trim();
	} else {
		st_session_set_filter(s, filter);
	}
	mutex_unlock(&tracing_lock);
}

unsigned int st_tracing_inflight_max(void)
{
	unsigned int max;

	mutex_lock(&tracing_lock);
	max = st_inflight_capacity();
	mutex_unlock(&tracing_lock);
	return max;
}

unsigned int st_tracing_inflight(struct socktrace_inflight_call *calls, unsigned int room)
{
	unsigned int found;

	mutex_lock(&tracing_lock);
	found = st_inflight_list(calls, room);
	mutex_unlock(&tracing_lock);
	return found;
}
