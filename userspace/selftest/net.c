// SPDX-License-Identifier: GPL-2.0
/*
 * What the paths' calls are made on: sockets on the loopback device or in a
 * directory of the selftest's own, made by system calls of the reader's ABI.
 */
#include "selftest/path.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

int path_socket(struct selftest_path *path, int family, int type)
{
	return (int)path_must(path, "socket", socket(family, type | SOCK_CLOEXEC, 0));
}

void selftest_needs_inet6(struct selftest_path *path)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		path_absent(path, "there is no IPv6");
	path_must(path, "socket", fd);
	if (bind(fd, (struct sockaddr *)&in6, sizeof(in6)))
		path_absent(path, "there is no address ::1: %s", strerror(errno));
	close(fd);
}

void path_loopback(struct selftest_path *path, int family, struct selftest_name *name)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n;

	memset(name, 0, sizeof(*name));
	switch (family) {
	case AF_INET:
		name->length = sizeof(in);
		memcpy(name->bytes, &in, sizeof(in));
		break;
	case AF_INET6:
		name->length = sizeof(in6);
		memcpy(name->bytes, &in6, sizeof(in6));
		break;
	default:
		if (!path->directory)
			path_untried(path, "there is no directory to make a socket in");
		n = snprintf(un.sun_path, sizeof(un.sun_path), "%s/socket", path->directory);
		name->length = (socklen_t)(PATH_AT + (size_t)n + 1);
		memcpy(name->bytes, &un, sizeof(un));
	}
}

/* Gives the name that it got. */
int path_bound(struct selftest_path *path, int type, struct selftest_name *name)
{
	int fd = path_socket(path, name->sa.sa_family, type);

	path_must(path, "bind", bind(fd, &name->sa, name->length));
	name->length = sizeof(name->bytes);
	path_must(path, "getsockname", getsockname(fd, &name->sa, &name->length));
	return fd;
}

int path_listener(struct selftest_path *path, struct selftest_name *name)
{
	int fd = path_bound(path, SOCK_STREAM, name);

	path_must(path, "listen", listen(fd, SELFTEST_BACKLOG));
	return fd;
}

int path_client(struct selftest_path *path, const struct selftest_name *name)
{
	int fd = path_socket(path, name->sa.sa_family, SOCK_STREAM);

	path_must(path, "connect", connect(fd, &name->sa, name->length));
	return fd;
}

void *path_bad_page(struct selftest_path *path)
{
	void *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	path_must(path, "mmap", page == MAP_FAILED ? -1 : 0);
	return page;
}
