/* SPDX-License-Identifier: GPL-2.0 */
/* The command of `socktrace-read command`. */
#ifndef SOCKTRACE_COMMAND_H
#define SOCKTRACE_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/users.h"

struct command {
	pid_t pid; /* 0: there is none */
	int go; /* the child waits at the other end of this pipe; or -1 */
	bool running;
	bool alone; /* neither it nor any descendant of it is there any more */
	int status; /* of wait(), once it does not run any more */
};

/*
 * Forks a child that waits for command_go() before it becomes the command. From
 * then on this process is the new parent of the command's orphans, so that they
 * stay its descendants. `output`: the descriptor that is its standard output.
 * `user`: whose process it becomes; NULL: ours. 0, or -1 and errno.
 */
int command_fork(struct command *command, char **argv, int output, const struct user *user);
void command_go(struct command *command);

/* Ends the child that still waits. */
void command_cancel(struct command *command);

/* After SIGCHLD: takes leave of children that ended, orphans included. */
void command_reap(struct command *command);
void command_signal(const struct command *command, int number);

/* As a shell gives it: 128 and the signal's number if it was killed. */
int command_exit_status(const struct command *command);

#endif
