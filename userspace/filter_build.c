// SPDX-License-Identifier: GPL-2.0
#include "filter_build.h"

unsigned int filter_build(const struct options *options, uint32_t ancestor,
			  struct socktrace_rule *rules)
{
	struct socktrace_rule rule = {
		.match = SOCKTRACE_MATCH_EVENTS,
		.action = SOCKTRACE_ACCEPT,
		.events = options->events,
	};
	unsigned int i;

	if (options->families) {
		rule.match |= SOCKTRACE_MATCH_FAMILIES;
		rule.families = options->families;
	}
	if (ancestor) {
		rule.match |= SOCKTRACE_MATCH_ANCESTOR;
		rule.ancestor = ancestor;
	}
	rules[0] = rule;
	if (!options->nr_pids)
		return 1;

	rule.match |= options->follow ? SOCKTRACE_MATCH_ANCESTOR : SOCKTRACE_MATCH_TGID;
	for (i = 0; i < options->nr_pids; i++) {
		rules[i] = rule;
		if (options->follow)
			rules[i].ancestor = options->pids[i];
		else
			rules[i].tgid = options->pids[i];
	}
	return i;
}
