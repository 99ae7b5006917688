// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: a command line, its words ended by NULs. The rules of one that is
 * right must be such as the kernel's own validation takes.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel_matcher.h"
#include "options.h"
#include "rules.h"

#define WORDS_MAX 64

static FILE *nowhere;

static void build(struct options *options)
{
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	struct filter_error error = { .at = 0 };
	struct sieve sieve = { .nr = 0 };
	char why[OPTIONS_MESSAGE_MAX] = "";
	uint32_t bad_rule, bad_field;
	struct matcher *matcher;
	int nr;

	nr = filter_build(options, 0, rules, &error);
	if (nr < 0) {
		if (!error.text[0])
			abort();
		return;
	}
	if (nr > SOCKTRACE_MAX_RULES)
		abort();
	matcher = matcher_new(rules, (unsigned int)nr, &bad_rule, &bad_field);
	if (!matcher)
		abort();
	matcher_free(matcher);
	if (!nr && filter_why_none(options, why, sizeof(why)) &&
	    (!why[0] || !memchr(why, '\0', sizeof(why))))
		abort();
	if (filter_sieve(options, &sieve, &error)) {
		if (!error.text[0])
			abort();
		return;
	}
	if (filter_explain(rules, (unsigned int)nr, &sieve, nowhere))
		abort();
	filter_events(rules, (unsigned int)nr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[] = "socktrace-read", *words, *argv[WORDS_MAX + 2] = { program };
	char message[OPTIONS_MESSAGE_MAX] = "";
	struct options options;
	int argc = 1;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	words = malloc(size + 1);
	memcpy(words, data, size);
	words[size] = '\0';
	for (char *word = words; word < words + size && argc <= WORDS_MAX;
	     word += strlen(word) + 1)
		argv[argc++] = word;

	switch (options_parse(&options, argc, argv, message, sizeof(message))) {
	case OPTIONS_RUN:
		build(&options);
		break;
	case OPTIONS_WRONG:
		if (!message[0] || !memchr(message, '\0', sizeof(message)))
			abort();
		break;
	default:
		break;
	}
	options_free(&options);
	free(words);
	return 0;
}
