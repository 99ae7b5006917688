/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that this session is about and that did not return yet. */
#ifndef SOCKTRACE_HANGING_H
#define SOCKTRACE_HANGING_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#define HANGING_MS 1000 /* between two questions, at least */
#define HANGING_AFTER_NS 5000000000ULL
#define HANGING_MAX 1024 /* calls that are remembered; of more none is told */

struct reader;

struct hanging {
	uint64_t asked_ns; /* CLOCK_BOOTTIME; 0: not yet */
	unsigned int nr;
	uint64_t judged[HANGING_MAX]; /* by call_id: told, or not of this session */
};

/* Tells of those that hang for long by now, each once, on the terminal of the text. */
void hanging_tell(struct reader *reader);

/* Is that asked for? */
bool hanging_wanted(const struct reader *reader);

/* At the end: how many are still in flight, by their names. */
void hanging_count(struct reader *reader);

#endif
