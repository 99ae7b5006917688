/* SPDX-License-Identifier: GPL-2.0 */
/* Wall time of records, whose own clock is CLOCK_BOOTTIME. */
#ifndef SOCKTRACE_WALLTIME_H
#define SOCKTRACE_WALLTIME_H

#include <stdint.h>

struct walltime {
	int64_t offset_ns; /* CLOCK_REALTIME minus CLOCK_BOOTTIME */
	uint64_t now_ns; /* CLOCK_BOOTTIME at the last walltime_refresh() */
	uint64_t checked_ns; /* and when offset_ns was taken */
	/* The date and second last formatted; most records share it. */
	uint64_t utc_second, local_second;
	char utc[20]; /* 2024-01-31T15:04:05. */
	char local[9]; /* 15:04:05. */
};

/* The clock of records. */
uint64_t walltime_boot_ns(void);

void walltime_init(struct walltime *w);

/* Once per batch; asks for the offset anew at most once per second. */
void walltime_refresh(struct walltime *w);

/* 2024-01-31T15:04:05.123456789Z; boot_ns is a record's time_ns. */
char *walltime_utc(struct walltime *w, char *p, uint64_t boot_ns);

/* 15:04:05.123456, in local time. */
char *walltime_local(struct walltime *w, char *p, uint64_t boot_ns);

#endif
