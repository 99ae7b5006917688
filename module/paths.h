/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of files, as they are in their own mount namespace, whoever asks: unlike
 * d_path()'s they don't depend on the root directory of the task at hand, and take no
 * lock. For the probes' context, as a reader of RCU.
 */
#ifndef SOCKTRACE_PATHS_H
#define SOCKTRACE_PATHS_H

#include <linux/path.h>
#include <linux/types.h>

#include "record.h"

/*
 * When no handler can run; may sleep. Learns what the kernel's headers don't tell, unless
 * that is known. 0, or -ENOMEM.
 */
int st_paths_init(void);
void st_paths_exit(void);

/*
 * The path of @place, whose dentry and mount were referenced after this read side of
 * RCU began. Valid until the handler ends. NULL: it can't be told: it is longer than
 * a path may be, or out of reach of its own mount; or this kernel's mounts are not
 * known, or files all around are renamed all the time.
 */
const struct st_path *st_path_of(const struct path *place);

#endif /* SOCKTRACE_PATHS_H */
