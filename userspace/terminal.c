// SPDX-License-Identifier: GPL-2.0
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stream.h"

/* It can colours, and move its cursor. */
static bool is_able(const struct reader *reader)
{
	const char *term = getenv("TERM");

	return term && strcmp(term, "dumb") && isatty(reader->out.fd);
}

bool terminal_wants_color(const struct reader *reader)
{
	const char *no_color = getenv("NO_COLOR");

	if (reader->options.color != COLOR_AUTO)
		return reader->options.color == COLOR_ALWAYS;
	return !(no_color && *no_color) && is_able(reader);
}

/* Of no terminal, or of one that knows no size: 0. */
static struct winsize size_of(const struct reader *reader)
{
	struct winsize window = { 0 };

	if (isatty(reader->out.fd) && ioctl(reader->out.fd, TIOCGWINSZ, &window))
		window = (struct winsize){ 0 };
	return window;
}

/*
 * Those that were chosen; else more on a wide terminal, and less on a narrow one. A
 * file's and a pipe's stay as they are.
 */
void terminal_setup(struct reader *reader)
{
	struct columns *columns = &reader->text.columns;
	unsigned int width = size_of(reader).ws_col;
	bool narrow = width && width < COLUMNS_NARROW;

	if (reader->options.columns.count)
		*columns = reader->options.columns;
	else
		columns_default(columns, width);
	if (reader->options.time < 0)
		reader->time.format = narrow ? WALLTIME_SECONDS : WALLTIME_TIME;
	columns->time = &reader->time;
	columns_for_time(columns);
	text_resize(&reader->text, width);
	columns->proc = &reader->proc;
	columns->images = &reader->images;
	columns->cgroups = &reader->cgroups;
}

void terminal_header(struct reader *reader)
{
	const struct options *options = &reader->options;

	if (reader->prints && !options->quiet && !options->summary &&
	    options->format == FORMAT_TEXT && isatty(reader->out.fd))
		out_done(&reader->out, text_header(&reader->text, out_line(&reader->out)));
}

void terminal_resized(struct reader *reader)
{
	unsigned int before = reader->text.columns.count;

	terminal_setup(reader);
	if (reader->text.columns.count != before)
		terminal_header(reader);
	stream_flush(reader);
}

/* Of a capture they would all pass by at once. */
struct summary_screen terminal_screen(const struct reader *reader)
{
	struct winsize window = size_of(reader);

	if (!reader->options.top || reader->options.replay || !is_able(reader))
		return (struct summary_screen){ 0 };
	return (struct summary_screen){ .lines = window.ws_row, .columns = window.ws_col };
}
