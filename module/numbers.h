/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of processes: whoever sets a filter names them as they are known in his own
 * pid namespace; the probes know them by those of the initial one.
 */
#ifndef SOCKTRACE_NUMBERS_H
#define SOCKTRACE_NUMBERS_H

#include "filter.h"

/*
 * Translates the numbers in @filter's rules, and sets its `asked`. 0, or -ESRCH with
 * the rule and the byte offset in it: current knows no process of that number.
 */
int st_numbers_translate(struct st_filter *filter, u32 *bad_rule, u32 *bad_field);

#endif /* SOCKTRACE_NUMBERS_H */
