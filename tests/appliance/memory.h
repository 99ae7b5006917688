/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOCKTRACE_APPLIANCE_MEMORY_H
#define SOCKTRACE_APPLIANCE_MEMORY_H

/*
 * Says, in comments of TAP, what the module takes of memory while it is loaded and while
 * a reader traces, and what the reader does. Loads and unloads it.
 */
void memory_told(void);

#endif
