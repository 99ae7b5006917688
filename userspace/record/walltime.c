// SPDX-License-Identifier: GPL-2.0
#include "record/walltime.h"

#include <time.h>

#include "base/fmt.h"

#define NS_PER_S 1000000000ULL

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t walltime_boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

static void take_offset(struct walltime *w)
{
	uint64_t before = walltime_boot_ns();
	uint64_t real = clock_ns(CLOCK_REALTIME);
	uint64_t after = walltime_boot_ns();

	w->offset_ns = (int64_t)(real - (before + (after - before) / 2));
	w->checked_ns = w->now_ns = after;
}

void walltime_init(struct walltime *w)
{
	*w = (struct walltime){ .utc_second = UINT64_MAX, .local_second = UINT64_MAX };
	take_offset(w);
}

void walltime_refresh(struct walltime *w)
{
	w->now_ns = walltime_boot_ns();
	if (w->now_ns - w->checked_ns >= NS_PER_S)
		take_offset(w);
}

static void date(struct walltime *w, uint64_t second)
{
	time_t t = (time_t)second;
	unsigned int year;
	struct tm tm;
	char *p = w->utc;

	gmtime_r(&t, &tm);
	year = (unsigned int)(tm.tm_year + 1900);
	p = fmt_2digits(p, year / 100 % 100);
	p = fmt_2digits(p, year % 100);
	*p++ = '-';
	p = fmt_2digits(p, (unsigned int)tm.tm_mon + 1);
	*p++ = '-';
	p = fmt_2digits(p, (unsigned int)tm.tm_mday);
	*p++ = 'T';
	p = fmt_2digits(p, (unsigned int)tm.tm_hour);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm.tm_min);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm.tm_sec);
	*p = '.';
	w->utc_second = second;
}

static void time_of_day(struct walltime *w, uint64_t second)
{
	time_t t = (time_t)second;
	char *p = w->local;
	struct tm tm;

	localtime_r(&t, &tm);
	p = fmt_2digits(p, (unsigned int)tm.tm_hour);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm.tm_min);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm.tm_sec);
	*p = '.';
	w->local_second = second;
}

char *walltime_utc(struct walltime *w, char *p, uint64_t boot_ns)
{
	uint64_t real = boot_ns + (uint64_t)w->offset_ns;
	uint64_t second = real / NS_PER_S;

	if (second != w->utc_second)
		date(w, second);
	p = fmt_mem(p, w->utc, sizeof(w->utc));
	p = fmt_9digits(p, (uint32_t)(real % NS_PER_S));
	*p++ = 'Z';
	return p;
}

char *walltime_local(struct walltime *w, char *p, uint64_t boot_ns)
{
	uint64_t real = boot_ns + (uint64_t)w->offset_ns;
	uint64_t second = real / NS_PER_S;

	if (second != w->local_second)
		time_of_day(w, second);
	p = fmt_mem(p, w->local, sizeof(w->local));
	return fmt_6digits(p, (uint32_t)(real % NS_PER_S / 1000));
}
