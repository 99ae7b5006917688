/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs of the guest share. All end the program when something fails. */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stdint.h>

__attribute__((format(printf, 1, 2), noreturn))
void die(const char *format, ...);
/* Dies of errno, unless fine. */
void check(bool fine, const char *what);
int checked(int fd, const char *what);
/* An option's argument: 1 to max. */
unsigned int number(const char *text, unsigned int max);

/* The calling process, to that processor. */
void pin_to(unsigned int cpu);
void sleep_ms(long ms);
/* What the scheduler gave to all tasks but the idle one since the boot. */
uint64_t busy_ns(void);
void run(const char *command);
void copy_file(const char *from, const char *to);

/* Before anything is measured: the guest's randomness, and what a boot leaves to do. */
void settle(void);

#endif
