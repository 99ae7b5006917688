// SPDX-License-Identifier: GPL-2.0
#include "base/out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int out_open(struct out *out, int fd, const volatile sig_atomic_t *stops)
{
	*out = (struct out){ .fd = fd, .stops = stops };
	out->buffer = malloc(OUT_BUFFER);
	return out->buffer ? 0 : -1;
}

void out_close(struct out *out)
{
	free(out->buffer);
	out->buffer = NULL;
}

/* 0: go on writing. Standard output may be non-blocking, set by a stranger. */
static int wait_writable(const struct out *out)
{
	struct pollfd pfd = { .fd = out->fd, .events = POLLOUT };

	if (errno == EINTR)
		return 0;
	if (errno != EAGAIN)
		return -1;
	if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
		return -1;
	return 0;
}

static uint64_t count_newlines(const char *buffer, size_t at, size_t *whole)
{
	uint64_t count = 0;

	for (*whole = 0; at; at--) {
		if (buffer[at - 1] != '\n')
			continue;
		if (!count++)
			*whole = at;
	}
	return count;
}

static bool is_told_to_end(const struct out *out, sig_atomic_t stops)
{
	return (out->stops && *out->stops - stops >= 2) || (out->hurry && *out->hurry);
}

/* EFBIG: of a limit of this process's files, which may be raised. */
static bool is_full(const struct out *out, int number)
{
	return out->keeps_on && (number == ENOSPC || number == EDQUOT || number == EFBIG);
}

/* Of a line that was begun nothing stays: the next one begins where it did. */
static void take_back(struct out *out, size_t bytes)
{
	if (bytes && ftruncate(out->fd, (off_t)(out->size - bytes)))
		return;
	out->size -= bytes;
}

int out_flush(struct out *out)
{
	sig_atomic_t stops = out->stops ? *out->stops : 0;
	size_t at = 0, whole;

	if (out->length)
		out->full = 0;
	while (at < out->length && !out->error && !out->full) {
		ssize_t n = write(out->fd, out->buffer + at, out->length - at);

		if (n >= 0)
			at += (size_t)n;
		else if (is_full(out, errno))
			out->full = errno;
		else if (wait_writable(out) < 0)
			out->error = errno;
		else if (is_told_to_end(out, stops))
			out->error = EINTR;
	}
	out->size += at;
	if (out->error || out->full) {
		/* Lines whose last byte went out were written. */
		out->unwritten += out->lines - (out->count ? out->count : count_newlines)(
						       out->buffer, at, &whole);
		if (out->full)
			take_back(out, at - whole);
	}
	out->length = 0;
	out->lines = 0;
	return out->error ? -1 : 0;
}
