/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session with the kernel module. Every function that returns int gives 0,
 * or -1 with `error`: a message for the user, without a newline.
 */
#ifndef SOCKTRACE_DEVICE_H
#define SOCKTRACE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <socktrace.h>

#define DEVICE_PROBES_MAX 64

struct device {
	const char *path; /* the caller's, until device_close() */
	int fd; /* for poll(); -1: not open */
	/* As of device_open() or device_start(); info.nr_probes of the probes. */
	struct socktrace_info info;
	struct socktrace_probe probes[DEVICE_PROBES_MAX];
	char error[256];
};

/* Does it see calls now? Bound alone is not enough: it may be refused now. */
static inline bool device_probe_armed(const struct socktrace_probe *probe)
{
	return probe->flags & SOCKTRACE_PROBE_ARMED;
}

/* Opens, non-blocking, and checks that this is a module that we understand. */
int device_open(struct device *device, const char *path);
void device_close(struct device *device);

/* Before the start. The values in force are written back. */
int device_configure(struct device *device, struct socktrace_config *config);

/* Accepts what the rules accept, and nothing else. */
int device_filter(struct device *device, const struct socktrace_rule *rules,
		  unsigned int nr_rules);

int device_start(struct device *device);
int device_stop(struct device *device);
int device_stats(struct device *device, struct socktrace_stats *stats);

/* Calls in flight, `room` of them at most; `flags`: SOCKTRACE_INFLIGHT_*. */
int device_inflight(struct device *device, struct socktrace_inflight *inflight,
		    struct socktrace_event *records, uint32_t room, uint32_t flags);

/* After the start: a call of our own is not seen by its probe. */
bool device_muted(struct device *device);

/*
 * Bytes of whole records; 0: nothing is there now; -1: error; DEVICE_END: a
 * stopped session has given all.
 */
#define DEVICE_END (-2)
ssize_t device_read(struct device *device, void *buffer, size_t size);

#endif
