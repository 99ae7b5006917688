/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The conditions, a table row each: how they are called in an expression and as
 * an option, how their value is read, how a rule's is written.
 */
#ifndef SOCKTRACE_FILTER_COND_H
#define SOCKTRACE_FILTER_COND_H

#include <stdbool.h>

#include "filter/value.h"

/* What rules can't ask for, as only the reader knows it. */
enum filter_told { FILTER_TOLD_NONE, FILTER_TOLD_EXE, FILTER_TOLD_CONTAINER };

struct filter_cond {
	const char *keyword; /* in an expression */
	const char *aliases; /* others, between blanks; or NULL */
	int letter; /* of the short option; or 0 */
	const char *option; /* without its dashes; NULL: there is none */
	const char *argument; /* NULL: takes no value */
	const char *help; /* of the option */
	bool list; /* values between commas: any of them */
	uint32_t most; /* the highest number; 0: its values have no order */
	uint32_t bits; /* SOCKTRACE_MATCH_* that it makes */
	size_t offset; /* of its field in a rule, and the end of it */
	size_t end;
	value_parser *parse;
	/* Writes the rule's value at `p`, as `parse` takes it; the place after. */
	char *(*print)(char *p, const struct socktrace_rule *rule);
};

/* Does only the reader know it? Then it makes no rule. */
enum filter_told filter_cond_told(const struct filter_cond *cond);

/* The rows in the order of --help; NULL at the end. */
const struct filter_cond *filter_cond(unsigned int row);
unsigned int filter_cond_row(const struct filter_cond *cond);
#define FILTER_CONDS 27

const struct filter_cond *filter_cond_by_keyword(const char *s, size_t length);

/* All keywords, ", " between, as far as there is room; ends with NUL. */
const char *filter_cond_keywords(char *buffer, size_t size);

const struct filter_cond *filter_cond_by_offset(size_t offset);

/* How people call it: "--net", or the keyword of what is no option. */
const char *filter_cond_name(const struct filter_cond *cond, char *buffer, size_t size);

/*
 * The rule as an expression that makes it, "all" if it has no condition. It
 * ends with NUL.
 */
#define FILTER_WORDS_MAX 4096
void filter_words(char *buffer, const struct socktrace_rule *rule);

#endif
