/* SPDX-License-Identifier: GPL-2.0 */
/* One record as one line, as strace writes a call. */
#ifndef SOCKTRACE_TEXT_H
#define SOCKTRACE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#include "format/columns.h"
#include "format/fit.h"
#include "record/images.h"
#include "record/paths.h"
#include "record/walltime.h"

struct text {
	struct walltime *time;
	bool color;
	unsigned int native_abi; /* enum socktrace_abi: not worth a mark */
	unsigned short process_width; /* of calls in flight: it grows */
	struct columns columns;
	const struct paths *paths; /* NULL: none are told */
	unsigned int terminal; /* characters of its lines; 0: it is none */
	unsigned int call_width; /* results stand below each other from here on */
	struct fit fit; /* of the line that is being written */
};

/* enum socktrace_abi of what uname(2) calls the machine; SOCKTRACE_ABI_UNKNOWN: none. */
unsigned int text_abi_of_machine(const char *machine);

/* With the default columns of no terminal, and no facts but those of records. */
void text_init(struct text *text, struct walltime *time, bool color);

/*
 * Lines are to fit a terminal of so many characters from now on; 0: as they are.
 * Once the columns are chosen.
 */
void text_resize(struct text *text, unsigned int terminal);

/* The names of the columns, and a newline. */
char *text_header(const struct text *text, char *p);

/*
 * Writes the line and its newline at `p`, which has room for OUT_LINE_MAX
 * bytes, and returns the place after. Whatever bytes the record holds, it is
 * one line and has no control character but those of the colours.
 */
char *text_event(struct text *text, char *p, const struct socktrace_event *ev);

/* Likewise, of the program that the PROCESS record `ev` completed. */
char *text_process(struct text *text, char *p, const struct socktrace_event *ev,
		   const struct image *image);

/* Likewise, calls that did not return yet. */
char *text_inflight_header(const struct text *text, char *p);
char *text_inflight(struct text *text, char *p, const struct socktrace_event *ev,
		    uint64_t now_ns);

/* Likewise, of such a call within a trace; `ev` is what is known of it. */
char *text_hanging(struct text *text, char *p, const struct socktrace_event *ev,
		   uint64_t now_ns);

/*
 * A socket address in braces, `length` bytes of it, at least 1. Some are read by
 * the protocol of the socket, which `ev` tells (NULL: nobody does). `truncated`:
 * more of it did not fit the record.
 */
char *text_address(char *p, const struct socktrace_event *ev, const uint8_t *bytes,
		   unsigned int length, bool truncated);

#endif
