// SPDX-License-Identifier: GPL-2.0
/*
 * Other processes: those that inherit a session, lose their rights, run another
 * program, or are killed in the middle of a call; and one that opens and closes
 * sessions of its own all the time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define NOBODY 65534

/* --- children of a thread: from fork() on only what a signal handler may do -- */

/* Calls that take no record, or, where @leaky, such as do. */
static void use_inherited(struct rng *rng, int fd, bool leaky)
{
	struct socktrace_event calls[4];
	struct socktrace_inflight inflight = {
		.nr_records = 4, .record_size = sizeof(calls[0]), .records = (uintptr_t)calls,
	};
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct socktrace_filter filter = { .rule_size = sizeof(struct socktrace_rule) };
	struct socktrace_stats stats;
	struct socktrace_info info = { 0 };
	uint8_t bytes[4 * RECORD];
	ssize_t got;

	switch (below(rng, 7)) {
	case 0:
		ioctl(fd, SOCKTRACE_IOC_GET_STATS, &stats);
		break;
	case 1:
		ioctl(fd, SOCKTRACE_IOC_GET_INFO, &info);
		break;
	case 2:
		ioctl(fd, SOCKTRACE_IOC_GET_INFLIGHT, &inflight);
		break;
	case 3:
		ioctl(fd, SOCKTRACE_IOC_GET_FILTER, &filter);
		break;
	case 4:
		make_traffic(rng);
		break;
	case 5:
		poll(&pollfd, 1, below(rng, 3));
		break;
	default:
		got = leaky ? read(fd, bytes, sizeof(bytes)) : 0;
		if (got > 0)
			check_records(bytes, got, 0, NULL);
	}
}

/* Its last call may wait for ever: somebody kills it. */
static void until_killed(struct rng *rng, int fd, bool leaky)
{
	for (;;)
		use_inherited(rng, fd, leaky);
}

static void without_privilege(struct rng *rng, int fd, bool leaky)
{
	did(DID_NO_PRIVILEGE);
	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		fail(RESULTS, "setresuid: %s", strerror(errno));
	EXPECT(RESULTS, open(SOCKTRACE_DEVICE, O_RDONLY) < 0,
	       "open succeeded without any privilege");
	for (int i = 0; i < 4; i++)
		use_inherited(rng, fd, leaky);
}

/* As many sessions as there may be, and one more. */
static void open_all(void)
{
	unsigned int opened = 0;

	did(DID_NO_MORE);
	for (int i = 0; i < 70; i++) {
		int fd = open(SOCKTRACE_DEVICE, O_RDONLY);

		if (fd >= 0)
			opened++;
		else
			EXPECT(RESULTS, ONE_OF(errno, EUSERS, ENOMEM, EMFILE), "open: %s",
			       strerror(errno));
	}
	EXPECT(RESULTS, opened < 70, "%u sessions were open at once", opened);
}

/* A session of its own, in whose call it is killed. */
static void own_session(struct rng *rng)
{
	int fd = open(SOCKTRACE_DEVICE, O_RDONLY);

	if (fd >= 0)
		until_killed(rng, fd, true);
	_exit(0);
}

enum { INHERIT, EXEC, KILLED, KILLED_OWN, NO_PRIVILEGE, ALL_SESSIONS, NR_KINDS };

