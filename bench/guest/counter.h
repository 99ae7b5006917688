/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A counter that programs can read: QEMU's go by nanoseconds, which --icount makes one for
 * each instruction.
 */
#ifndef BENCH_COUNTER_H
#define BENCH_COUNTER_H

#include <stdint.h>

static inline uint64_t count(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t now;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(now) : : "memory");
	return now;
#elif defined(__arm__)
	uint64_t now;

	__asm__ volatile("isb; mrrc p15, 1, %Q0, %R0, c14; isb" : "=r"(now) : : "memory");
	return now;
#else
#error "which counter can a program read here?"
#endif
}

#endif
