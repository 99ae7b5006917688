/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sessions of /dev/socktrace. What fails that should not fails the case. One
 * session is a file descriptor.
 */
#ifndef SOCKTRACE_APPLIANCE_DEVICE_H
#define SOCKTRACE_APPLIANCE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <socktrace.h>

#define MODULE_PATH "/socktrace.ko"
#define MODULE_NAME "socktrace"

/* Is the module a part of the kernel, not a file? */
bool device_is_built_in(void);

/* Has the module's parameter, NAME=VALUE, that value? */
bool device_has(const char *parameter);

/*
 * Loads the module anew; what sessions a case that failed has left are closed. Where
 * the module is built into the kernel: skips a case that wants it gone, or with another
 * parameter than it has.
 */
void device_load(const char *parameters);
void device_unload(void);

/* A session with rings of that size (0: the default) and these phases. */
int session_open(uint32_t records_per_cpu, uint32_t phases);
/* As for socktrace_filter; what no rule matches is refused. */
void session_filter(int fd, const struct socktrace_rule *rules, unsigned int count);
void session_start(int fd);
void session_stop(int fd);
void session_close(int fd);
/* Notes them below the verdict, and checks the law: so of a stopped session alone. */
struct socktrace_stats session_stats(int fd);

/* Reads records, at most `max`, and gives each to `take`; 0: none waits. */
unsigned int session_read(int fd, unsigned int max,
			  void (*take)(const struct socktrace_event *ev, void *arg), void *arg);

#endif
