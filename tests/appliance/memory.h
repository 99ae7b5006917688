/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOCKTRACE_APPLIANCE_MEMORY_H
#define SOCKTRACE_APPLIANCE_MEMORY_H

/* The number behind `name` at the beginning of a line of the file, or -1. */
long memory_number(const char *path, const char *name);
/* Of the machine, in KiB, without what it only keeps in case. */
long memory_used(void);

/*
 * Says, in comments of TAP, what the module takes of memory while it is loaded and while
 * a reader traces, and what the reader does. Loads and unloads it.
 */
void memory_told(void);

#endif
