// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common.h"
#include "measure.h"

static unsigned int calls; /* of each kind, measured */
static double *samples[NR_KINDS]; /* shared with the child that calls */

void measure_init(unsigned int nr_calls)
{
	unsigned int kind;

	calls = nr_calls;
	for (kind = 0; kind < NR_KINDS; kind++) {
		samples[kind] = mmap(NULL, calls * sizeof(double), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		check(samples[kind] != MAP_FAILED, "mmap");
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double middle_mean(double *samples, unsigned int n)
{
	unsigned int from = n / 4, to = n - n / 4, i;
	double sum = 0;

	qsort(samples, n, sizeof(*samples), ascending);
	for (i = from; i < to; i++)
		sum += samples[i];
	return sum / (to - from);
}

double median(const double *values, unsigned int n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), ascending);
	return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

static void call_each(void)
{
	double cost[NR_KINDS];
	unsigned int i, kind;

	for (i = 0; i < WARM_UP; i++)
		turn(cost);
	for (i = 0; i < calls; i++) {
		turn(cost);
		for (kind = 0; kind < NR_KINDS; kind++)
			samples[kind][i] = cost[kind];
	}
}

void measure_once(void)
{
	in_child(call_each, 0);
}

void measure(struct setup *setup, unsigned int round)
{
	int fd[MAX_SESSIONS];
	unsigned int i, kind;

	for (i = 0; i < setup->sessions; i++)
		fd[i] = session_open(setup, calls + WARM_UP);
	/* The kernel patches itself with some delay; and RCU's work is done. */
	sleep_ms(500);
	in_child(call_each, setup->sleepers);
	for (i = 0; i < setup->sessions; i++)
		session_check(fd[i], setup, calls + WARM_UP);
	for (kind = 0; kind < NR_KINDS; kind++)
		setup->value[kind][round] = middle_mean(samples[kind], calls);
}
