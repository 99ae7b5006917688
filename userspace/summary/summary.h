/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who connects to whom, how often, with what result, and how long that took. Of bounded
 * size: where there are more kinds of calls than rows, the rarest are folded together.
 */
#ifndef SOCKTRACE_SUMMARY_H
#define SOCKTRACE_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#include "base/out.h"
#include "record/images.h"
#include "record/walltime.h"

#define SUMMARY_ROWS 4096 /* kept; as soon as there are more, the rarer half is folded */
#define SUMMARY_BUCKETS 256
#define SUMMARY_TEXT 110 /* bytes; of longer programs their end, of longer names their beginning */

/* How long calls took, nanoseconds. */
struct summary_times {
	uint64_t count, min, max;
	uint32_t buckets[SUMMARY_BUCKETS]; /* eight to each power of two, from 64 ns on */
};

struct summary_row {
	uint64_t hash; /* of all that makes it another row */
	uint64_t count;
	struct summary_times times; /* of those that have a duration */
	uint16_t error; /* positive errno; 0: none */
	uint8_t type; /* enum socktrace_type */
	uint8_t program_length, to_length;
	char program[SUMMARY_TEXT], to[SUMMARY_TEXT]; /* strangers' bytes, without NUL */
};

struct summary {
	struct summary_row *rows; /* SUMMARY_ROWS of them */
	unsigned int nr_rows;
	uint16_t *index; /* by hash: a row + 1 */
	struct {
		uint64_t count, errors;
		struct summary_times times;
	} events[32]; /* of all, by type */
	uint64_t count, lost;
	uint64_t folded_rows; /* one that comes again is another */
	uint64_t folded; /* what they had counted */
	uint64_t folded_most; /* no row lacks more than that */
	uint64_t first_ns, last_ns; /* entries of calls, CLOCK_BOOTTIME; 0: there was none */
};

/* 0, or -1: no memory. */
int summary_init(struct summary *summary);
void summary_free(struct summary *summary);

/* Counts a record: calls by their return, points, losses. `images` may be NULL. */
void summary_take(struct summary *summary, const struct images *images,
		  const struct socktrace_event *ev);

/* To begin afresh. */
void summary_clear(struct summary *summary);

/* So many of 1,000 took no longer, nanoseconds; within 7 %. */
uint64_t summary_quantile(const struct summary_times *times, unsigned int per_mille);

/* A terminal on which summaries are drawn, each over the one before. */
struct summary_screen {
	unsigned int lines; /* 0: there is none */
	unsigned int columns; /* 0: not known */
	bool first; /* nothing was drawn yet */
	uint64_t from_ns; /* when counting began, CLOCK_BOOTTIME */
};

/* The rows, the most frequent first; of text no more than a screen or two. */
void summary_print_text(struct summary *summary, struct out *out);
void summary_draw(struct summary *summary, struct out *out, const struct walltime *time,
		  const struct summary_screen *screen);
void summary_print_json(struct summary *summary, struct out *out, struct walltime *time);

#endif
