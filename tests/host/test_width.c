// SPDX-License-Identifier: GPL-2.0
/* Columns that characters take, of one to four bytes, alone and among others. */
#include "unit.h"

#include <string.h>

#include "base/width.h"

static const struct {
	const char *text;
	unsigned int width;
} rows[] = {
	{ "", 0 },		{ "a", 1 },	     { "\u00e9", 1 },	    { "\u0416", 1 },
	{ "\u2713", 1 },	{ "\u1100", 2 },     { "\u6f22", 2 },	    { "\u4dc0", 1 },
	{ "\u4e00", 2 },	{ "\ud55c", 2 },     { "\uff26", 2 },	    { "\uff66", 1 },
	{ "\u303f", 1 },	{ "\uff5e", 2 },     { "\U0001f600", 2 },   { "\U00020000", 2 },
	{ "\U0001d49c", 1 },	{ "\U0001f3fb", 2 }, { "\u2615\u2616", 3 }, { "\u20ac", 1 },
	{ "12345678", 8 },	{ "1234567\u6f22", 9 }, { "12345678\u6f22\u5b57" "9", 13 },
	{ "\u6f22" "12345678", 10 }, { "123456\u6f22\u5b57" "12345678a", 19 },
};

static void widths(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *end = rows[i].text + strlen(rows[i].text);
		unsigned int have = width_of(rows[i].text, end);

		if (have != rows[i].width)
			fail_msg("'%s' takes %u columns, not %u", rows[i].text, rows[i].width, have);
	}
}

static void steps(void **state)
{
	const char text[] = "a\033[1;31m\u6f22\033[0mb", *p = text, *end = text + strlen(text);
	static const unsigned int want[] = { 1, 0, 2, 0, 1 };
	const char cut[] = "\033[1";
	unsigned int i, width;

	(void)state;
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		p = width_step(p, end, &width);
		assert_int_equal(width, want[i]);
	}
	assert_ptr_equal(p, end);
	/* Cut off: not beyond its end. */
	p = width_step(cut, cut + 3, &width);
	assert_ptr_equal(p, cut + 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(widths),
		cmocka_unit_test(steps),
	};
	return cmocka_run_group_tests_name("width", tests, NULL, NULL);
}
