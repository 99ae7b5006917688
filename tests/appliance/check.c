// SPDX-License-Identifier: GPL-2.0
/*
 * check: whether what the module tells is so, on a machine that has nothing but a
 * kernel. Loads the module itself. TAP.
 *
 * These are the promises; what each kind of call looks like is the selftest's.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup.h"
#include "device.h"
#include "module.h"
#include "tap.h"

#define WORKERS 4
#define TURNS 500 /* of four calls */
#define DEATHS 1000

#define BOTH_PHASES ((1U << SOCKTRACE_ENTER) | (1U << SOCKTRACE_EXIT))

/* What a session told, of the calls alone. */
struct told {
	struct made made[MADE_KINDS]; /* at EXIT */
	uint64_t entries, missed; /* at ENTER; of these, with RETURN_MISSED */
	uint64_t lost; /* that LOST records tell of */
	uint64_t other; /* of a process or type that no rule takes */
	const struct worker *workers; /* WORKERS of them; NULL: anybody's */
};

static bool is_ours(const struct told *told, const struct socktrace_event *ev)
{
	unsigned int i;

	for (i = 0; told->workers && i < WORKERS; i++)
		if ((pid_t)ev->tgid == told->workers[i].pid)
			return true;
	return !told->workers;
}

static void count(const struct socktrace_event *ev, void *arg)
{
	struct told *told = arg;

	if (ev->type == SOCKTRACE_LOST) {
		told->lost += ev->lost_count;
	} else if (ev->type < SOCKTRACE_SOCKET || ev->type > SOCKTRACE_ACCEPT4 ||
		   !is_ours(told, ev)) {
		told->other++;
	} else if (ev->phase == SOCKTRACE_EXIT) {
		told->made[ev->type].calls++;
		told->made[ev->type].results += ev->ret;
	} else {
		told->entries++;
		told->missed += !!(ev->flags & SOCKTRACE_F_RETURN_MISSED);
	}
}

static void drain(int fd, struct told *told)
{
	session_read(fd, ~0U, count, told);
}

/* As many rules as there are workers: the calls of each. */
static void only_of(int fd, const struct worker *workers)
{
	struct socktrace_rule rules[WORKERS];
	unsigned int i;

	memset(rules, 0, sizeof(rules));
	for (i = 0; i < WORKERS; i++) {
		rules[i].match = SOCKTRACE_MATCH_TGID | SOCKTRACE_MATCH_EVENTS;
		rules[i].action = SOCKTRACE_ACCEPT;
		rules[i].tgid = (uint32_t)workers[i].pid;
		rules[i].events = CALLS;
	}
	session_filter(fd, rules, WORKERS);
}

static void workers_new(struct worker *workers, unsigned int turns)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		workers[i] = worker_new(turns);
}

static void workers_go(struct worker *workers)
{
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		worker_go(&workers[i]);
}

/* Ends them; `sum`: what all have made. */
static void workers_end(struct worker *workers, struct made *sum)
{
	unsigned int i, type;

	memset(sum, 0, MADE_KINDS * sizeof(*sum));
	for (i = 0; i < WORKERS; i++) {
		worker_end(&workers[i]);
		for (type = 0; type < MADE_KINDS; type++) {
			sum[type].calls += workers[i].made[type].calls;
			sum[type].results += workers[i].made[type].results;
		}
	}
}

static uint64_t calls_of(const struct made *made)
{
	return made[SOCKTRACE_SOCKET].calls + made[SOCKTRACE_CONNECT].calls +
	       made[SOCKTRACE_ACCEPT4].calls;
}

static void same_calls(const struct made *got, const struct made *expected)
{
	static const char *const names[MADE_KINDS] = { "", "socket()", "connect()",
						       "accept4()" };
	char what[64];
	unsigned int type;

	for (type = SOCKTRACE_SOCKET; type <= SOCKTRACE_ACCEPT4; type++) {
		EQUAL(got[type].calls, expected[type].calls, names[type]);
		snprintf(what, sizeof(what), "sum of what %s returned", names[type]);
		EQUAL(got[type].results, expected[type].results, what);
	}
}

