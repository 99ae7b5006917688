// SPDX-License-Identifier: GPL-2.0
/*
 * By a table of our own: libc's wcwidth() needs a locale, which a machine may not have
 * and a static program not find.
 */
#include "base/width.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * What Unicode calls wide or fullwidth (UAX #11), in order; beyond the basic plane by
 * blocks. Of a character that is wrongly here a line ends a column too soon.
 */
static const struct {
	uint32_t from, to;
} wide[] = {
	{ 0x1100, 0x115f }, /* Hangul's initial letters */
	{ 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },	  { 0x23f0, 0x23f0 },
	{ 0x23f3, 0x23f3 },   { 0x25fd, 0x25fe },   { 0x2614, 0x2615 },	  { 0x2648, 0x2653 },
	{ 0x267f, 0x267f },   { 0x2693, 0x2693 },   { 0x26a1, 0x26a1 },	  { 0x26aa, 0x26ab },
	{ 0x26bd, 0x26be },   { 0x26c4, 0x26c5 },   { 0x26ce, 0x26ce },	  { 0x26d4, 0x26d4 },
	{ 0x26ea, 0x26ea },   { 0x26f2, 0x26f3 },   { 0x26f5, 0x26f5 },	  { 0x26fa, 0x26fa },
	{ 0x26fd, 0x26fd },   { 0x2705, 0x2705 },   { 0x270a, 0x270b },	  { 0x2728, 0x2728 },
	{ 0x274c, 0x274c },   { 0x274e, 0x274e },   { 0x2753, 0x2755 },	  { 0x2757, 0x2757 },
	{ 0x2795, 0x2797 },   { 0x27b0, 0x27b0 },   { 0x27bf, 0x27bf },	  { 0x2b1b, 0x2b1c },
	{ 0x2b50, 0x2b50 },   { 0x2b55, 0x2b55 },   { 0x2e80, 0x303e },	  { 0x3041, 0x3247 },
	{ 0x3250, 0x4dbf },   { 0x4e00, 0xa4c6 }, /* CJK, Yi */
	{ 0xa960, 0xa97c },   { 0xac00, 0xd7a3 }, /* Hangul */
	{ 0xf900, 0xfaff },   { 0xfe10, 0xfe19 },   { 0xfe30, 0xfe6b },	  { 0xff01, 0xff60 },
	{ 0xffe0, 0xffe6 },   { 0x16fe0, 0x1b2fb }, { 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf },
	{ 0x1f18e, 0x1f18e }, { 0x1f191, 0x1f19a }, { 0x1f200, 0x1f64f }, { 0x1f680, 0x1f6ff },
	{ 0x1f7e0, 0x1f7f0 }, { 0x1f900, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

static bool is_wide(uint32_t code)
{
	size_t i;

	for (i = 0; i < sizeof(wide) / sizeof(wide[0]) && code >= wide[i].from; i++) {
		if (code <= wide[i].to)
			return true;
	}
	return false;
}

const char *width_step(const char *p, const char *to, unsigned int *width)
{
	unsigned char first = (unsigned char)*p++;
	uint32_t code;

	*width = first != '\033';
	if (!*width) {
		while (p < to && *p++ != 'm')
			;
		return p;
	}
	if (first < 0x80)
		return p;
	/* What follows a lead byte has the bits 10. */
	code = first & (first < 0xe0 ? 0x1f : first < 0xf0 ? 0x0f : 0x07);
	for (; p < to && ((unsigned char)*p & 0xc0) == 0x80; p++)
		code = code << 6 | ((unsigned char)*p & 0x3f);
	if (is_wide(code))
		*width = 2;
	return p;
}

unsigned int width_of(const char *from, const char *to)
{
	const uint64_t high = 0x8080808080808080;
	unsigned int width = 0, one;
	uint64_t w;

	while (from < to) {
		/* Nearly all is ASCII. */
		if (to - from >= 8) {
			memcpy(&w, from, 8);
			if (!(w & high)) {
				width += 8;
				from += 8;
				continue;
			}
		}
		from = width_step(from, to, &one);
		width += one;
	}
	return width;
}