static void child(unsigned int kind, struct rng *rng, int fd, bool leaky)
{
	char number[16], stream[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	switch (kind) {
	case INHERIT:
		for (int i = 0; i < 8; i++)
			use_inherited(rng, fd, false);
		break;
	case EXEC:
		snprintf(number, sizeof(number), "%d", fd);
		snprintf(stream, sizeof(stream), "%llu", (unsigned long long)rng_next(rng));
		execl("/proc/self/exe", "fuzz-child", "--child", number, stream, NULL);
		break;
	case KILLED:
		until_killed(rng, fd, leaky);
		break;
	case KILLED_OWN:
		own_session(rng);
		break;
	case NO_PRIVILEGE:
		without_privilege(rng, fd, false);
		break;
	case ALL_SESSIONS:
		open_all();
		break;
	}
	_exit(0);
}

/* Nobody else waits for it, and each kind ends, or is ended. */
void do_child(struct worker *w, struct session *s)
{
	unsigned int kind = below(&w->rng, NR_KINDS);
	struct rng rng;
	pid_t pid;

	did(kind == EXEC ? DID_EXEC : DID_CHILD);
	rng_init(&rng, seed, rng_next(&w->rng) >> 32);
	pid = fork();
	if (pid < 0) {
		fail(RESULTS, "fork: %s", strerror(errno));
		return;
	}
	if (!pid)
		child(kind, &rng, s->fd, s->leaky);
	if (kind == KILLED || kind == KILLED_OWN) {
		did(DID_KILL);
		usleep(below(&w->rng, 20000));
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* The program that was run instead: fd may be gone, by O_CLOEXEC. */
int child_main(int fd, uint64_t stream)
{
	struct rng rng;

	rng_init(&rng, stream, 0);
	for (int i = 0; i < 8; i++)
		use_inherited(&rng, fd, false);
	return 0;
}

/* --- the process that comes and goes ----------------------------------------- */

struct reader {
	int fd;
	atomic_bool ended;
};

static void *read_to_the_end(void *argument)
{
	struct reader *reader = argument;
	uint8_t bytes[16 * RECORD];
	ssize_t got;

	do {
		got = read(reader->fd, bytes, sizeof(bytes));
		if (got > 0)
			check_records(bytes, got, 0, NULL);
	} while (got > 0);
	if (got < 0)
		EXPECT(RESULTS, ONE_OF(errno, EINTR, EBADF, EAGAIN), "read of a closed session: %s",
		       strerror(errno));
	reader->ended = true;
	return NULL;
}

/* Closed while a thread waits in read(): only a signal gets that one out. */
static void close_under_read(void)
{
	struct reader reader = { .fd = open(SOCKTRACE_DEVICE, O_RDONLY) };
	pthread_t thread;

	if (reader.fd < 0)
		return;
	did(DID_CLOSE_UNDER_READ);
	if (pthread_create(&thread, NULL, read_to_the_end, &reader)) {
		close(reader.fd);
		return;
	}
	usleep(2000);
	close(reader.fd);
	while (!reader.ended) {
		pthread_kill(thread, SIGUSR1);
		usleep(1000);
	}
	pthread_join(thread, NULL);
}

/* What was set is what is there: nobody else has this session. */
static void check_filter(struct rng *rng, int fd)
{
	struct socktrace_rule set[8], got[8];
	struct socktrace_filter filter = {
		.nr_rules = below(rng, 9),
		.rule_size = sizeof(set[0]),
		.default_action = SOCKTRACE_ACCEPT,
		.rules = (uintptr_t)set,
	};

	if (!random_rules(rng, (uint8_t *)set, filter.nr_rules, sizeof(set[0])))
		return;
	if (ioctl(fd, SOCKTRACE_IOC_SET_FILTER, &filter)) {
		EXPECT(RESULTS, errno == ENOMEM, "SET_FILTER: %s", strerror(errno));
		return;
	}
	filter.rules = (uintptr_t)got;
	EXPECT(RESULTS, !ioctl(fd, SOCKTRACE_IOC_GET_FILTER, &filter) &&
	       !memcmp(set, got, filter.nr_rules * sizeof(set[0])),
	       "GET_FILTER: not what was set");
	if (one_in(rng, 2)) /* so that all is recorded */
		ioctl(fd, SOCKTRACE_IOC_SET_FILTER,
		      &(struct socktrace_filter){ .rule_size = sizeof(set[0]),
						  .default_action = SOCKTRACE_ACCEPT });
}

static void one_session(struct rng *rng)
{
	static uint8_t bytes[128 * RECORD];
	struct socktrace_config config;
	struct socktrace_stats stats;
	int fd = open(SOCKTRACE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		EXPECT(RESULTS, ONE_OF(errno, EUSERS, ENOMEM), "open: %s", strerror(errno));
		return;
	}
	did(DID_SESSION);
	random_config(rng, &config);
	if (ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config))
		fail(RESULTS, "SET_CONFIG: %s", strerror(errno));
	check_filter(rng, fd);
	if (ioctl(fd, SOCKTRACE_IOC_START)) {
		EXPECT(RESULTS, errno == ENOMEM, "START: %s", strerror(errno));
		close(fd);
		return;
	}
	EXPECT(RESULTS, ioctl(fd, SOCKTRACE_IOC_SET_CONFIG, &config) < 0 && errno == EBUSY,
	       "SET_CONFIG of a started session");
	for (unsigned int n = between(rng, 1, 100); n; n--) {
		make_traffic(rng);
		if (!one_in(rng, 8))
			continue;
		got = read(fd, bytes, RECORD * between(rng, 1, 128));
		if (got > 0)
			check_records(bytes, got, config.phases, NULL);
	}
	if (one_in(rng, 4)) {
		close(fd); /* as it is */
		return;
	}
	ioctl(fd, SOCKTRACE_IOC_STOP);
	if (one_in(rng, 3))
		ioctl(fd, SOCKTRACE_IOC_FLUSH);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		check_records(bytes, got, config.phases, NULL);
	EXPECT(RESULTS, !got, "read of a stopped session: %s", strerror(errno));
	if (ioctl(fd, SOCKTRACE_IOC_GET_STATS, &stats))
		fail(RESULTS, "GET_STATS: %s", strerror(errno));
	else
		check_law(&stats, "of the process that comes and goes");
	close(fd);
}

void churn(void)
{
	struct rng rng;

	rng_init(&rng, seed, 2000);
	while (!shared->over) {
		one_session(&rng);
		if (one_in(&rng, 4))
			close_under_read();
		usleep(between(&rng, 1000, 50000));
	}
}
