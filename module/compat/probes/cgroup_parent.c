// SPDX-License-Identifier: GPL-2.0-only
/* 4.12 in a header */
#include <linux/cgroup.h>

void *probe(struct cgroup *cgroup)
{
	return cgroup_parent(cgroup);
}
