/* SPDX-License-Identifier: GPL-2.0 */
/* The processes of -p: whether any of them still runs. */
#ifndef SOCKTRACE_WATCH_H
#define SOCKTRACE_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#define WATCH_MAX SOCKTRACE_MAX_RULES

struct watch {
	unsigned int nr; /* that run; 0: none does any more */
	uint32_t pids[WATCH_MAX];
	struct pollfd fds[WATCH_MAX]; /* readable when the process has ended */
	bool asks; /* this kernel has no such descriptors: they are asked for */
};

/* Of numbers of our own pid namespace. */
void watch_open(struct watch *watch, const uint32_t *pids, unsigned int nr);
void watch_close(struct watch *watch);

/* After poll() of `fds`, or a while of none: forgets those that have ended. */
void watch_look(struct watch *watch);

#endif
