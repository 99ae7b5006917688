/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own matcher, module/filter.c, built for the host. */
#ifndef SOCKTRACE_TEST_KERNEL_MATCHER_H
#define SOCKTRACE_TEST_KERNEL_MATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

struct matcher;
struct task_struct; /* of which nothing is looked at here */

/*
 * NULL if st_filter_validate() refuses a rule: *bad_rule and *bad_field say which.
 * What no rule matches is rejected.
 */
struct matcher *matcher_new(const struct socktrace_rule *rules, unsigned int nr_rules,
			    uint32_t *bad_rule, uint32_t *bad_field);
void matcher_free(struct matcher *matcher);

enum { MATCHER_ACCEPT, MATCHER_REJECT, MATCHER_UNDECIDED };

/* `known`: SOCKTRACE_MATCH_* that may be judged; all others are yet to come. */
int matcher_judge(const struct matcher *matcher, const struct socktrace_event *ev,
		  uint32_t known,
		  bool (*descends)(const struct task_struct *task, uint32_t tgid),
		  bool (*in_cgroup)(struct task_struct *task, uint64_t id));

#endif
