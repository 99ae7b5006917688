// SPDX-License-Identifier: GPL-2.0
/*
 * Traces a child as a debugger does, and changes the register of each system
 * call's result as the call begins. The kernel does not look at it then, but the
 * module could take the call for one that has ended. The child makes one
 * listener, one connect, one accept4. Status 0: all went well for it.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define RESULT offsetof(struct user, regs.rax)
#else
#define RESULT offsetof(struct user, regs.eax)
#endif

static int child(void)
{
	static const struct sockaddr_un at = { AF_UNIX, "\0socktrace-meddler" };
	int listener, client;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		return 1;
	raise(SIGSTOP);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 1) != 0 ||
	    connect(client, (const struct sockaddr *)&at, sizeof(at)) != 0)
		return 2;
	return accept4(listener, NULL, NULL, 0) < 0 ? 3 : 0;
}

int main(void)
{
	int begins = 1, status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(child());
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	while (!WIFEXITED(status)) {
		if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (begins && ptrace(PTRACE_POKEUSER, pid, RESULT, NULL) != 0) {
				perror("meddler: ptrace");
				return 1;
			}
			begins = !begins;
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			return 1;
		waitpid(pid, &status, 0);
	}
	return WEXITSTATUS(status);
}
