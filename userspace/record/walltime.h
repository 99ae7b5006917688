/* SPDX-License-Identifier: GPL-2.0 */
/* Wall time of records, whose own clock is CLOCK_BOOTTIME. */
#ifndef SOCKTRACE_WALLTIME_H
#define SOCKTRACE_WALLTIME_H

#include <stdint.h>

/* How times are written in text. */
enum walltime_format {
	WALLTIME_TIME, /* 15:04:05.123456, local */
	WALLTIME_SECONDS, /* 15:04:05, local; for narrow terminals, and of no name */
	WALLTIME_DATE, /* 2024-01-31 15:04:05.123456, local */
	WALLTIME_UTC, /* 2024-01-31T15:04:05.123456789Z */
	WALLTIME_UNIX, /* seconds since 1970, as 1706713445.123456 */
	WALLTIME_DELTA, /* seconds since the one before, as 0.000123; may be negative */
	WALLTIME_NONE, /* not at all */
};
#define WALLTIME_FORMATS 7

struct walltime {
	enum walltime_format format;
	uint64_t before_ns; /* boot_ns of the last walltime_text(), for DELTA; 0: none */
	int64_t offset_ns; /* CLOCK_REALTIME minus CLOCK_BOOTTIME */
	uint64_t now_ns; /* CLOCK_BOOTTIME at the last walltime_refresh() */
	uint64_t checked_ns; /* and when offset_ns was taken */
	/* The date and second last formatted, and when that second began: most records share it. */
	uint64_t utc_from_ns, local_from_ns; /* CLOCK_REALTIME */
	char utc[20]; /* 2024-01-31T15:04:05. */
	char local[20]; /* 2024-01-31 15:04:05. */
};

/* The clock of records. */
uint64_t walltime_boot_ns(void);

void walltime_init(struct walltime *w);

/* Once per batch; asks for the offset anew at most once per second. */
void walltime_refresh(struct walltime *w);

/* 2024-01-31T15:04:05.123456789Z; boot_ns is a record's time_ns. */
char *walltime_utc(struct walltime *w, char *p, uint64_t boot_ns);

/* By the format. */
char *walltime_text(struct walltime *w, char *p, uint64_t boot_ns);

/* What takes so many characters at least; 0 for NONE. */
unsigned short walltime_width(const struct walltime *w);

/* The format that is called so; -1: none is. */
int walltime_format_by_name(const char *name);

#endif
