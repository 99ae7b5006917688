/* SPDX-License-Identifier: GPL-2.0 */
/* The command line. One table makes both the parser and --help. */
#ifndef SOCKTRACE_OPTIONS_H
#define SOCKTRACE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <socktrace.h>

#include "base/users.h"
#include "filter/expr.h"
#include "format/columns.h"
#include "format/json.h"
#include "output/outfile.h"

enum options_format { FORMAT_TEXT, FORMAT_JSON };
enum options_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* Strings and `command` are parts of argv. */
struct options {
	struct filter_pool pool; /* of the conditions; options_free() */
	/* By filter_cond_row(): what the option asks for; NULL: not given. */
	const struct filter_node *conditions[FILTER_CONDS];
	const struct filter_node *filter; /* --filter; NULL: not given */
	uint32_t without; /* events that are not wanted: SOCKTRACE_EVENT_BIT() */
	bool follow; /* descendants of -p's processes too */
	bool explain;
	bool inflight;
	bool selftest;
	bool processes; /* lines of processes too */
	bool enter; /* entry records too */
	bool stats;
	bool quiet;
	bool summary; /* -c: instead of lines */
	uint64_t every; /* seconds from one summary to the next; 0: at the end alone */
	bool top; /* each over the one before, on a terminal */
	bool wait_all; /* go on until the command's descendants have ended */
	int ready_fd; /* is told when tracing is on; -1: none */
	uint64_t count; /* stop after so many; 0: never */
	enum options_format format;
	bool output; /* -o was given */
	const char *capture; /* -w: records to this file; NULL: not given */
	struct rotation rotation; /* of these files; all 0: not given */
	const char *replay; /* -r: records from this file; NULL: not given */
	/*
	 * NULL: standard output; if a command runs, standard error, but for JSON
	 * where standard output is a pipe.
	 */
	const char *file;
	uint64_t fields; /* of JSON: JSON_ALL, or --fields */
	enum options_color color;
	struct columns columns; /* --columns, without who tells facts; count 0: not given */
	int time; /* enum walltime_format; -1: not given */
	const char *device;
	uint32_t records; /* per CPU; 0: the module's default */
	uint32_t latency_ms;
	char **command; /* ends with NULL; NULL: none */
	const char *run_as; /* the command is to be this user's, `user`; NULL: ours */
	struct user user;
};

enum options_result {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_COLUMNS, /* --columns help */
	/*
	 * `message` says what, without a newline at its end. Of --filter: two
	 * lines more, with the expression and a mark under the mistake.
	 */
	OPTIONS_WRONG
};
#define OPTIONS_MESSAGE_MAX 1024

enum options_result options_parse(struct options *options, int argc, char **argv,
				  char *message, size_t size);
void options_help(FILE *to);
void options_free(struct options *options);

#endif
