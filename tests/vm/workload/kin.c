// SPDX-License-Identifier: GPL-2.0
/*
 * kin KIND [N]: waits for a byte on standard input, and then makes processes in one of
 * the ways below. Each calls socket() once and tells of it: `NAME PID CALLED DONE BORN`,
 * the times in nanoseconds of CLOCK_BOOTTIME: before its call and after it, and before
 * its maker made it (0: not known).
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *self;
static int64_t born;

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void call(const char *name)
{
	long long called = now(), done;
	char line[128];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), len;

	done = now();
	close(fd);
	len = snprintf(line, sizeof(line), "%s %d %lld %lld %lld\n", name, getpid(), called,
		       done, (long long)born);
	if (write(STDOUT_FILENO, line, len) != len)
		_exit(1);
}

static pid_t make(void)
{
	int64_t before = now();
	pid_t pid = fork();

	if (pid < 0)
		_exit(1);
	if (!pid)
		born = before;
	return pid;
}

static void wait_for_another_parent(pid_t parent)
{
	while (getppid() == parent)
		usleep(1000);
}

/*
 * In a child: its own child, whose maker ends before it calls. What that one makes tells
 * when it was made.
 */
static void orphan(const char *name)
{
	pid_t maker = getpid();
	int64_t made;

	if (make())
		_exit(0);
	made = born;
	wait_for_another_parent(maker);
	setsid();
	if (!make()) {
		born = made;
		call(name);
		_exit(0);
	}
	call(name);
	wait(NULL);
	_exit(0);
}

static void daemonize(int number)
{
	(void)number;
	if (!make())
		orphan("daemon");
	wait(NULL);
	call("root");
}

static void root_ends(int number)
{
	pid_t root = getpid();

	(void)number;
	call("root");
	if (make())
		_exit(0);
	wait_for_another_parent(root);
	call("child");
	if (!make())
		call("grandchild");
	else
		wait(NULL);
}

static void clone_parent(int number)
{
	pid_t maker = getpid();

	(void)number;
	if (!make()) {
		/* The root's child by this, and nobody's here. */
		if (!syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)) {
			if (getppid() != maker)
				_exit(1);
			call("sibling");
			_exit(0);
		}
		call("child");
		_exit(0);
	}
	/* Likewise of the root itself: whoever started this is its parent. */
	if (!syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)) {
		call("stranger's");
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	call("root");
}

static void vforks(int number)
{
	(void)number;
	if (!vfork()) {
		execl(self, self, "leaf", "vforked", NULL);
		_exit(1);
	}
	wait(NULL);
	call("root");
}

static void *thread_forks(void *arg)
{
	if (!make()) {
		call("of a thread");
		_exit(0);
	}
	wait(NULL);
	return arg;
}

static void threads(int number)
{
	pthread_t thread;

	(void)number;
	pthread_create(&thread, NULL, thread_forks, NULL);
	pthread_join(thread, NULL);
	call("root");
}

static void *thread_execs(void *arg)
{
	execl(self, self, "image", NULL);
	return arg;
}

static void exec_thread(int number)
{
	pthread_t thread;

	(void)number;
	pthread_create(&thread, NULL, thread_execs, NULL);
	pthread_join(thread, NULL);
	_exit(1);
}

/* What a thread has executed. */
static void image(void)
{
	call("root");
	if (!make())
		call("child");
	else
		wait(NULL);
}

/* Each with a child that it waits for. */
static void storm(int number)
{
	signal(SIGCHLD, SIG_DFL);
	for (; number; number--) {
		if (!make()) {
			if (!make()) {
				call("grandchild");
				_exit(0);
			}
			wait(NULL);
			call("child");
			_exit(0);
		}
		while (waitpid(-1, NULL, number % 8 ? WNOHANG : 0) > 0)
			;
	}
	while (wait(NULL) > 0)
		;
}

static void orphans(int number)
{
	for (; number; number--) {
		if (!make())
			orphan("orphan");
		wait(NULL);
	}
}

/* One after the other. */
static void many(int number)
{
	for (; number; number--) {
		if (!make()) {
			call("child");
			_exit(0);
		}
		wait(NULL);
	}
}

static const struct {
	const char *name;
	void (*run)(int number);
} kinds[] = {
	{ "daemonize", daemonize }, { "root_ends", root_ends },
	{ "clone_parent", clone_parent }, { "vfork", vforks }, { "threads", threads },
	{ "exec_thread", exec_thread }, { "storm", storm }, { "orphans", orphans },
	{ "many", many },
};

int main(int argc, char **argv)
{
	unsigned int i;
	char byte;

	self = argv[0];
	if (argc > 2 && !strcmp(argv[1], "leaf")) {
		call(argv[2]);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "image")) {
		image();
		return 0;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (argc < 2 || strcmp(argv[1], kinds[i].name))
			continue;
		if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &byte, 1) != 1)
			return 1;
		kinds[i].run(argc > 2 ? atoi(argv[2]) : 1);
		return 0;
	}
	return 2;
}
