/* SPDX-License-Identifier: GPL-2.0 */
/* Processes that make calls, and know what they have made. */
#ifndef SOCKTRACE_APPLIANCE_CALLS_H
#define SOCKTRACE_APPLIANCE_CALLS_H

#include <stdint.h>
#include <sys/types.h>

#include <socktrace.h>

/* What calls of one kind returned, so that others can be compared with it. */
struct made {
	uint64_t calls;
	int64_t results; /* their sum: descriptors, 0, negative errno */
};

/* What a worker's turns are made of. */
#define CALLS                                                                  \
	(SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET) |                               \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT) |                              \
	 SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4))

/* Of a worker's turns: by enum socktrace_type, SOCKET to ACCEPT4. */
#define MADE_KINDS 4
struct worker {
	pid_t pid;
	int go; /* a byte lets it begin; closed: it ends with the turn it is in */
	int report;
	struct made made[MADE_KINDS]; /* after worker_end() */
};

/*
 * Four calls a turn: a socket, a connect to a listener in the same process, the
 * accept of that, and a connect that fails. 0 turns: until it is to end.
 */
struct worker worker_new(unsigned int turns);
void worker_go(struct worker *worker);
/* Waits for the last turn, and fills in `made`. What went wrong fails the case. */
void worker_end(struct worker *worker);

/* A process with `threads` threads, each blocked in an accept of its own. */
struct blocked {
	pid_t pid;
	int release; /* closing it lets each have its connection */
};
struct blocked blocked_new(unsigned int threads);
/* Gives each of them a connection, waits, and gives how many came back well. */
unsigned int blocked_release(struct blocked *blocked);

#endif
