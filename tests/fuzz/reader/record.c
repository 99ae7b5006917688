// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: what read() might give, any bytes. Each record must become a line of
 * JSON, which is valid, and a line of text that no terminal takes for a command.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "format/json.h"
#include "format/text.h"
#include "record/record.h"

/* No process has such a number, so nothing here depends on those that run. */
#define NOBODY (1U << 22)

/* --- is it JSON: RFC 8259, with no space, as the reader writes it ------------- */

/* The place after the character of UTF-8 at `s`; NULL: it is none (RFC 3629). */
static const char *utf8(const char *s, const char *end)
{
	static const struct {
		uint8_t low, high, next_low, next_high;
		int more;
	} rows[] = {
		{ 0x20, 0x7e, 0, 0, 0 },	{ 0xc2, 0xdf, 0x80, 0xbf, 1 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 2 },	{ 0xe1, 0xec, 0x80, 0xbf, 2 },
		{ 0xed, 0xed, 0x80, 0x9f, 2 },	{ 0xee, 0xef, 0x80, 0xbf, 2 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 3 },	{ 0xf1, 0xf3, 0x80, 0xbf, 3 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 3 },
	};
	const uint8_t *b = (const uint8_t *)s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*b < rows[i].low || *b > rows[i].high)
			continue;
		if (end - s <= rows[i].more)
			return NULL;
		if (rows[i].more && (b[1] < rows[i].next_low || b[1] > rows[i].next_high))
			return NULL;
		for (int n = 2; n <= rows[i].more; n++)
			if (b[n] < 0x80 || b[n] > 0xbf)
				return NULL;
		return s + rows[i].more + 1;
	}
	return NULL;
}

static const char *string(const char *s, const char *end)
{
	if (s >= end || *s++ != '"')
		return NULL;
	while (s && s < end && *s != '"') {
		if (*s != '\\') {
			s = utf8(s, end);
			continue;
		}
		if (end - s < 2)
			return NULL;
		if (s[1] != 'u') {
			s = strchr("\"\\/bfnrt", s[1]) ? s + 2 : NULL;
			continue;
		}
		if (end - s < 6)
			return NULL;
		for (int i = 2; i < 6; i++)
			if (!isxdigit((unsigned char)s[i]))
				return NULL;
		s += 6;
	}
	return s && s < end ? s + 1 : NULL;
}

static const char *number(const char *s, const char *end)
{
	const char *digits;

	if (s < end && *s == '-')
		s++;
	digits = s;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	return s == digits || (*digits == '0' && s > digits + 1) ? NULL : s;
}

static const char *value(const char *s, const char *end);

/* An object's or array's members, up to `close`. */
static const char *members(const char *s, const char *end, char close)
{
	if (s < end && *s == close)
		return s + 1;
	for (;;) {
		if (close == '}') {
			s = string(s, end);
			if (!s || s >= end || *s++ != ':')
				return NULL;
		}
		s = value(s, end);
		if (!s || s >= end || (*s != ',' && *s != close))
			return NULL;
		if (*s++ == close)
			return s;
	}
}

static const char *value(const char *s, const char *end)
{
	static const char *const words[] = { "true", "false", "null" };

	if (s >= end)
		return NULL;
	switch (*s) {
	case '{':
		return members(s + 1, end, '}');
	case '[':
		return members(s + 1, end, ']');
	case '"':
		return string(s, end);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);

		if ((size_t)(end - s) >= length && !memcmp(s, words[i], length))
			return s + length;
	}
	return number(s, end);
}

static void check_json(const char *line, const char *end)
{
	if (end - line < 3 || end - line > OUT_LINE_MAX || end[-1] != '\n' || *line != '{' ||
	    value(line, end - 1) != end - 1)
		abort();
}

/* C1, line ends, and what turns the writing around: U+0080 to 9F, 2028 to 202E, 2066 to 2069. */
static bool moves_the_cursor(const char *s)
{
	const uint8_t *b = (const uint8_t *)s;

	return (b[0] == 0xc2 && b[1] < 0xa0) ||
	       (b[0] == 0xe2 && b[1] == 0x80 && b[2] >= 0xa8 && b[2] <= 0xae) ||
	       (b[0] == 0xe2 && b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9);
}

/* Whole characters, none of them for control, but the colours' where there are such. */
static void check_text(const char *line, const char *end, bool color)
{
	if (end - line < 1 || end - line > OUT_LINE_MAX || end[-1] != '\n')
		abort();
	for (const char *s = line; s < end - 1;) {
		if (color && *s == '\033') {
			s += strcspn(s, "m") + 1;
			continue;
		}
		if (!utf8(s, end - 1) || moves_the_cursor(s))
			abort();
		s = utf8(s, end - 1);
	}
}

/* ---------------------------------------------------------------------------- */

static struct walltime wall;
static struct procinfo proc;
static struct cgroups cgroups;
static struct json json;
static struct images images;
static struct paths paths;
static char *line;

static void setup(void)
{
	line = malloc(OUT_LINE_MAX);
	walltime_init(&wall);
	wall.offset_ns = 0;
	procinfo_init(&proc);
	cgroups_init(&cgroups, ""); /* none: the same on every machine */
	json_init(&json, &wall, &proc, &images, &cgroups);
	json.paths = &paths;
}

static void show(const struct socktrace_event *ev, bool color)
{
	const struct image *image = NULL;
	struct text text;

	if (ev->type == SOCKTRACE_PROCESS)
		image = images_take(&images, ev);
	if (ev->type == SOCKTRACE_PATH)
		paths_take(&paths, ev);
	check_json(line, json_event(&json, line, ev));
	text_init(&text, &wall, color);
	text.paths = &paths;
	check_text(line, text_event(&text, line, ev), color);
	if (image)
		check_text(line, text_process(&text, line, ev, image), color);
}

static void show_inflight(const struct socktrace_event *call, uint64_t now_ns)
{
	struct text text;

	check_json(line, json_inflight(&json, line, call, now_ns));
	text_init(&text, &wall, false);
	check_text(line, text_inflight(&text, line, call, now_ns), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socktrace_event call;
	const struct socktrace_event *ev;
	uint8_t *copy, *at;
	bool color;

	if (!size)
		return 0;
	if (!line)
		setup();
	color = data[0] & 1;
	data++;
	size--;
	if (size >= sizeof(call) + sizeof(uint64_t)) {
		uint64_t now_ns;

		memcpy(&call, data, sizeof(call));
		memcpy(&now_ns, data + sizeof(call), sizeof(now_ns));
		call.tgid |= NOBODY;
		show_inflight(&call, now_ns);
	}
	/* Of the very size, so that the sanitizer sees a look behind its end. */
	copy = malloc(size + 1);
	memcpy(copy, data, size);
	for (at = copy; (ev = record_at(at, size)); at += ev->size, size -= ev->size) {
		((struct socktrace_event *)at)->tgid |= NOBODY;
		show(ev, color);
	}
	free(copy);
	return 0;
}
