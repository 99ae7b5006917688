// SPDX-License-Identifier: GPL-2.0
#include "selftest/ring.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Alike on all machines (but for what mips and alpha add), since 5.1. */
#if defined(__mips__)
#define NR_BASE __NR_Linux
#elif defined(__alpha__)
#define NR_BASE 110
#elif defined(__x86_64__) && defined(__ILP32__)
#define NR_BASE 0x40000000
#else
#define NR_BASE 0
#endif
enum { NR_SETUP = NR_BASE + 425, NR_ENTER, NR_REGISTER };

enum {
	SETUP_SQPOLL = 1 << 1,
	FEATURE_SINGLE_MMAP = 1 << 0,
	FEATURE_NATIVE_WORKERS = 1 << 9,
	ENTER_GETEVENTS = 1 << 0,
	ENTER_SQ_WAKEUP = 1 << 1,
	REGISTER_PROBE = 8,
	OPERATION_SUPPORTED = 1 << 0,
	COMPLETION_MORE = 1 << 1,
	AT_ENTRIES = 0x10000000, /* where mmap() finds them */
	ENTRIES = 4
};

struct ring_offsets { /* struct io_sqring_offsets, io_cqring_offsets */
	uint32_t head, tail, ring_mask, ring_entries;
	uint32_t flags_or_overflow, dropped_or_cqes, array_or_flags, reserved[3];
};

struct ring_params { /* struct io_uring_params */
	uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features;
	uint32_t wq_fd, reserved[3];
	struct ring_offsets sq, cq;
};
_Static_assert(sizeof(struct ring_params) == 120, "struct io_uring_params");
_Static_assert(sizeof(struct ring_entry) == 64, "struct io_uring_sqe");

struct ring_result { /* struct io_uring_cqe */
	uint64_t user_data;
	int32_t result;
	uint32_t flags;
};

struct ring_probe { /* struct io_uring_probe */
	uint8_t last, nr;
	uint16_t reserved;
	uint32_t reserved2[3];
	struct {
		uint8_t operation, reserved;
		uint16_t flags;
		uint32_t reserved2;
	} operations[64];
};

/* A ring of no entries is never made, but refused in different ways. */
int ring_is_refused(void)
{
	struct ring_params params;

	memset(&params, 0, sizeof(params));
	return syscall(NR_SETUP, 0, &params) < 0 ? -errno : 0;
}

int ring_init(struct ring *ring, bool polled)
{
	struct ring_params params;
	size_t length;
	char *area;

	memset(&params, 0, sizeof(params));
	params.flags = polled ? SETUP_SQPOLL : 0;
	params.sq_thread_idle = 100; /* milliseconds */
	ring->fd = (int)syscall(NR_SETUP, ENTRIES, &params);
	if (ring->fd < 0)
		return -errno;
	/* Since 5.4 one area holds both rings; what is traced came with 5.5. */
	if (!(params.features & FEATURE_SINGLE_MMAP))
		return -ENOSYS;
	ring->native_workers = params.features & FEATURE_NATIVE_WORKERS;
	length = params.cq.dropped_or_cqes + params.cq_entries * sizeof(struct ring_result);
	if (length < params.sq.array_or_flags + params.sq_entries * sizeof(uint32_t))
		length = params.sq.array_or_flags + params.sq_entries * sizeof(uint32_t);
	area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (area == MAP_FAILED)
		return -errno;
	ring->entry = mmap(NULL, params.sq_entries * sizeof(struct ring_entry),
			   PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, AT_ENTRIES);
	if (ring->entry == MAP_FAILED)
		return -errno;
	ring->mask = *(uint32_t *)(void *)(area + params.cq.ring_mask);
	ring->tail = (void *)(area + params.sq.tail);
	ring->completed_head = (void *)(area + params.cq.head);
	ring->completed_tail = (void *)(area + params.cq.tail);
	ring->results = (void *)(area + params.cq.dropped_or_cqes);
	/* Every place of the queue is of the first entry. */
	memset(area + params.sq.array_or_flags, 0, params.sq_entries * sizeof(uint32_t));
	return 0;
}

int ring_knows(const struct ring *ring, enum ring_operation operation)
{
	struct ring_probe probe;

	memset(&probe, 0, sizeof(probe));
	if (syscall(NR_REGISTER, ring->fd, REGISTER_PROBE, &probe,
		    sizeof(probe.operations) / sizeof(probe.operations[0])) < 0)
		return -errno;
	return operation < probe.nr && probe.operations[operation].flags & OPERATION_SUPPORTED;
}

int ring_submit_entry(struct ring *ring, const struct ring_entry *entry)
{
	*ring->entry = *entry;
	__atomic_store_n(ring->tail, *ring->tail + 1, __ATOMIC_RELEASE);
	/* A thread that looks for them may sleep: it is woken in any case. */
	return syscall(NR_ENTER, ring->fd, 1, 0, ENTER_SQ_WAKEUP, NULL, 0) < 0 ? -errno : 0;
}

int ring_wait(struct ring *ring, int *result, bool *more)
{
	uint32_t head = *ring->completed_head;
	const struct ring_result *next;

	while (head == __atomic_load_n(ring->completed_tail, __ATOMIC_ACQUIRE)) {
		if (syscall(NR_ENTER, ring->fd, 0, 1, ENTER_GETEVENTS, NULL, 0) < 0 &&
		    errno != EINTR)
			return -errno;
	}
	next = &ring->results[head & ring->mask];
	*result = next->result;
	if (more)
		*more = next->flags & COMPLETION_MORE;
	__atomic_store_n(ring->completed_head, head + 1, __ATOMIC_RELEASE);
	return 0;
}
