// SPDX-License-Identifier: GPL-2.0
/*
 * calls CONNECTIONS
 *
 * What socket(), connect() and accept4() take while whatever is running traces them: prints
 * the instructions from each call to its return, and all CPU time per call, the tracer's
 * included, until two seconds after the last. bench/guest/peers runs it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "measure.h"
#include "workload.h"

#define MAX_CONNECTIONS 20000

static double samples[NR_CONN][MAX_CONNECTIONS];

int main(int argc, char **argv)
{
	unsigned int connections, i, kind;
	double cost[NR_KINDS];
	uint64_t start, took;

	if (argc != 2)
		die("usage: calls CONNECTIONS");
	connections = number(argv[1], MAX_CONNECTIONS);
	/* It takes its time, in which the tracer starts. */
	settle();
	make_listeners();
	for (i = 0; i < WARM_UP; i++)
		connect_once(cost);
	start = busy_ns();
	for (i = 0; i < connections; i++) {
		connect_once(cost);
		for (kind = 0; kind < NR_CONN; kind++)
			samples[kind][i] = cost[kind];
	}
	sleep_ms(2000);
	took = busy_ns() - start;
	for (kind = 0; kind < NR_CONN; kind++)
		printf("%.1f ", middle_mean(samples[kind], connections));
	printf("%.1f\n", (double)took / (connections * NR_CONN));
	return 0;
}
