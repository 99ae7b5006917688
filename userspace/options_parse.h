/* SPDX-License-Identifier: GPL-2.0 */
/* How options.c takes the command line apart: what its parts share. */
#ifndef SOCKTRACE_OPTIONS_PARSE_H
#define SOCKTRACE_OPTIONS_PARSE_H

#include "options.h"

struct parse {
	struct options *options;
	char *message;
	size_t size;
	bool format_given;
	unsigned int ts; /* how often -t was given */
};

/* Says what is wrong; -1, for the caller to return. */
__attribute__((format(printf, 2, 3)))
int wrong(struct parse *parse, const char *format, ...);

/* A condition's option; given several times, any of its values will do. */
int add_condition(struct parse *parse, const struct filter_cond *cond, const char *s);

/* Those of -p and -e, which take more than others do. */
int add_processes(struct parse *parse, const struct filter_cond *cond, const char *s);
int add_events(struct parse *parse, const struct filter_cond *cond, const char *s);

/* --filter, an expression or @FILE; given several times, all must hold. */
int add_filter(struct parse *parse, const char *s);

#endif
