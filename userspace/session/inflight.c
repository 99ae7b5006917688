// SPDX-License-Identifier: GPL-2.0
#include "session/inflight.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOM 256U /* at first */

static int older(const void *a, const void *b)
{
	const struct socktrace_event *one = a, *other = b;

	return (one->time_ns > other->time_ns) - (one->time_ns < other->time_ns);
}

struct socktrace_event *inflight_ask(struct device *device, struct socktrace_inflight *inflight,
				     uint32_t flags)
{
	struct socktrace_event *calls = NULL, *more;
	uint32_t room = ROOM;

	for (;;) {
		more = reallocarray(calls, room, sizeof(*calls));
		if (!more) {
			snprintf(device->error, sizeof(device->error), "no memory for %u calls",
				 room);
			break;
		}
		calls = more;
		if (device_inflight(device, inflight, calls, room, flags))
			break;
		if (inflight->total <= room || inflight->total > UINT32_MAX / 2)
			return calls;
		/* More may come meanwhile. */
		room = inflight->total + inflight->total / 2;
	}
	free(calls);
	return NULL;
}

int inflight_print(struct device *device, struct out *out, struct json *json,
		   struct text *text)
{
	struct socktrace_inflight inflight;
	struct socktrace_event *calls = inflight_ask(device, &inflight, 0);
	uint32_t i;

	if (!calls)
		return -1;
	qsort(calls, inflight.nr_records, sizeof(*calls), older);
	if (!json)
		out_done(out, text_inflight_header(text, out_line(out)));
	for (i = 0; i < inflight.nr_records; i++) {
		char *p = out_line(out);

		p = json ? json_inflight(json, p, &calls[i], inflight.now_ns) :
			   text_inflight(text, p, &calls[i], inflight.now_ns);
		out_done(out, p);
	}
	free(calls);
	return out_flush(out);
}
