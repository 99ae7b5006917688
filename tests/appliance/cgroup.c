// SPDX-License-Identifier: GPL-2.0
#include "cgroup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calls.h"
#include "device.h"
#include "record/cgroups.h"
#include "tap.h"

#define CGROUPS "/tmp/cgroups" /* where they are mounted */
#define CGROUP CGROUPS "/one"

/* With that option, and a directory in it. */
static bool cgroups_are_there(const char *type, const char *option)
{
	mkdir(CGROUPS, 0755);
	if (mount(type, CGROUPS, type, 0, option) != 0)
		return false;
	CHECK(mkdir(CGROUP, 0755) == 0, "%s: %s", CGROUP, strerror(errno));
	return true;
}

static void cgroups_go(void)
{
	/* Who was in it has ended, and may be about to leave it. */
	while (rmdir(CGROUP) != 0 && errno == EBUSY)
		usleep(10000);
	CHECK(umount(CGROUPS) == 0, "umount: %s", strerror(errno));
}

struct in_cgroup {
	pid_t in, out; /* processes */
	unsigned int records, others; /* theirs */
	uint64_t id; /* of the last of its records */
};

static void note_cgroup(const struct socktrace_event *ev, void *arg)
{
	struct in_cgroup *told = arg;

	if ((pid_t)ev->tgid == told->in) {
		told->id = ev->cgroup_id;
		told->records++;
	}
	told->others += (pid_t)ev->tgid == told->out;
}

static void join(pid_t pid)
{
	FILE *file = fopen(CGROUP "/cgroup.procs", "w");

	CHECK(file && fprintf(file, "%d", (int)pid) > 0 && fclose(file) == 0,
	      CGROUP "/cgroup.procs: %s", strerror(errno));
}

/* The reader finds the directory of that number again. */
static void is_found(uint64_t id)
{
	static struct cgroups known;
	uint64_t until = 0;
	const char *path;
	size_t length = 0;

	cgroups_init(&known, NULL);
	path = cgroups_path(&known, id, 1, &length, &until);
	CHECK(path && length == strlen("/one") && memcmp(path, "/one", length) == 0,
	      "path: %.*s", (int)length, path ? path : "");
	cgroups_close(&known);
}

/* Of two workers one is in a cgroup, of the reader's number for it: it alone is told. */
static bool cgroup_of(const char *type, const char *option)
{
	struct socktrace_rule rule = {
		.match = SOCKTRACE_MATCH_CGROUP_TREE | SOCKTRACE_MATCH_EVENTS,
		.action = SOCKTRACE_ACCEPT,
		.events = CALLS,
	};
	struct worker in, out;
	struct in_cgroup told;
	uint64_t id;
	int fd;

	if (!cgroups_are_there(type, option))
		return false;
	CHECK(cgroups_id(CGROUP, &id) == 0, "%s: %s", CGROUP, strerror(errno));
	fd = session_open(64, 1U << SOCKTRACE_EXIT);
	rule.cgroup = id;
	session_filter(fd, &rule, 1);
	in = worker_new(1);
	out = worker_new(1);
	join(in.pid);
	memset(&told, 0, sizeof(told));
	told.in = in.pid;
	told.out = out.pid;
	session_start(fd);
	worker_go(&in);
	worker_go(&out);
	worker_end(&in);
	worker_end(&out);
	session_stop(fd);
	session_read(fd, ~0U, note_cgroup, &told);
	EQUAL(told.records, 4, "records of the one in the cgroup");
	EQUAL(told.others, 0, "records of the other");
	EQUAL(told.id, id, "cgroup_id");
	is_found(id);
	tap_note("%s %s: %#llx", type, option ? option : "", (unsigned long long)id);
	session_stats(fd);
	session_close(fd);
	cgroups_go();
	return true;
}

void cgroup(void)
{
	bool any;

	device_load("");
	any = cgroup_of("cgroup2", NULL);
	/* Of version 1 what records tell of. */
	any |= cgroup_of("cgroup", "pids") || cgroup_of("cgroup", "memory") ||
	       cgroup_of("cgroup", "cpu");
	if (!any)
		tap_skip("no cgroups in this kernel");
}
