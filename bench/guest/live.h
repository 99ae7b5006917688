/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A reader that works while the calls are made: the time that the scheduler gave to any
 * task, from before the workload until the reader had written everything.
 */
#ifndef BENCH_LIVE_H
#define BENCH_LIVE_H

#include <stdbool.h>

struct live {
	const char *label, *key, *format; /* format NULL: no reader */
	bool stopped; /* the reader, while the calls are made, and not counted */
};

#define NR_LIVES 4
extern const struct live lives[NR_LIVES];

/* Nanoseconds per traced call, of so many connections. Dies if a line is missing. */
double measure_live(const struct live *live, unsigned int connections);

#endif
