// SPDX-License-Identifier: GPL-2.0
/*
 * trace [--calls N] BASE ROW KALLSYMS
 *
 * Makes the calls of the table once as its row BASE and once as its row ROW has it armed,
 * with marks for the plugin that counts what is executed between them, and puts the
 * kernel's symbols, as they are while ROW is armed, into the file KALLSYMS.  Prints what
 * the counter says, for comparison.  bench/profile runs it.
 *
 * A turn in which there was any interrupt does not count: that is no cost of its calls.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "../marks.h"
#include "common.h"
#include "setups.h"

static unsigned int calls = 400;
static double *sums; /* of each kind; shared with the child that calls */
static FILE *interrupts_file;

/* All interrupts since the boot, of whatever kind, on this machine's one processor. */
static uint64_t interrupts(void)
{
	unsigned long long sum = 0, n;
	char line[512];

	rewind(interrupts_file);
	while (fgets(line, sizeof(line), interrupts_file))
		if (sscanf(line, " %*[^:]: %llu", &n) == 1)
			sum += n;
	return sum;
}

static bool undisturbed_turn(double *cost)
{
	uint64_t before = interrupts();

	turn(cost);
	return interrupts() == before;
}

static void call_each(void)
{
	double cost[NR_KINDS];
	unsigned int i, kind;

	for (i = 0; i < WARM_UP; i++)
		undisturbed_turn(cost);
	mark(MARK_DROP);
	for (i = 0; i < calls;) {
		if (!undisturbed_turn(cost)) {
			mark(MARK_DROP);
			continue;
		}
		mark(MARK_KEEP);
		for (kind = 0; kind < NR_KINDS; kind++)
			sums[kind] += cost[kind] / calls;
		i++;
	}
}

/* With the setup armed; leaves the symbols of that time in kallsyms, if that is wanted. */
static void trace(const struct setup *setup, const char *kallsyms)
{
	/* Turns that are dropped have records, too. */
	unsigned int turns = 2 * calls + WARM_UP, i, kind;
	int fd[MAX_SESSIONS];

	for (i = 0; i < setup->sessions; i++)
		fd[i] = session_open(setup, turns);
	sleep_ms(500);
	memset(sums, 0, NR_KINDS * sizeof(*sums));
	in_child(call_each, setup->sleepers);
	if (kallsyms)
		copy_file("/proc/kallsyms", kallsyms);
	for (i = 0; i < setup->sessions; i++)
		session_close(fd[i], setup);
	printf("%s", setup->key);
	for (kind = 0; kind < NR_KINDS; kind++)
		printf(" %s=%.1f", kind_keys[kind], sums[kind]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const struct setup *base, *row;
	struct utsname name;

	if (argc > 2 && !strcmp(argv[1], "--calls")) {
		calls = number(argv[2], 5000);
		argv += 2;
		argc -= 2;
	}
	if (argc != 4)
		die("usage: trace [--calls N] BASE ROW KALLSYMS");
	base = setup_of(argv[1]);
	row = setup_of(argv[2]);
	sums = mmap(NULL, NR_KINDS * sizeof(*sums), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(sums != MAP_FAILED, "mmap");
	interrupts_file = fopen("/proc/interrupts", "r");
	check(interrupts_file, "/proc/interrupts");
	setvbuf(interrupts_file, NULL, _IOFBF, 1 << 16);
	uname(&name);
	printf("kernel %s\n", name.release);
	make_listeners();
	settle();

	if (base->loaded)
		run("modprobe socktrace");
	trace(base, NULL);
	mark(MARK_NEXT);
	if (!base->loaded)
		run("modprobe socktrace");
	trace(row, argv[3]);
	run("rmmod socktrace");
	return 0;
}
