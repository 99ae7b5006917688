// SPDX-License-Identifier: GPL-2.0
#include "hanging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/decode.h"
#include "report.h"
#include "session/inflight.h"
#include "stream.h"

static bool is_judged(const struct hanging *hanging, uint64_t call_id)
{
	unsigned int i;

	for (i = 0; i < hanging->nr; i++) {
		if (hanging->judged[i] == call_id)
			return true;
	}
	return false;
}

/* Those that are in flight no more need not be remembered. */
static void forget(struct hanging *hanging, const struct socktrace_event *calls,
		   uint32_t nr)
{
	unsigned int i, kept = 0;
	uint32_t k;

	for (i = 0; i < hanging->nr; i++) {
		for (k = 0; k < nr && calls[k].call_id != hanging->judged[i]; k++)
			;
		if (k < nr)
			hanging->judged[kept++] = hanging->judged[i];
	}
	hanging->nr = kept;
}

bool hanging_wanted(const struct reader *reader)
{
	return reader->text.terminal && reader->prints && !reader->options.quiet &&
	       !reader->options.summary && reader->options.format == FORMAT_TEXT;
}

static void tell(struct reader *reader, const struct socktrace_inflight *inflight,
		 const struct socktrace_event *ev)
{
	struct hanging *hanging = &reader->hanging;

	if (hanging->nr == HANGING_MAX || inflight->now_ns < ev->time_ns + HANGING_AFTER_NS ||
	    is_judged(hanging, ev->call_id))
		return;
	hanging->judged[hanging->nr++] = ev->call_id;
	if (sieve_may_pass(&reader->sieve, ev))
		out_done(&reader->out, text_hanging(&reader->text, out_line(&reader->out), ev,
						    inflight->now_ns));
}

void hanging_tell(struct reader *reader)
{
	uint64_t now_ns = walltime_boot_ns();
	struct socktrace_inflight inflight;
	struct socktrace_event *calls;
	uint32_t i;

	if (!hanging_wanted(reader) ||
	    now_ns - reader->hanging.asked_ns < HANGING_MS * 1000000ULL)
		return;
	reader->hanging.asked_ns = now_ns;
	calls = inflight_ask(&reader->device, &inflight, SOCKTRACE_INFLIGHT_WANTED);
	if (!calls)
		return;
	walltime_refresh(&reader->time);
	forget(&reader->hanging, calls, inflight.nr_records);
	for (i = 0; i < inflight.nr_records; i++)
		tell(reader, &inflight, &calls[i]);
	free(calls);
	stream_flush(reader);
}

void hanging_count(struct reader *reader)
{
	unsigned int counts[SOCKTRACE_LOST] = { 0 }, all = 0, type;
	struct socktrace_inflight inflight;
	struct socktrace_event *calls;
	char names[256] = "";
	size_t used = 0;
	uint32_t i;

	if (reader->options.quiet)
		return;
	calls = inflight_ask(&reader->device, &inflight, SOCKTRACE_INFLIGHT_WANTED);
	for (i = 0; calls && i < inflight.nr_records; i++) {
		const struct socktrace_event *ev = &calls[i];

		if (ev->type >= SOCKTRACE_LOST || !decode_event(ev->type) ||
		    !sieve_may_pass(&reader->sieve, ev))
			continue;
		counts[ev->type]++;
		all++;
	}
	free(calls);
	for (type = 0; type < SOCKTRACE_LOST && used < sizeof(names); type++) {
		if (counts[type])
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s %u",
						 used ? ", " : "", decode_event(type)->s,
						 counts[type]);
	}
	if (all)
		complain("%u call%s still in flight: %s", all, all == 1 ? " is" : "s are", names);
}
