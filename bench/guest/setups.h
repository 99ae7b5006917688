/* SPDX-License-Identifier: GPL-2.0 */
/* What can be armed while the calls are made: the rows of the table. */
#ifndef BENCH_SETUPS_H
#define BENCH_SETUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload.h"

#define MAX_ROUNDS 9
#define MAX_SESSIONS 10

/* One row of the table. */
struct setup {
	const char *label, *key;
	unsigned int sleepers; /* threads beside the one that calls, which share its files */
	bool loaded; /* the module */
	unsigned int sessions;
	unsigned int rules; /* that look at the process, and never match */
	uint32_t default_action;
	uint32_t events; /* 0: all */
	bool processes; /* PROCESS records, too */
	bool paths; /* PATH records, too */
	unsigned int records; /* of one turn of the workload, at each session */

	double value[NR_KINDS][MAX_ROUNDS];
};

#define NR_SETUPS 15
extern struct setup setups[NR_SETUPS];

/* What the other rows are compared with, but for those with sleepers. */
#define BASE (&setups[0])
/* The row without the module, and with the same threads. */
const struct setup *base_of(const struct setup *setup);

/* The row of that key; dies of none. */
struct setup *setup_of(const char *key);

/* A session that is started, and has room for the records of so many turns. */
int session_open(const struct setup *setup, unsigned int turns);
/*
 * Stops and closes it. Dies if it has not all records of so many turns: a figure of a run
 * that lost something would be too good.
 */
void session_check(int fd, const struct setup *setup, unsigned int turns);
/* The same where turns are not known: it has some if it is to have any, and lost none. */
void session_close(int fd, const struct setup *setup);

#endif
