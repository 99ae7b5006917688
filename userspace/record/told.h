/* SPDX-License-Identifier: GPL-2.0 */
/* Text by number, as a capture tells it: paths of cgroups, executables of processes. */
#ifndef SOCKTRACE_TOLD_H
#define SOCKTRACE_TOLD_H

#include <stddef.h>
#include <stdint.h>

/* All zero: nothing was told. */
struct told {
	struct told_text {
		uint64_t number;
		size_t length; /* bytes */
		char *text; /* NULL: the slot is free */
	} *slots;
	size_t size; /* slots: a power of two, or 0 */
	size_t count; /* used */
};

/* Replaces what was told of that number. 0, or -1: no memory. */
int told_put(struct told *told, uint64_t number, const char *text, size_t length);

/* Bytes without a NUL, until the next told_put(); NULL: nothing was told. */
const char *told_find(const struct told *told, uint64_t number, size_t *length);

void told_free(struct told *told);

#endif
