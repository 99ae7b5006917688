// SPDX-License-Identifier: GPL-2.0
/*
 * blocked [-u UID] THREADS: that many threads block in accept() at one listener.
 *
 * With -u each thread is another user: the first is UID, the next UID + 1, ...
 *
 * Prints `port N` when all were started. Each byte of standard input makes one
 * connection, and so lets one thread go; every accept that ends is printed as
 * `accepted TID`. Ends with the input, whatever still blocks.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef SYS_setresuid32
#define SET_UIDS SYS_setresuid32
#else
#define SET_UIDS SYS_setresuid
#endif

static int listener;
static long first_uid = -1;

static void *block(void *number)
{
	long uid = first_uid + (long)number;
	char line[40];
	int len;

	/* The library's setresuid() is for all threads. */
	if (first_uid >= 0 && syscall(SET_UIDS, uid, uid, uid) != 0) {
		perror("blocked: setresuid");
		exit(1);
	}
	if (accept(listener, NULL, NULL) < 0) {
		perror("blocked: accept");
		exit(1);
	}
	len = snprintf(line, sizeof(line), "accepted %ld\n", syscall(SYS_gettid));
	if (write(STDOUT_FILENO, line, len) != len)
		exit(1);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(address);
	pthread_attr_t attr;
	int nr_threads;
	char byte;

	if (argc > 2 && strcmp(argv[1], "-u") == 0) {
		first_uid = atol(argv[2]);
		argc -= 2;
		argv += 2;
	}
	nr_threads = argc == 2 ? atoi(argv[1]) : 0;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (nr_threads < 1 || listener < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(listener, 128) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
		perror("blocked");
		return 1;
	}
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (long i = 0; i < nr_threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, &attr, block, (void *)i);
		if (errno != 0) {
			perror("blocked: pthread_create");
			return 1;
		}
		pthread_detach(thread);
	}
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);

	while (read(STDIN_FILENO, &byte, 1) == 1) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 ||
		    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
			perror("blocked: connect");
			return 1;
		}
	}
	_exit(0);
}
