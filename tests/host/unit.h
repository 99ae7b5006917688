/* SPDX-License-Identifier: GPL-2.0 */
/* What every unit test includes: cmocka, and text in a buffer compared. */
#ifndef SOCKTRACE_TEST_UNIT_H
#define SOCKTRACE_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/out.h"

/* As much room as the reader gives a line; the functions write no NUL. */
extern char unit_buffer[OUT_LINE_MAX];

/* `end` is what a function returned that wrote into unit_buffer. */
#define assert_text(end, expected)                                              \
	do {                                                                    \
		char *unit_end = (end);                                         \
		assert_in_range(unit_end - unit_buffer, 0, OUT_LINE_MAX - 1);   \
		*unit_end = '\0';                                               \
		assert_string_equal(unit_buffer, expected);                     \
	} while (0)

#endif
