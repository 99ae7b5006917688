// SPDX-License-Identifier: GPL-2.0-only
/* 5.5 */
#include <linux/cgroup.h>

u64 probe(struct cgroup *cgroup)
{
	return cgroup_id(cgroup);
}
