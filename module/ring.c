// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "compat/compat.h"
#include "ring.h"

/* One for every other call; and room for the longest paths in any case. */
static unsigned int companion_records(unsigned int records)
{
	BUILD_BUG_ON(64 * SOCKTRACE_IMAGE_TEXT_LEN < PATH_MAX + SOCKTRACE_CMDLINE_LEN);
	BUILD_BUG_ON(64 * SOCKTRACE_PATH_TEXT_LEN < PATH_MAX);
	return max(records / 2, 64U);
}

u64 st_ring_set_bytes(unsigned int records, bool companions)
{
	u64 bytes = sizeof(struct st_ring) + (u64)records * sizeof(struct socktrace_event);

	if (companions)
		bytes += sizeof(struct st_ring_companions) +
			 (u64)companion_records(records) * sizeof(struct socktrace_event);
	return num_possible_cpus() * bytes;
}

/* False: no memory. What was got is freed by st_ring_set_free(). */
static bool ring_make_companions(struct st_ring *ring, unsigned int records, int cpu,
			     void *(*alloc)(size_t bytes, int cpu))
{
	size_t bytes = companion_records(records) * sizeof(struct socktrace_event);
	void *buffer;

	ring->companions = alloc(sizeof(*ring->companions), cpu);
	if (!ring->companions)
		return false;
	buffer = alloc(bytes, cpu);
	if (!buffer)
		return false;
	if (!kfifo_init(&ring->companions->fifo, buffer, bytes))
		return true;
	kvfree(buffer);
	return false;
}

/*
 * @records is a power of two. Rings are for possible CPUs, not for those online
 * now: a CPU may come up while the session runs.
 */
struct st_ring_set *st_ring_set_create(unsigned int records, bool companions,
				 void *(*alloc)(size_t bytes, int cpu))
{
	size_t bytes = records * sizeof(struct socktrace_event);
	struct st_ring_set *set;
	struct st_ring *ring;
	void *buffer;
	int cpu;

	set = kzalloc(sizeof(*set) + nr_cpu_ids * sizeof(set->ring[0]), GFP_KERNEL);
	if (!set)
		return NULL;
	set->records = records;
	set->nr = nr_cpu_ids;
	for_each_possible_cpu(cpu) {
		ring = alloc(sizeof(*ring), cpu);
		if (!ring)
			goto fail;
		set->ring[cpu] = ring;
		u64_stats_init(&ring->sync);
		buffer = alloc(bytes, cpu);
		if (!buffer)
			goto fail;
		if (kfifo_init(&ring->fifo, buffer, bytes)) {
			kvfree(buffer);
			goto fail;
		}
		if (companions && !ring_make_companions(ring, records, cpu, alloc))
			goto fail;
	}
	return set;
fail:
	st_ring_set_free(set);
	return NULL;
}

void st_ring_set_free(struct st_ring_set *set)
{
	unsigned int i;

	if (!set)
		return;
	for (i = 0; i < set->nr; i++) {
		if (!set->ring[i])
			continue;
		if (set->ring[i]->companions)
			kvfree(set->ring[i]->companions->fifo.kfifo.data);
		kvfree(set->ring[i]->companions);
		kvfree(set->ring[i]->fifo.kfifo.data);
		kvfree(set->ring[i]);
	}
	kfree(set);
}

/*
 * Numbers @ev and keeps it; false: dropped, and its number with it. What
 * kfifo_put() does, which would copy the record to the stack first.
 */
bool st_ring_put(struct st_ring *ring, const struct socktrace_event *ev)
{
	struct socktrace_event *room = st_ring_room(ring);

	if (room) {
		if (room != ev)
			*room = *ev;
		room->seq = ring->seq;
		smp_wmb(); /* the record before its being there */
		ring->fifo.kfifo.in++;
	}
	/* Who sees the number gone must see the record, if it was kept. */
	smp_store_release(&ring->made, (unsigned long)++ring->seq);
	return room;
}

/* The place of the companion that is @part further than the last one. */
static struct socktrace_event *companion_slot(struct st_ring *ring, unsigned int part)
{
	struct __kfifo *fifo = &ring->companions->fifo.kfifo;

