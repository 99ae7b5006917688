/* SPDX-License-Identifier: GPL-2.0 */
/* Why no probe may fire although all are armed. */
#ifndef SOCKTRACE_MUTED_H
#define SOCKTRACE_MUTED_H

#include <stddef.h>

/*
 * Writes what switches all probes off, and how they are switched on again, as
 * far as it can be read below `root` ("" but for tests): one line, no newline.
 */
void muted_reason(const char *root, char *buffer, size_t size);

#endif
