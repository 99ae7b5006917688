/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cgroups that conditions name by their paths: a service that is started again gets
 * another of the same path, with another id.
 */
#ifndef SOCKTRACE_CGROUP_WATCH_H
#define SOCKTRACE_CGROUP_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#define CGROUP_WATCH_MS 1000 /* a look, if no directory was made meanwhile */

struct reader;

struct cgroup_watch {
	int fd; /* readable when it is to be looked; -1: this kernel tells nothing of that */
	bool on; /* there is something to watch; before it is set, `fd` is nothing */
	uint64_t looked_ns; /* CLOCK_BOOTTIME */
};

void cgroup_watch_open(struct reader *reader);
void cgroup_watch_close(struct reader *reader);

/* `told`: the descriptor is readable. Sets the session's filter anew, where that is due. */
void cgroup_watch_look(struct reader *reader, bool told);

#endif
