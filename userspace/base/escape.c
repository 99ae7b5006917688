// SPDX-License-Identifier: GPL-2.0
#include "base/escape.h"

#include <stdint.h>
#include <string.h>

#include "base/fmt.h"

#define EACH_BYTE(c) (0x0101010101010101ULL * (c))
#define HIGH_BITS EACH_BYTE(0x80)

/*
 * Not 0 if one of eight bytes needs a look: below 0x20, 0x7f and above, a
 * double quote, a backslash. Never 0 wrongly; that is all that is asked of it.
 */
static inline uint64_t unclean(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE('"');
	uint64_t backslash = w ^ EACH_BYTE('\\');

	return (w | (w + EACH_BYTE(1)) | (w - EACH_BYTE(0x20)) |
		(quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1))) &
	       HIGH_BITS;
}

static inline int clean(char c)
{
	return (signed char)c >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

/* Copies clean bytes, eight at a time, and leaves *s at the first other one. */
static inline char *copy_clean(char *p, const char **s, const char *end)
{
	uint64_t w;

	while (end - *s >= 8) {
		memcpy(&w, *s, 8);
		if (unclean(w))
			break;
		memcpy(p, &w, 8);
		p += 8;
		*s += 8;
	}
	while (*s < end && clean(**s))
		*p++ = *(*s)++;
	return p;
}

/*
 * The character at s: its length in bytes and its code point, or 0 if the
 * bytes are no shortest-form UTF-8 or a surrogate.
 */
static unsigned int utf8_char(const uint8_t *s, size_t n, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int length, i;
	uint32_t c = s[0];

	if (c < 0x80) {
		*code = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		length = 2;
		c &= 0x1f;
	} else if (c >= 0xe0 && c <= 0xef) {
		length = 3;
		c &= 0x0f;
	} else if (c >= 0xf0 && c <= 0xf4) {
		length = 4;
		c &= 0x07;
	} else {
		return 0;
	}
	if (n < length)
		return 0;
	for (i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return length;
}

static char *hex_escape(char *p, const uint8_t *bytes, unsigned int n)
{
	for (; n; n--, bytes++) {
		*p++ = '\\';
		*p++ = 'x';
		p = fmt_hex_bytes(p, bytes, 1);
	}
	return p;
}

static int moves_the_cursor(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c ||
	       (c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

char *escape_text(char *p, const char *s, size_t n, int quote)
{
	const char *end = s + n;
	unsigned int length;
	uint32_t c = 0;

	for (;;) {
		p = copy_clean(p, &s, end);
		if (s >= end)
			return p;
		length = utf8_char((const uint8_t *)s, (size_t)(end - s), &c);
		if (!length) {
			p = hex_escape(p, (const uint8_t *)s, 1);
			length = 1;
		} else if (c == '\\') {
			p = fmt_lit(p, "\\\\");
		} else if (c == '"' && quote) {
			p = fmt_lit(p, "\\\"");
		} else if (moves_the_cursor(c)) {
			p = hex_escape(p, (const uint8_t *)s, length);
		} else {
			p = fmt_mem(p, s, length);
		}
		s += length;
	}
}

char *escape_json(char *p, const char *s, size_t n)
{
	const char *end = s + n;
	unsigned int length;
	uint32_t c = 0;

	for (;;) {
		p = copy_clean(p, &s, end);
		if (s >= end)
			return p;
		length = utf8_char((const uint8_t *)s, (size_t)(end - s), &c);
		if (!length) {
			/* \xNN, and JSON doubles its backslash */
			*p++ = '\\';
			p = hex_escape(p, (const uint8_t *)s, 1);
			length = 1;
		} else if (c == '\\') {
			p = fmt_lit(p, "\\\\\\\\");
		} else if (c == '"') {
			p = fmt_lit(p, "\\\"");
		} else if (moves_the_cursor(c)) {
			uint8_t code[2] = { (uint8_t)(c >> 8), (uint8_t)c };

			p = fmt_lit(p, "\\u");
			p = fmt_hex_bytes(p, code, 2);
		} else {
			p = fmt_mem(p, s, length);
		}
		s += length;
	}
}
