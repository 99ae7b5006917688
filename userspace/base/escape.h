/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bytes that strangers chose (comm, paths) made safe to print. Both functions
 * write at `p`, without a NUL, and return the place after; they need room for
 * ESCAPE_MAX bytes for each byte of `s`.
 *
 * The text of a byte that is no part of valid UTF-8 is \xNN, of a backslash
 * two of them, so that the bytes can be had back exactly.
 */
#ifndef SOCKTRACE_ESCAPE_H
#define SOCKTRACE_ESCAPE_H

#include <stddef.h>

#define ESCAPE_MAX 6

/*
 * For a line of text: besides, \xNN for each byte of a character that could
 * move the cursor, end the line or turn the writing around (C0, DEL, C1,
 * U+2028, U+2029, bidirectional controls). `quote`: a double quote is \".
 */
char *escape_text(char *p, const char *s, size_t n, int quote);

/*
 * For the inside of a JSON string: the text above, but control characters that
 * are valid UTF-8 stay what they are, by JSON's own escapes.
 */
char *escape_json(char *p, const char *s, size_t n);

#endif
