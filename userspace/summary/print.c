// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "format/fit.h"
#include "record/decode.h"
#include "summary/summary.h"

#define SHOWN 50 /* rows of text, but on a screen */
#define NUMBER_WIDTH 10
#define NARROW 110 /* columns of a screen that are too few */
#define NAME_WIDTH 16 /* of events */

/* A terminal's: to the upper left corner; clear to the end of the line, and all below. */
#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

static int by_count(const void *a, const void *b)
{
	const struct summary_row *one = *(const struct summary_row *const *)a;
	const struct summary_row *other = *(const struct summary_row *const *)b;

	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return (one->hash > other->hash) - (one->hash < other->hash);
}

/* To be freed; NULL: no memory. */
static const struct summary_row **sorted(const struct summary *summary)
{
	const struct summary_row **rows = calloc(summary->nr_rows + 1, sizeof(*rows));
	unsigned int i;

	if (!rows)
		return NULL;
	for (i = 0; i < summary->nr_rows; i++)
		rows[i] = &summary->rows[i];
	qsort(rows, summary->nr_rows, sizeof(*rows), by_count);
	return rows;
}

static char *event_name(char *p, unsigned int type)
{
	const struct name *name = decode_event(type);

	return name ? fmt_name(p, name) : fmt_u32(fmt_lit(p, "event_"), type);
}

static char *error_name(char *p, unsigned int number)
{
	const struct name *name = decode_errno(number);

	return name ? fmt_name(p, name) : fmt_u32(p, number);
}

/* --- text ----------------------------------------------------------------------------------- */

/* Fills up from `start` on, before what is there or after it. */
static char *right(char *start, char *p, unsigned int width)
{
	size_t length = (size_t)(p - start), fill = length < width ? width - length : 0;

	memmove(start + fill, start, length);
	memset(start, ' ', fill);
	return p + fill;
}

static char *left(char *start, char *p, unsigned int width)
{
	while (p - start < (ptrdiff_t)width)
		*p++ = ' ';
	return p;
}

static char *number(char *p, uint64_t value)
{
	return right(p, fmt_u64(p, value), NUMBER_WIDTH);
}

static char *seconds(char *p, uint64_t ns, unsigned int width)
{
	char *start = p;

	p = fmt_u64(p, ns / 1000000000);
	*p++ = '.';
	return right(start, fmt_6digits(p, (uint32_t)(ns % 1000000000 / 1000)), width);
}

/* Lines of text, on a screen or on paper without an end. */
struct page {
	struct out *out;
	const struct summary_screen *screen; /* NULL: it is none */
	unsigned int left; /* lines of it */
	bool narrow; /* it has no room for all of the times */
};

static char *times(const struct page *page, char *p, const struct summary_times *of)
{
	const uint64_t all[] = { of->min, summary_quantile(of, 500), summary_quantile(of, 950),
				 of->max };
	unsigned int i, last = page->narrow ? 2 : 3, width = page->narrow ? 10 : 12;

	for (i = page->narrow ? 1 : 0; i <= last; i++)
		p = of->count ? seconds(p, all[i], width) : right(p, fmt_lit(p, "-"), width);
	return p;
}

static char *times_titles(const struct page *page, char *p)
{
	if (page->narrow)
		return fmt_lit(p, "    MEDIAN      95 %");
	return fmt_lit(p, "         MIN      MEDIAN        95 %         MAX");
}

static unsigned int error_width(const struct page *page)
{
	return page->narrow ? 13 : 15;
}

/* Ends the line that was begun at out_line(): one for which there is no room is not put. */
static void put_line(struct page *page, char *p)
{
	if (page->screen) {
		if (!page->left)
			return;
		page->left--;
		if (page->screen->columns)
			p = fit_cut(out_line(page->out), p, page->screen->columns, 0);
		p = fmt_lit(p, CLEAR_LINE);
	}
	*p++ = '\n';
	out_done(page->out, p);
}

/* What is no line. */
static void move(struct out *out, const char *sequence)
{
	out->length = (size_t)(fmt_str(out_line(out), sequence) - out->buffer);
}

