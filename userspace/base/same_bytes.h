/* SPDX-License-Identifier: GPL-2.0 */
/* What memcmp() is for keys of caches: of a size that the compiler knows, without a call. */
#ifndef SOCKTRACE_SAME_BYTES_H
#define SOCKTRACE_SAME_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef unsigned long long same_bytes_block __attribute__((vector_size(16)));

/* Are these bytes the same? At least 16; the last block overlaps the one before. */
static inline __attribute__((always_inline)) bool
same_bytes(const void *a, const void *b, size_t size)
{
	same_bytes_block x, y, different = { 0 };
	size_t at, from;

#pragma GCC unroll 8
	for (at = 0; at < size; at += sizeof(x)) {
		from = at < size - sizeof(x) ? at : size - sizeof(x);
		memcpy(&x, (const char *)a + from, sizeof(x));
		memcpy(&y, (const char *)b + from, sizeof(y));
		different |= x ^ y;
	}
	return !(different[0] | different[1]);
}

#endif
