// SPDX-License-Identifier: GPL-2.0
/*
 * Calls, between which the process may become another program:
 *	image ACTION...
 *
 * `call` is a socket() that fails at once; `wait` waits for a byte of standard
 * input, which must not end; `fork` goes on in a child, and ends as that does; `orphan` likewise, but
 * the parent is gone first. `exec PATH ACTION...` executes PATH for the rest,
 * `thread-exec` does so in a thread; `fexec FD`. `chroot DIRECTORY`; `rename FROM TO`;
 * `unlink PATH`. `mask PATH` has the kernel take PATH for what this process executes
 * (PR_SET_MM_EXE_FILE), and `argument TEXT` writes TEXT over the first argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *exec_now(void *argv)
{
	execv(((char **)argv)[0], argv);
	fail("exec");
	return NULL;
}

static void fork_now(int orphan)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (orphan) {
		if (pid)
			_exit(0);
		while (getppid() != 1)
			usleep(1000);
		return;
	}
	if (!pid)
		return;
	if (waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

#ifdef __x86_64__
#define MAPS 32
struct away {
	struct { unsigned long start, size; } maps[MAPS];
	long nr_maps;
	long fd;
	long status;
};

static inline __attribute__((always_inline)) long syscall5(long number, long a, long b, long c,
							   long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;

	__asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return number;
}

/* Runs where nothing of the program is any more: calls nothing, and never returns. */
__attribute__((section("away"), noinline, noreturn, used,
	       optimize("no-stack-protector,no-tree-loop-distribute-patterns,Os")))
static void run_away(struct away *away)
{
	long i;

	for (i = 0; i < away->nr_maps; i++)
		syscall5(SYS_munmap, (long)away->maps[i].start, (long)away->maps[i].size, 0, 0, 0);
	away->status = syscall5(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, away->fd, 0, 0);
	syscall5(SYS_socket, 63, SOCK_STREAM, 0, 0, 0);
	for (;;)
		syscall5(SYS_exit_group, away->status ? 1 : 0, 0, 0, 0, 0);
}

extern const char __start_away[], __stop_away[];

static void mask(const char *path)
{
	char exe[4096], line[8192], name[4096];
	unsigned long start, end;
	struct away *away;
	FILE *maps;
	ssize_t n;
	char *at;

	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		fail("/proc/self/exe");
	exe[n] = '\0';
	at = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	if (at == MAP_FAILED)
		fail("mmap");
	memcpy(at, __start_away, (size_t)(__stop_away - __start_away));
	away = (struct away *)(at + 4096);
	away->fd = open(path, O_RDONLY);
	maps = fopen("/proc/self/maps", "r");
	if (!maps || away->fd < 0)
		fail(path);
	while (fgets(line, sizeof(line), maps) && away->nr_maps < MAPS) {
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %4095s", &start, &end, name) != 3 ||
		    strcmp(name, exe))
			continue;
		away->maps[away->nr_maps].start = start;
		away->maps[away->nr_maps++].size = end - start;
	}
	((void (*)(struct away *))(uintptr_t)at)(away);
}
#else
static void mask(const char *path)
{
	fail(path);
}
#endif

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte;
	int i;

	for (i = 1; i < argc; i++) {
		const char *action = argv[i], *of = i + 1 < argc ? argv[i + 1] : "";

		if (!strcmp(action, "call")) {
			socket(63, SOCK_STREAM, 0);
		} else if (!strcmp(action, "wait")) {
			if (read(STDIN_FILENO, &byte, 1) != 1)
				return 1;
		} else if (!strcmp(action, "fork") || !strcmp(action, "orphan")) {
			fork_now(action[0] == 'o');
		} else if (!strcmp(action, "exec")) {
			exec_now(argv + i + 1);
		} else if (!strcmp(action, "thread-exec")) {
			if (pthread_create(&thread, NULL, exec_now, argv + i + 1))
				fail("pthread_create");
			pause();
		} else if (!strcmp(action, "fexec")) {
			fexecve(atoi(of), argv + i + 1, environ);
			fail("fexecve");
		} else if (!strcmp(action, "chroot")) {
			if (chroot(of) || chdir("/"))
				fail(of);
			i++;
		} else if (!strcmp(action, "rename")) {
			if (i + 2 >= argc || rename(of, argv[i + 2]))
				fail(of);
			i += 2;
		} else if (!strcmp(action, "unlink")) {
			if (unlink(of))
				fail(of);
			i++;
		} else if (!strcmp(action, "mask")) {
			mask(of);
		} else if (!strcmp(action, "argument")) {
			memset(argv[0], 0, strlen(argv[0]));
			strcpy(argv[0], of);
			i++;
		} else {
			fprintf(stderr, "image: no such action: %s\n", action);
			return 2;
		}
	}
	return 0;
}
