// SPDX-License-Identifier: GPL-2.0
/*
 * reopen CALLS: one thread makes calls on a descriptor that another replaces all
 * the time by a new socket, and so closes the one before.
 *
 * Prints `ready`, and begins at the first byte of standard input: CALLS connects
 * and as many accepts, which all fail, by one thread on one processor; the other
 * thread is on another, if there is one. Prints `made NUMBER` at the end.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int fd;
static atomic_bool ended;

/* To the NUMBERth processor that we may use. */
static void move_to(int number)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all) != 0)
		return;
	number %= CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && number-- == 0)
			CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *reopen(void *unused)
{
	move_to(1);
	while (!ended) {
		int other = socket(AF_UNIX, SOCK_STREAM, 0);

		if (other < 0 || dup2(other, fd) != fd) {
			perror("reopen: dup2");
			exit(1);
		}
		/* So that `fd` alone holds it, and the next dup2() ends it. */
		close(other);
	}
	return unused;
}

int main(int argc, char **argv)
{
	static const struct sockaddr_un nowhere = { AF_UNIX, "\0socktrace-nowhere" };
	long calls = argc == 2 ? atol(argv[1]) : 0;
	pthread_t thread;
	char byte;

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (calls < 1 || fd < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	if (read(STDIN_FILENO, &byte, 1) < 0)
		return 1;
	errno = pthread_create(&thread, NULL, reopen, NULL);
	if (errno != 0) {
		perror("reopen: pthread_create");
		return 1;
	}
	move_to(0);
	for (long i = 0; i < calls; i++) {
		connect(fd, (const struct sockaddr *)&nowhere, sizeof(nowhere));
		accept4(fd, NULL, NULL, 0);
	}
	ended = true;
	pthread_join(thread, NULL);
	printf("made %ld\n", 2 * calls);
	return 0;
}
