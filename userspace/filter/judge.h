/* SPDX-License-Identifier: GPL-2.0 */
/* What rules say of finished records, as the kernel judges them: for records of a file. */
#ifndef SOCKTRACE_FILTER_JUDGE_H
#define SOCKTRACE_FILTER_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include <socktrace.h>

#include "record/paths.h"
#include "record/procinfo.h"

struct judge {
	const struct socktrace_rule *rules;
	unsigned int nr_rules;
	/* Rules have numbers of processes as whoever made the records knew them. */
	const struct procinfo *proc;
	const struct paths *paths;
	/* The path of a cgroup, without a NUL; NULL: it is not known. */
	const char *(*cgroup_path)(const void *context, uint64_t id, size_t *length);
	const void *context;
};

/*
 * Does the first rule that matches accept it? What no rule matches is rejected. Who
 * descends from whom no record tells: of rules with MATCH_ANCESTOR none holds. Where a
 * peer's path can't be told, the record is given if that could accept it.
 */
bool judge_accepts(const struct judge *judge, const struct socktrace_event *ev);

#endif
