/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine as a whole. */
#ifndef SOCKTRACE_MACHINE_H
#define SOCKTRACE_MACHINE_H

#include <linux/path.h>
#include <linux/types.h>

/* The machine's memory, in bytes, by which defaults go. May sleep. */
u64 st_machine_memory(void);

/*
 * The root directory of the machine's first process, as it is now: an initramfs may
 * have had another one. To be put by path_put(). 0, or -ESRCH: there is no such process.
 */
int st_machine_root(struct path *root);

#endif /* SOCKTRACE_MACHINE_H */
