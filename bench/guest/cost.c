// SPDX-License-Identifier: GPL-2.0
/*
 * cost [--json] [--rounds N] [--calls N] [--iterations N] [--no-live] [--module FILE]
 *
 * What tracing costs, in instructions.  To be run as root in a virtual machine
 * with one processor whose counter counts instructions (tests/vm/vm --icount):
 * bench/run does that, and bench/machine.  Loads and unloads socktrace: FILE, or what
 * modprobe finds.
 *
 * Two meters.  Of single calls: the counter before and after each, the mean of
 * the middle half of them, since a timer's interrupt in the others is no cost of
 * the call.  Of a live reader, which works at other times than the call: the
 * time that the scheduler gave to any task, from before the workload until the
 * reader had written everything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../../tests/appliance/module.h"
#include "common.h"
#include "live.h"
#include "measure.h"
#include "setups.h"
#include "workload.h"

static unsigned int rounds = 3;
static unsigned int calls = 800; /* of each kind, measured */
static unsigned int iterations = 4000; /* with a live reader */

static const char *module_file; /* NULL: as modprobe finds it */

static double live_values[NR_LIVES][MAX_ROUNDS];

static void load(void)
{
	if (!module_file) {
		run("modprobe socktrace");
		return;
	}
	errno = module_load(module_file, "");
	check(!errno, module_file);
}

static void unload(void)
{
	if (!module_file) {
		run("rmmod socktrace");
		return;
	}
	errno = module_unload("socktrace");
	check(!errno, "rmmod");
}

/* --- the tables ------------------------------------------------------------ */

static double cost(const struct setup *setup, unsigned int kind)
{
	return median(setup->value[kind], rounds);
}

static double added(const struct setup *setup, unsigned int kind)
{
	return cost(setup, kind) - cost(base_of(setup), kind);
}

static double conn_mean(const struct setup *setup,
			double (*of)(const struct setup *setup, unsigned int kind))
{
	double sum = 0;
	unsigned int kind;

	for (kind = 0; kind < NR_CONN; kind++)
		sum += of(setup, kind);
	return sum / NR_CONN;
}

/* The widest that two rounds are apart, in per cent of the whole call. */
static double noise(void)
{
	double worst = 0;
	size_t s;
	unsigned int kind, round;

	for (s = 0; s < NR_SETUPS; s++)
		for (kind = 0; kind < NR_KINDS; kind++)
			for (round = 0; round < rounds; round++) {
				double whole = cost(&setups[s], kind);
				double off = setups[s].value[kind][round] - whole;

				off = (off < 0 ? -off : off) / whole;
				worst = off > worst ? off : worst;
			}
	return worst * 100;
}

static void print_row(const struct setup *setup,
		      double (*of)(const struct setup *setup, unsigned int kind))
{
	const char *format = of == cost ? "%9.0f" : "%+9.0f";
	unsigned int kind;

	printf("%-26s", setup->label);
	/* + 0.0: no minus before a rounded zero. */
	printf(format, nearbyint(conn_mean(setup, of)) + 0.0);
	fputs(" |", stdout);
	for (kind = 0; kind < NR_KINDS; kind++)
		printf(format, nearbyint(of(setup, kind)) + 0.0);
	putchar('\n');
}

static void print_text(const char *kernel, bool with_live)
{
	unsigned int kind;
	size_t i;

	printf("Instructions per call, Linux %s.  Mean: of socket, connect, accept4.\n\n",
	       kernel);
	printf("%-26s%9s |", "", "mean");
	for (kind = 0; kind < NR_KINDS; kind++)
		printf("%9s", kind_names[kind]);
	putchar('\n');
	for (i = 0; !setups[i].loaded; i++)
		print_row(&setups[i], cost);
	puts("added to that:");
	for (; i < NR_SETUPS; i++)
		print_row(&setups[i], added);
	printf("\nRounds differ by at most %.2f %% of a call.\n", noise());
	if (!with_live)
		return;
	puts("\nAll CPU time per call, a live reader's included:");
	for (i = 0; i < NR_LIVES; i++) {
		double whole = median(live_values[i], rounds);

		printf("  %-32s%8.0f", lives[i].label, whole);
		if (i)
			printf("%+9.0f", whole - median(live_values[0], rounds));
		putchar('\n');
	}
}

static void print_json(const char *kernel, bool with_live)
{
	unsigned int kind;
	size_t i;

	printf("{\"kernel\":\"%s\",\"rounds\":%u,\"calls\":%u,\"noise_percent\":%.3f,"
	       "\"setups\":{", kernel, rounds, calls, noise());
	for (i = 0; i < NR_SETUPS; i++) {
		printf("%s\"%s\":{\"mean\":%.1f,\"added\":%.1f", i ? "," : "",
		       setups[i].key, conn_mean(&setups[i], cost),
		       conn_mean(&setups[i], added));
		for (kind = 0; kind < NR_KINDS; kind++)
			printf(",\"%s\":{\"mean\":%.1f,\"added\":%.1f}", kind_keys[kind],
			       cost(&setups[i], kind), added(&setups[i], kind));
		putchar('}');
	}
	putchar('}');
	for (i = 0; with_live && i < NR_LIVES; i++) {
		double whole = median(live_values[i], rounds);

		printf("%s\"%s\":{\"mean\":%.1f,\"added\":%.1f}%s",
		       i ? "," : ",\"live\":{", lives[i].key, whole,
		       whole - median(live_values[0], rounds),
		       i == NR_LIVES - 1 ? "}" : "");
	}
	puts("}");
}

int main(int argc, char **argv)
{
	bool json = false, with_live = true;
	struct utsname name;
	unsigned int round;
	size_t i;

	for (i = 1; i < (size_t)argc; i++) {
		if (!strcmp(argv[i], "--json"))
			json = true;
		else if (!strcmp(argv[i], "--no-live"))
			with_live = false;
		else if (!strcmp(argv[i], "--rounds"))
			rounds = number(argv[++i], MAX_ROUNDS);
		else if (!strcmp(argv[i], "--calls"))
			calls = number(argv[++i], 5000);
		else if (!strcmp(argv[i], "--iterations"))
			iterations = number(argv[++i], 1000000);
		else if (!strcmp(argv[i], "--module") && argv[i + 1])
			module_file = argv[++i];
		else
			die("unknown option %s", argv[i]);
	}
	uname(&name);
	measure_init(calls);
	make_listeners();
	settle();
	measure_once();

	for (round = 0; round < rounds; round++) {
		for (i = 0; i < NR_SETUPS; i++) {
			if (i && setups[i].loaded && !setups[i - 1].loaded)
				load();
			measure(&setups[i], round);
		}
		for (i = 0; with_live && i < NR_LIVES; i++)
			live_values[i][round] = measure_live(&lives[i], iterations);
		unload();
	}
	if (json)
		print_json(name.release, with_live);
	else
		print_text(name.release, with_live);
	return 0;
}
