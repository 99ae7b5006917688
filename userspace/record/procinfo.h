/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc knows of a process and its record does not: the executable. Best
 * effort: a process that ended is not there any more.
 */
#ifndef SOCKTRACE_PROCINFO_H
#define SOCKTRACE_PROCINFO_H

#include <stddef.h>
#include <stdint.h>

#include <socktrace.h>

#include "record/told.h"

#define PROCINFO_SLOTS 64 /* a power of two */
#define PROCINFO_EXE_MAX 240 /* longer paths are not cached */

struct procinfo {
	uint32_t pidns; /* ours, if it is not the initial one; else 0 */
	const struct told *told; /* instead of /proc: executables by pid; or NULL */
	struct procinfo_slot {
		uint64_t until_ns; /* CLOCK_BOOTTIME */
		uint32_t pid;
		uint32_t length; /* 0: nothing cached */
		char comm[16];
		char exe[PROCINFO_EXE_MAX];
	} slots[PROCINFO_SLOTS];
	char path[4096]; /* the answer, where it is not cached */
};

void procinfo_init(struct procinfo *proc);

/* The number that the process of a record has here and in /proc; 0: it has none. */
uint32_t procinfo_pid(const struct procinfo *proc, const struct socktrace_event *ev);

/*
 * The executable of the process `pid`, as procinfo_pid() gives it, whose thread is
 * named `comm` (16 bytes). Gives its bytes, without a NUL, until the next call;
 * NULL if not known. The answer holds until `until_ns`: a second from `now_ns`
 * on, or if nothing was found, only at `now_ns`.
 */
const char *procinfo_exe(struct procinfo *proc, uint32_t pid, const char *comm,
			 uint64_t now_ns, size_t *length, uint64_t *until_ns);

/*
 * The inode number of this process's pid namespace, whose numbers getpid() and /proc
 * give; 0: it is the initial one, or, without /proc, taken to be so.
 */
uint32_t procinfo_pidns(void);

#endif
