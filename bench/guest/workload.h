/* SPDX-License-Identifier: GPL-2.0 */
/* The calls that are measured, each between two readings of the counter. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <sys/types.h>

enum kind { SOCKET, CONNECT, ACCEPT4, REFUSED, UNIX_CONNECT, NR_KINDS };
/* Of these one loopback connection is made, and the mean is taken. */
#define NR_CONN 3

extern const char *const kind_names[NR_KINDS], *const kind_keys[NR_KINDS];

/* Turns that are made before any counts. */
#define WARM_UP 50

void make_listeners(void);
/* One loopback connection: what each of the first NR_CONN kinds took. */
void connect_once(double *cost);
/* One turn: a call of each kind at least, and what one of each took. */
void turn(double *cost);
/*
 * In a process of its own, since a session does not trace its opener. So many threads
 * that sleep share its files. Returns its id.
 */
pid_t in_child(void (*workload)(void), unsigned int sleepers);

#endif
