/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Start and stop of a session's tracing: probes are armed as sessions ask for them, and
 * the last session disarms all. Above both, so that neither knows of the other.
 */
#ifndef SOCKTRACE_TRACING_H
#define SOCKTRACE_TRACING_H

#include "session.h"

/*
 * st_session_configure(), not while a START arms what the session asks for. -EINTR: killed
 * meanwhile.
 */
int st_tracing_configure(struct st_session *s, struct socktrace_config *config);

/*
 * 0 also if it is started already; -ENOMEM; -ENODEV: nothing can be probed;
 * -EUSERS as below.
 */
int st_tracing_start(struct st_session *s);

/* When it returns, no probe writes to the session. */
void st_tracing_stop(struct st_session *s);

/*
 * Takes @filter over, once the probes are armed that it needs, unless it fails: -ENOMEM;
 * -EUSERS: started sessions name too many ancestors; -EINTR: killed meanwhile.
 */
int st_tracing_set_filter(struct st_session *s, struct st_filter *filter);

/* How many calls can be in flight at most, as long as no session starts. */
unsigned int st_tracing_inflight_max(void);

/*
 * st_listing_make(), with the probes neither being armed nor disarmed. -EINVAL: of a
 * session that is not started.
 */
int st_tracing_inflight(struct socktrace_event *records, unsigned int room,
			const struct st_session *wanted_by);

#endif /* SOCKTRACE_TRACING_H */