/* A reader that keeps up sees each call, and what each returned. */
static void load_is_told(const char *parameters)
{
	struct worker workers[WORKERS];
	struct told told = { .workers = workers };
	struct made made[MADE_KINDS];
	struct socktrace_stats stats;
	int fd;

	device_load(parameters);
	/* Room for all of it, should the machine have but one processor. */
	fd = session_open(4 * WORKERS * TURNS, 1U << SOCKTRACE_EXIT);
	workers_new(workers, TURNS);
	only_of(fd, workers);
	session_start(fd);
	workers_go(workers);
	while (calls_of(told.made) < WORKERS * TURNS) {
		struct pollfd in = { .fd = fd, .events = POLLIN };

		CHECK(poll(&in, 1, 60000) == 1, "no record came within a minute");
		drain(fd, &told);
	}
	workers_end(workers, made);
	session_stop(fd);
	drain(fd, &told);
	stats = session_stats(fd);
	EQUAL(made[SOCKTRACE_SOCKET].calls, WORKERS * TURNS, "made");
	same_calls(told.made, made);
	EQUAL(told.other, 0, "records that no rule takes");
	EQUAL(told.entries + told.lost, 0, "entries and losses");
	EQUAL(stats.dropped + stats.missed + stats.queued + stats.flushed, 0, "not delivered");
	EQUAL(stats.delivered, calls_of(made), "delivered");
	session_close(fd);
}

static void load(void)
{
	load_is_told("");
}

static void load_with_little_room(void)
{
	load_is_told("maxactive=64");
}

/*
 * One call of a kind can be held: of four that are blocked, three are told as missed,
 * by an entry record each.
 */
static void misses(void)
{
	struct told told = { .workers = NULL };
	struct socktrace_rule rule = {
		.match = SOCKTRACE_MATCH_EVENTS,
		.action = SOCKTRACE_ACCEPT,
		.events = SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4),
	};
	struct blocked blocked;
	int fd;

	device_load("maxactive=1");
	fd = session_open(0, 1U << SOCKTRACE_EXIT);
	session_filter(fd, &rule, 1);
	session_start(fd);
	blocked = blocked_new(4);
	EQUAL(blocked_release(&blocked), 4, "accepts that came back");
	session_stop(fd);
	drain(fd, &told);
	EQUAL(session_stats(fd).missed, 3, "missed");
	EQUAL(told.missed, 3, "entries that say that their return is missed");
	EQUAL(told.made[SOCKTRACE_ACCEPT4].calls, 1, "returns");
	session_close(fd);
}

/* What does not fit is told as lost, exactly; and what fits is given. */
static void overload(void)
{
	struct worker workers[WORKERS];
	struct told told = { .workers = workers };
	struct made made[MADE_KINDS];
	struct socktrace_stats stats;
	int fd;

	device_load("");
	fd = session_open(16, BOTH_PHASES);
	workers_new(workers, TURNS);
	only_of(fd, workers);
	session_start(fd);
	workers_go(workers);
	workers_end(workers, made);
	session_stop(fd);
	stats = session_stats(fd);
	CHECK(stats.dropped > 0, "nothing was dropped");
	/* Each of the four calls of a turn is an entry and a return. */
	EQUAL(stats.queued + stats.dropped, 2 * calls_of(made), "queued and dropped");
	drain(fd, &told);
	stats = session_stats(fd);
	EQUAL(stats.queued, 0, "queued");
	EQUAL(told.entries + calls_of(told.made), stats.delivered, "delivered");
	EQUAL(told.lost, stats.dropped, "losses that were told");
	session_close(fd);
}

