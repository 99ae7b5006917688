// SPDX-License-Identifier: GPL-2.0
/*
 * meddler [ROUNDS]: traces a child as a debugger does, and changes the register of
 * each system call's result as the call begins. The kernel does not look at it
 * then, but the module could take the call for one that has ended. The child makes
 * one listener, one connect, one accept4. Status 0: all went well for it.
 *
 * With ROUNDS the child makes that many of each, and a getppid(2). Now the result
 * is also put back, every fourth of them becomes a getpid(2), and each getppid(2) a
 * socket(2). Each call that the kernel made then is told, as `EVENT RESULT`.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#define RESULT offsetof(struct user, regs.rax)
#define NUMBER offsetof(struct user, regs.orig_rax)
#else
#define RESULT offsetof(struct user, regs.eax)
#define NUMBER offsetof(struct user, regs.orig_eax)
#endif

static const struct sockaddr_un at = { AF_UNIX, "\0socktrace-meddler" };

static int child(void)
{
	int listener, client;

	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(listener, 1) != 0 ||
	    connect(client, (const struct sockaddr *)&at, sizeof(at)) != 0)
		return 2;
	return accept4(listener, NULL, NULL, 0) < 0 ? 3 : 0;
}

/* What becomes of them is the tracer's doing. */
static int child_of_rounds(int rounds)
{
	int listener = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int client, fd;

	bind(listener, (const struct sockaddr *)&at, sizeof(at));
	listen(listener, 8);
	while (rounds-- > 0) {
		client = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
		syscall(SYS_connect, client, &at, sizeof(at));
		fd = syscall(SYS_accept4, listener, NULL, NULL, 0);
		if (fd > 2 && fd != getpid())
			close(fd);
		close(client);
		close(syscall(SYS_getppid, AF_UNIX, SOCK_DGRAM, 0));
	}
	return 0;
}

static const char *name_of(long number)
{
	switch (number) {
	case SYS_socket: return "socket";
	case SYS_connect: return "connect";
	case SYS_accept4: return "accept4";
	default: return NULL;
	}
}

static void poke(pid_t pid, size_t where, long value)
{
	if (ptrace(PTRACE_POKEUSER, pid, where, (void *)value) != 0) {
		perror("meddler: ptrace");
		exit(1);
	}
}

/* As a call begins: the number that it goes on with. */
static long meddle(pid_t pid)
{
	static const long results[] = { 0, 7, -EINTR, -ENOSYS };
	static unsigned int turn, calls;
	long number = ptrace(PTRACE_PEEKUSER, pid, NUMBER, NULL);

	poke(pid, RESULT, results[turn % 4]);
	if (turn++ % 8 >= 4)
		poke(pid, RESULT, -ENOSYS);
	if (number == SYS_getppid)
		number = SYS_socket;
	else if (name_of(number) && calls++ % 4 == 2)
		number = SYS_getpid;
	else
		return number;
	poke(pid, NUMBER, number);
	return number;
}

int main(int argc, char **argv)
{
	int begins = 1, status, rounds = argc > 1 ? atoi(argv[1]) : 0;
	pid_t pid = fork();
	long number = 0;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(1);
		raise(SIGSTOP);
		_exit(rounds ? child_of_rounds(rounds) : child());
	}
	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	while (!WIFEXITED(status)) {
		if (WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (begins && rounds)
				number = meddle(pid);
			else if (begins)
				poke(pid, RESULT, 0);
			else if (rounds && name_of(number))
				printf("%s %d\n", name_of(number),
				       (int)ptrace(PTRACE_PEEKUSER, pid, RESULT, NULL));
			begins = !begins;
		}
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) != 0)
			return 1;
		waitpid(pid, &status, 0);
	}
	return WEXITSTATUS(status);
}
