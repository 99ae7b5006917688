/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The output: lines gather in one buffer, which is written once per batch.
 * A line is made in place: out_line() gives room for OUT_LINE_MAX bytes,
 * out_done() says where the line ended.
 */
#ifndef SOCKTRACE_OUT_H
#define SOCKTRACE_OUT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Four times a path of PATH_MAX bytes of which each one is escaped. */
#define OUT_LINE_MAX 131072
#define OUT_BUFFER (4 * OUT_LINE_MAX)

struct out {
	int fd;
	int error; /* errno of the first write that failed, or 0 */
	char *buffer; /* OUT_BUFFER bytes */
	size_t length; /* bytes in it */
	uint64_t lines; /* lines in it */
	uint64_t unwritten; /* lines given up because of `error`, or for want of room */
	/*
	 * A regular file: while its disk is full, or its size is limited, lines are
	 * given up, and the file ends with a whole one; that is no error.
	 */
	bool keeps_on;
	int full; /* errno of the last write, if it was for want of room; or 0 */
	uint64_t size; /* of the file; the caller's to begin with */
	/*
	 * NULL: lines end with newlines. Else how many of them end within the first
	 * `at` bytes of the buffer; *whole: where the last of these does.
	 */
	uint64_t (*count)(const char *buffer, size_t at, size_t *whole);
	/* Counts signals that ask to end; may be NULL. See out_flush(). */
	const volatile sig_atomic_t *stops;
	const volatile sig_atomic_t *hurry; /* not 0: do not block any more; may be NULL */
};

/* 0, or -1 and errno. The descriptor stays the caller's. */
int out_open(struct out *out, int fd, const volatile sig_atomic_t *stops);
void out_close(struct out *out);

/*
 * Writes what is buffered; 0, or -1 with `error` set. Blocks as long as the
 * other end does, unless two signals that ask to end come meanwhile, or one to hurry
 * (EINTR).
 * After an error everything given is counted in `unwritten` and forgotten.
 */
int out_flush(struct out *out);

static inline char *out_line(struct out *out)
{
	if (OUT_BUFFER - out->length < OUT_LINE_MAX)
		out_flush(out);
	return out->buffer + out->length;
}

/* `end`: after the line's last byte, its newline. */
static inline void out_done(struct out *out, char *end)
{
	out->length = (size_t)(end - out->buffer);
	out->lines++;
}

#endif
