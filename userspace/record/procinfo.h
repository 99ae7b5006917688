/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What /proc knows of a process and its record does not: the executable. Best
 * effort: a process that ended is not there any more.
 */
#ifndef SOCKTRACE_PROCINFO_H
#define SOCKTRACE_PROCINFO_H

#include <stddef.h>
#include <stdint.h>

#define PROCINFO_SLOTS 64 /* a power of two */
#define PROCINFO_EXE_MAX 240 /* longer paths are not cached */

struct procinfo {
	int foreign; /* /proc counts processes otherwise than records do */
	struct procinfo_slot {
		uint64_t until_ns; /* CLOCK_BOOTTIME */
		uint32_t tgid;
		uint32_t length; /* 0: nothing cached */
		char comm[16];
		char exe[PROCINFO_EXE_MAX];
	} slots[PROCINFO_SLOTS];
	char path[4096]; /* the answer, where it is not cached */
};

void procinfo_init(struct procinfo *proc);

/*
 * The executable of the process `tgid` (initial pid namespace) whose thread is
 * named `comm` (16 bytes). Gives its bytes, without a NUL, until the next call;
 * NULL if not known. The answer holds until `until_ns`: a second from `now_ns`
 * on, or if nothing was found, only at `now_ns`.
 */
const char *procinfo_exe(struct procinfo *proc, uint32_t tgid, const char *comm,
			 uint64_t now_ns, size_t *length, uint64_t *until_ns);

/*
 * 1 if this process sees the initial pid namespace's numbers in getpid() and
 * /proc, 0 if it is within another one. Without /proc it is taken to be so.
 */
int procinfo_initial_pidns(void);

#endif
