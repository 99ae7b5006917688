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

int out_flush(struct out *out)
{
	sig_atomic_t stops = out->stops ? *out->stops : 0;
	size_t at = 0, whole;

	while (at < out->length && !out->error) {
		ssize_t n = write(out->fd, out->buffer + at, out->length - at);

		if (n >= 0)
			at += (size_t)n;
		else if (wait_writable(out) < 0)
			out->error = errno;
		else if (out->stops && *out->stops - stops >= 2)
			out->error = EINTR;
	}
	if (out->error) {
		/* Lines whose last byte went out were written. */
		out->unwritten += out->lines - (out->count ? out->count : count_newlines)(
						       out->buffer, at, &whole);
	}
	out->length = 0;
	out->lines = 0;
	return out->error ? -1 : 0;
}
