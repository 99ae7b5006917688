/* SPDX-License-Identifier: GPL-2.0 */
/* The options' conditions as rules for SET_FILTER. */
#ifndef SOCKTRACE_FILTER_BUILD_H
#define SOCKTRACE_FILTER_BUILD_H

#include "options.h"

/*
 * Fills `rules` (room for SOCKTRACE_MAX_RULES) with rules that accept what the
 * options ask for, where the default is to reject, and gives their number.
 * `ancestor`: if not 0, only this process (initial pid namespace) and its
 * descendants.
 */
unsigned int filter_build(const struct options *options, uint32_t ancestor,
			  struct socktrace_rule *rules);

#endif
