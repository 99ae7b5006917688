/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring by its system calls alone: as much as the selftest drives. Its layout is
 * written down here, so that neither liburing nor headers that know it are needed: a
 * reader that was built on an old system tries it on a new kernel, too.
 */
#ifndef SOCKTRACE_SELFTEST_RING_H
#define SOCKTRACE_SELFTEST_RING_H

#include <stdbool.h>
#include <stdint.h>

/* As io_uring_enter(2) has them: sqe->opcode. Each since the Linux beside it. */
enum ring_operation {
	RING_ACCEPT = 13, /* 5.5; ioprio: RING_ACCEPT_MULTISHOT */
	RING_CONNECT = 16, /* 5.5; off: the address's length */
	RING_SOCKET = 45, /* 5.19; fd: domain, off: type, len: protocol */
	RING_BIND = 56, /* 6.11; as CONNECT */
	RING_LISTEN = 57 /* 6.11; len: backlog */
};
#define RING_ACCEPT_MULTISHOT 1U /* 5.19 */

/* struct io_uring_sqe, of which the rest is 0 here */
struct ring_entry {
	uint8_t operation;
	uint8_t flags; /* RING_ENTRY_ASYNC */
	uint16_t ioprio;
	int32_t fd;
	uint64_t off; /* accept: user's address of the peer's length */
	uint64_t addr; /* user's address of a sockaddr */
	uint32_t len;
	uint32_t op_flags; /* accept_flags */
	uint64_t rest[4];
};
#define RING_ENTRY_ASYNC (1U << 4) /* by a worker, from the first try on */

struct ring {
	int fd;
	bool native_workers; /* they are threads of the process (since 5.12) */
	uint32_t mask; /* of the completions */
	uint32_t *tail; /* of the submissions */
	uint32_t *completed_head, *completed_tail;
	const struct ring_result *results;
	struct ring_entry *entry; /* the first of the submissions, and the only one used */
};

/* No ring is made, but it is seen why not: -ENOSYS, -EPERM where switched off, -EINVAL. */
int ring_is_refused(void);
/* With a kernel thread that looks for submissions, if `polled`. 0 or -errno. */
int ring_init(struct ring *ring, bool polled);
/* -errno: it can't be asked (before 5.6). */
int ring_knows(const struct ring *ring, enum ring_operation operation);
/* `entry` is submitted. 0 or -errno. */
int ring_submit_entry(struct ring *ring, const struct ring_entry *entry);
/* Waits for a result, >= 0 or -errno; `more`, if not NULL: others of the same follow. */
int ring_wait(struct ring *ring, int *result, bool *more);

#endif