	return &((struct socktrace_event *)fifo->data)[(fifo->in + part) & fifo->mask];
}

/*
 * All of these @parts, which stand in their slots. They are there before the record
 * that needs them is: whoever sees that sees these.
 */
static void put_companions(struct st_ring *ring, unsigned int parts)
{
	unsigned int part;

	for (part = 0; part < parts; part++)
		companion_slot(ring, part)->seq = ring->seq;
	smp_wmb(); /* the records before their being there */
	ring->companions->fifo.kfifo.in += parts;
}

/* All parts of it or none. */
void st_ring_put_image(struct st_ring *ring, const struct socktrace_event *ev,
		       const struct st_image *image)
{
	unsigned int parts = st_record_image_parts(image), part;

	if (kfifo_avail(&ring->companions->fifo) < parts)
		return;
	for (part = 0; part < parts; part++)
		st_record_set_image(companion_slot(ring, part), ev, image, part);
	put_companions(ring, parts);
	ring->companions->told[ev->image % SOCKTRACE_IMAGE_SLOTS] = ev->image;
}

/* Likewise. */
void st_ring_put_path(struct st_ring *ring, const struct socktrace_event *ev,
		      const struct st_path *path)
{
	unsigned int parts = st_record_path_parts(path), part;

	if (kfifo_avail(&ring->companions->fifo) < parts || kfifo_is_full(&ring->fifo))
		return;
	for (part = 0; part < parts; part++)
		st_record_set_path(companion_slot(ring, part), ev, path, part);
	put_companions(ring, parts);
}

unsigned int st_ring_len(struct st_ring *ring)
{
	return kfifo_len(&ring->fifo);
}

/* Finds the oldest record where it stands in the kfifo, if it is not known already. */
static bool ring_find_head(struct st_ring *ring)
{
	const struct __kfifo *fifo = &ring->fifo.kfifo;

	if (ring->head)
		return true;
	if (kfifo_is_empty(&ring->fifo))
		return false;
	/* kfifo only has the barriers for writing: see the record after `in`. */
	smp_rmb();
	ring->head = &((const struct socktrace_event *)fifo->data)[fifo->out & fifo->mask];
	return true;
}

/* The reader is done with it. */
static void ring_skip_head(struct st_ring *ring)
{
	ring->head = NULL;
	/* The writer may use its place from now on. */
	smp_store_release(&ring->fifo.kfifo.out, ring->fifo.kfifo.out + 1);
}

/*
 * How many of the @made records the reader has not accounted for. None where it
 * is ahead: it may have read a record that the writer is just about to count.
 */
static u64 ring_behind(const struct st_ring *ring, unsigned long made)
{
	long behind = made - (unsigned long)READ_ONCE(ring->next_seq);

	return behind > 0 ? behind : 0;
}

/*
 * How many records were lost just before the oldest one, or, where the ring is
 * empty, after the last one delivered.
 */
static u64 ring_gap(struct st_ring *ring)
{
	unsigned long made;

	if (ring_find_head(ring))
		return ring->head->seq - ring->next_seq;
	/* Pairs with st_ring_put(): what was kept of these is seen below. */
	made = smp_load_acquire(&ring->made);
	if (ring_find_head(ring))
		return ring->head->seq - ring->next_seq;
	return ring_behind(ring, made);
}

/* What is to be told before the oldest record, if there is anything. */
static const struct socktrace_event *ring_companion(const struct st_ring *ring)
{
	const struct __kfifo *fifo = &ring->companions->fifo.kfifo;
	const struct socktrace_event *slots = fifo->data, *companion;

	if (kfifo_is_empty(&ring->companions->fifo))
		return NULL;
	smp_rmb(); /* the record after `in` */
	companion = &slots[fifo->out & fifo->mask];
	return companion->seq <= ring->head->seq ? companion : NULL;
}

/* When the loss was: the time of the record behind it, as far as known. */
static u64 ring_gap_time(const struct st_ring *ring)
{
	return ring->head ? st_record_completion(ring->head) : st_compat_boottime_ns();
}

