/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Signals, which wake poll() through a pipe and are counted for the main loop.
 * System calls that block are interrupted, not restarted.
 */
#ifndef SOCKTRACE_SIGNALS_H
#define SOCKTRACE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/* SIGINT, SIGTERM and SIGHUP that came so far. */
extern volatile sig_atomic_t signals_stops;

/* 0, or -1 and errno. SIGPIPE becomes an error of write(). */
int signals_init(void);

/* In a child, before exec: what the reader itself was started with. */
void signals_restore(void);

/* Readable when a signal came since the last signals_clear(). */
int signals_fd(void);
void signals_clear(void);

/* True once for each time that it came, or several times together. */
bool signals_take_stats(void); /* SIGUSR1 */
bool signals_take_child(void); /* SIGCHLD */

/*
 * A signal that a process sent to the reader alone, and that its command should
 * have too; 0: none. A terminal's goes to the command anyway.
 */
int signals_take_forward(void);

#endif
