/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Paths of sockets that calls connected to, as PATH records told: each CPU's stand
 * before the record that they are of.
 */
#ifndef SOCKTRACE_PATHS_H
#define SOCKTRACE_PATHS_H

#include <limits.h>
#include <stdint.h>

#include <socktrace.h>

struct path {
	uint64_t call_id;
	uint16_t length; /* bytes */
	uint16_t parts; /* here */
	uint8_t flags; /* SOCKTRACE_PATH_* */
	char text[PATH_MAX - 1];
};

/* All zero: none was told. */
struct paths {
	struct path **cpus; /* by number, the last one; NULL: none was told */
	uint32_t nr_cpus;
};

/* Takes a PATH record in. What makes no sense is left out. */
void paths_take(struct paths *paths, const struct socktrace_event *ev);

/* The path that `ev` has, until the next paths_take(); NULL: it has none, or it was lost. */
const struct path *paths_of(const struct paths *paths, const struct socktrace_event *ev);

void paths_free(struct paths *paths);

#endif
