// SPDX-License-Identifier: GPL-2.0
/*
 * blocked THREADS: that many threads block in accept() at one listener.
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
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int listener;

static void *block(void *unused)
{
	char line[40];
	int len;

	if (accept(listener, NULL, NULL) < 0) {
		perror("blocked: accept");
		exit(1);
	}
	len = snprintf(line, sizeof(line), "accepted %ld\n", syscall(SYS_gettid));
	if (write(STDOUT_FILENO, line, len) != len)
		exit(1);
	return unused;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	socklen_t len = sizeof(address);
	int nr_threads = argc == 2 ? atoi(argv[1]) : 0;
	pthread_attr_t attr;
	char byte;

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
	for (int i = 0; i < nr_threads; i++) {
		pthread_t thread;

		errno = pthread_create(&thread, &attr, block, NULL);
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
