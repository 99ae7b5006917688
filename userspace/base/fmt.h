/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and literals into a buffer, without printf: this runs for every key
 * of every record. Each function writes at `p`, without a NUL, and returns the
 * place after what it wrote. The caller has made sure of the room, and of one
 * byte more, which a number may touch.
 */
#ifndef SOCKTRACE_FMT_H
#define SOCKTRACE_FMT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A literal; its length is known to the compiler, so the copy is inlined. */
#define fmt_lit(p, lit) ((char *)memcpy((p), "" lit, sizeof(lit) - 1) + sizeof(lit) - 1)

static inline char *fmt_mem(char *p, const void *from, size_t n)
{
	return (char *)memcpy(p, from, n) + n;
}

/* So short a text that a call costs more; up to 15 bytes behind it are touched, in both. */
static inline char *fmt_short(char *p, const char *from, size_t n)
{
	size_t at = 0;

	do {
		memcpy(p + at, from + at, 16);
		at += 16;
	} while (at < n);
	return p + n;
}

static inline char *fmt_str(char *p, const char *s)
{
	return fmt_mem(p, s, strlen(s));
}

char *fmt_u32_of_two(char *p, uint32_t v); /* v is at least 10 */
char *fmt_u64_of_ten(char *p, uint64_t v); /* v is beyond 32 bits */

static inline char *fmt_u32(char *p, uint32_t v)
{
	if (v >= 10)
		return fmt_u32_of_two(p, v);
	*p = (char)('0' + v);
	return p + 1;
}

static inline char *fmt_u64(char *p, uint64_t v)
{
	return v <= UINT32_MAX ? fmt_u32(p, (uint32_t)v) : fmt_u64_of_ten(p, v);
}

static inline char *fmt_i32(char *p, int32_t v)
{
	uint32_t magnitude = (uint32_t)v;

	if (v < 0) {
		*p++ = '-';
		magnitude = -magnitude;
	}
	return fmt_u32(p, magnitude);
}

/* Exactly two, six or nine digits; v is below 100, 10^6, 10^9. */
static inline char *fmt_2digits(char *p, uint32_t v)
{
	p[0] = (char)('0' + v / 10);
	p[1] = (char)('0' + v % 10);
	return p + 2;
}

char *fmt_6digits(char *p, uint32_t v);
char *fmt_9digits(char *p, uint32_t v);

/* Seconds with six digits behind the point. */
char *fmt_seconds(char *p, uint64_t ns);

/* Lower-case hex digits: as many as needed, or two for each byte. */
char *fmt_hex(char *p, uint32_t v);
char *fmt_hex_bytes(char *p, const uint8_t *bytes, size_t n);

#endif