/*
 * The next record of the stream, without taking it: the oldest of the rings'
 * first ones, or, where some were lost before it, @lost filled in to say so.
 * Valid until st_ring_set_advance(), which must be given it. False: none.
 */
bool st_ring_set_peek(struct st_ring_set *set, struct socktrace_event *lost,
		   const struct socktrace_event **ev)
{
	const struct socktrace_event *companion;
	struct st_ring *oldest = NULL;
	unsigned int i;
	u64 gap;

	for (i = 0; i < set->nr; i++) {
		struct st_ring *ring = set->ring[i];

		if (!ring)
			continue;
		gap = ring_gap(ring);
		if (gap && !ring->head) {
			/* Drained: nothing of this ring can come before it. */
			st_record_set_lost(lost, i, ring->next_seq, gap,
					ring_gap_time(ring));
			*ev = lost;
			return true;
		}
		if (ring->head &&
		    (!oldest ||
		     st_record_completion(ring->head) < st_record_completion(oldest->head)))
			oldest = ring;
	}
	if (!oldest)
		return false;
	gap = oldest->head->seq - oldest->next_seq;
	if (gap) {
		st_record_set_lost(lost, oldest->head->cpu, oldest->next_seq, gap,
				ring_gap_time(oldest));
		*ev = lost;
	} else {
		companion = oldest->companions ? ring_companion(oldest) : NULL;
		*ev = companion ?: oldest->head;
	}
	return true;
}

/* @ev, from st_ring_set_peek(), reached the reader. */
void st_ring_set_advance(struct st_ring_set *set, const struct socktrace_event *ev)
{
	struct st_ring *ring = set->ring[ev->cpu];

	if (ev->type == SOCKTRACE_LOST) {
		ring->next_seq += ev->lost_count;
		ring->lost_told += ev->lost_count;
	} else if (st_record_is_companion(ev)) {
		/* The writer may use its place from now on. */
		smp_store_release(&ring->companions->fifo.kfifo.out,
				  ring->companions->fifo.kfifo.out + 1);
	} else {
		ring->next_seq++;
		ring->delivered++;
		ring_skip_head(ring);
	}
}

/*
 * Safe without the read_lock: may miss only what comes just now. The acquire
 * pairs with st_ring_put().
 */
bool st_ring_set_empty(struct st_ring_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		struct st_ring *ring = set->ring[i];

		if (ring && ring_behind(ring, smp_load_acquire(&ring->made)))
			return false;
	}
	return true;
}

/*
 * Discards what waits. Losses not told yet are not told any more. Images stay: the
 * records to come may name them; and what is of no record any more, with them.
 */
void st_ring_set_flush(struct st_ring_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		struct st_ring *ring = set->ring[i];

		if (!ring)
			continue;
		while (ring_find_head(ring)) {
			ring->next_seq = ring->head->seq + 1;
			ring->flushed++;
			ring_skip_head(ring);
		}
		ring->next_seq += ring_gap(ring);
	}
}

/* Adds the set's numbers to @stats; with the read_lock held. */
void st_ring_set_stats(struct st_ring_set *set, struct socktrace_stats *stats)
{
	struct st_ring_counts counts;
	unsigned int i, start;
	unsigned long flags;

	for (i = 0; i < set->nr; i++) {
		struct st_ring *ring = set->ring[i];

		if (!ring)
			continue;
		/* On a machine with one CPU of 32 bits nothing else keeps them still. */
		local_irq_save(flags);
		do {
			start = u64_stats_fetch_begin(&ring->sync);
			counts = ring->counts;
		} while (u64_stats_fetch_retry(&ring->sync, start));
		local_irq_restore(flags);
		stats->hits += counts.hits;
		stats->filtered += counts.filtered;
		stats->dropped += counts.dropped;
		stats->missed += counts.missed;
		stats->queued += st_ring_len(ring);
		stats->delivered += ring->delivered;
		stats->flushed += ring->flushed;
		stats->lost_told += ring->lost_told;
	}
}
