/* SPDX-License-Identifier: GPL-2.0 */
/* A case of its own: what is told of cgroups, by the numbers that the reader has for them. */
#ifndef SOCKTRACE_APPLIANCE_CGROUP_H
#define SOCKTRACE_APPLIANCE_CGROUP_H

void cgroup(void);

#endif
