/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_CDEV_H
#define SOCKTRACE_CDEV_H

/* /dev/socktrace: what a file descriptor of it can do. */
int cdev_init(void);
void cdev_exit(void);

#endif /* SOCKTRACE_CDEV_H */
