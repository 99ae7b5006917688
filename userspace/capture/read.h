/* SPDX-License-Identifier: GPL-2.0 */
/* Reads a capture, whoever wrote it: nothing that it says is believed unchecked. */
#ifndef SOCKTRACE_CAPTURE_READ_H
#define SOCKTRACE_CAPTURE_READ_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/format.h"

struct capture_file {
	const char *name; /* the caller's */
	int fd;
	bool swap; /* of the other byte order */
	bool torn; /* it ends within a block, or within its header */
	struct capture_header header; /* the last one, in this machine's order */
	uint64_t at; /* bytes read */
	char *block; /* CAPTURE_BLOCK_MAX bytes; aligned as records are */
	const volatile sig_atomic_t *stops; /* when it is not 0, the file ends */
	char error[256]; /* a message for the user, without a newline */
};

/* "-" is standard input. 0, or -1 with `error`. */
int capture_open(struct capture_file *file, const char *name,
		 const volatile sig_atomic_t *stops);
void capture_close(struct capture_file *file);

#define CAPTURE_HEADER 0 /* beside enum capture_kind: `header` is a new one */

/*
 * The next block: what it holds is in file->block, *size bytes, in this machine's byte
 * order. What a torn file has of its last block is given, too. 1; 0: the file ends;
 * -1: it makes no sense, with `error`.
 */
int capture_next(struct capture_file *file, uint32_t *kind, size_t *size);

/* `what` makes no sense, in the block last read. Gives -1. */
int capture_broken(struct capture_file *file, const char *what);

#endif
