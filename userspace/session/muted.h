/* SPDX-License-Identifier: GPL-2.0 */
/* Whether probes that are armed fire, and why they may not. */
#ifndef SOCKTRACE_MUTED_H
#define SOCKTRACE_MUTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls of our own, by which a probe is seen to fire; the one to be preferred first. */
#define MUTED_CALLS 6
extern const struct muted_call {
	uint32_t type; /* enum socktrace_type */
	bool (*make)(void); /* false: the kernel's function was not reached, as by seccomp */
} muted_calls[MUTED_CALLS];

/*
 * Writes what switches all probes off, and how they are switched on again, as
 * far as it can be read below `root` ("" but for tests): one line, no newline.
 */
void muted_reason(const char *root, char *buffer, size_t size);

#endif
