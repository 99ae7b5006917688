// SPDX-License-Identifier: GPL-2.0
#include "base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/time.h>
#include <unistd.h>

#define HURRY_US 1000000 /* what is left to write has so long */
#define AGAIN_US 100000 /* a write may have begun to block just after the signal */

volatile sig_atomic_t signals_stops, signals_hurry;

static volatile sig_atomic_t stats, child, resize, reopen, hup_reopens, hurries;
static int wake[2] = { -1, -1 };

/* The last two have no handler. */
static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM, SIGWINCH,
			       SIGPIPE, SIGXFSZ };
#define STOPS 3
#define HANDLED 7
#define COUNT (sizeof(numbers) / sizeof(numbers[0]))

static volatile sig_atomic_t forward[STOPS];
static struct sigaction before[COUNT];

/* A system call of its own, and nothing else: it may be called within a handler. */
static void start_timer(void)
{
	const struct itimerval timer = {
		.it_value.tv_sec = HURRY_US / 1000000,
		.it_value.tv_usec = HURRY_US % 1000000,
		.it_interval.tv_usec = AGAIN_US,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void asked_to_end(int number, bool by_process)
{
	unsigned int i;

	for (i = 0; i < STOPS; i++) {
		if (numbers[i] != number)
			continue;
		if (!signals_stops++ && hurries)
			start_timer();
		if (by_process)
			forward[i] = 1;
	}
}

static void caught(int number, siginfo_t *info, void *context)
{
	bool by_process = info->si_code <= 0;
	int saved = errno;

	(void)context;
	if (number == SIGUSR1)
		stats = 1;
	else if (number == SIGCHLD)
		child = 1;
	else if (number == SIGWINCH)
		resize = 1;
	else if (number == SIGALRM)
		signals_hurry = 1;
	else if (number == SIGHUP && hup_reopens && by_process)
		reopen = 1;
	else
		asked_to_end(number, by_process);
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
		/* Another width is no reason to break off what a call does. */
		action.sa_flags = SA_SIGINFO | (numbers[i] == SIGWINCH ? SA_RESTART : 0);
		if (sigaction(numbers[i], i < HANDLED ? &action : &ignore, NULL))
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

bool signals_take_reopen(void)
{
	return take(&reopen);
}

void signals_hup_reopens(void)
{
	hup_reopens = 1;
}

void signals_hurry_after(void)
{
	hurries = 1;
}

bool signals_take_child(void)
{
	return take(&child);
}

bool signals_take_resize(void)
{
	return take(&resize);
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
