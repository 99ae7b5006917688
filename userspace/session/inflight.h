/* SPDX-License-Identifier: GPL-2.0 */
/* socktrace-read --inflight: the calls that did not return yet. */
#ifndef SOCKTRACE_INFLIGHT_H
#define SOCKTRACE_INFLIGHT_H

#include "base/out.h"
#include "format/json.h"
#include "format/text.h"
#include "session/device.h"

/* All of them, of SOCKTRACE_INFLIGHT_*, to be freed; NULL with the device's error. */
struct socktrace_event *inflight_ask(struct device *device, struct socktrace_inflight *inflight,
				     uint32_t flags);

/*
 * Asks and writes them, the oldest first, by `json`, or where that is NULL, by
 * `text`. 0, or -1: the device's error, if it has one, or the output's.
 */
int inflight_print(struct device *device, struct out *out, struct json *json,
		   struct text *text);

#endif
