/* SPDX-License-Identifier: GPL-2.0 */
/* A line of text made to fit a terminal: what can be missed best goes first. */
#ifndef SOCKTRACE_FIT_H
#define SOCKTRACE_FIT_H

#include <stdint.h>

/* What a line is made of, in this order; any may be empty. */
enum fit_part {
	FIT_COLUMNS,
	FIT_CALL, /* the name of the call and its arguments */
	FIT_PAD, /* blanks, so that results stand below each other */
	FIT_RESULT,
	FIT_DURATION,
	FIT_MARKS, /* what must be seen */
	FIT_LOCAL,
	FIT_QUEUE,
	FIT_PEER_PATH,
	FIT_PEER_IDS,
	FIT_ALARM, /* what must be seen */
	FIT_PARTS
};

struct fit {
	char *ends[FIT_PARTS]; /* where each ended; it began where the one before did */
	uint64_t duration_ns;
};

/* Columns that a terminal shows this in; colours take none. */
unsigned int fit_width(const char *from, const char *to);

/*
 * Shortens the line that begins at `line` to so many columns, and gives its new
 * end. The duration is folded, then go queue, peer, local address, duration; then the
 * arguments are cut, and at the very last the line.
 */
char *fit_line(struct fit *fit, char *line, unsigned int width);

/* Likewise of a line without parts: cuts it. `color`: switches colours off there. */
char *fit_cut(char *line, char *end, unsigned int width, int color);

#endif
