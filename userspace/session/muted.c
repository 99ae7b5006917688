// SPDX-License-Identifier: GPL-2.0
#include "session/muted.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <socktrace.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* The switches that stop every kprobe of the machine without a word. */
static const struct {
	const char *path, *remedy;
} switches[] = {
	{ "/proc/sys/kernel/ftrace_enabled", "sysctl kernel.ftrace_enabled=1" },
	{ "/sys/kernel/debug/kprobes/enabled", "echo 1 > /sys/kernel/debug/kprobes/enabled" },
};
#define SWITCHES (sizeof(switches) / sizeof(switches[0]))

static bool is_off(const char *root, const char *path)
{
	char full[PATH_MAX];
	FILE *file;
	int c;

	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "re");
	if (!file)
		return false;
	c = getc(file);
	fclose(file);
	return c == '0';
}

void muted_reason(const char *root, char *buffer, size_t size)
{
	size_t i, at = 0;

	for (i = 0; i < SWITCHES; i++) {
		if (is_off(root, switches[i].path) && at < size)
			at += (size_t)snprintf(buffer + at, size - at, "%s%s is 0: %s",
					       at ? "; " : "", switches[i].path,
					       switches[i].remedy);
	}
	if (!at)
		snprintf(buffer, size, "check '%s', and '%s'", switches[0].remedy,
			 switches[1].remedy);
}

/* Descriptors are given back; one that is none ends the call with EBADF, in the kernel. */
static bool call_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && !close(fd);
}

static bool call_socketpair(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
		return false;
	close(fds[0]);
	close(fds[1]);
	return true;
}

static bool call_listen(void)
{
	return listen(-1, 0) && errno == EBADF;
}

static bool call_bind(void)
{
	return bind(-1, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)) &&
	       errno == EBADF;
}

static bool call_accept4(void)
{
	return accept4(-1, NULL, NULL, 0) && errno == EBADF;
}

static bool call_connect(void)
{
	return connect(-1, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)) &&
	       errno == EBADF;
}

const struct muted_call muted_calls[MUTED_CALLS] = {
	{ SOCKTRACE_SOCKET, call_socket },
	{ SOCKTRACE_SOCKETPAIR, call_socketpair },
	{ SOCKTRACE_LISTEN, call_listen },
	{ SOCKTRACE_BIND, call_bind },
	{ SOCKTRACE_ACCEPT4, call_accept4 },
	{ SOCKTRACE_CONNECT, call_connect },
};
