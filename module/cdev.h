/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_CDEV_H
#define SOCKTRACE_CDEV_H

/* /dev/socktrace: what a file descriptor of it can do. */
int st_cdev_init(void);
void st_cdev_exit(void);

#endif /* SOCKTRACE_CDEV_H */
