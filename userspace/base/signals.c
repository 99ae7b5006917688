// SPDX-License-Identifier: GPL-2.0
#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

volatile sig_atomic_t signals_stops;

static volatile sig_atomic_t stats, child;
static int wake[2] = { -1, -1 };

/* SIGPIPE last: it has no handler. */
static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGPIPE };
#define STOPS 3
#define COUNT (sizeof(numbers) / sizeof(numbers[0]))

static volatile sig_atomic_t forward[STOPS];
static struct sigaction before[COUNT];

static void caught(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	unsigned int i;

	(void)context;
	if (number == SIGUSR1)
		stats = 1;
	else if (number == SIGCHLD)
		child = 1;
	for (i = 0; i < STOPS; i++) {
		if (numbers[i] != number)
			continue;
		signals_stops++;
		if (info->si_code <= 0)
			forward[i] = 1;
	}
	/* A full pipe wakes as well. */
	if (write(wake[1], "", 1) < 0)
		errno = saved;
	errno = saved;
}

int signals_init(void)
{
	struct sigaction action = { .sa_sigaction = caught, .sa_flags = SA_SIGINFO };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	unsigned int i;

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
		return -1;
	for (i = 0; i < COUNT; i++) {
		if (sigaction(numbers[i], NULL, &before[i]))
			return -1;
		/* nohup means to outlive the terminal. */
		if (numbers[i] == SIGHUP && before[i].sa_handler == SIG_IGN)
			continue;
		if (sigaction(numbers[i], numbers[i] == SIGPIPE ? &ignore : &action, NULL))
			return -1;
	}
	return 0;
}

void signals_restore(void)
{
	unsigned int i;

	for (i = 0; i < COUNT; i++)
		sigaction(numbers[i], &before[i], NULL);
}

int signals_fd(void)
{
	return wake[0];
}

void signals_clear(void)
{
	char bytes[64];

	while (read(wake[0], bytes, sizeof(bytes)) > 0)
		;
}

static bool take(volatile sig_atomic_t *flag)
{
	bool was = *flag;

	*flag = 0;
	return was;
}

bool signals_take_stats(void)
{
	return take(&stats);
}

bool signals_take_child(void)
{
	return take(&child);
}

int signals_take_forward(void)
{
	unsigned int i;

	for (i = 0; i < STOPS; i++) {
		if (take(&forward[i]))
			return numbers[i];
	}
	return 0;
}
