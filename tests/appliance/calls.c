// SPDX-License-Identifier: GPL-2.0
#include "calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static const struct sockaddr_un nowhere = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };

/* An abstract listener of that number in this process. */
static int listener(unsigned int number, struct sockaddr_un *name, socklen_t *len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(name, 0, sizeof(*name));
	name->sun_family = AF_UNIX;
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(name->sun_path + 1, sizeof(name->sun_path) - 1,
					    "appliance-%d-%u", (int)getpid(), number));
	if (fd < 0 || bind(fd, (struct sockaddr *)name, *len) != 0 || listen(fd, 8) != 0)
		_exit(3);
	return fd;
}

/* A child has its two pipes of what its parent has open, and no session. */
static void keep_only(int one, int other)
{
	int fd;

	for (fd = STDERR_FILENO + 1; fd < 256; fd++)
		if (fd != one && fd != other)
			close(fd);
}

static int note(struct made *made, int result)
{
	made->calls++;
	made->results += result < 0 ? -errno : result;
	return result;
}

static bool is_over(int go)
{
	struct pollfd in = { .fd = go, .events = POLLIN };

	return poll(&in, 1, 0) != 0;
}

static void work(unsigned int turns, int go, int report)
{
	struct made made[MADE_KINDS] = { { 0, 0 } };
	struct sockaddr_un name;
	socklen_t len;
	int listening = listener(0, &name, &len);
	int fd, connection;
	unsigned int i;
	char byte;

	/* Ready: its own listener is none of the calls that are counted. */
	if (write(report, "r", 1) != 1 || read(go, &byte, 1) != 1)
		_exit(4);
	for (i = 0; turns ? i < turns : !is_over(go); i++) {
		fd = note(&made[SOCKTRACE_SOCKET], socket(AF_UNIX, SOCK_STREAM, 0));
		if (note(&made[SOCKTRACE_CONNECT],
			 connect(fd, (struct sockaddr *)&name, len)) != 0)
			_exit(5);
		connection = note(&made[SOCKTRACE_ACCEPT4],
				  accept4(listening, NULL, NULL, SOCK_CLOEXEC));
		if (fd < 0 || connection < 0)
			_exit(6);
		close(connection);
		close(fd);
		/* ENOENT */
		if (note(&made[SOCKTRACE_CONNECT],
			 connect(listening, (const struct sockaddr *)&nowhere,
				 sizeof(nowhere))) == 0)
			_exit(7);
	}
	_exit(write(report, made, sizeof(made)) == (ssize_t)sizeof(made) ? 0 : 8);
}

struct worker worker_new(unsigned int turns)
{
	struct worker worker = { .pid = -1 };
	int go[2], report[2];
	char byte;

	CHECK(pipe2(go, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0, "pipe2: %s",
	      strerror(errno));
	worker.pid = fork();
	CHECK(worker.pid >= 0, "fork: %s", strerror(errno));
	if (worker.pid == 0) {
		keep_only(go[0], report[1]);
		work(turns, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	worker.go = go[1];
	worker.report = report[0];
	EQUAL(read(worker.report, &byte, 1), 1, "a worker that is ready");
	return worker;
}

void worker_go(struct worker *worker)
{
	EQUAL(write(worker->go, "g", 1), 1, "a worker's pipe");
}

void worker_end(struct worker *worker)
{
	ssize_t got;
	int status;

	close(worker->go);
	got = read(worker->report, worker->made, sizeof(worker->made));
	close(worker->report);
	waitpid(worker->pid, &status, 0);
	EQUAL(status, 0, "a worker's status (exit status * 256)");
	EQUAL(got, sizeof(worker->made), "a worker's report");
}

struct lane {
	pthread_t thread;
	struct sockaddr_un name;
	socklen_t len;
	int fd;
	bool good;
};

static void *accept_one(void *arg)
{
	struct lane *lane = arg;
	int fd = accept4(lane->fd, NULL, NULL, 0);

	lane->good = fd >= 0 && close(fd) == 0;
	return NULL;
}

/* How many threads of this process sleep: all but the caller, once they are blocked. */
static unsigned int sleepers(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned int count = 0;
	char path[300], stat[256];
	struct dirent *task;
	const char *state;
	FILE *file;
	size_t len;

	while (tasks && (task = readdir(tasks)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		len = fread(stat, 1, sizeof(stat) - 1, file);
		fclose(file);
		stat[len] = '\0';
		state = strrchr(stat, ')');
		count += state && state[1] && state[2] == 'S';
	}
	if (tasks)
		closedir(tasks);
	return count;
}

static void block(unsigned int threads, int release, int report)
{
	struct lane *lanes = calloc(threads, sizeof(*lanes));
	unsigned int i;
	char good = 0, byte;
	int fd;

	for (i = 0; i < threads; i++) {
		lanes[i].fd = listener(i, &lanes[i].name, &lanes[i].len);
		if (pthread_create(&lanes[i].thread, NULL, accept_one, &lanes[i]) != 0)
			_exit(4);
	}
	while (sleepers() < threads)
		usleep(10000);
	if (write(report, "r", 1) != 1 || read(release, &byte, 1) != 0)
		_exit(5);
	for (i = 0; i < threads; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&lanes[i].name, lanes[i].len) != 0)
			_exit(6);
		pthread_join(lanes[i].thread, NULL);
		close(fd);
		good = (char)(good + lanes[i].good);
	}
	_exit(good);
}

struct blocked blocked_new(unsigned int threads)
{
	struct blocked blocked = { .pid = -1 };
	int release[2], report[2];
	char byte;

	CHECK(pipe2(release, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0, "pipe2: %s",
	      strerror(errno));
	blocked.pid = fork();
	CHECK(blocked.pid >= 0, "fork: %s", strerror(errno));
	if (blocked.pid == 0) {
		keep_only(release[0], report[1]);
		block(threads, release[0], report[1]);
	}
	close(release[0]);
	close(report[1]);
	blocked.release = release[1];
	EQUAL(read(report[0], &byte, 1), 1, "threads that are blocked");
	close(report[0]);
	return blocked;
}

unsigned int blocked_release(struct blocked *blocked)
{
	int status;

	close(blocked->release);
	waitpid(blocked->pid, &status, 0);
	CHECK(WIFEXITED(status), "blocked threads: wait status %#x", status);
	return (unsigned int)WEXITSTATUS(status);
}
