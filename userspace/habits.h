/* SPDX-License-Identifier: GPL-2.0 */
/* Options that people know from other tools, and what they are here. */
#ifndef SOCKTRACE_HABITS_H
#define SOCKTRACE_HABITS_H

#include <stddef.h>

/*
 * What to do instead of the unknown option `name` (without its dashes, `length`
 * bytes): what it is called here, or why there is none. NULL: it is nobody's habit.
 */
const char *habits_hint(const char *name, size_t length);

/* The rows, for tests: their name; NULL at the end. */
const char *habits_name(unsigned int row);

#endif
