// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>

#include "inflight.h"
#include "probes.h"
#include "tracing.h"

/* Held for as long as arming takes: nothing that must not wait may take it. */
static DEFINE_MUTEX(tracing_lock);
static unsigned int tracing_users; /* sessions that want the probes armed */

static int tracing_get(void)
{
	int err = 0;

	mutex_lock(&tracing_lock);
	if (!tracing_users)
		err = st_probes_arm();
	if (!err)
		tracing_users++;
	mutex_unlock(&tracing_lock);
	return err;
}

static void tracing_put(void)
{
	mutex_lock(&tracing_lock);
	if (!--tracing_users)
		st_probes_disarm();
	mutex_unlock(&tracing_lock);
}

int st_tracing_start(struct st_session *s)
{
	int err = tracing_get();

	if (err)
		return err;
	err = st_session_enlist(s);
	if (err)
		tracing_put();
	return err == -EALREADY ? 0 : err;
}

void st_tracing_stop(struct st_session *s)
{
	if (st_session_delist(s))
		tracing_put();
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
