// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include "base/escape.h"

/* Bytes with their length: NUL is one of them. */
#define JSON(s) escape_json(unit_buffer, s, sizeof(s) - 1)
#define TEXT(s) escape_text(unit_buffer, s, sizeof(s) - 1, 0)
#define QUOTED(s) escape_text(unit_buffer, s, sizeof(s) - 1, 1)

static void plain_stays_plain(void **state)
{
	(void)state;
	assert_text(JSON(""), "");
	assert_text(JSON("curl"), "curl");
	assert_text(JSON("/usr/lib/systemd/systemd-resolved"),
		    "/usr/lib/systemd/systemd-resolved");
	assert_text(JSON("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"),
		    "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
	assert_text(TEXT("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80"),
		    "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void json_controls(void **state)
{
	(void)state;
	assert_text(JSON("a\nb\x1b[2J"), "a\\u000ab\\u001b[2J");
	assert_text(JSON("\0x\0"), "\\u0000x\\u0000");
	assert_text(JSON("say \"hi\""), "say \\\"hi\\\"");
	/* DEL, C1, and what ends a line elsewhere */
	assert_text(JSON("\x7f\xc2\x9b\xe2\x80\xa8"), "\\u007f\\u009b\\u2028");
	/* A backslash is two in the text, which JSON doubles. */
	assert_text(JSON("C:\\x"), "C:\\\\\\\\x");
}

static void text_controls(void **state)
{
	(void)state;
	assert_text(TEXT("a\nb\x1b[2J"), "a\\x0ab\\x1b[2J");
	assert_text(TEXT("\r\t\x7f\0"), "\\x0d\\x09\\x7f\\x00");
	assert_text(TEXT("\xc2\x9b" "31m"), "\\xc2\\x9b31m");
	assert_text(TEXT("\xe2\x80\xae" "gpj"), "\\xe2\\x80\\xaegpj");
	assert_text(TEXT("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");
	assert_text(TEXT("C:\\x"), "C:\\\\x");
	assert_text(TEXT("a \"b\""), "a \"b\"");
	assert_text(QUOTED("a \"b\""), "a \\\"b\\\"");
}

/* Each way of not being UTF-8 gives \xNN, and no more than the bad bytes. */
static void invalid_utf8(void **state)
{
	(void)state;
	assert_text(TEXT("\xff"), "\\xff");
	assert_text(TEXT("\x80" "a"), "\\x80a");
	assert_text(TEXT("\xc0\x80"), "\\xc0\\x80"); /* overlong NUL */
	assert_text(TEXT("\xc1\xbf"), "\\xc1\\xbf");
	assert_text(TEXT("\xe0\x9f\xbf"), "\\xe0\\x9f\\xbf"); /* overlong */
	assert_text(TEXT("\xed\xa0\x80"), "\\xed\\xa0\\x80"); /* surrogate */
	assert_text(TEXT("\xf0\x8f\xbf\xbf"), "\\xf0\\x8f\\xbf\\xbf");
	assert_text(TEXT("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80"); /* > 10ffff */
	assert_text(TEXT("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");
	assert_text(TEXT("\xe2\x82"), "\\xe2\\x82"); /* cut off */
	assert_text(TEXT("\xe2\x28\xa1"), "\\xe2(\\xa1");
	assert_text(JSON("\xff"), "\\\\xff");
	/* The bounds of each length that are valid. */
	assert_text(JSON("\xc3\x80"), "\xc3\x80");
	assert_text(JSON("\xdf\xbf\xe0\xa0\x80"), "\xdf\xbf\xe0\xa0\x80");
	assert_text(JSON("\xed\x9f\xbf\xee\x80\x80"), "\xed\x9f\xbf\xee\x80\x80");
	assert_text(JSON("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
		    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

/* Each byte at each place of a word of eight: the fast path misses none. */
static void every_byte_everywhere(void **state)
{
	unsigned int c, at, i;

	(void)state;
	for (c = 0; c < 256; c++) {
		for (at = 0; at < 17; at++) {
			int special = c < 0x20 || c >= 0x7f || c == '\\';
			char in[17], want[64], *p = want;

			memset(in, 'a', sizeof(in));
			in[at] = (char)c;
			for (i = 0; i < sizeof(in); i++) {
				if (i != at)
					*p++ = 'a';
				else if (c == '\\')
					p += sprintf(p, "\\\\");
				else if (special)
					p += sprintf(p, "\\x%02x", c);
				else
					*p++ = (char)c;
			}
			*p = '\0';
			assert_text(escape_text(unit_buffer, in, sizeof(in), 0), want);
		}
	}
}

/* The room that the header asks for is enough. */
static void worst_growth(void **state)
{
	char in[252];
	unsigned int c, i;

	(void)state;
	for (c = 0; c < 256; c++) {
		for (i = 0; i < sizeof(in); i++)
			in[i] = (char)c;
		assert_in_range(escape_json(unit_buffer, in, sizeof(in)) - unit_buffer,
				sizeof(in), ESCAPE_MAX * sizeof(in));
		assert_in_range(escape_text(unit_buffer, in, sizeof(in), 1) - unit_buffer,
				sizeof(in), ESCAPE_MAX * sizeof(in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_stays_plain),
		cmocka_unit_test(json_controls),
		cmocka_unit_test(text_controls),
		cmocka_unit_test(invalid_utf8),
		cmocka_unit_test(every_byte_everywhere),
		cmocka_unit_test(worst_growth),
	};

	return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
