// SPDX-License-Identifier: GPL-2.0
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/signals.h"
#include "record/record.h"
#include "terminal.h"

static void put_line(struct reader *reader, const struct socktrace_event *ev,
		     const struct image *image)
{
	char *p = out_line(&reader->out);

	if (reader->options.format == FORMAT_JSON)
		p = json_event(&reader->json, p, ev);
	else if (image)
		p = text_process(&reader->text, p, ev, image);
	else
		p = text_event(&reader->text, p, ev);
	out_done(&reader->out, p);
}

static void put_event(struct reader *reader, const struct socktrace_event *ev)
{
	const struct image *image = NULL;

	switch (ev->type) {
	case SOCKTRACE_PATH:
		paths_take(&reader->paths, ev);
		return;
	case SOCKTRACE_PROCESS:
		image = images_take(&reader->images, ev);
		if (!image || !reader->options.processes ||
		    !sieve_may_pass(&reader->sieve, ev))
			return;
		break;
	case SOCKTRACE_LOST:
		break;
	default:
		if (reader->options.replay && !judge_accepts(&reader->judge, ev))
			return;
		if (reader->sieve.nr && !sieve_passes(&reader->sieve, ev))
			return;
		if (reader->options.capture)
			capture_facts(&reader->capture, ev);
		reader->events++;
	}
	if (reader->options.summary)
		summary_take(&reader->summary, &reader->images, ev);
	else if (reader->prints)
		put_line(reader, ev, image);
}

/* On a screen the last whole one stays there for whoever ends it. */
static void put_summary(struct reader *reader, uint64_t from_ns)
{
	struct summary_screen screen = terminal_screen(reader);

	screen.first = !reader->summary_drawn;
	screen.from_ns = from_ns;
	if (!screen.lines)
		summary_print_text(&reader->summary, &reader->out);
	else if (screen.first || !signals_stops)
		summary_draw(&reader->summary, &reader->out, &reader->time, &screen);
	reader->summary_drawn = true;
}

void stream_summarize(struct reader *reader, bool now)
{
	uint64_t every_ns = reader->options.every * 1000000000;
	uint64_t now_ns = reader->time.now_ns;

	if (!reader->options.summary || (!now && now_ns < reader->summary_due_ns))
		return;
	if (reader->options.format == FORMAT_JSON)
		summary_print_json(&reader->summary, &reader->out, &reader->time);
	else
		put_summary(reader, reader->summary_due_ns - every_ns);
	summary_clear(&reader->summary);
	/* In step, unless it is late by more than one. */
	reader->summary_due_ns += every_ns;
	if (reader->summary_due_ns < now_ns)
		reader->summary_due_ns = now_ns + every_ns;
	stream_flush(reader);
}

size_t stream_put(struct reader *reader, const void *batch, size_t size, bool *broken)
{
	uint64_t count = reader->options.count;
	size_t at = 0;

	*broken = false;
	while (at < size && !(count && reader->events >= count)) {
		const struct socktrace_event *ev =
			record_at((const char *)batch + at, size - at);

		if (!ev) {
			*broken = true;
			break;
		}
		put_event(reader, ev);
		at += ev->size;
	}
	if (reader->options.capture)
		capture_records(&reader->capture, batch, at);
	return at;
}

/* Lines that find no room are told of when it begins, and when it ends. */
static void tell_room(struct outfile *file)
{
	if (file->out->full && !file->told_full)
		complain("cannot write %s: %s: events are counted until there is room", file->name,
			 strerror(file->out->full));
	else if (!file->out->full && file->told_full)
		complain("%s has room again: %" PRIu64 " events are missing in it so far",
			 file->name, file->out->unwritten);
	file->told_full = file->out->full;
}

static int flush(struct reader *reader, struct outfile *file)
{
	if (!out_flush(file->out)) {
		tell_room(file);
		return 0;
	}
	reader->tracing = false;
	/* The other end has seen enough: no trouble. */
	if (file->out->error == EPIPE)
		return -1;
	if (file->out->error == EINTR)
		complain("%s takes no more, and a signal asks to end", file->name);
	else
		complain("cannot write %s: %s", file->name, strerror(file->out->error));
	reader->failed = true;
	return -1;
}

int stream_flush(struct reader *reader)
{
	int ret = 0;

	if (reader->prints)
		ret = flush(reader, &reader->out_file);
	if (reader->options.capture) {
		if (flush(reader, &reader->capture_outfile))
			ret = -1;
		reader->capture_again |= reader->capture_out.full != 0;
	}
	return ret;
}

/* --- files ------------------------------------------------------------------------------ */

/* The capture goes on in another file, or behind a gap: it has to tell all anew. */
static void begin_capture(struct reader *reader)
{
	capture_begin(&reader->capture, reader->device.info.record_size,
		      reader->text.native_abi);
	reader->capture_again = false;
}

/* So far it is whole; what was lost is told at the very end. */
static void end_capture_file(struct reader *reader)
{
	const struct capture_end end = { 0 };

	capture_end(&reader->capture, &end);
	stream_flush(reader);
}

/* False: it stays with the old one. */
static bool change(struct outfile *file, int (*how)(struct outfile *file))
{
	if (!how(file)) {
		file->told_stuck = false;
		return true;
	}
	if (!file->told_stuck)
		complain("cannot open the next file of %s: %s: it goes on with %s", file->given,
			 strerror(errno), file->name);
	file->told_stuck = true;
	return false;
}

static bool is_due(struct reader *reader, struct outfile *file)
{
	if (!file->given || !outfile_due(file))
		return false;
	if (outfile_was_last(file))
		reader->tracing = false;
	return reader->tracing;
}

void stream_rotate(struct reader *reader)
{
	if (reader->prints && is_due(reader, &reader->out_file))
		change(&reader->out_file, outfile_next);
	if (reader->options.capture && is_due(reader, &reader->capture_outfile)) {
		end_capture_file(reader);
		if (change(&reader->capture_outfile, outfile_next))
			reader->capture_again = true;
	}
	if (reader->capture_again)
		begin_capture(reader);
}

void stream_reopen(struct reader *reader)
{
	if (reader->prints && reader->out_file.given)
		change(&reader->out_file, outfile_reopen);
	if (reader->options.capture && reader->capture_outfile.given) {
		end_capture_file(reader);
		change(&reader->capture_outfile, outfile_reopen);
		begin_capture(reader);
		stream_flush(reader);
	}
}
