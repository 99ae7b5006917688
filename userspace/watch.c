// SPDX-License-Identifier: GPL-2.0
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From Linux 5.3 on, which headers may be older than. */
static int pidfd(uint32_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
#else
	(void)pid;
	errno = ENOSYS;
	return -1;
#endif
}

static bool runs(uint32_t pid)
{
	return !kill((pid_t)pid, 0) || errno != ESRCH;
}

void watch_open(struct watch *watch, const uint32_t *pids, unsigned int nr)
{
	unsigned int i;

	watch->nr = 0;
	watch->asks = false;
	for (i = 0; i < nr && i < WATCH_MAX; i++) {
		int fd = pidfd(pids[i]);

		if (fd < 0 && (errno == ESRCH || !runs(pids[i])))
			continue;
		watch->asks |= fd < 0;
		watch->pids[watch->nr] = pids[i];
		watch->fds[watch->nr++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

static void forget(struct watch *watch, unsigned int i)
{
	if (watch->fds[i].fd >= 0)
		close(watch->fds[i].fd);
	watch->nr--;
	watch->fds[i] = watch->fds[watch->nr];
	watch->pids[i] = watch->pids[watch->nr];
}

void watch_close(struct watch *watch)
{
	while (watch->nr)
		forget(watch, 0);
}

void watch_look(struct watch *watch)
{
	unsigned int i;

	for (i = watch->nr; i-- > 0;) {
		if (watch->fds[i].revents || (watch->fds[i].fd < 0 && !runs(watch->pids[i])))
			forget(watch, i);
	}
}