/* Refused calls are counted, by entry and by return. */
static void filters(void)
{
	struct worker workers[WORKERS];
	struct told told = { .workers = workers };
	struct made made[MADE_KINDS];
	struct socktrace_rule rules[3];
	struct socktrace_stats stats;
	int fd;

	device_load("");
	fd = session_open(8192, 1U << SOCKTRACE_EXIT);
	workers_new(workers, TURNS);
	memset(rules, 0, sizeof(rules));
	rules[0].match = SOCKTRACE_MATCH_TGID;
	rules[0].action = SOCKTRACE_REJECT;
	rules[0].tgid = (uint32_t)workers[0].pid;
	rules[1].match = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_ERROR;
	rules[1].action = SOCKTRACE_ACCEPT;
	rules[1].events = SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT);
	rules[1].error = ENOENT;
	rules[2].match = SOCKTRACE_MATCH_EVENTS | SOCKTRACE_MATCH_TGID;
	rules[2].action = SOCKTRACE_ACCEPT;
	rules[2].events = SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET);
	rules[2].tgid = (uint32_t)workers[1].pid;
	session_filter(fd, rules, 3);
	session_start(fd);
	workers_go(workers);
	workers_end(workers, made);
	session_stop(fd);
	drain(fd, &told);
	stats = session_stats(fd);
	EQUAL(told.made[SOCKTRACE_CONNECT].calls, (WORKERS - 1) * TURNS, "connects that failed");
	EQUAL(told.made[SOCKTRACE_CONNECT].results, -(long long)ENOENT * (WORKERS - 1) * TURNS,
	      "sum of what they returned");
	EQUAL(told.made[SOCKTRACE_SOCKET].calls, TURNS, "sockets of one worker");
	EQUAL(told.made[SOCKTRACE_ACCEPT4].calls + told.other, 0, "others");
	EQUAL(stats.dropped + stats.missed, 0, "dropped and missed");
	EQUAL(stats.delivered, WORKERS * TURNS, "delivered");
	session_close(fd);
}

/* Who has no session, and who has one that is stopped, hears nothing. */
static void stopped(void)
{
	struct worker workers[WORKERS];
	struct made made[MADE_KINDS];
	struct socktrace_stats before, after;
	int fd;

	device_load("");
	fd = session_open(64, BOTH_PHASES);
	workers_new(workers, TURNS);
	only_of(fd, workers);
	session_start(fd);
	session_stop(fd);
	before = session_stats(fd);
	workers_go(workers);
	workers_end(workers, made);
	after = session_stats(fd);
	EQUAL(after.hits, before.hits, "hits after STOP");
	session_close(fd);
}

/*
 * The kernel frees what a dead process was in interrupts, which come while a probe is
 * handled, too: there mips' kernel forgets that one is, and panics at its next step.
 */
static void deaths(void)
{
	struct worker workers[WORKERS];
	struct told told = { .workers = workers };
	struct made made[MADE_KINDS];
	struct socktrace_stats stats;
	unsigned int i;
	int fd;

	device_load("");
	fd = session_open(256, 1U << SOCKTRACE_EXIT);
	workers_new(workers, 0);
	only_of(fd, workers);
	session_start(fd);
	workers_go(workers);
	for (i = 0; i < DEATHS; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		CHECK(waitpid(pid, NULL, 0) == pid, "a process that ended at once");
		drain(fd, &told);
	}
	workers_end(workers, made);
	session_stop(fd);
	drain(fd, &told);
	stats = session_stats(fd);
	EQUAL(calls_of(told.made) + stats.dropped, calls_of(made), "told, and dropped");
	EQUAL(told.lost, stats.dropped, "losses that were told");
	EQUAL(stats.missed, 0, "missed");
	session_close(fd);
}

/* The module goes and comes while calls are made, and none of them notices. */
static void unload(void)
{
	struct worker workers[WORKERS];
	struct made made[MADE_KINDS];
	struct told told;
	int fd, turn;

	device_unload();
	workers_new(workers, 0);
	workers_go(workers);
	for (turn = 0; turn < 6; turn++) {
		device_load("");
		fd = session_open(256, BOTH_PHASES);
		only_of(fd, workers);
		session_start(fd);
		memset(&told, 0, sizeof(told));
		told.workers = workers;
		while (calls_of(told.made) < 20)
			drain(fd, &told);
		if (turn % 2) {
			session_stop(fd);
			session_stats(fd);
		}
		session_close(fd);
		device_unload();
	}
	workers_end(workers, made);
	CHECK(calls_of(made) > 0, "no calls");
	tap_note("%llu calls meanwhile", (unsigned long long)calls_of(made));
}

