// SPDX-License-Identifier: GPL-2.0
#include "stream.h"

#include <errno.h>
#include <string.h>

#include "record/record.h"

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
		if (!image || !reader->options.processes)
			return;
		break;
	case SOCKTRACE_LOST:
		break;
	default:
		if (reader->options.replay && !judge_accepts(&reader->judge, ev))
			return;
		if (reader->options.capture)
			capture_facts(&reader->capture, ev);
		reader->events++;
	}
	if (reader->prints)
		put_line(reader, ev, image);
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

static int flush(struct reader *reader, struct out *out, const char *name)
{
	if (!out_flush(out))
		return 0;
	reader->tracing = false;
	/* The other end has seen enough: no trouble. */
	if (out->error == EPIPE)
		return -1;
	if (out->error == EINTR)
		complain("%s takes no more, and two signals ask to end", name);
	else
		complain("cannot write %s: %s", name, strerror(out->error));
	reader->failed = true;
	return -1;
}

int stream_flush(struct reader *reader)
{
	int ret = 0;

	if (reader->prints)
		ret = flush(reader, &reader->out, reader->out_name);
	if (reader->options.capture && flush(reader, &reader->capture_out,
					     reader->capture_name))
		ret = -1;
	return ret;
}
