/* SPDX-License-Identifier: GPL-2.0 */
/* How much of a terminal's line text takes. */
#ifndef SOCKTRACE_WIDTH_H
#define SOCKTRACE_WIDTH_H

#include <stdbool.h>

/* Columns that valid UTF-8 without control characters takes: wide characters take two. */
unsigned int width_of(const char *from, const char *to);

/* The same of the character at `p`, and where it ends; a sequence of colour takes none. */
const char *width_step(const char *p, const char *to, unsigned int *width);

#endif
