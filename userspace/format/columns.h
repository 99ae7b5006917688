/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The columns of the text that stand before the call: which there are, and a table row
 * for each of how it is written. They are named as the keys of JSON.
 */
#ifndef SOCKTRACE_COLUMNS_H
#define SOCKTRACE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <socktrace.h>

#include "record/cgroups.h"
#include "record/images.h"
#include "record/procinfo.h"
#include "record/walltime.h"

#define COLUMNS_MAX 32

/* Who called, of a record: raw, as key of a cache. */
#define COLUMNS_CALLER                                                             \
	(offsetof(struct socktrace_event, comm) + SOCKTRACE_COMM_LEN -              \
	 offsetof(struct socktrace_event, tgid))
#define COLUMNS_KNOWN 64 /* a power of two */

struct columns {
	/* What a thread's column `process` is: it is that of all its calls. */
	struct columns_known {
		char caller[COLUMNS_CALLER];
		unsigned short length; /* bytes, of the blanks behind it too; 0: nothing is known */
		unsigned short width; /* up to which it is filled */
		char text[56]; /* longer ones are made anew each time */
	} known[COLUMNS_KNOWN];
	unsigned int count; /* 0: not chosen yet */
	const struct column *rows[COLUMNS_MAX]; /* of the table */
	unsigned short widths[COLUMNS_MAX]; /* what was wider so far is made room for */
	unsigned short width_max; /* but no more; what is wider pushes its own line only */
	/* The facts that a record has not; what is NULL is not asked. */
	struct walltime *time;
	struct procinfo *proc;
	const struct images *images;
	struct cgroups *cgroups;
};

/*
 * Names between commas; after a '+', beside the default ones. 0, or -1 with what is
 * wrong in `message`.
 */
int columns_choose(struct columns *columns, const char *list, char *message, size_t size);

/*
 * What is told without being asked: the time and the process. On a terminal of more
 * than `terminal` characters a line, more; on a narrow one they are narrower; 0: it
 * is none.
 */
void columns_default(struct columns *columns, unsigned int terminal);

/* Makes room for times as they will be written, or takes that column away. */
void columns_for_time(struct columns *columns);

/* Is a column among them for which records of programs are needed? */
bool columns_tell_program(const struct columns *columns);

/* The names that may be chosen, a line each. */
void columns_help(FILE *to);

/* Characters that they take. */
unsigned int columns_taken(const struct columns *columns);

/* Their titles, their values; with a blank after each. */
char *columns_titles(const struct columns *columns, char *p);
char *columns_values(struct columns *columns, char *p, const struct socktrace_event *ev);

/* Of a terminal. Below it, the time has no microseconds, unless they were asked for. */
#define COLUMNS_NARROW 100

/* NAME[PID], or NAME[PID/TID], filled up to a width, which may grow. */
#define COLUMNS_PROCESS_WIDTH 20
char *columns_process(const struct columns *columns, char *p,
		      const struct socktrace_event *ev, unsigned short *width);

/* Blanks, so that `have` columns become `want`. */
char *columns_pad(char *p, unsigned int have, unsigned int want);

#endif
