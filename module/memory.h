/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_MEMORY_H
#define SOCKTRACE_MEMORY_H

#include <linux/types.h>

/* The machine's memory, in bytes, by which defaults go. May sleep. */
u64 st_memory_bytes(void);

#endif /* SOCKTRACE_MEMORY_H */
