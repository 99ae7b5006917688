// SPDX-License-Identifier: GPL-2.0
/*
 * stores BASE ROW KALLSYMS
 *
 * Makes the calls of the table on two processors, by a process on each, once as its row BASE
 * and once as its row ROW has it armed, with marks for the plugin that counts what is written
 * between them, and puts the kernel's symbols into the file KALLSYMS.  bench/stores runs it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../marks.h"
#include "common.h"
#include "setups.h"

#define TURNS 1000 /* on each processor */
#define CPUS 2

static pid_t start_caller(int cpu)
{
	double cost[NR_KINDS];
	unsigned int i;
	pid_t pid = fork();

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	pin_to(cpu);
	make_listeners();
	for (i = 0; i < TURNS; i++)
		connect_once(cost);
	/* What is its own, its stack among it, is not to be the other's next. */
	raise(SIGSTOP);
	_exit(0);
}

static void trace(const struct setup *setup)
{
	int fd[MAX_SESSIONS], status;
	unsigned int i;
	pid_t callers[CPUS];

	for (i = 0; i < setup->sessions; i++)
		fd[i] = session_open(setup, TURNS);
	sleep_ms(500);
	for (i = 0; i < CPUS; i++)
		callers[i] = start_caller(i);
	for (i = 0; i < CPUS; i++)
		check(waitpid(callers[i], &status, WUNTRACED) == callers[i] && WIFSTOPPED(status),
		      "the calls");
	for (i = 0; i < CPUS; i++) {
		kill(callers[i], SIGCONT);
		waitpid(callers[i], &status, 0);
	}
	for (i = 0; i < setup->sessions; i++)
		session_close(fd[i], setup);
}

int main(int argc, char **argv)
{
	const struct setup *base, *row;
	struct utsname name;

	if (argc != 4)
		die("usage: stores BASE ROW KALLSYMS");
	base = setup_of(argv[1]);
	row = setup_of(argv[2]);
	uname(&name);
	printf("kernel %s\n", name.release);
	settle();
	if (base->loaded)
		run("modprobe socktrace");
	trace(base);
	mark(MARK_NEXT);
	if (!base->loaded)
		run("modprobe socktrace");
	trace(row);
	copy_file("/proc/kallsyms", argv[3]);
	run("rmmod socktrace");
	return 0;
}
