// SPDX-License-Identifier: GPL-2.0
/*
 * budget FLOOR_KO ROW...
 *
 * What calls take with no module, with the module of bench/floor, and as rows of the
 * table: a line each, with the kinds' means.  bench/budget runs it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/utsname.h>

#include "common.h"
#include "measure.h"

#define CALLS 300
#define ROUNDS 3

static struct setup floor_setup; /* as BASE, but for that module */

/* Of the rounds: what another took more was no cost of the call. */
static double least(const double *values)
{
	double value = values[0];
	unsigned int round;

	for (round = 1; round < ROUNDS; round++)
		value = values[round] < value ? values[round] : value;
	return value;
}

static void print(const char *key, const struct setup *setup)
{
	unsigned int kind;

	printf("%s", key);
	for (kind = 0; kind < NR_KINDS; kind++)
		printf(" %.1f", least(setup->value[kind]));
	putchar('\n');
}

static void measure_all(const char *insmod, char **rows, unsigned int round)
{
	measure(BASE, round);
	run(insmod);
	measure(&floor_setup, round);
	run("rmmod floor");
	run("modprobe socktrace");
	for (; *rows; rows++)
		measure(setup_of(*rows), round);
	run("rmmod socktrace");
}

int main(int argc, char **argv)
{
	struct utsname name;
	char insmod[4096];
	unsigned int round;
	char **row;

	if (argc < 3)
		die("usage: budget FLOOR_KO ROW...");
	snprintf(insmod, sizeof(insmod), "insmod %s", argv[1]);
	uname(&name);
	printf("kernel %s\n", name.release);
	measure_init(CALLS);
	make_listeners();
	settle();
	measure_once();

	for (round = 0; round < ROUNDS; round++)
		measure_all(insmod, argv + 2, round);
	print(BASE->key, BASE);
	print("floor", &floor_setup);
	for (row = argv + 2; *row; row++)
		print(*row, setup_of(*row));
	return 0;
}
