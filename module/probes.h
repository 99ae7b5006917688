/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_PROBES_H
#define SOCKTRACE_PROBES_H

#include <linux/types.h>

#include "../uapi/socktrace.h"
#include "needs.h"

/* Finds which probe points this kernel has, and logs them. */
int st_probes_init(unsigned int maxactive);

/*
 * The callers of these take turns. Armed is what @needs asks for. -ENODEV: none of that
 * could be registered; -ENOMEM.
 */
int st_probes_arm(const struct st_needs *needs);
void st_probes_disarm(void);

/*
 * While armed: arms what @needs asks for, too; one that can't be now is logged, and told
 * by GET_INFO.
 */
void st_probes_arm_more(const struct st_needs *needs);
/*
 * Disarms what @needs does not ask for: points; and entry points if their @calls in flight
 * may be forgotten.
 */
void st_probes_disarm_unneeded(const struct st_needs *needs, bool calls);

/* Is one armed that serves any of these? */
bool st_probes_are_armed_for(u32 conditions);

/* What @info tells of the probes, but for the caller's array. */
void st_probes_info(struct socktrace_info *info);

/* What is told of probe @i; false: there are no more. */
bool st_probe_info(unsigned int i, struct socktrace_probe *out);

#endif /* SOCKTRACE_PROBES_H */
