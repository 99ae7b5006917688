// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../marks.h"
#include "common.h"
#include "counter.h"
#include "workload.h"

#define UNIX_PATH "/run/socktrace-bench.sock"

const char *const kind_names[NR_KINDS] = {
	"socket", "connect", "accept4", "refused", "unix",
};
const char *const kind_keys[NR_KINDS] = {
	"socket", "connect", "accept4", "connect_refused", "connect_unix",
};

static struct sockaddr_in listener_addr = { .sin_family = AF_INET };
static struct sockaddr_in refusing_addr = { .sin_family = AF_INET };
static struct sockaddr_un unix_addr = { .sun_family = AF_UNIX };
static int listener, unix_listener;

void make_listeners(void)
{
	/* Reset on close: no TIME_WAIT that makes the next port dearer. */
	struct linger reset = { 1, 0 };
	socklen_t len = sizeof(listener_addr);
	int fd;

	listener_addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	refusing_addr = listener_addr;
	listener = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(!setsockopt(listener, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) &&
		      !bind(listener, (void *)&listener_addr, len) &&
		      !listen(listener, 16) &&
		      !getsockname(listener, (void *)&listener_addr, &len),
	      "listener");
	/* A port that is taken, but does not listen, for ever. */
	fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(!bind(fd, (void *)&refusing_addr, len) &&
		      !getsockname(fd, (void *)&refusing_addr, &len),
	      "bind");
	strcpy(unix_addr.sun_path, UNIX_PATH);
	unlink(UNIX_PATH);
	unix_listener = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	check(!bind(unix_listener, (void *)&unix_addr, sizeof(unix_addr)) &&
		      !listen(unix_listener, 16),
	      UNIX_PATH);
}

/* Makes the call, and puts down what it took. bench/profile's plugin sees the marks. */
#define COUNTED(cost, kind, call) ({                                           \
	uint64_t start_ = count();                                             \
	int ret_;                                                              \
                                                                               \
	mark(MARK_BEGIN + (kind));                                             \
	ret_ = (call);                                                         \
	mark(MARK_END);                                                        \
	(cost)[kind] = count() - start_;                                       \
	ret_;                                                                  \
})

void connect_once(double *cost)
{
	int client, server, ret;

	client = COUNTED(cost, SOCKET, socket(AF_INET, SOCK_STREAM, 0));
	check(client >= 0, "socket");
	ret = COUNTED(cost, CONNECT, connect(client, (void *)&listener_addr,
					     sizeof(listener_addr)));
	check(!ret, "connect");
	server = COUNTED(cost, ACCEPT4, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	check(server >= 0, "accept4");
	close(server);
	close(client);
}

static void refused_once(double *cost)
{
	int fd = checked(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int ret = COUNTED(cost, REFUSED, connect(fd, (void *)&refusing_addr,
						 sizeof(refusing_addr)));

	check(ret < 0 && errno == ECONNREFUSED, "connect was not refused");
	close(fd);
}

static void unix_once(double *cost)
{
	int fd = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	int ret = COUNTED(cost, UNIX_CONNECT, connect(fd, (void *)&unix_addr,
						      sizeof(unix_addr)));

	check(!ret, UNIX_PATH);
	close(checked(accept(unix_listener, NULL, NULL), "accept"));
	close(fd);
}

void turn(double *cost)
{
	connect_once(cost);
	refused_once(cost);
	unix_once(cost);
}

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

pid_t in_child(void (*workload)(void), unsigned int sleepers)
{
	pid_t pid = fork();
	pthread_t thread;
	int status;

	check(pid >= 0, "fork");
	if (!pid) {
		while (sleepers--)
			check(!pthread_create(&thread, NULL, sleeper, NULL), "thread");
		workload();
		_exit(0);
	}
	check(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status)
		die("the workload failed");
	return pid;
}
