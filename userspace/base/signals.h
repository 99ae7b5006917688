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

/* Not 0 once one of them came a second ago, if signals_hurry_after() asks for that. */
extern volatile sig_atomic_t signals_hurry;

/* 0, or -1 and errno. SIGPIPE and SIGXFSZ become errors of write(). */
int signals_init(void);

/* SIGHUP that a process sent asks for files to be opened anew, not for the end. */
void signals_hup_reopens(void);

/* Whoever is asked to end does so soon, even if that interrupts what blocks. */
void signals_hurry_after(void);

/* In a child, before exec: what the reader itself was started with. */
void signals_restore(void);

/* Readable when a signal came since the last signals_clear(). */
int signals_fd(void);
void signals_clear(void);

/* True once for each time that it came, or several times together. */
bool signals_take_stats(void); /* SIGUSR1 */
bool signals_take_child(void); /* SIGCHLD */
bool signals_take_reopen(void);
bool signals_take_resize(void); /* SIGWINCH */

/*
 * A signal that a process sent to the reader alone, and that its command should
 * have too; 0: none. A terminal's goes to the command anyway.
 */
int signals_take_forward(void);

#endif
