// SPDX-License-Identifier: GPL-2.0
#include "base/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un manager;
static socklen_t manager_length; /* 0: there is none */

/* As systemd gives it: a path, or an abstract name after a '@'. */
static void take_manager(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	if (length && length < sizeof(manager.sun_path) && strchr("/@", *path)) {
		manager.sun_family = AF_UNIX;
		memcpy(manager.sun_path, path, length);
		if (*path == '@')
			manager.sun_path[0] = '\0';
		manager_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	}
	unsetenv("NOTIFY_SOCKET");
}

int ready_prepare(int fd)
{
	take_manager();
	return fd < 0 ? 0 : fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void ready_tell(int fd)
{
	static const char word[] = "READY=1";
	int to;

	if (fd >= 0) {
		while (write(fd, "\n", 1) < 0 && errno == EINTR)
			;
		close(fd);
	}
	if (!manager_length)
		return;
	/* Whether it listens is its own matter. */
	to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0)
		return;
	sendto(to, word, sizeof(word) - 1, MSG_NOSIGNAL, (struct sockaddr *)&manager,
	       manager_length);
	close(to);
}
