// SPDX-License-Identifier: GPL-2.0
#include "record/walltime.h"

#include <string.h>
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

void walltime_refresh(struct walltime *w)
{
	w->now_ns = walltime_boot_ns();
	if (w->now_ns - w->checked_ns >= NS_PER_S)
		take_offset(w);
}

/* 2024-01-31, `between`, 15:04:05. */
static void date(char *p, const struct tm *tm, char between)
{
	unsigned int year = (unsigned int)(tm->tm_year + 1900);

	p = fmt_2digits(p, year / 100 % 100);
	p = fmt_2digits(p, year % 100);
	*p++ = '-';
	p = fmt_2digits(p, (unsigned int)tm->tm_mon + 1);
	*p++ = '-';
	p = fmt_2digits(p, (unsigned int)tm->tm_mday);
	*p++ = between;
	p = fmt_2digits(p, (unsigned int)tm->tm_hour);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm->tm_min);
	*p++ = ':';
	p = fmt_2digits(p, (unsigned int)tm->tm_sec);
	*p = '.';
}

/* Once a second: not to be inlined where each record comes along. */
#define SELDOM __attribute__((noinline))

SELDOM static void utc_date(struct walltime *w, uint64_t real)
{
	time_t t = (time_t)(real / NS_PER_S);
	struct tm tm;

	gmtime_r(&t, &tm);
	date(w->utc, &tm, 'T');
	w->utc_from_ns = real - real % NS_PER_S;
}

SELDOM static void local_date(struct walltime *w, uint64_t real)
{
	time_t t = (time_t)(real / NS_PER_S);
	struct tm tm;

	localtime_r(&t, &tm);
	date(w->local, &tm, ' ');
	w->local_from_ns = real - real % NS_PER_S;
}

void walltime_init(struct walltime *w)
{
	*w = (struct walltime){ 0 };
	take_offset(w);
	utc_date(w, 0);
	local_date(w, 0);
}

char *walltime_utc(struct walltime *w, char *p, uint64_t boot_ns)
{
	uint64_t real = boot_ns + (uint64_t)w->offset_ns;

	if (real - w->utc_from_ns >= NS_PER_S)
		utc_date(w, real);
	p = fmt_mem(p, w->utc, sizeof(w->utc));
	p = fmt_9digits(p, (uint32_t)(real - w->utc_from_ns));
	*p++ = 'Z';
	return p;
}

/* What stands before the time of day in `local`. */
#define DATE_LENGTH 11

static inline __attribute__((always_inline)) char *
local(struct walltime *w, char *p, uint64_t real, unsigned int skip)
{
	if (real - w->local_from_ns >= NS_PER_S)
		local_date(w, real);
	p = fmt_mem(p, w->local + skip, sizeof(w->local) - skip);
	return fmt_6digits(p, (uint32_t)(real - w->local_from_ns) / 1000);
}

/* To the right, as numbers are. */
static char *delta(struct walltime *w, char *p, uint64_t boot_ns)
{
	uint64_t ns = w->before_ns ? boot_ns - w->before_ns : 0;
	char text[32], *end = text;
	unsigned short width = walltime_width(w);

	/* Of two CPUs, the later record may be of the earlier entry. */
	if (ns > INT64_MAX) {
		*end++ = '-';
		ns = -ns;
	}
	end = fmt_seconds(end, ns);
	w->before_ns = boot_ns;
	for (; width > end - text; width--)
		*p++ = ' ';
	return fmt_mem(p, text, (size_t)(end - text));
}

SELDOM static char *other_format(struct walltime *w, char *p, uint64_t boot_ns)
{
	uint64_t real = boot_ns + (uint64_t)w->offset_ns;

	switch (w->format) {
	case WALLTIME_SECONDS:
		return local(w, p, real, DATE_LENGTH) - (sizeof(".123456") - 1);
	case WALLTIME_DATE:
		return local(w, p, real, 0);
	case WALLTIME_UTC:
		return walltime_utc(w, p, boot_ns);
	case WALLTIME_UNIX:
		return fmt_seconds(p, real);
	case WALLTIME_DELTA:
		return delta(w, p, boot_ns);
	case WALLTIME_TIME:
	case WALLTIME_NONE:
		break;
	}
	return p;
}

char *walltime_text(struct walltime *w, char *p, uint64_t boot_ns)
{
	if (w->format == WALLTIME_TIME) /* most are */
		return local(w, p, boot_ns + (uint64_t)w->offset_ns, DATE_LENGTH);
	return other_format(w, p, boot_ns);
}

static const struct {
	const char *name;
	unsigned short width;
} formats[WALLTIME_FORMATS] = {
	[WALLTIME_TIME] = { "time", 15 },   [WALLTIME_SECONDS] = { "", 8 },
	[WALLTIME_DATE] = { "date", 26 },
	[WALLTIME_UTC] = { "utc", 30 },	    [WALLTIME_UNIX] = { "unix", 17 },
	[WALLTIME_DELTA] = { "delta", 12 }, [WALLTIME_NONE] = { "none", 0 },
};

unsigned short walltime_width(const struct walltime *w)
{
	return formats[w->format].width;
}

int walltime_format_by_name(const char *name)
{
	int format;

	for (format = 0; format < WALLTIME_FORMATS; format++) {
		if (*name && !strcmp(formats[format].name, name))
			return format;
	}
	return -1;
}
