// SPDX-License-Identifier: GPL-2.0
/*
 * scaling [ROW]
 *
 * Makes the calls of the table on 1, 2 and 4 processors at once, by a process on each with
 * sockets of its own, first without the module, then as ROW (calls) has it armed; prints how
 * many turns of socket(), connect() and accept4() there were in a second.  bench/scaling runs it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../uapi/socktrace.h"
#include "common.h"
#include "measure.h"
#include "setups.h"

#define TURNS 3000 /* on each processor */
#define ROUNDS 5

static const unsigned int cpus[] = { 1, 2, 4 };
#define NR_CPUS 3
#define MAX_CPUS 4

/* Of each process' turns, in seconds; shared with them. */
static struct times {
	double begin, end;
} *times;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Makes them on that processor: says by the pipe @ready that it could, and does as soon as
 * nobody can write into @go any more.
 */
static pid_t start_caller(unsigned int cpu, const int go[2], const int ready[2])
{
	double cost[NR_KINDS];
	unsigned int i;
	pid_t pid = fork();
	char byte;

	check(pid >= 0, "fork");
	if (pid)
		return pid;
	close(go[1]);
	pin_to(cpu);
	make_listeners();
	for (i = 0; i < WARM_UP; i++)
		connect_once(cost);
	check(write(ready[1], "", 1) == 1 && !read(go[0], &byte, 1), "the pipe");
	times[cpu].begin = now();
	for (i = 0; i < TURNS; i++)
		connect_once(cost);
	times[cpu].end = now();
	_exit(0);
}

/* Turns per second, of so many processors together. */
static double throughput(unsigned int nr)
{
	double begin = 0, end = 0;
	pid_t callers[MAX_CPUS];
	int go[2], ready[2], status;
	unsigned int i;
	char byte;

	check(!pipe(go) && !pipe(ready), "pipe");
	for (i = 0; i < nr; i++) {
		callers[i] = start_caller(i, go, ready);
		check(read(ready[0], &byte, 1) == 1, "the pipe");
	}
	close(ready[0]);
	close(ready[1]);
	close(go[0]);
	close(go[1]);
	for (i = 0; i < nr; i++)
		check(waitpid(callers[i], &status, 0) == callers[i] && !status, "the calls");
	for (i = 0; i < nr; i++) {
		if (!i || times[i].begin < begin)
			begin = times[i].begin;
		if (times[i].end > end)
			end = times[i].end;
	}
	return nr * TURNS / (end - begin);
}

/* Into each of @values, for so many processors: the median of the rounds. */
static void measure_all(double *values, int fd)
{
	double rounds[NR_CPUS][ROUNDS];
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < NR_CPUS; i++) {
			if (fd >= 0)
				check(!ioctl(fd, SOCKTRACE_IOC_FLUSH), "FLUSH");
			rounds[i][round] = throughput(cpus[i]);
		}
	for (i = 0; i < NR_CPUS; i++)
		values[i] = median(rounds[i], ROUNDS);
}

int main(int argc, char **argv)
{
	double without[NR_CPUS], with[NR_CPUS];
	const struct setup *row;
	struct utsname name;
	unsigned int i;
	int fd;

	if (argc > 2)
		die("usage: scaling [ROW]");
	row = setup_of(argc == 2 ? argv[1] : "calls");
	if (row->sessions != 1)
		die("%s: not a row of one session", row->key);
	times = mmap(NULL, MAX_CPUS * sizeof(*times), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(times != MAP_FAILED, "mmap");
	uname(&name);
	settle();
	measure_all(without, -1);
	run("modprobe socktrace");
	fd = session_open(row, TURNS + WARM_UP);
	sleep_ms(500);
	measure_all(with, fd);
	session_close(fd, row);
	run("rmmod socktrace");

	printf("Turns per second, Linux %s; and times those of one processor.\n\n"
	       "%-12s%16s%10s%16s%10s%12s\n", name.release,
	       "processors", "unloaded", "", row->key, "", "of that");
	for (i = 0; i < NR_CPUS; i++)
		printf("%-12u%16.0f%9.2fx%16.0f%9.2fx%11.1f%%\n", cpus[i], without[i],
		       without[i] / without[0], with[i], with[i] / with[0],
		       100 * with[i] / without[i]);
	return 0;
}
