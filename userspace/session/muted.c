// SPDX-License-Identifier: GPL-2.0
#include "session/muted.h"

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

/* By a descriptor that is none, where it takes one: then it ends at once, and leaves nothing. */
static void call_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
}

static void call_socketpair(void)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds))
		return;
	close(fds[0]);
	close(fds[1]);
}

static void call_listen(void)
{
	listen(-1, 0);
}

static void call_bind(void)
{
	bind(-1, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr));
}

static void call_accept4(void)
{
	accept4(-1, NULL, NULL, 0);
}

static void call_connect(void)
{
	connect(-1, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr));
}

const struct muted_call muted_calls[MUTED_CALLS] = {
	{ SOCKTRACE_SOCKET, call_socket },
	{ SOCKTRACE_SOCKETPAIR, call_socketpair },
	{ SOCKTRACE_LISTEN, call_listen },
	{ SOCKTRACE_BIND, call_bind },
	{ SOCKTRACE_ACCEPT4, call_accept4 },
	{ SOCKTRACE_CONNECT, call_connect },
};
