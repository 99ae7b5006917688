/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. One table makes both the parser and --help. */
#ifndef SOCKTRACE_OPTIONS_H
#define SOCKTRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <socktrace.h>

enum options_format { FORMAT_TEXT, FORMAT_JSON };
enum options_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Strings and `command` are parts of argv. */
struct options {
	uint32_t events; /* mask of SOCKTRACE_EVENT_BIT() */
	uint64_t families; /* bit n is AF_n; 0: any */
	uint32_t pids[SOCKTRACE_MAX_RULES];
	unsigned int nr_pids;
	bool follow; /* descendants of pids[] too */
	bool enter; /* entry records too */
	bool stats;
	bool quiet;
	uint64_t count; /* stop after so many; 0: never */
	enum options_format format;
	const char *file; /* NULL: standard output, or error if a command runs */
	enum options_color color;
	const char *device;
	uint32_t records; /* per CPU; 0: the module's default */
	uint32_t latency_ms;
	char **command; /* ends with NULL; NULL: none */
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_WRONG /* `message` says what, without a newline */
};

enum options_result options_parse(struct options *options, int argc, char **argv,
				  char *message, size_t size);
void options_help(FILE *to);

#endif
