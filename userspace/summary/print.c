// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/fmt.h"
#include "record/decode.h"
#include "summary/summary.h"

#define SHOWN 50 /* rows of text */
#define NUMBER_WIDTH 10
#define TIME_WIDTH 12
#define NAME_WIDTH 16 /* of errors and events */

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

static char *seconds(char *p, uint64_t ns)
{
	char *start = p;

	p = fmt_u64(p, ns / 1000000000);
	*p++ = '.';
	return right(start, fmt_6digits(p, (uint32_t)(ns % 1000000000 / 1000)), TIME_WIDTH);
}

static char *times(char *p, const struct summary_times *of)
{
	unsigned int i;

	if (of->count) {
		p = seconds(p, of->min);
		p = seconds(p, summary_quantile(of, 500));
		p = seconds(p, summary_quantile(of, 950));
		return seconds(p, of->max);
	}
	for (i = 0; i < 4; i++)
		p = right(p, fmt_lit(p, "-"), TIME_WIDTH);
	return p;
}

static void put_events(const struct summary *summary, struct out *out)
{
	unsigned int type;
	char *p, *start;

	p = fmt_lit(out_line(out), "EVENT                CALLS    ERRORS         MIN      MEDIAN"
				   "        95 %         MAX\n");
	out_done(out, p);
	for (type = 0; type < 32; type++) {
		if (!summary->events[type].count)
			continue;
		p = start = out_line(out);
		p = left(start, event_name(p, type), NAME_WIDTH);
		p = number(p, summary->events[type].count);
		p = number(p, summary->events[type].errors);
		p = times(p, &summary->events[type].times);
		*p++ = '\n';
		out_done(out, p);
	}
}

static void put_row(const struct summary_row *row, struct out *out)
{
	char *p = number(out_line(out), row->count), *start;

	p = times(p, &row->times);
	*p++ = ' ';
	start = p;
	p = row->error ? error_name(p, row->error) : fmt_lit(p, "-");
	p = left(start, p, NAME_WIDTH - 1);
	*p++ = ' ';
	p = event_name(p, row->type);
	*p++ = ' ';
	p = escape_text(p, row->program, row->program_length, 0);
	p = fmt_str(p, row->type == SOCKTRACE_ACCEPT4 ? " < " : " > ");
	p = escape_text(p, row->to, row->to_length, 0);
	*p++ = '\n';
	out_done(out, p);
}

static void put_rest(const struct summary *summary, uint64_t calls, struct out *out)
{
	char *p;

	if (summary->nr_rows > SHOWN) {
		p = number(out_line(out), calls);
		p = fmt_u32(fmt_lit(p, " in "), summary->nr_rows - SHOWN);
		out_done(out, fmt_lit(p, " more rows, which -o json has\n"));
	}
	if (summary->folded) {
		p = number(out_line(out), summary->folded);
		p = fmt_u64(fmt_lit(p, " in "), summary->folded_rows);
		p = fmt_u64(fmt_lit(p, " rows that were folded: any above may lack up to "),
			    summary->folded_most);
		out_done(out, fmt_lit(p, "\n"));
	}
	if (summary->lost)
		out_done(out, fmt_lit(number(out_line(out), summary->lost), " records were LOST\n"));
}

void summary_print_text(struct summary *summary, struct out *out)
{
	const struct summary_row **rows = sorted(summary);
	uint64_t rest = 0;
	unsigned int i;

	put_events(summary, out);
	out_done(out, fmt_lit(out_line(out), "\n     CALLS         MIN      MEDIAN        95 %"
					     "         MAX ERROR           EVENT PROGRAM > TO\n"));
	for (i = 0; rows && i < summary->nr_rows; i++) {
		if (i < SHOWN)
			put_row(rows[i], out);
		else
			rest += rows[i]->count;
	}
	put_rest(summary, rest, out);
	free(rows);
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
