/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of a capture: a header, and blocks of records and of what else is needed
 * to replay them. All numbers are in the byte order of the machine that wrote it.
 * Where a block may begin, another header may stand, behind which nothing holds that
 * was told before: files can be put one behind the other. docs/captures.md tells it for who reads it by other programs.
 */
#ifndef SOCKTRACE_CAPTURE_FORMAT_H
#define SOCKTRACE_CAPTURE_FORMAT_H

#include <stdint.h>

#include <socktrace.h>

#define CAPTURE_MAGIC "\xd7socktrc" /* 8 bytes; no text begins so */
#define CAPTURE_ORDER 0x01020304U
#define CAPTURE_VERSION 1
#define CAPTURE_NUMBERS 8

struct capture_header {
	char magic[8];
	uint32_t order; /* CAPTURE_ORDER, which tells the byte order */
	uint16_t version; /* CAPTURE_VERSION: of the file */
	uint16_t size; /* bytes of the header; a multiple of 8 */
	uint32_t abi_version; /* SOCKTRACE_ABI_VERSION: of the module's interface */
	uint32_t record_size; /* bytes, of the module's records */
	uint32_t native_abi; /* enum socktrace_abi: the machine's own; 0: unknown */
	uint32_t pidns; /* inode of the reader's pid namespace; 0: the initial one */
	/*
	 * What constants are on that machine that differ between architectures, see
	 * capture_numbers(): names are told by the numbers of who replays.
	 */
	uint32_t numbers[CAPTURE_NUMBERS];
	char machine[24]; /* as uname(2) has it, ends with NUL */
};

enum capture_kind {
	/* struct capture_clock, and whole records */
	CAPTURE_RECORDS = 1,
	/*
	 * What was known before the first record: PROCESS and PATH records of programs
	 * and paths that later ones name, but which were told before.
	 */
	CAPTURE_KNOWN = 2,
	/* struct capture_text: the path of the cgroup `number` */
	CAPTURE_CGROUP = 3,
	/*
	 * struct capture_text: what /proc had as executable of process `number`, in
	 * the reader's pid namespace; empty: nothing any more
	 */
	CAPTURE_EXE = 4,
	/* struct capture_end: the session ended as it should */
	CAPTURE_END = 5
};

/* A reader skips blocks whose kind it does not know. */
struct capture_block {
	uint32_t kind; /* enum capture_kind */
	uint32_t size; /* bytes that follow; a multiple of 8 */
};
#define CAPTURE_BLOCK_MAX (1U << 20)

struct capture_clock {
	int64_t offset_ns; /* CLOCK_REALTIME minus CLOCK_BOOTTIME */
	uint64_t now_ns; /* CLOCK_BOOTTIME when the records were read */
};

struct capture_text {
	uint64_t number;
	uint32_t length; /* bytes of text, which follow, filled up with zeros */
	uint32_t reserved; /* 0 */
};

struct capture_end {
	struct socktrace_stats stats;
	uint64_t unwritten; /* records that were read and could not be written */
	uint32_t records_per_cpu; /* of the session */
	uint32_t maxactive; /* of the module */
};

_Static_assert(sizeof(struct capture_header) == 88, "no holes");
_Static_assert(sizeof(struct capture_block) == 8, "no holes");
_Static_assert(sizeof(struct capture_clock) == 16, "no holes");
_Static_assert(sizeof(struct capture_text) == 16, "no holes");
_Static_assert(sizeof(struct capture_end) == sizeof(struct socktrace_stats) + 16, "no holes");

/* The numbers of this machine. */
void capture_numbers(uint32_t numbers[CAPTURE_NUMBERS]);

#endif
