/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sessions: one for each open of the device.
 *
 * The probes see the started ones through an RCU list; everything else belongs
 * to the file descriptor's own calls.
 */
#ifndef SOCKTRACE_SESSION_H
#define SOCKTRACE_SESSION_H

#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "early.h"
#include "filter.h"
#include "needs.h"
#include "ring.h"

/* From the module's parameters; set once before the device is there. */
struct st_session_limits {
	unsigned int records_per_cpu; /* default, a power of two */
	unsigned int max_records_per_cpu;
	unsigned int max_sessions;
	u64 max_memory; /* bytes of all sessions' rings */
};
extern struct st_session_limits st_session_limits;

#define ST_SESSION_MIN_RECORDS 2
#define ST_SESSION_MAX_LATENCY_MS 10000

/* Has the reader been told that records wait? */
enum st_session_wake {
	ST_WAKE_IDLE, /* none wait, as far as the reader has looked */
	ST_WAKE_DELAYED, /* some wait; it will be told when latency_ms is over */
	ST_WAKE_READY /* it has been told, and has not emptied the rings since */
};

struct st_session {
	/* Read by the probes, under RCU. */
	struct list_head node; /* of the started sessions */
	struct st_filter __rcu *filter; /* replaced under lock and sessions_lock */
	struct st_ring_set *rings; /* set by the first start, for good */
	struct pid *owner; /* the opener: its calls are not traced */
	u32 phases; /* a bit per phase; fixed before the first start */
	u32 events; /* likewise: a bit per event that it is offered */
	u32 watermark; /* likewise */
	bool own; /* likewise: trace the owner too */
	bool processes; /* likewise: tell of process images */
	bool paths; /* likewise: tell the paths of sockets */
	/* Who may be in an accept that it was not offered the entry of; or NULL. */
	struct st_early *early;
	int wake; /* enum st_session_wake: set up by writers, down by readers */

	struct irq_work work; /* leaves the probe's context ... */
	struct delayed_work delay; /* ... and waits for latency_ms */
	wait_queue_head_t wait;

	struct mutex lock; /* configuration, and starting and stopping */
	struct socktrace_config config; /* as it is in force */
	/* Read without the lock, too: by st_session_is_started(), _was_started(). */
	bool started; /* the probes may write to it now */
	bool was_started; /* it has rings: no configuration any more */
	u64 members_missed; /* by filters that are not in force any more */
	/* None of the processes lives that its filter asks for the descendants of, nor of these. */
	bool deserted;
	struct delayed_work watch; /* looks for that, while somebody polls for it */

	struct mutex read_lock; /* the reader's side of the rings */
};

struct st_session *st_session_create(void);
void st_session_destroy(struct st_session *s);
int st_session_configure(struct st_session *s, struct socktrace_config *config);
struct st_filter *st_session_swap_filter(struct st_session *s, struct st_filter *filter);
u64 st_session_leave_roots(struct st_session *s, struct st_filter *filter);
void st_session_get_filter(struct st_session *s, struct socktrace_filter *header,
			   struct socktrace_rule *rules);
void st_session_add_needs(const struct st_session *s, const struct st_filter *filter,
			  struct st_needs *needs);
void st_session_needs(struct st_session *s, struct st_needs *needs);
void st_sessions_needs(struct st_needs *needs);
int st_session_enlist(struct st_session *s);
bool st_session_delist(struct st_session *s);
int st_session_flush(struct st_session *s);
int st_session_stats(struct st_session *s, struct socktrace_stats *stats);
void st_session_members(struct st_session *s, struct socktrace_stats *stats);
void st_sessions_info(struct socktrace_info *info);

/* Pairs with st_session_enlist(): who sees it started sees its rings. */
static inline bool st_session_was_started(const struct st_session *s)
{
	return smp_load_acquire(&s->was_started);
}

/* Pairs with st_session_delist(): who sees it stopped sees its last record. */
static inline bool st_session_is_started(const struct st_session *s)
{
	return smp_load_acquire(&s->started);
}

/* Its filter, for whoever sets, starts and stops: these take turns (tracing.c). */
static inline struct st_filter *st_session_filter(const struct st_session *s)
{
	return rcu_dereference_protected(s->filter, 1);
}

/* For reading: is it worth a read() now? A stopped session always is. */
bool st_session_ready(struct st_session *s);
void st_session_drained(struct st_session *s);
bool st_session_is_deserted(struct st_session *s);

/* Those whose records are made now; under RCU. */
extern struct list_head st_sessions_started;

#endif /* SOCKTRACE_SESSION_H */
