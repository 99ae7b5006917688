// SPDX-License-Identifier: GPL-2.0
#include "base/fmt.h"

#define TEN(t)                                                                  \
	t "0" t "1" t "2" t "3" t "4" t "5" t "6" t "7" t "8" t "9"
const char fmt_pairs[201] =
	TEN("0") TEN("1") TEN("2") TEN("3") TEN("4")
	TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

/*
 * Digits by multiplication: v is scaled to a fixed-point number, 32 bits of it
 * behind the point, and each pair of digits comes in front of the point by a
 * multiplication by 100. SCALED() is v / 10^n, too large by less than 10^-n for
 * the v that it is used for (test_fmt.c), so that no digit is wrong.
 */
#define SCALED(v, factor, shift) (((uint64_t)(v) * (factor) >> (shift)) + 1)
#define BY_1E2(v) SCALED(v, 2814749767107ULL, 16) /* v < 10^4: 2^48 / 10^2 */
#define BY_1E4(v) SCALED(v, 28147497672ULL, 16) /* v < 10^6: 2^48 / 10^4 */
#define BY_1E6(v) SCALED(v, 144115188076ULL, 25) /* v < 10^8: 2^57 / 10^6 */
#define BY_1E8(v) SCALED(v, 1441151881ULL, 25) /* v < 2^32: 2^57 / 10^8 */

static inline char *pair(char *p, uint64_t t)
{
	return fmt_2digits(p, (uint32_t)(t >> 32));
}

static inline uint64_t next(uint64_t t)
{
	return (uint64_t)(uint32_t)t * 100;
}

/* The first one or two digits, without a leading zero. */
static inline char *head(char *p, uint64_t t)
{
	if (t >> 32 >= 10)
		return pair(p, t);
	*p = (char)('0' + (t >> 32));
	return p + 1;
}

char *fmt_u32_of_two(char *p, uint32_t v)
{
	uint64_t t;

	if (v < 100)
		return fmt_2digits(p, v);
	if (v < 10000) {
		p = head(p, t = BY_1E2(v));
		return pair(p, next(t));
	}
	if (v < 1000000) {
		p = head(p, t = BY_1E4(v));
	} else {
		if (v < 100000000) {
			p = head(p, t = BY_1E6(v));
		} else {
			p = head(p, t = BY_1E8(v));
			p = pair(p, t = next(t));
		}
		p = pair(p, t = next(t));
	}
	p = pair(p, t = next(t));
	return pair(p, next(t));
}

static inline char *eight_digits(char *p, uint32_t v)
{
	uint64_t t = BY_1E6(v);

	p = pair(p, t);
	p = pair(p, t = next(t));
	p = pair(p, t = next(t));
	return pair(p, next(t));
}

char *fmt_u64(char *p, uint64_t v)
{
	if (v <= UINT32_MAX)
		return fmt_u32(p, (uint32_t)v);
	p = fmt_u64(p, v / 100000000);
	return eight_digits(p, (uint32_t)(v % 100000000));
}

char *fmt_6digits(char *p, uint32_t v)
{
	uint64_t t = BY_1E4(v);

	p = pair(p, t);
	p = pair(p, t = next(t));
	return pair(p, next(t));
}

char *fmt_9digits(char *p, uint32_t v)
{
	*p++ = (char)('0' + v / 100000000);
	return eight_digits(p, v % 100000000);
}

static const char hex_digits[] = "0123456789abcdef";

char *fmt_hex(char *p, uint32_t v)
{
	int shift = 28;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*p++ = hex_digits[v >> shift & 15];
	return p;
}

char *fmt_hex_bytes(char *p, const uint8_t *bytes, size_t n)
{
	for (; n; n--, bytes++) {
		*p++ = hex_digits[*bytes >> 4];
		*p++ = hex_digits[*bytes & 15];
	}
	return p;
}
