/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probes' handlers ask of the started sessions, and the records that they
 * give them.
 */
#ifndef SOCKTRACE_DELIVER_H
#define SOCKTRACE_DELIVER_H

#include <linux/compiler.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "compat/compat.h"
#include "filter.h"

struct st_session;

extern u32 st_sessions_events[SOCKTRACE_POINT + 1];

/* A first look, before facts are gathered: false is certain. */
static inline bool st_sessions_may_want(enum socktrace_type type,
				     enum socktrace_phase phase)
{
	return READ_ONCE(st_sessions_events[phase]) & SOCKTRACE_EVENT_BIT(type);
}

extern u64 st_sessions_tgids;

/* Likewise, of who calls. */
static inline bool st_sessions_may_want_of(u32 tgid)
{
	return READ_ONCE(st_sessions_tgids) >> tgid % ST_FILTER_TGID_BUCKETS & 1;
}

extern u32 st_sessions_asked;

/* Which conditions any started session's filter looks at. */
static inline u32 st_sessions_conditions(void)
{
	return READ_ONCE(st_sessions_asked);
}

extern bool st_sessions_tell_processes;

/* Is any started session told of process images? */
static inline bool st_sessions_want_images(void)
{
	return READ_ONCE(st_sessions_tell_processes);
}

extern bool st_sessions_tell_paths;

/* Is any started session told of the paths of sockets, or asks for them? */
static inline bool st_sessions_want_paths(void)
{
	return READ_ONCE(st_sessions_tell_paths) ||
	       st_sessions_conditions() & SOCKTRACE_MATCH_PATH;
}

extern u32 st_sessions_phases;
extern u32 st_sessions_sure;
extern const struct pid *st_sessions_sure_but_of;

/* Does the return of a call that current makes find a taker, whatever else it is? */
static inline bool st_sessions_surely_want_return(enum socktrace_type type)
{
	return READ_ONCE(st_sessions_sure) & SOCKTRACE_EVENT_BIT(type) &&
	       READ_ONCE(st_sessions_sure_but_of) != task_tgid(current);
}

bool st_sessions_want(const struct st_filter_facts *facts, enum socktrace_phase phase);
/* Likewise this one, of what facts->caller does. As a reader of RCU, preemption off. */
bool st_session_may_want(const struct st_session *s, const struct st_filter_facts *facts);
void st_sessions_refuse(enum socktrace_type type, u32 phases);
void st_sessions_miss(const struct st_filter_facts *facts);
void st_sessions_ask(const struct st_filter_facts *facts, struct st_filter_answers *answers);
struct socktrace_event *st_sessions_room(struct socktrace_event *otherwise);
void st_sessions_deliver(struct socktrace_event *ev, const struct st_filter_facts *facts);

/* Has current entered an accept before any session began, as far as that knows? */
bool st_sessions_have_early(void);
/* To those that it is so for, once. */
void st_sessions_deliver_early(struct socktrace_event *ev, const struct st_filter_facts *facts);

#endif /* SOCKTRACE_DELIVER_H */