static void put_text(struct page *page, const char *text)
{
	put_line(page, fmt_str(out_line(page->out), text));
}

static void put_events(struct page *page, const struct summary *summary)
{
	unsigned int type;
	char *p, *start;

	p = fmt_lit(out_line(page->out), "EVENT                CALLS    ERRORS");
	put_line(page, times_titles(page, p));
	for (type = 0; type < 32; type++) {
		if (!summary->events[type].count)
			continue;
		p = start = out_line(page->out);
		p = left(start, event_name(p, type), NAME_WIDTH);
		p = number(p, summary->events[type].count);
		p = number(p, summary->events[type].errors);
		put_line(page, times(page, p, &summary->events[type].times));
	}
	put_text(page, "");
}

static void put_row(struct page *page, const struct summary_row *row)
{
	char *p = number(out_line(page->out), row->count), *start;

	p = times(page, p, &row->times);
	*p++ = ' ';
	start = p;
	p = row->error ? error_name(p, row->error) : fmt_lit(p, "-");
	p = left(start, p, error_width(page));
	*p++ = ' ';
	p = event_name(p, row->type);
	*p++ = ' ';
	p = escape_text(p, row->program, row->program_length, 0);
	p = fmt_str(p, row->type == SOCKTRACE_ACCEPT4 ? " < " : " > ");
	put_line(page, escape_text(p, row->to, row->to_length, 0));
}

static void put_rest(struct page *page, const struct summary *summary, unsigned int rows,
		     uint64_t calls)
{
	char *p;

	if (rows) {
		p = number(out_line(page->out), calls);
		p = fmt_u32(fmt_lit(p, " in "), rows);
		put_line(page, fmt_lit(p, " more rows, which -o json has"));
	}
	if (summary->folded) {
		p = number(out_line(page->out), summary->folded);
		p = fmt_u64(fmt_lit(p, " in "), summary->folded_rows);
		p = fmt_u64(fmt_lit(p, " rows that were folded: any above may lack up to "),
			    summary->folded_most);
		put_line(page, p);
	}
	if (summary->lost)
		put_line(page, fmt_lit(number(out_line(page->out), summary->lost),
				       " records were LOST"));
}

/* How many rows there is room for, beside what is told of the rest. */
static unsigned int room(const struct page *page, const struct summary *summary)
{
	unsigned int rest = summary->folded ? 1 : 0;

	if (!page->screen)
		return SHOWN;
	rest += summary->lost ? 1 : 0;
	rest += summary->nr_rows + rest > page->left ? 1 : 0;
	return page->left > rest ? page->left - rest : 0;
}

static void put_all(struct page *page, const struct summary *summary)
{
	const struct summary_row **rows = sorted(summary);
	unsigned int shown, i;
	uint64_t rest = 0;
	char *p, *title;

	put_events(page, summary);
	p = title = times_titles(page, fmt_lit(out_line(page->out), "     CALLS"));
	p = left(title, fmt_lit(p, " ERROR"), error_width(page) + 1);
	put_line(page, fmt_lit(p, " EVENT PROGRAM > TO"));
	shown = room(page, summary);
	if (shown > summary->nr_rows)
		shown = summary->nr_rows;
	for (i = 0; rows && i < summary->nr_rows; i++) {
		if (i < shown)
			put_row(page, rows[i]);
		else
			rest += rows[i]->count;
	}
	put_rest(page, summary, summary->nr_rows - shown, rest);
	free(rows);
}

void summary_print_text(struct summary *summary, struct out *out)
{
	struct page page = { .out = out };

	put_all(&page, summary);
}

static void put_title(struct page *page, const struct summary *summary,
		      const struct walltime *time)
{
	struct walltime clock = *time;
	uint64_t errors = 0;
	unsigned int type;
	char *p = out_line(page->out);

	clock.format = WALLTIME_SECONDS;
	for (type = 0; type < 32; type++)
		errors += summary->events[type].errors;
	p = walltime_text(&clock, p, page->screen->from_ns);
	p = walltime_text(&clock, fmt_lit(p, " to "), time->now_ns);
	p = fmt_u64(fmt_lit(p, ": "), summary->count);
	p = fmt_u64(fmt_lit(p, " calls, "), errors);
	put_line(page, fmt_lit(p, " failed; Ctrl-C ends"));
	put_text(page, "");
}

