// SPDX-License-Identifier: GPL-2.0-only
/* 3.19; before, each kind of namespace has its own proc_inum */
#include <linux/pid_namespace.h>

unsigned int probe(const struct pid_namespace *ns)
{
	return ns->ns.inum;
}
