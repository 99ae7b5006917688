// SPDX-License-Identifier: GPL-2.0-only
/* 3.16: there is a default hierarchy, the later cgroup2 */
#include <linux/cgroup.h>

void *probe(const struct css_set *set)
{
	return set->dfl_cgrp->kn;
}
