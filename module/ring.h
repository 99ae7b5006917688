/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings: one kfifo of records per CPU, and reading them as one stream.
 *
 * Each ring has one writer, a probe's handler on its CPU (they don't nest; or
 * whoever tells a connect's outcome, with interrupts off), and
 * one reader at a time, whoever holds the session's read_lock. They share the kfifo and `made`;
 * every other field belongs to one side.
 */
#ifndef SOCKTRACE_RING_H
#define SOCKTRACE_RING_H

#include <linux/cache.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

#include "compat/kfifo.h"
#include "record.h"

/* What the writer counts; read by anybody, through st_ring_set_stats(). */
struct st_ring_counts {
	u64 hits; /* records that were offered */
	u64 filtered; /* of them: refused by the filter */
	u64 dropped; /* of them: found the ring full */
	u64 missed; /* of them: their return could not be hooked */
};

/* Of a session that is told more than fits into the calls' records. */
struct st_ring_companions {
	u64 told[SOCKTRACE_IMAGE_SLOTS]; /* writer's: the last image of each slot */
	DECLARE_KFIFO_PTR(fifo, struct socktrace_event); /* PROCESS and PATH records */
};

struct st_ring {
	DECLARE_KFIFO_PTR(fifo, struct socktrace_event);
	/*
	 * NULL: none are told. In a kfifo of their own, so that a record of a call
	 * is never lost to them, nor counted with them. Each has the number of the
	 * record that it stands before, which was kept.
	 */
	struct st_ring_companions *companions;
	/* The writer's. */
	u64 seq; /* number of the next record, kept or dropped */
	unsigned long made; /* low bits of seq, published after the record */
	struct st_ring_counts counts;
	struct u64_stats_sync sync; /* writer's, for counts on 32 bit */

	/* The reader's. */
	/* The oldest record, in the kfifo; NULL: none, as far as was looked. */
	const struct socktrace_event *head ____cacheline_aligned_in_smp;
	u64 next_seq; /* number that the next record should have */
	u64 delivered, flushed, lost_told;
};

struct st_ring_set {
	unsigned int records; /* of each ring; a power of two */
	unsigned int nr; /* rings: one for each possible CPU number */
	struct st_ring *ring[]; /* NULL where no such CPU can be */
};

/* @alloc gives zeroed memory of @bytes near @cpu, or NULL. */
struct st_ring_set *st_ring_set_create(unsigned int records, bool companions,
				 void *(*alloc)(size_t bytes, int cpu));
void st_ring_set_free(struct st_ring_set *set);
u64 st_ring_set_bytes(unsigned int records, bool companions);

/*
 * Writer's side: on @ring's CPU with preemption off. A record may be made where it is going
 * to be kept: its place, until another one is put; NULL: the ring is full.
 */
static inline struct socktrace_event *st_ring_room(struct st_ring *ring)
{
	struct __kfifo *fifo = &ring->fifo.kfifo;

	if (kfifo_is_full(&ring->fifo))
		return NULL;
	return &((struct socktrace_event *)fifo->data)[fifo->in & fifo->mask];
}

bool st_ring_put(struct st_ring *ring, const struct socktrace_event *ev);
unsigned int st_ring_len(struct st_ring *ring);
/* For the next record, which must be kept then. Without room it is told with a later one. */
void st_ring_put_image(struct st_ring *ring, const struct socktrace_event *ev,
		       const struct st_image *image);
/* For the next record. Neither where there is no room for that. */
void st_ring_put_path(struct st_ring *ring, const struct socktrace_event *ev,
		      const struct st_path *path);

/* Is @image, of the next record, to be told before that one? */
static inline bool st_ring_lacks_image(const struct st_ring *ring, u64 image)
{
	return ring->companions && image &&
	       ring->companions->told[image % SOCKTRACE_IMAGE_SLOTS] != image &&
	       !kfifo_is_full(&ring->fifo);
}

/* Reader's side. */
bool st_ring_set_peek(struct st_ring_set *set, struct socktrace_event *lost,
		   const struct socktrace_event **ev);
void st_ring_set_advance(struct st_ring_set *set, const struct socktrace_event *ev);
bool st_ring_set_empty(struct st_ring_set *set);
void st_ring_set_flush(struct st_ring_set *set);
void st_ring_set_stats(struct st_ring_set *set, struct socktrace_stats *stats);

#endif /* SOCKTRACE_RING_H */
