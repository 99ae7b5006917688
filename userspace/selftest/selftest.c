// SPDX-License-Identifier: GPL-2.0
/*
 * Each row is driven in a process of its own: whatever a path does to it, its
 * records are told from all others by its pid, and nothing is left behind.
 */
#include "selftest/selftest.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signals.h"
#include "record/record.h"

#define LIMIT_S 10 /* of one row, which takes milliseconds */
#define KEPT (2 * SELFTEST_CALLS) /* records of one row */

struct run {
	struct device *device;
	char *batch;
	size_t batch_size;
	struct selftest_path *path; /* shared with the child */
	struct socktrace_event records[KEPT]; /* of the row at hand */
	unsigned int nr_records; /* maybe more than are kept */
	char directory[64]; /* empty: none could be made */
	bool sees_hook, sees_address, may_see_address, sees_graft, sees_bind, sees_outcome;
};

/* Is a point armed that gives records of this type, or facts for them? */
static bool armed(const struct device *device, unsigned int type, unsigned int facts)
{
	uint32_t i;

	for (i = 0; i < device->info.nr_probes; i++) {
		if (device->probes[i].type == type &&
		    (device->probes[i].flags & SOCKTRACE_PROBE_FACTS) == facts &&
		    device_probe_armed(&device->probes[i]))
			return true;
	}
	return false;
}

/* Is the kernel's own address of each connect() seen, for sure or as far as can be told? */
static void look_for_address(struct run *run)
{
	const struct device *device = run->device;
	uint32_t i;

	run->sees_address = run->sees_hook;
	for (i = 0; i < device->info.nr_probes; i++) {
		const struct socktrace_probe *probe = &device->probes[i];

		if (!device_probe_armed(probe))
			continue;
		if (probe->flags & SOCKTRACE_PROBE_ADDRESS)
			run->sees_address = true;
		if (probe->type == SOCKTRACE_CONNECT && probe->via == SOCKTRACE_VIA_IO_URING)
			run->may_see_address = true;
	}
}

/* For sockets: short enough for their names, wherever there is a place. */
static void make_directory(struct run *run)
{
	static const char *const places[] = { "/tmp", "/run", "/dev/shm" };
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(run->directory, sizeof(run->directory), "%s/socktrace-selftest.XXXXXX",
			 places[i]);
		if (mkdtemp(run->directory))
			return;
	}
	run->directory[0] = '\0';
}

static void empty_directory(const struct run *run)
{
	char file[sizeof(run->directory) + sizeof("/socket")];

	snprintf(file, sizeof(file), "%s/socket", run->directory);
	if (run->directory[0])
		unlink(file);
}

__attribute__((noreturn))
static void child(struct selftest_path *path, pid_t parent)
{
	signals_restore();
	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0L, 0L, 0L);
	if (getppid() != parent)
		_exit(0);
	alarm(LIMIT_S);
	path_begin(path);
	if (path->row->needs)
		path->row->needs(path);
	path->row->drive(path);
	_exit(0);
}

static void blame_child(struct selftest_path *path, int status)
{
	int number = WTERMSIG(status);

	if (!WIFSIGNALED(status))
		return;
	path->result = SELFTEST_UNTRIED;
	if (number == SIGALRM)
		snprintf(path->reason, sizeof(path->reason), "it was not done after %d s", LIMIT_S);
	else
		snprintf(path->reason, sizeof(path->reason), "signal %d killed it: %s", number,
			 strsignal(number));
}

/* The child's pid; -1: there is none, or a signal asks to end. */
static pid_t drive(struct run *run, const struct selftest_row *row)
{
	struct selftest_path *path = run->path;
	pid_t parent = getpid(), pid;
	int status = 0;

	memset(path, 0, sizeof(*path));
	path->row = row;
	path->directory = run->directory[0] ? run->directory : NULL;
	path->sees_hook = run->sees_hook;
	path->sees_address = run->sees_address;
	path->may_see_address = run->may_see_address;
	path->sees_graft = run->sees_graft;
	path->sees_bind = run->sees_bind;
	path->sees_outcome = run->sees_outcome;
	pid = fork();
	if (!pid)
		child(path, parent);
	if (pid < 0) {
		path->result = SELFTEST_UNTRIED;
		snprintf(path->reason, sizeof(path->reason), "fork: %s", strerror(errno));
		return 0;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
		if (signals_stops)
			kill(pid, SIGKILL);
	}
	empty_directory(run);
	blame_child(path, status);
	return signals_stops ? -1 : pid;
}

