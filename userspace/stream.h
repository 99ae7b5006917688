/* SPDX-License-Identifier: GPL-2.0 */
/* Records on their way to the output, wherever they come from. */
#ifndef SOCKTRACE_STREAM_H
#define SOCKTRACE_STREAM_H

#include "report.h"

/*
 * Puts out what `batch` has, `size` bytes of records, and counts it: of a capture that
 * is replayed, what its conditions hold for; no more than were asked for. How many bytes
 * were taken; fewer: enough is put out, or a record is broken (*broken).
 */
size_t stream_put(struct reader *reader, const void *batch, size_t size, bool *broken);

/* Before a batch: goes on in the next file, where it is time; ends tracing after the last. */
void stream_rotate(struct reader *reader);

/* Opens files anew, which may have been moved away. */
void stream_reopen(struct reader *reader);

/* If it is time, or `now`: what was counted since the last time. */
void stream_summarize(struct reader *reader, bool now);

/* Writes what waits. 0, or -1: told, and tracing ends. */
int stream_flush(struct reader *reader);

#endif
