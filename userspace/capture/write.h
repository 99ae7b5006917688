/* SPDX-License-Identifier: GPL-2.0 */
/* Makes a capture: records as they are, and what only the reader of them knew. */
#ifndef SOCKTRACE_CAPTURE_WRITE_H
#define SOCKTRACE_CAPTURE_WRITE_H

#include "base/out.h"
#include "capture/format.h"
#include "record/cgroups.h"
#include "record/images.h"
#include "record/paths.h"
#include "record/procinfo.h"
#include "record/told.h"
#include "record/walltime.h"

#define CAPTURE_ASKED 64 /* a power of two */

struct capture {
	struct out *out; /* its lines are records */
	/* The facts, which stay the caller's. */
	const struct walltime *time;
	struct procinfo *proc;
	struct cgroups *cgroups;
	const struct images *images;
	const struct paths *paths;
	struct told told_cgroups, told_exes; /* what the file has */
	/* Whose executable was asked of /proc, and when: once for each batch is enough. */
	struct capture_asked {
		uint64_t now_ns;
		uint32_t pid;
		char comm[SOCKTRACE_COMM_LEN];
	} asked[CAPTURE_ASKED];
};

/* The header, to the beginning of a file. */
void capture_begin(struct capture *capture, uint32_t record_size, uint32_t native_abi);

/* Before the record itself: what it names and has not. Of no PROCESS, PATH, LOST. */
void capture_facts(struct capture *capture, const struct socktrace_event *ev);

/* Whole records, `size` bytes, read when capture->time says. */
void capture_records(struct capture *capture, const void *records, size_t size);

void capture_end(struct capture *capture, const struct capture_end *end);

/*
 * For out_count: of blocks in the buffer that end within `at` bytes, how many records
 * there are; *whole: where the last of them ends.
 */
uint64_t capture_count(const char *buffer, size_t at, size_t *whole);

void capture_free(struct capture *capture);

#endif
