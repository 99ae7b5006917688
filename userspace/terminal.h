/* SPDX-License-Identifier: GPL-2.0 */
/* What the output's terminal gets, if it is one: colours, columns that fit, a header. */
#ifndef SOCKTRACE_TERMINAL_H
#define SOCKTRACE_TERMINAL_H

#include "report.h"

bool terminal_wants_color(const struct reader *reader);

/* Sets the text's columns and form of time: by the options, or by its width. */
void terminal_setup(struct reader *reader);

/* The text's header; to a terminal alone. */
void terminal_header(struct reader *reader);

/* After a SIGWINCH. */
void terminal_resized(struct reader *reader);

/* Its size, if summaries are redrawn there; else none. */
struct summary_screen terminal_screen(const struct reader *reader);

#endif
