// SPDX-License-Identifier: GPL-2.0
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signals.h"

/* Exit statuses by which a shell tells that a command could not be run. */
#define NOT_RUNNABLE 126
#define NOT_FOUND 127

__attribute__((noreturn))
static void child(int go, char **argv, int output, const struct user *user)
{
	char byte;
	ssize_t n;

	do {
		n = read(go, &byte, 1);
	} while (n < 0 && errno == EINTR);
	/* Without the byte the reader has given up. */
	if (n != 1)
		_exit(1);
	signals_restore();
	if (user && users_become(user)) {
		dprintf(STDERR_FILENO, "socktrace-read: cannot become user %u: %s\n",
			(unsigned int)user->uid, strerror(errno));
		_exit(NOT_RUNNABLE);
	}
	if (output == STDOUT_FILENO || dup2(output, STDOUT_FILENO) == STDOUT_FILENO)
		execvp(argv[0], argv);
	n = errno;
	dprintf(STDERR_FILENO, "socktrace-read: cannot run '%s': %s\n", argv[0],
		strerror((int)n));
	_exit(n == ENOENT ? NOT_FOUND : NOT_RUNNABLE);
}

int command_fork(struct command *command, char **argv, int output, const struct user *user)
{
	int ends[2], saved;

	*command = (struct command){ .go = -1 };
	if (prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L))
		return -1;
	if (pipe2(ends, O_CLOEXEC))
		return -1;
	command->pid = fork();
	if (!command->pid) {
		close(ends[1]);
		child(ends[0], argv, output, user);
	}
	saved = errno;
	close(ends[0]);
	if (command->pid < 0) {
		close(ends[1]);
		command->pid = 0;
		errno = saved;
		return -1;
	}
	command->go = ends[1];
	command->running = true;
	return 0;
}

void command_go(struct command *command)
{
	ssize_t n;

	/* EPIPE: the child was killed meanwhile, which SIGCHLD tells. */
	do {
		n = write(command->go, "", 1);
	} while (n < 0 && errno == EINTR);
	close(command->go);
	command->go = -1;
}

void command_cancel(struct command *command)
{
	if (command->go < 0)
		return;
	close(command->go);
	command->go = -1;
	while (waitpid(command->pid, &command->status, 0) < 0 && errno == EINTR)
		;
	command->running = false;
}

void command_reap(struct command *command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != command->pid)
			continue;
		command->status = status;
		command->running = false;
	}
	/* Its orphans are our children: the last of them may have made others. */
	command->alone = pid < 0 && errno == ECHILD;
}

void command_signal(const struct command *command, int number)
{
	if (command->running)
		kill(command->pid, number);
}

int command_exit_status(const struct command *command)
{
	if (WIFSIGNALED(command->status))
		return 128 + WTERMSIG(command->status);
	return WEXITSTATUS(command->status);
}
