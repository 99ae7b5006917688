// SPDX-License-Identifier: GPL-2.0
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "record/decode.h"
#include "rules.h"
#include "session/muted.h"

void complain(const char *format, ...)
{
	char line[OPTIONS_MESSAGE_MAX + 64] = "socktrace-read: ";
	size_t at = strlen(line), length;
	va_list args;

	va_start(args, format);
	vsnprintf(line + at, sizeof(line) - at - 1, format, args);
	va_end(args);
	/* In one write, so that it is not mixed with the command's lines. */
	length = strlen(line);
	line[length++] = '\n';
	while (write(STDERR_FILENO, line, length) < 0 && errno == EINTR)
		;
}

/*
 * A mismatch is seen by connect's probe and one that may show the kernel's address: is there
 * such a one that is bound, or armed, as @flag says?
 */
static bool shows_address(const struct device *device, uint16_t flag)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if ((probe->flags & flag) &&
		    (probe->type == SOCKTRACE_SECURITY_SOCKET_CONNECT ||
		     (probe->type == SOCKTRACE_CONNECT && probe->via == SOCKTRACE_VIA_IO_URING)))
			return true;
	}
	return false;
}

void warn_missing(const struct reader *reader)
{
	const struct device *device = &reader->device;
	uint32_t events = filter_events(reader->rules, reader->nr_rules);
	unsigned int type, i;
	uint32_t bound = 0;

	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if ((probe->flags & SOCKTRACE_PROBE_BOUND) && probe->type < 32 &&
		    !(probe->flags & SOCKTRACE_PROBE_FACTS) &&
		    probe->via == SOCKTRACE_VIA_SYSCALL)
			bound |= SOCKTRACE_EVENT_BIT(probe->type);
	}
	if ((bound & SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT)) &&
	    shows_address(device, SOCKTRACE_PROBE_BOUND))
		bound |= SOCKTRACE_EVENT_BIT(SOCKTRACE_ADDR_MISMATCH);
	for (type = 0; type < 32; type++) {
		if (events & ~bound & SOCKTRACE_EVENT_BIT(type))
			complain("this kernel has no function to probe for %s: none will be seen",
				 decode_event(type) ? decode_event(type)->s : "it");
	}
}

void warn_unarmed(const struct reader *reader)
{
	const struct device *device = &reader->device;
	uint32_t events = filter_events(reader->rules, reader->nr_rules), i;

	if (events & SOCKTRACE_EVENT_BIT(SOCKTRACE_ADDR_MISMATCH) &&
	    !shows_address(device, SOCKTRACE_PROBE_ARMED))
		events |= SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT);
	/* They are told of a connect that was seen to enter. */
	if (events & (SOCKTRACE_EVENT_BIT(SOCKTRACE_ADDR_MISMATCH) |
		      SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT) |
		      SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECTED)))
		events |= SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT);
	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if ((probe->flags & SOCKTRACE_PROBE_BOUND) && !device_probe_armed(probe) &&
		    probe->type < 32 && (events & SOCKTRACE_EVENT_BIT(probe->type)))
			complain("%.*s can't be probed now, %s: "
				 "the kernel log says why (dmesg | grep socktrace)",
				 SOCKTRACE_SYMBOL_LEN, probe->symbol,
				 probe->flags & SOCKTRACE_PROBE_FACTS ?
					 "peers are told by descriptor" :
					 "its calls won't be seen");
	}
}

/* Descendants are known by their births, or else by their parents. */
void warn_births(const struct reader *reader)
{
	const struct device *device = &reader->device;
	uint32_t i;

	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if (probe->type != SOCKTRACE_BIRTH || device_probe_armed(probe) ||
		    !filter_follows(reader->rules, reader->nr_rules))
			continue;
		complain("%.*s can't be probed: descendants whose parent ends won't be seen",
			 SOCKTRACE_SYMBOL_LEN, probe->symbol);
	}
}

