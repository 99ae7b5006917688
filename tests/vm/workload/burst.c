// SPDX-License-Identifier: GPL-2.0
/*
 * Many cheap calls, counted:
 *	burst [-c CPU] [-n CALLS] [-t THREADS] [-u MICROSECONDS] [-g] [KIND]
 *
 * KIND is `fail` (a socket() that fails at once), `socket` (one that is closed
 * again) or `mix` (socket, connect and accept4: three calls per turn), with a
 * pause of -u after each turn. With -g it prints `ready` and begins at the first
 * byte or end of standard input. -n 0, the default, goes on to the end of
 * standard input. Prints `made N` at the end.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static long calls_wanted;
static useconds_t pause_us;
static const char *kind = "fail";
static atomic_bool ended;
static atomic_long made;

static int turn(void)
{
	static const struct sockaddr_un nowhere = {
		.sun_family = AF_UNIX,
		.sun_path = "/nowhere",
	};
	int fd;

	if (strcmp(kind, "fail") == 0) {
		socket(-1, 0, 0);
		return 1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0) {
		perror("burst: socket");
		exit(1);
	}
	if (strcmp(kind, "socket") == 0) {
		close(fd);
		return 1;
	}
	connect(fd, (const struct sockaddr *)&nowhere, sizeof(nowhere));
	accept4(fd, NULL, NULL, 0);
	close(fd);
	return 3;
}

static void *run(void *unused)
{
	long mine = 0;

	while (!ended && (calls_wanted == 0 || mine < calls_wanted)) {
		mine += turn();
		if (pause_us)
			usleep(pause_us);
	}
	made += mine;
	return unused;
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	pthread_t threads[64];
	int nr_threads = 1;
	int gate = 0;
	cpu_set_t cpus;
	int opt;
	char byte;

	while ((opt = getopt(argc, argv, "c:n:t:u:g")) != -1) {
		switch (opt) {
		case 'c':
			CPU_ZERO(&cpus);
			CPU_SET(atoi(optarg), &cpus);
			if (sched_setaffinity(0, sizeof(cpus), &cpus) != 0) {
				perror("burst: sched_setaffinity");
				return 1;
			}
			break;
		case 'n':
			calls_wanted = atol(optarg);
			break;
		case 't':
			nr_threads = atoi(optarg);
			break;
		case 'u':
			pause_us = atoi(optarg);
			break;
		case 'g':
			gate = 1;
			break;
		default:
			return 2;
		}
	}
	if (optind < argc)
		kind = argv[optind];
	if (nr_threads < 1 || nr_threads > 64)
		return 2;

	if (gate) {
		puts("ready");
		fflush(stdout);
		if (read(STDIN_FILENO, &byte, 1) < 0)
			return 1;
	}
	for (int i = 0; i < nr_threads; i++) {
		errno = pthread_create(&threads[i], NULL, run, NULL);
		if (errno != 0) {
			perror("burst: pthread_create");
			return 1;
		}
	}
	if (calls_wanted == 0) {
		/* To the end of the input, which is never read dry by bytes. */
		while (poll(&in, 1, -1) < 0 || read(STDIN_FILENO, &byte, 1) > 0)
			;
		ended = true;
	}
	for (int i = 0; i < nr_threads; i++)
		pthread_join(threads[i], NULL);
	printf("made %ld\n", made);
	return 0;
}
