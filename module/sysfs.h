/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_SYSFS_H
#define SOCKTRACE_SYSFS_H

#include <linux/sysfs.h>

/* What /sys/class/misc/socktrace tells of the module, with no session at all. */
extern const struct attribute_group *st_sysfs_groups[];

#endif /* SOCKTRACE_SYSFS_H */
