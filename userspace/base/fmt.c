// SPDX-License-Identifier: GPL-2.0
#include "base/fmt.h"

#define TEN(t)                                                                  \
	t "0" t "1" t "2" t "3" t "4" t "5" t "6" t "7" t "8" t "9"
#define HUNDRED(h)                                                              \
	TEN(h "0") TEN(h "1") TEN(h "2") TEN(h "3") TEN(h "4")                  \
	TEN(h "5") TEN(h "6") TEN(h "7") TEN(h "8") TEN(h "9")
/* "000" "001" ... "999": digits by three, which takes one division where single ones take three. */
static const char threes[] =
	HUNDRED("0") HUNDRED("1") HUNDRED("2") HUNDRED("3") HUNDRED("4")
	HUNDRED("5") HUNDRED("6") HUNDRED("7") HUNDRED("8") HUNDRED("9");

/* Three digits of v < 1000; and a byte more is touched, since four are moved as one. */
static inline char *three(char *p, uint32_t v)
{
	memcpy(p, threes + 3 * v, 4);
	return p + 3;
}

/* The first digits, without a leading zero. */
static inline char *head(char *p, uint32_t v)
{
	if (v >= 100)
		return three(p, v);
	if (v >= 10) {
		memcpy(p, threes + 3 * v + 1, 2);
		return p + 2;
	}
	*p = (char)('0' + v);
	return p + 1;
}

/* Seldom, and not to be inlined, since it keeps what fmt_u32_of_two() need not. */
__attribute__((noinline)) static char *millions(char *p, uint32_t v)
{
	return fmt_6digits(fmt_u32(p, v / 1000000), v % 1000000);
}

char *fmt_u32_of_two(char *p, uint32_t v)
{
	if (v < 1000)
		return head(p, v);
	if (v < 1000000)
		return three(head(p, v / 1000), v % 1000);
	return millions(p, v);
}

char *fmt_u64_of_ten(char *p, uint64_t v)
{
	p = fmt_u64(p, v / 1000000000);
	return fmt_9digits(p, (uint32_t)(v % 1000000000));
}

char *fmt_6digits(char *p, uint32_t v)
{
	return three(three(p, v / 1000), v % 1000);
}

char *fmt_9digits(char *p, uint32_t v)
{
	return fmt_6digits(three(p, v / 1000000), v % 1000000);
}

char *fmt_seconds(char *p, uint64_t ns)
{
	/* Most are durations of calls. */
	if (ns < 1000000000) {
		p = fmt_lit(p, "0.");
	} else {
		p = fmt_u64(p, ns / 1000000000);
		*p++ = '.';
		ns %= 1000000000;
	}
	return fmt_6digits(p, (uint32_t)ns / 1000);
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
