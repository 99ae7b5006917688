// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer: an expression of --filter, and behind its NUL a record. What the
 * reader makes of it the kernel's own validation must take; and of an expression
 * and its negation one alone must accept the record.
 */
#include <stdlib.h>
#include <string.h>

#include "filter/compile.h"
#include "kernel_matcher.h"

#define TEXT_MAX 4096

static bool descends(const struct task_struct *task, uint32_t tgid)
{
	(void)task;
	return tgid % 2;
}

static bool in_cgroup(struct task_struct *task, uint64_t id)
{
	(void)task;
	return id % 2;
}

/* Such a record as the module makes; its facts are the input's. */
static void make_record(struct socktrace_event *ev, const uint8_t *data, size_t size)
{
	static const uint8_t types[] = {
		SOCKTRACE_SOCKET, SOCKTRACE_CONNECT, SOCKTRACE_ACCEPT4,
		SOCKTRACE_SECURITY_SOCKET_CONNECT, SOCKTRACE_ADDR_MISMATCH,
		SOCKTRACE_SOCKETPAIR, SOCKTRACE_CONNECTED,
	};

	memset(ev, 0, sizeof(*ev));
	memcpy(ev, data, size < sizeof(*ev) ? size : sizeof(*ev));
	ev->size = sizeof(*ev);
	ev->type = types[ev->type % sizeof(types)];
	ev->phase = ev->type == SOCKTRACE_SECURITY_SOCKET_CONNECT ||
				    ev->type == SOCKTRACE_ADDR_MISMATCH ||
				    ev->type == SOCKTRACE_CONNECTED ?
			    SOCKTRACE_POINT :
			    SOCKTRACE_ENTER + ev->phase % 2;
	ev->comm[SOCKTRACE_COMM_LEN - 1] = '\0';
	ev->addr_len %= 128 + 1;
	ev->local_len %= SOCKTRACE_ADDRS_LEN - SOCKTRACE_LOCAL_OFFSET(ev->addr_len) + 1;
	if (ev->type == SOCKTRACE_SOCKET || ev->type == SOCKTRACE_SOCKETPAIR)
		ev->addr_len = ev->local_len = 0;
}

/* MATCHER_* of the record; -1 where the expression takes more rules than there may be. */
static int judge(const struct filter_node *node, uint32_t events,
		 const struct socktrace_event *ev)
{
	struct socktrace_rule rules[SOCKTRACE_MAX_RULES];
	struct filter_error error = { .at = 0 };
	uint32_t bad_rule, bad_field;
	char words[FILTER_WORDS_MAX];
	struct matcher *matcher;
	int nr, verdict;

	nr = filter_compile(node, events, rules, &error);
	if (nr < 0) {
		if (!error.text[0])
			abort();
		return -1;
	}
	if (nr > SOCKTRACE_MAX_RULES)
		abort();
	for (int i = 0; i < nr; i++)
		filter_words(words, &rules[i]);
	matcher = matcher_new(rules, (unsigned int)nr, &bad_rule, &bad_field);
	if (!matcher)
		abort();
	verdict = matcher_judge(matcher, ev, ~0U, descends, in_cgroup);
	matcher_free(matcher);
	return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length = strnlen((const char *)data, size);
	struct filter_error error = { .at = 0 };
	struct filter_pool pool = { 0 };
	const struct filter_node *node, *no;
	struct socktrace_event ev;
	char *text;

	if (length > TEXT_MAX)
		return -1;
	text = malloc(length + 1);
	memcpy(text, data, length);
	text[length] = '\0';
	make_record(&ev, data + length, size - length);

	node = filter_parse(&pool, text, &error);
	if (!node) {
		if (!error.text[0] || error.at > length)
			abort();
	} else {
		int verdict = judge(node, SOCKTRACE_EVENTS_ALL, &ev);

		no = filter_join(&pool, FILTER_NOT, node, NULL);
		if (no && verdict >= 0 && judge(no, SOCKTRACE_EVENTS_ALL, &ev) == verdict)
			abort();
	}
	filter_pool_free(&pool);
	free(text);
	return 0;
}
