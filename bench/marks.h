/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a program tells the plugins of bench/profile and bench/stores: an instruction that
 * does nothing, nopl MARK(%rax), of which a plugin sees the bytes.
 */
#ifndef BENCH_MARKS_H
#define BENCH_MARKS_H

#define MARK_BEGIN 0x53540000 /* and the kind: what is executed from here on is of it */
#define MARK_MAX_KINDS 8
#define MARK_END 0x53540100
#define MARK_KEEP 0x53540101 /* all that was executed since the last KEEP or DROP counts */
#define MARK_DROP 0x53540102 /* or does not */
#define MARK_NEXT 0x53540103 /* from here on it is counted for the next setup */
#define MARK_MAX_SETUPS 2

/* bench/profile traces x86 alone. */
#ifdef __x86_64__
#define mark(what) __asm__ volatile("nopl %c0(%%rax)" : : "i"(what) : "memory")
#else
#define mark(what) ((void)(what))
#endif

#endif