/* Calls that are blocked while the module goes return as if nothing had been. */
static void unload_under_blocked(void)
{
	struct blocked blocked;
	int fd;

	device_load("");
	fd = session_open(64, BOTH_PHASES);
	session_start(fd);
	blocked = blocked_new(8);
	session_close(fd);
	device_unload();
	EQUAL(blocked_release(&blocked), 8, "accepts that came back");
}

/*
 * Nobody has loaded it: by now what the kernel starts with has it, and the parameters
 * that the kernel's command line has for it.
 */
static void parameters(void)
{
	char line[4096] = "", *word;
	FILE *file = fopen("/proc/cmdline", "r");
	unsigned int count = 0;

	CHECK(access(SOCKTRACE_DEVICE, R_OK) == 0, SOCKTRACE_DEVICE ": %s", strerror(errno));
	CHECK(file && fgets(line, sizeof(line), file), "/proc/cmdline");
	fclose(file);
	for (word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		if (strncmp(word, MODULE_NAME ".", strlen(MODULE_NAME ".")) != 0)
			continue;
		word += strlen(MODULE_NAME ".");
		CHECK(device_has(word), "not so: %s", word);
		tap_note("%s", word);
		count++;
	}
	if (!count)
		tap_skip("the kernel's command line has none");
}

struct namespaces {
	const struct worker *worker;
	uint32_t mnt; /* of the last of its records */
	unsigned int records;
};

static void note_mntns(const struct socktrace_event *ev, void *arg)
{
	struct namespaces *told = arg;

	if ((pid_t)ev->tgid == told->worker->pid) {
		told->mnt = ev->mntns;
		told->records++;
	}
}

/*
 * Which root directory is the machine's is not known yet when the kernel starts the
 * module: no root is mounted then.
 */
static void mount_namespace(void)
{
	struct namespaces told = { NULL, 0, 0 };
	struct worker worker;
	struct stat ours;
	int fd;

	if (stat("/proc/self/ns/mnt", &ours) != 0)
		tap_skip("no mount namespaces in this kernel");
	device_load("");
	fd = session_open(64, 1U << SOCKTRACE_EXIT);
	worker = worker_new(1);
	session_start(fd);
	worker_go(&worker);
	worker_end(&worker);
	session_stop(fd);
	told.worker = &worker;
	session_read(fd, ~0U, note_mntns, &told);
	CHECK(told.records >= 4, "%u records", told.records);
	EQUAL(told.mnt, ours.st_ino, "mntns");
	session_stats(fd);
	session_close(fd);
}

static const struct tap_case cases[] = {
	{ "built in: it is there at once, with the command line's parameters", parameters,
	  device_is_built_in },
	{ "the caller's mount namespace is told", mount_namespace, NULL },
	{ "the caller's cgroup is told, and filtered by", cgroup, NULL },
	{ "law: a load is told call by call, with what each returned", load, NULL },
	{ "law: likewise where only 64 calls can be in flight", load_with_little_room, NULL },
	{ "law: returns that can't be hooked are told", misses, NULL },
	{ "law: an overload is told exactly", overload, NULL },
	{ "filter: by process, event and error; what is refused is counted", filters, NULL },
	{ "idle: nothing is heard after STOP", stopped, NULL },
	{ "law: calls are told while processes die", deaths, NULL },
	{ "unload: six cycles of load, trace, unload under traffic", unload, NULL },
	{ "unload: under calls that are blocked", unload_under_blocked, NULL },
};

int main(void)
{
	int status = tap_run(cases, sizeof(cases) / sizeof(cases[0]));

	module_unload(MODULE_NAME);
	return status;
}
