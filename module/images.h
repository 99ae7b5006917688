/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Process images: the program that a process runs, from one execve() to the next.
 * Each has a number, which is no other's, ever; one may have several. For the
 * probes' context, as a reader of RCU.
 */
#ifndef SOCKTRACE_IMAGES_H
#define SOCKTRACE_IMAGES_H

#include <linux/types.h>

#include "record.h"

/* When no handler can run; may sleep. 0, or -ENOMEM. */
int st_images_init(void);
void st_images_exit(void);

/* The number of the image that current runs. 0: it has none, or is ending. */
u64 st_images_of_current(void);

/*
 * What is to be told of image @number, valid until the handler ends. NULL: it is
 * not current's, or its path can't be asked for here; perhaps it can later.
 */
const struct st_image *st_images_describe(u64 number);

/* current has just become another image: its path is what was executed. */
void st_images_executed(void);

#endif /* SOCKTRACE_IMAGES_H */
