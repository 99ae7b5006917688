/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files of output that are there for months: opened for append, opened anew when they
 * were moved away, followed by others when they are large or old enough.
 */
#ifndef SOCKTRACE_OUTPUT_OUTFILE_H
#define SOCKTRACE_OUTPUT_OUTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"

struct rotation {
	uint64_t bytes; /* a file that is larger is followed by another; 0: whatever its size */
	uint64_t seconds; /* likewise, by its age; names are then as of strftime(3); 0 */
	uint64_t count; /* so many files, see outfile_due(); 0: any number */
};

struct outfile {
	struct out *out;
	const char *name; /* for messages, of what is open */
	const char *given; /* by the user; NULL: a standard stream */
	bool emptied; /* not appended to, when it is opened first */
	const struct rotation *rotation;
	uint64_t number; /* of this one, from 0 */
	uint64_t began_s; /* when it was opened, CLOCK_BOOTTIME */
	bool told_full; /* that there is no room */
	bool told_stuck; /* that there is no next one */
	char path[PATH_MAX];
};

/* For an output that is set up but for its descriptor: a standard stream, */
void outfile_stream(struct outfile *file, struct out *out, int fd);

/*
 * or what the user named, which is opened; `file` is empty but for `emptied`. Without room on a regular
 * file's disk the output goes on, and counts (out_flush()). 0, or -1 and errno.
 */
int outfile_open(struct outfile *file, struct out *out, const char *given,
		 const struct rotation *rotation);

/* Is it time for the next one? */
bool outfile_due(const struct outfile *file);

/* By age alone, so many files are enough: there is to be no next one. */
bool outfile_was_last(const struct outfile *file);

/*
 * Opens the next one; or the same name, which may be another file by now. On error it
 * goes on with what it has: -1 and errno. The buffer must be empty.
 */
int outfile_next(struct outfile *file);
int outfile_reopen(struct outfile *file);

/* 0, or -1 and errno: what was written may not be there. */
int outfile_close(struct outfile *file);

#endif
