// SPDX-License-Identifier: GPL-2.0
/*
 * tree DEPTH: a chain of that many processes, and two orphans below the last.
 *
 * Every process calls socket() once and prints `LEVEL PID PPID` before. The
 * first one is a child subreaper: both orphans (the child of a process that
 * ended, and that orphan's own child) come to it. Each process waits for those
 * below it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t root;

static void call(const char *level, int number)
{
	char line[64];
	int len = snprintf(line, sizeof(line), "%s%d %d %d\n", level, number,
			   getpid(), getppid());

	if (write(STDOUT_FILENO, line, len) != len)
		_exit(1);
	socket(-1, number, 0);
}

static void orphan(void)
{
	pid_t middle = fork();

	if (middle > 0) {
		waitpid(middle, NULL, 0);
		return;
	}
	if (fork() > 0)
		_exit(0);
	while (getppid() != root)
		usleep(1000);
	call("orphan", 0);
	if (fork() == 0)
		call("orphan", 1);
	else
		wait(NULL);
	_exit(0);
}

static void chain(int level, int depth)
{
	call("level", level);
	if (level == depth) {
		orphan();
		return;
	}
	if (fork() == 0) {
		chain(level + 1, depth);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	root = getpid();
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	chain(0, argc == 2 ? atoi(argv[1]) : 3);
	return 0;
}