void warn_muted(struct reader *reader)
{
	char reason[256];

	if (!device_muted(&reader->device))
		return;
	muted_reason("", reason, sizeof(reason));
	complain("NO CALL WILL BE SEEN: the probes are armed and do not fire: %s", reason);
}

/* Of the 80 columns, what is left: "socktrace-read: tracing", " and 10 more; Ctrl-C ends". */
#define BANNER_EVENTS 32

void banner(const struct reader *reader)
{
	uint32_t wanted = filter_events(reader->rules, reader->nr_rules);
	char events[BANNER_EVENTS + 1], more[32] = "";
	unsigned int type, left = 0;
	char *p = events;

	for (type = 0; type < 32; type++) {
		const struct name *name = decode_event(type);

		if (!(wanted & SOCKTRACE_EVENT_BIT(type)) || !name)
			continue;
		/* Room is left for how many there are besides. */
		if (left || p + 1 + name->length > events + BANNER_EVENTS) {
			left++;
			continue;
		}
		*p++ = ' ';
		p = fmt_mem(p, name->s, name->length);
	}
	*p = '\0';
	if (left)
		snprintf(more, sizeof(more), " and %u more", left);
	complain("tracing%s%s%s", events, more, reader->options.command ? "" : "; Ctrl-C ends");
}

void tell_stats(const struct socktrace_stats *s, bool at_rest)
{
	uint64_t sum = s->delivered + s->queued + s->filtered + s->dropped + s->missed +
		       s->flushed;

	complain("hits %" PRIu64 " = delivered %" PRIu64 " + queued %" PRIu64
		 " + filtered %" PRIu64 " + dropped %" PRIu64 " + missed %" PRIu64
		 " + flushed %" PRIu64 "%s",
		 (uint64_t)s->hits, (uint64_t)s->delivered, (uint64_t)s->queued,
		 (uint64_t)s->filtered, (uint64_t)s->dropped, (uint64_t)s->missed,
		 (uint64_t)s->flushed,
		 at_rest && sum != s->hits ? " (this does NOT add up: please report it)" : "");
}

void print_stats(struct reader *reader, bool at_rest)
{
	struct socktrace_stats s;

	if (device_stats(&reader->device, &s))
		complain("%s", reader->device.error);
	else
		tell_stats(&s, at_rest);
	if (reader->sieve.nr)
		complain("of these, %" PRIu64 " were read and not shown: exe and container are "
			 "judged by the reader", reader->sieve.withheld);
}

void tell_loss(const struct reader *reader, const struct socktrace_stats *s)
{
	if (s->dropped)
		complain("LOST %" PRIu64 " records: the ring was full (%u records per CPU; "
			 "a larger --records or a narrower filter helps)",
			 (uint64_t)s->dropped, reader->config.records_per_cpu);
	if (s->missed)
		complain("%" PRIu64 " returns were missed: more calls were in flight than the "
			 "module's maxactive of %u", (uint64_t)s->missed,
			 reader->device.info.maxactive);
	if (s->members_missed)
		complain("%" PRIu64 " descendants were not followed: more lived at once than "
			 "the module's max_members", (uint64_t)s->members_missed);
}

static void tell_unwritten(struct reader *reader, const struct out *out, uint64_t queued)
{
	if (out->error == EPIPE || (!out->error && !out->unwritten))
		return;
	reader->failed = true;
	complain("%" PRIu64 " records were read but not written, %" PRIu64 " were still queued",
		 out->unwritten, queued);
}

void report_loss(struct reader *reader)
{
	struct socktrace_stats s;

	if (device_stats(&reader->device, &s)) {
		complain("%s", reader->device.error);
		reader->failed = true;
		return;
	}
	tell_loss(reader, &s);
	tell_unwritten(reader, &reader->out, s.queued);
	tell_unwritten(reader, &reader->capture_out, s.queued);
}