static void keep(struct run *run, const struct socktrace_event *ev, pid_t pid)
{
	const struct selftest_row *row = run->path->row;

	if (ev->tgid != (__u32)pid || ev->type >= 32 ||
	    !(row->events & SOCKTRACE_EVENT_BIT(ev->type)))
		return;
	if (run->nr_records < KEPT)
		memcpy(&run->records[run->nr_records], ev, sizeof(*ev));
	run->nr_records++;
}

/* All that is there by now: the child has ended, so all that it did is. */
static int collect(struct run *run, pid_t pid)
{
	struct device *device = run->device;
	const struct socktrace_event *ev;
	ssize_t n;
	size_t at;

	run->nr_records = 0;
	while ((n = device_read(device, run->batch, run->batch_size)) > 0) {
		for (at = 0; at < (size_t)n; at += ev->size) {
			ev = record_at(run->batch + at, (size_t)n - at);
			if (!ev) {
				snprintf(device->error, sizeof(device->error),
					 "%s: gave a broken record", device->path);
				return -1;
			}
			keep(run, ev, pid);
		}
	}
	return n == -1 ? -1 : 0;
}

static void judge(const struct run *run, struct selftest_verdict *verdict)
{
	const struct selftest_path *path = run->path;
	struct selftest_difference *difference = &verdict->difference;
	unsigned int i;

	verdict->fields = 0;
	verdict->reason = path->reason;
	verdict->result = path->result;
	if (path->result == SELFTEST_ABSENT || path->result == SELFTEST_UNTRIED)
		return;
	if (!run->nr_records) {
		verdict->result = SELFTEST_NOT_SEEN;
		return;
	}
	verdict->result = SELFTEST_WRONG;
	if (run->nr_records != path->nr_expects) {
		difference->field = "records";
		snprintf(difference->got, sizeof(difference->got), "%u", run->nr_records);
		snprintf(difference->expected, sizeof(difference->expected), "%u",
			 path->nr_expects);
		return;
	}
	for (i = 0; i < path->nr_expects; i++) {
		if (!selftest_check(&path->expects[i], &run->records[i],
				    i ? &run->records[i - 1] : NULL, difference))
			return;
		verdict->fields |= path->expects[i].fields;
	}
	verdict->result = SELFTEST_SEEN;
}

static int rows(struct run *run, struct selftest_report *report)
{
	static struct selftest_verdict verdict;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < selftest_nr_rows; i++) {
		pid = drive(run, &selftest_rows[i]);
		if (pid < 0 || collect(run, pid))
			return -1;
		judge(run, &verdict);
		selftest_report_row(report, &selftest_rows[i], &verdict);
		if (out_flush(report->out))
			return -1;
	}
	return 0;
}

int selftest_run(struct device *device, void *batch, size_t batch_size,
		 struct selftest_report *report)
{
	static struct run run;
	int ret = -1;

	run.device = device;
	run.batch = batch;
	run.batch_size = batch_size;
	run.sees_hook = armed(device, SOCKTRACE_SECURITY_SOCKET_CONNECT, 0);
	look_for_address(&run);
	run.sees_graft = armed(device, SOCKTRACE_ACCEPT4, SOCKTRACE_PROBE_FACTS);
	run.sees_bind = armed(device, SOCKTRACE_BIND, SOCKTRACE_PROBE_FACTS);
	run.sees_outcome = armed(device, SOCKTRACE_CONNECTED, 0);
	run.path = mmap(NULL, sizeof(*run.path), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.path == MAP_FAILED) {
		snprintf(device->error, sizeof(device->error), "%s", strerror(errno));
		return -1;
	}
	make_directory(&run);
	report->device = device;
	selftest_report_begin(report);
	if (!rows(&run, report))
		ret = selftest_report_end(report) ? 0 : 1;
	if (out_flush(report->out))
		ret = -1;
	if (run.directory[0])
		rmdir(run.directory);
	munmap(run.path, sizeof(*run.path));
	return ret;
}
