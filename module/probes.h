/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_PROBES_H
#define SOCKTRACE_PROBES_H

#include "../uapi/socktrace.h"

/* Finds which probe points this kernel has, and logs them. */
int st_probes_init(unsigned int maxactive);

/* -ENODEV: none could be registered; -ENOMEM. The callers take turns. */
int st_probes_arm(void);
void st_probes_disarm(void);

/* What @info tells of the probes. */
void st_probes_info(struct socktrace_info *info);

#endif /* SOCKTRACE_PROBES_H */
