/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conditions that only the reader can judge: the kernel's rules let through what could
 * meet them, and here it is seen whether it does.
 */
#ifndef SOCKTRACE_FILTER_SIEVE_H
#define SOCKTRACE_FILTER_SIEVE_H

#include "filter/expr.h"
#include "filter/judge.h"
#include "record/cgroups.h"
#include "record/images.h"
#include "record/procinfo.h"
#include "record/walltime.h"

#define SIEVE_MAX 64

struct sieve {
	unsigned int nr; /* 0: the kernel has judged it all */
	const struct filter_node *all[SIEVE_MAX]; /* must hold, each */
	struct judge judge;
	/* Facts that records don't have. */
	struct walltime *time;
	struct procinfo *proc;
	const struct images *images;
	struct cgroups *cgroups;
	uint64_t withheld; /* records that did not pass */
};

/* One more that must hold; what of it the kernel has judged is left out. 0, or -1. */
int sieve_add(struct sieve *sieve, const struct filter_node *node, struct filter_error *error);

/* Who tells the facts; all stay the caller's. */
void sieve_facts(struct sieve *sieve, struct walltime *time, struct procinfo *proc,
		 const struct images *images, struct cgroups *cgroups,
		 const struct paths *paths);

/* Does all hold? Counts those of which it does not. */
bool sieve_passes(struct sieve *sieve, const struct socktrace_event *ev);

/* Could it hold of calls of the program that this PROCESS record tells of? */
bool sieve_may_pass(struct sieve *sieve, const struct socktrace_event *ev);

#endif
