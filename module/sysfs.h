/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_SYSFS_H
#define SOCKTRACE_SYSFS_H

#include <linux/device.h>

/* What /sys/class/misc/socktrace tells of the module, with no session at all. */
int st_sysfs_create(struct device *dev);
void st_sysfs_remove(struct device *dev);

#endif /* SOCKTRACE_SYSFS_H */
