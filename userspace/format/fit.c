// SPDX-License-Identifier: GPL-2.0
#include "format/fit.h"

#include <string.h>

#include "base/fmt.h"
#include "base/width.h"

#define DOTS 3
#define CALL_LEAST 16 /* columns of a call that are worth showing */

unsigned int fit_width(const char *from, const char *to)
{
	unsigned int width = 0, one;

	while (from < to) {
		from = width_step(from, to, &one);
		width += one;
	}
	return width;
}

/* Where what takes `width` columns ends. */
static char *after(char *from, const char *to, unsigned int width)
{
	const char *p = from, *next;
	unsigned int one;

	for (; p < to && width; p = next, width -= one) {
		next = width_step(p, to, &one);
		if (one > width)
			break;
	}
	return from + (p - from);
}

char *fit_cut(char *line, char *end, unsigned int width, int color)
{
	if (fit_width(line, end) <= width)
		return end;
	end = after(line, end, width > DOTS ? width - DOTS : 0);
	if (color)
		end = fmt_lit(end, "\033[0m");
	return width > DOTS ? fmt_lit(end, "...") : end;
}

/* Of two digits at least, as <80us>, <1.2ms>, <34s>. */
static char *folded(char *p, uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 } };
	unsigned int unit = ns >= units[0].ns ? 0 : ns >= units[1].ns ? 1 : 2;
	uint64_t tenths = ns / (units[unit].ns / 10);

	p = fmt_u64(fmt_lit(p, " <"), tenths / 10);
	if (tenths < 100 && unit < 2) {
		*p++ = '.';
		p = fmt_u32(p, (uint32_t)(tenths % 10));
	}
	return fmt_lit(fmt_str(p, units[unit].name), ">");
}

struct parts {
	char *from[FIT_PARTS];
	size_t length[FIT_PARTS]; /* bytes that are kept */
	unsigned int width[FIT_PARTS], all;
};

static void split(struct parts *parts, const struct fit *fit, char *line)
{
	int i;

	parts->all = 0;
	for (i = 0; i < FIT_PARTS; i++) {
		parts->from[i] = i ? fit->ends[i - 1] : line;
		parts->length[i] = (size_t)(fit->ends[i] - parts->from[i]);
		parts->width[i] = fit_width(parts->from[i], fit->ends[i]);
		parts->all += parts->width[i];
	}
}

/* The first characters of a part are kept, up to `end`. */
static void keep(struct parts *parts, enum fit_part part, const char *end)
{
	parts->all -= parts->width[part];
	parts->length[part] = (size_t)(end - parts->from[part]);
	parts->width[part] = fit_width(parts->from[part], end);
	parts->all += parts->width[part];
}

static void fold_duration(struct parts *parts, uint64_t ns)
{
	char text[40], *end = folded(text, ns);

	if ((size_t)(end - text) >= parts->length[FIT_DURATION])
		return;
	memcpy(parts->from[FIT_DURATION], text, (size_t)(end - text));
	keep(parts, FIT_DURATION, parts->from[FIT_DURATION] + (end - text));
}

/* The arguments, up to where the rest fits: connect(3, {AF_UNIX "/run/so...) */
static void cut_call(struct parts *parts, unsigned int width)
{
	unsigned int rest = parts->all - parts->width[FIT_CALL];
	unsigned int room = width > rest ? width - rest : 0;
	char *from = parts->from[FIT_CALL], *end;

	if (room < CALL_LEAST)
		room = CALL_LEAST;
	if (parts->width[FIT_CALL] <= room)
		return;
	end = after(from, from + parts->length[FIT_CALL], room - DOTS - 1);
	keep(parts, FIT_CALL, fmt_lit(end, "...)"));
}

static char *join(const struct parts *parts, char *line)
{
	char *p = line;
	int i;

	for (i = 0; i < FIT_PARTS; i++) {
		memmove(p, parts->from[i], parts->length[i]);
		p += parts->length[i];
	}
	return p;
}

char *fit_line(struct fit *fit, char *line, unsigned int width)
{
	static const enum fit_part missed[] = { FIT_QUEUE, FIT_PEER_IDS, FIT_LOCAL, FIT_DURATION,
						FIT_PEER_PATH };
	char *end = fit->ends[FIT_PARTS - 1];
	struct parts parts;
	unsigned int pad;
	size_t i;

	/* Bytes are no fewer than columns: most lines need no more than this. */
	if ((size_t)(end - line) <= width)
		return end;
	split(&parts, fit, line);
	if (parts.all <= width)
		return end;
	pad = parts.all - width;
	pad = pad < parts.width[FIT_PAD] ? parts.width[FIT_PAD] - pad : 0;
	keep(&parts, FIT_PAD, parts.from[FIT_PAD] + pad);
	if (parts.all > width && parts.width[FIT_DURATION])
		fold_duration(&parts, fit->duration_ns);
	for (i = 0; i < sizeof(missed) / sizeof(missed[0]) && parts.all > width; i++)
		keep(&parts, missed[i], parts.from[missed[i]]);
	if (parts.all > width)
		cut_call(&parts, width);
	end = join(&parts, line);
	return fit_cut(line, end, width, memchr(line, '\033', (size_t)(end - line)) != NULL);
}
