/* SPDX-License-Identifier: GPL-2.0-only */
/* What the started sessions ask for: by this probes are armed. */
#ifndef SOCKTRACE_NEEDS_H
#define SOCKTRACE_NEEDS_H

#include <linux/types.h>

struct st_needs {
	u32 events; /* SOCKTRACE_EVENT_BIT(): some filter may accept it */
	u32 conditions; /* SOCKTRACE_MATCH_*: some filter looks at it */
};

#endif /* SOCKTRACE_NEEDS_H */
