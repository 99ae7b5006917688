/* SPDX-License-Identifier: GPL-2.0 */
/* One record as one JSON object; docs/json.md is the reference. */
#ifndef SOCKTRACE_JSON_H
#define SOCKTRACE_JSON_H

#include <socktrace.h>

#include "record/cgroups.h"
#include "record/images.h"
#include "record/paths.h"
#include "record/procinfo.h"
#include "record/walltime.h"

#define JSON_IDENTITY_SLOTS 128 /* a power of two */
#define JSON_IDENTITY_MAX 1024 /* longer ones are made anew each time */

/* Of a record, the facts about its task; raw, as key of a cache. */
struct json_task {
	char facts[92]; /* cgroup_id to comm */
};

struct json {
	struct walltime *time;
	struct procinfo *proc;
	const struct images *images; /* NULL: none are told */
	struct cgroups *cgroups;
	const struct paths *paths; /* NULL: none are told */
	/* A thread's calls share a third of their objects: keys pid to container. */
	struct json_identity {
		uint64_t until_ns; /* CLOCK_BOOTTIME; 0: nothing cached */
		struct json_task task;
		uint32_t length;
		char text[JSON_IDENTITY_MAX];
	} identities[JSON_IDENTITY_SLOTS];
};

/* All stay the caller's, and are asked by each json_event(). `images` may be NULL. */
void json_init(struct json *json, struct walltime *time, struct procinfo *proc,
	       const struct images *images, struct cgroups *cgroups);

/*
 * Writes the object and a newline at `p`, which has room for OUT_LINE_MAX
 * bytes, and returns the place after. Any bytes make a valid line.
 */
char *json_event(struct json *json, char *p, const struct socktrace_event *ev);

/* Likewise, of a call that did not return yet. */
char *json_inflight(struct json *json, char *p,
		    const struct socktrace_inflight_call *call, uint64_t now_ns);

#endif
