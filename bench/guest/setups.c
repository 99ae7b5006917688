// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../uapi/socktrace.h"
#include "common.h"
#include "setups.h"

#define CALLS (SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET) |                         \
	       SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT) |                        \
	       SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4))
/* One turn: 3 sockets, 3 connects (each with its LSM hook), 2 accepts. */
#define TURN 8
#define TURN_CONNECTS 3
#define TURN_ALL (TURN + TURN_CONNECTS)

#define ONE_CALLS                                                              \
	.loaded = true, .sessions = 1, .default_action = SOCKTRACE_REJECT,     \
	.events = CALLS, .records = TURN
#define ALL(nr_sessions, nr_rules)                                             \
	.loaded = true, .sessions = nr_sessions, .rules = nr_rules,            \
	.default_action = SOCKTRACE_ACCEPT, .records = TURN_ALL

struct setup setups[NR_SETUPS] = {
	{ .label = "module not loaded", .key = "unloaded" },
	{ .label = "  by one of 4 threads", .key = "unloaded_threads", .sleepers = 3 },
	{ .label = "loaded, nobody reads", .key = "loaded", .loaded = true },
	{ .label = "1 session, the calls", .key = "calls", ONE_CALLS },
	{ .label = "  by one of 4 threads", .key = "calls_threads", .sleepers = 3, ONE_CALLS },
	{ .label = "  and their programs", .key = "processes", ONE_CALLS, .processes = true },
	{ .label = "  and their peers' paths", .key = "paths", ONE_CALLS, .paths = true },
	{ .label = "  connect() alone", .key = "connect", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT,
	  .events = SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT), .records = TURN_CONNECTS },
	{ .label = "1 session, all events", .key = "all", ALL(1, 0) },
	{ .label = "  rejected at entry", .key = "rejected", .loaded = true, .sessions = 1,
	  .default_action = SOCKTRACE_REJECT, .rules = 1 },
	{ .label = "  1 rule does not match", .key = "rules_1", ALL(1, 1) },
	{ .label = "  8 rules do not match", .key = "rules_8", ALL(1, 8) },
	{ .label = "  64 rules do not match", .key = "rules_64", ALL(1, 64) },
	{ .label = "2 sessions, all events", .key = "sessions_2", ALL(2, 0) },
	{ .label = "10 sessions, all events", .key = "sessions_10", ALL(10, 0) },
};

struct setup *setup_of(const char *key)
{
	size_t i;

	for (i = 0; i < NR_SETUPS; i++)
		if (!strcmp(setups[i].key, key))
			return &setups[i];
	fprintf(stderr, "no row %s; there are:", key);
	for (i = 0; i < NR_SETUPS; i++)
		fprintf(stderr, " %s", setups[i].key);
	die("%s", "");
}

const struct setup *base_of(const struct setup *setup)
{
	return setup->sleepers ? setup_of("unloaded_threads") : BASE;
}

static void set_filter(int fd, const struct setup *setup)
{
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES] = { 0 };
	struct socktrace_filter filter = {
		.nr_rules = setup->rules,
		.rule_size = sizeof(rules[0]),
		.default_action = setup->default_action,
		.rules = (uintptr_t)rules,
	};
	unsigned int i;

	for (i = 0; i < setup->rules; i++) {
		rules[i].match = SOCKTRACE_MATCH_TGID;
		rules[i].tgid = 1; /* one that is there, and makes no such call */
		rules[i].action = setup->default_action == SOCKTRACE_ACCEPT ?
					  SOCKTRACE_REJECT : SOCKTRACE_ACCEPT;
	}
	if (setup->events) {
		rules[i].match = SOCKTRACE_MATCH_EVENTS;
		rules[i].events = setup->events;
		rules[i].action = SOCKTRACE_ACCEPT;
		filter.nr_rules++;
	}
	check(!ioctl(fd, SOCKTRACE_IOC_SET_FILTER, &filter), "SET_FILTER");
}

int session_open(const struct setup *setup, unsigned int turns)
{
	struct socktrace_config config = {
		.records_per_cpu = turns * TURN_ALL,
		.flags = (setup->processes ? SOCKTRACE_CONFIG_PROCESSES : 0) |
			 (setup->paths ? SOCKTRACE_CONFIG_PATHS : 0),
	};
	int fd = checked(open(SOCKTRACE_DEVICE, O_RDWR | O_CLOEXEC | O_NONBLOCK),
			 SOCKTRACE_DEVICE);

	check(!ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config), "SET_CONFIG");
	set_filter(fd, setup);
	check(!ioctl(fd, SOCKTRACE_IOC_START), "START");
	return fd;
}

/* Stops it; it has not lost anything. Returns the records that it has. */
static uint64_t session_stop(int fd, const struct setup *setup)
{
	struct socktrace_stats stats;

	check(!ioctl(fd, SOCKTRACE_IOC_STOP), "STOP");
	check(!ioctl(fd, SOCKTRACE_IOC_GET_STATS, &stats), "GET_STATS");
	if (stats.dropped || stats.missed)
		die("%s: dropped %llu, missed %llu", setup->label,
		    (unsigned long long)stats.dropped, (unsigned long long)stats.missed);
	close(fd);
	return stats.queued;
}

void session_check(int fd, const struct setup *setup, unsigned int turns)
{
	uint64_t expected = (uint64_t)setup->records * turns;
	uint64_t queued = session_stop(fd, setup);

	if (queued != expected)
		die("%s: %llu records, not %llu", setup->label,
		    (unsigned long long)queued, (unsigned long long)expected);
}

void session_close(int fd, const struct setup *setup)
{
	if (!session_stop(fd, setup) && setup->records)
		die("%s: not one record", setup->label);
}
