// SPDX-License-Identifier: GPL-2.0
#include "cgroup_watch.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "report.h"

/*
 * To be told when it comes again: of the directory above it, or where that is gone, too,
 * of what is left. A watch ends with its directory, so that no more of them gather than
 * there are directories; setting one again changes nothing.
 */
static void watch_above(const struct cgroup_watch *watch, const char *directory)
{
	char above[2 * PATH_MAX], *slash;

	if (watch->fd < 0)
		return;
	snprintf(above, sizeof(above), "%s", directory);
	while ((slash = strrchr(above, '/')) && slash != above) {
		*slash = '\0';
		if (inotify_add_watch(watch->fd, above, IN_CREATE | IN_ONLYDIR) >= 0)
			return;
	}
}

void cgroup_watch_open(struct reader *reader)
{
	struct cgroup_watch *watch = &reader->cgroup_watch;
	const struct filter_cgroup *cgroup;

	watch->on = reader->options.pool.cgroups;
	watch->fd = -1;
	if (!watch->on)
		return;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (cgroup = reader->options.pool.cgroups; cgroup; cgroup = cgroup->next)
		watch_above(watch, cgroup->directory);
}

void cgroup_watch_close(struct reader *reader)
{
	if (reader->cgroup_watch.on && reader->cgroup_watch.fd >= 0)
		close(reader->cgroup_watch.fd);
	reader->cgroup_watch.on = false;
}

/* In the session's rules, and in what the reader itself judges. */
static void replace(struct reader *reader, uint64_t from, uint64_t to)
{
	struct filter_node *node;
	unsigned int i;

	for (i = 0; i < reader->nr_rules; i++) {
		if (reader->rules[i].match & SOCKTRACE_MATCH_CGROUP_TREE &&
		    reader->rules[i].cgroup == from)
			reader->rules[i].cgroup = to;
	}
	for (node = reader->options.pool.all; node; node = node->next) {
		if (node->cond.match & SOCKTRACE_MATCH_CGROUP_TREE && node->cond.cgroup == from)
			node->cond.cgroup = to;
	}
}

/* Is it another one now? */
static bool came_again(struct reader *reader, struct filter_cgroup *cgroup)
{
	uint64_t id;

	/* The watch first: what comes after the look is told. */
	watch_above(&reader->cgroup_watch, cgroup->directory);
	if (cgroups_id(cgroup->directory, &id) || id == cgroup->id)
		return false;
	replace(reader, cgroup->id, id);
	cgroup->id = id;
	return true;
}

static void drain(const struct cgroup_watch *watch)
{
	char events[4096];

	while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
		;
}

void cgroup_watch_look(struct reader *reader, bool told)
{
	struct cgroup_watch *watch = &reader->cgroup_watch;
	uint64_t now_ns = watch->on ? walltime_boot_ns() : 0;
	struct filter_cgroup *cgroup;
	bool again = false;

	if (!watch->on ||
	    (!told && now_ns - watch->looked_ns < CGROUP_WATCH_MS * 1000000ULL))
		return;
	watch->looked_ns = now_ns;
	drain(watch);
	for (cgroup = reader->options.pool.cgroups; cgroup; cgroup = cgroup->next)
		again |= came_again(reader, cgroup);
	if (again && device_filter(&reader->device, reader->rules, reader->nr_rules))
		complain("a cgroup came again, and can't be followed: %s", reader->device.error);
}