void summary_draw(struct summary *summary, struct out *out, const struct walltime *time,
		  const struct summary_screen *screen)
{
	/* The last line is the cursor's: what is written there would move all up. */
	struct page page = {
		.out = out,
		.screen = screen,
		.left = screen->lines - 1,
		.narrow = screen->columns && screen->columns < NARROW,
	};
	unsigned int i;

	/* What stands there now is for scrolling back. */
	for (i = 0; screen->first && i < screen->lines; i++)
		out_done(out, fmt_lit(out_line(out), "\n"));
	move(out, HOME);
	put_title(&page, summary, time);
	put_all(&page, summary);
	move(out, CLEAR_BELOW);
}

/* --- JSON ----------------------------------------------------------------------------------- */

static char *json_times(char *p, const struct summary_times *of)
{
	if (!of->count)
		return p;
	p = fmt_u64(fmt_lit(p, ",\"min_ns\":"), of->min);
	p = fmt_u64(fmt_lit(p, ",\"median_ns\":"), summary_quantile(of, 500));
	p = fmt_u64(fmt_lit(p, ",\"p95_ns\":"), summary_quantile(of, 950));
	return fmt_u64(fmt_lit(p, ",\"max_ns\":"), of->max);
}

static void json_row(const struct summary_row *row, struct out *out)
{
	char *p = fmt_lit(out_line(out), "{\"event\":\"summary\",\"name\":\"");

	p = fmt_lit(event_name(p, row->type), "\",\"program\":\"");
	p = fmt_lit(escape_json(p, row->program, row->program_length), "\",\"to\":\"");
	p = fmt_lit(escape_json(p, row->to, row->to_length), "\"");
	if (row->error)
		p = fmt_lit(error_name(fmt_lit(p, ",\"error\":\""), row->error), "\"");
	p = json_times(fmt_u64(fmt_lit(p, ",\"count\":"), row->count), &row->times);
	out_done(out, fmt_lit(p, "}\n"));
}

static void json_event_row(const struct summary *summary, unsigned int type, struct out *out)
{
	char *p = fmt_lit(out_line(out), "{\"event\":\"summary_event\",\"name\":\"");

	p = fmt_lit(event_name(p, type), "\"");
	p = fmt_u64(fmt_lit(p, ",\"count\":"), summary->events[type].count);
	p = fmt_u64(fmt_lit(p, ",\"errors\":"), summary->events[type].errors);
	p = json_times(p, &summary->events[type].times);
	out_done(out, fmt_lit(p, "}\n"));
}

void summary_print_json(struct summary *summary, struct out *out, struct walltime *time)
{
	const struct summary_row **rows = sorted(summary);
	unsigned int i;
	char *p;

	for (i = 0; rows && i < summary->nr_rows; i++)
		json_row(rows[i], out);
	for (i = 0; i < 32; i++)
		if (summary->events[i].count)
			json_event_row(summary, i, out);
	p = fmt_u64(fmt_lit(out_line(out), "{\"event\":\"summary_end\",\"count\":"), summary->count);
	p = fmt_u64(fmt_lit(p, ",\"lost\":"), summary->lost);
	p = fmt_u64(fmt_lit(p, ",\"folded\":"), summary->folded);
	p = fmt_u64(fmt_lit(p, ",\"folded_rows\":"), summary->folded_rows);
	p = fmt_u64(fmt_lit(p, ",\"folded_most\":"), summary->folded_most);
	if (summary->count) {
		p = walltime_utc(time, fmt_lit(p, ",\"first\":\""), summary->first_ns);
		p = walltime_utc(time, fmt_lit(p, "\",\"last\":\""), summary->last_ns);
		*p++ = '"';
	}
	out_done(out, fmt_lit(p, "}\n"));
	free(rows);
}
