// SPDX-License-Identifier: GPL-2.0-only
#include <linux/prandom.h>

#include "../../module/ring.c"

#include "suites.h"

#define RECORDS 8
#define RINGS 3

/* A set of RINGS rings, whatever CPUs the machine has. */
static struct st_ring_set *new_set(struct kunit *test)
{
	struct st_ring_set *set =
		kunit_kzalloc(test, sizeof(*set) + RINGS * sizeof(set->ring[0]), GFP_KERNEL);
	size_t bytes = RECORDS * sizeof(struct socktrace_event);
	unsigned int i;
	void *buffer;

	KUNIT_ASSERT_NOT_NULL(test, set);
	set->records = RECORDS;
	set->nr = RINGS;
	for (i = 0; i < RINGS; i++) {
		set->ring[i] = kunit_kzalloc(test, sizeof(struct st_ring), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, set->ring[i]);
		buffer = kunit_kzalloc(test, bytes, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, buffer);
		KUNIT_ASSERT_EQ(test, kfifo_init(&set->ring[i]->fifo, buffer, bytes), 0);
		u64_stats_init(&set->ring[i]->sync);
	}
	return set;
}

/* As session_deliver() does it. */
static bool put(struct st_ring_set *set, u32 cpu, u64 time_ns)
{
	struct st_ring *ring = set->ring[cpu];
	struct socktrace_event elsewhere, *ev = st_ring_room(ring);
	bool kept;

	if (!ev || (u32)ring->seq % 3)
		ev = &elsewhere;
	st_record_init(ev, SOCKTRACE_SOCKET, SOCKTRACE_EXIT);
	ev->cpu = cpu;
	ev->time_ns = time_ns;
	ring->counts.hits++;
	kept = st_ring_put(ring, ev);
	if (!kept)
		ring->counts.dropped++;
	return kept;
}

/* The next record, taken. Its type is 0 where there is none. */
static struct socktrace_event take(struct st_ring_set *set)
{
	const struct socktrace_event *ev;
	struct socktrace_event lost, copy = { 0 };

	if (st_ring_set_peek(set, &lost, &ev)) {
		copy = *ev;
		st_ring_set_advance(set, ev);
	}
	return copy;
}

static void expect_law(struct kunit *test, struct st_ring_set *set)
{
	struct socktrace_stats s = { 0 };

	st_ring_set_stats(set, &s);
	KUNIT_EXPECT_EQ(test, s.hits, s.delivered + s.queued + s.filtered + s.dropped +
					      s.missed + s.flushed);
}

/* Likewise, told of images and paths, for which there is room for @records. */
static struct st_ring_set *new_set_with_companions(struct kunit *test, unsigned int records)
{
	struct st_ring_set *set = new_set(test);
	size_t bytes = records * sizeof(struct socktrace_event);
	unsigned int i;

	for (i = 0; i < RINGS; i++) {
		struct st_ring_companions *companions = kunit_kzalloc(test, sizeof(*companions), GFP_KERNEL);
		void *buffer = kunit_kzalloc(test, bytes, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, companions);
		KUNIT_ASSERT_NOT_NULL(test, buffer);
		KUNIT_ASSERT_EQ(test, kfifo_init(&companions->fifo, buffer, bytes), 0);
		set->ring[i]->companions = companions;
	}
	return set;
}

/* As session_put() does it, of an image of @len bytes: was it told? */
static bool put_of(struct st_ring_set *set, u32 cpu, u64 time_ns, u64 number, unsigned int len)
{
	static char text[4 * SOCKTRACE_IMAGE_TEXT_LEN];
	struct st_image image = { .text = text, .exe_len = len };
	struct st_ring *ring = set->ring[cpu];
	struct socktrace_event ev;
	bool told = false;

	st_record_init(&ev, SOCKTRACE_SOCKET, SOCKTRACE_EXIT);
	ev.cpu = cpu;
	ev.time_ns = time_ns;
	ev.image = number;
	ring->counts.hits++;
	if (st_ring_lacks_image(ring, number)) {
		st_ring_put_image(ring, &ev, &image);
		told = !st_ring_lacks_image(ring, number);
	}
	if (!st_ring_put(ring, &ev))
		ring->counts.dropped++;
	return told;
}

static void empty_set_gives_nothing(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);

	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
}

static void records_come_in_order_over_many_wraps(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	u64 i;

	for (i = 0; i < 10 * RECORDS; i++) {
		struct socktrace_event ev;

		KUNIT_ASSERT_TRUE(test, put(set, 0, i));
		KUNIT_EXPECT_FALSE(test, st_ring_set_empty(set));
		ev = take(set);
		KUNIT_EXPECT_EQ(test, ev.seq, i);
		KUNIT_EXPECT_EQ(test, ev.time_ns, i);
	}
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	expect_law(test, set);
}

static void peeking_takes_nothing(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	const struct socktrace_event *ev;
	struct socktrace_event lost;

	put(set, 1, 5);
	KUNIT_ASSERT_TRUE(test, st_ring_set_peek(set, &lost, &ev));
	KUNIT_ASSERT_TRUE(test, st_ring_set_peek(set, &lost, &ev));
	KUNIT_EXPECT_EQ(test, ev->time_ns, 5ULL);
	expect_law(test, set);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 5ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
}

/* It is read where it stands. */
static void a_record_keeps_its_place_while_it_is_read(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	const struct socktrace_event *ev;
	struct socktrace_event lost;
	u64 i;

	for (i = 0; i < RECORDS; i++)
		KUNIT_EXPECT_TRUE(test, put(set, 0, i));
	KUNIT_ASSERT_TRUE(test, st_ring_set_peek(set, &lost, &ev));
	KUNIT_EXPECT_FALSE(test, put(set, 0, RECORDS));
	KUNIT_EXPECT_EQ(test, ev->time_ns, 0ULL);
	st_ring_set_advance(set, ev);
	KUNIT_EXPECT_TRUE(test, put(set, 0, RECORDS + 1));
	for (i = 1; i < RECORDS; i++)
		KUNIT_EXPECT_EQ(test, take(set).time_ns, i);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, (u64)RECORDS + 1);
	expect_law(test, set);
}

static void a_full_ring_drops_the_newest(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct socktrace_event ev;
	u64 i;

	for (i = 0; i < RECORDS; i++)
		KUNIT_EXPECT_TRUE(test, put(set, 0, i));
	KUNIT_EXPECT_FALSE(test, put(set, 0, i));
	KUNIT_EXPECT_FALSE(test, put(set, 0, i + 1));
	expect_law(test, set);
	for (i = 0; i < RECORDS; i++)
		KUNIT_EXPECT_EQ(test, take(set).seq, i);
	/* The end of the stream is not silent about what came after it. */
	KUNIT_EXPECT_FALSE(test, st_ring_set_empty(set));
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, ev.cpu, 0U);
	KUNIT_EXPECT_EQ(test, ev.seq, (u64)RECORDS);
	KUNIT_EXPECT_EQ(test, ev.lost_count, 2ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	expect_law(test, set);
}

static void a_gap_is_told_before_the_record_behind_it(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct socktrace_event ev;
	u64 i;

	for (i = 0; i < RECORDS + 3; i++)
		put(set, 0, i);
	KUNIT_EXPECT_EQ(test, take(set).seq, 0ULL);
	KUNIT_EXPECT_TRUE(test, put(set, 0, 100));
	for (i = 1; i < RECORDS; i++)
		KUNIT_EXPECT_EQ(test, take(set).seq, i);
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, ev.seq, (u64)RECORDS);
	KUNIT_EXPECT_EQ(test, ev.lost_count, 3ULL);
	KUNIT_EXPECT_EQ(test, ev.time_ns, 100ULL);
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_SOCKET);
	KUNIT_EXPECT_EQ(test, ev.seq, (u64)RECORDS + 3);
	expect_law(test, set);
}

static void a_loss_that_was_not_read_is_told_again(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	const struct socktrace_event *ev;
	struct socktrace_event lost;
	u64 i;

	for (i = 0; i < RECORDS + 1; i++)
		put(set, 0, i);
	for (i = 0; i < RECORDS; i++)
		take(set);
	/* Peeked at, as by a read() that then faults; and meanwhile ... */
	KUNIT_ASSERT_TRUE(test, st_ring_set_peek(set, &lost, &ev));
	KUNIT_EXPECT_EQ(test, ev->lost_count, 1ULL);
	KUNIT_EXPECT_TRUE(test, put(set, 0, 50));
	KUNIT_ASSERT_TRUE(test, st_ring_set_peek(set, &lost, &ev));
	KUNIT_EXPECT_EQ(test, ev->type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, ev->lost_count, 1ULL);
	st_ring_set_advance(set, ev);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 50ULL);
}

static void cpus_are_merged_by_completion(struct kunit *test)
{
	static const struct { u32 cpu; u64 time_ns; } puts[] = {
		{ 0, 10 }, { 0, 40 }, { 0, 41 }, { 2, 5 }, { 2, 30 }, { 1, 20 }, { 1, 60 },
	};
	static const u64 order[] = { 5, 10, 20, 30, 40, 41, 60 };
	struct st_ring_set *set = new_set(test);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(puts); i++)
		put(set, puts[i].cpu, puts[i].time_ns);
	for (i = 0; i < ARRAY_SIZE(order); i++)
		KUNIT_EXPECT_EQ(test, take(set).time_ns, order[i]);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
}

static void a_long_call_comes_when_it_ended(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct socktrace_event ev;

	st_record_init(&ev, SOCKTRACE_ACCEPT4, SOCKTRACE_EXIT);
	ev.cpu = 0;
	ev.time_ns = 1;
	ev.duration_ns = 100;
	st_ring_put(set->ring[0], &ev);
	put(set, 1, 50);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 50ULL);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 1ULL);
}

static void flushing_forgets_records_and_losses(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct socktrace_stats s = { 0 };
	u64 i;

	for (i = 0; i < RECORDS + 5; i++)
		put(set, 0, i);
	put(set, 1, 7);
	take(set);
	st_ring_set_flush(set);
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	expect_law(test, set);
	st_ring_set_stats(set, &s);
	KUNIT_EXPECT_EQ(test, s.delivered, 1ULL);
	KUNIT_EXPECT_EQ(test, s.flushed, (u64)RECORDS);
	KUNIT_EXPECT_EQ(test, s.dropped, 5ULL);
	/* What comes then is no loss. */
	put(set, 0, 99);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 99ULL);
}

/* Random puts and takes: on each CPU, numbers are whole and in order. */
static void numbers_tile_whatever_happens(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	u64 next[RINGS] = { 0 }, made[RINGS] = { 0 }, now = 0, told = 0, dropped = 0;
	struct socktrace_event ev;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 42);
	for (i = 0; i < 20000; i++) {
		u32 cpu = prandom_u32_state(&rnd) % RINGS;

		/* Spells in which the reader sleeps, and spells in which it keeps up. */
		if (prandom_u32_state(&rnd) % 100 < (i / 500 % 2 ? 80 : 40)) {
			dropped += !put(set, cpu, ++now);
			made[cpu]++;
			continue;
		}
		ev = take(set);
		if (!ev.type)
			continue;
		KUNIT_ASSERT_EQ(test, ev.seq, next[ev.cpu]);
		next[ev.cpu] += ev.type == SOCKTRACE_LOST ? ev.lost_count : 1;
		told += ev.type == SOCKTRACE_LOST ? ev.lost_count : 0;
	}
	expect_law(test, set);
	while ((ev = take(set)).type) {
		KUNIT_ASSERT_EQ(test, ev.seq, next[ev.cpu]);
		next[ev.cpu] += ev.type == SOCKTRACE_LOST ? ev.lost_count : 1;
		told += ev.type == SOCKTRACE_LOST ? ev.lost_count : 0;
	}
	for (i = 0; i < RINGS; i++)
		KUNIT_EXPECT_EQ(test, next[i], made[i]);
	KUNIT_EXPECT_EQ(test, told, dropped);
	KUNIT_EXPECT_GT(test, dropped, 100ULL);
	expect_law(test, set);
}

/* The low bits of `made` wrap on 32 bit, and seq goes on. */
static void numbers_go_past_32_bits(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct st_ring *ring = set->ring[0];
	struct socktrace_event ev;
	u64 start = U32_MAX - 4, i;

	ring->seq = ring->next_seq = start;
	ring->made = (unsigned long)start;
	for (i = 0; i < RECORDS + 6; i++)
		put(set, 0, i);
	for (i = 0; i < RECORDS; i++)
		KUNIT_EXPECT_EQ(test, take(set).seq, start + i);
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_LOST);
	KUNIT_EXPECT_EQ(test, ev.seq, start + RECORDS);
	KUNIT_EXPECT_EQ(test, ev.lost_count, 6ULL);
}

/* The writer stands still between keeping a record and counting it. */
static void a_record_read_before_it_is_counted_is_no_loss(struct kunit *test)
{
	struct st_ring_set *set = new_set(test);
	struct st_ring *ring = set->ring[0];
	struct socktrace_event ev;

	st_record_init(&ev, SOCKTRACE_SOCKET, SOCKTRACE_EXIT);
	ev.seq = ring->seq++;
	KUNIT_ASSERT_TRUE(test, kfifo_put(&ring->fifo, ev));
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_SOCKET);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	st_ring_set_flush(set);
	KUNIT_EXPECT_EQ(test, ring->next_seq, 1ULL);
	ring->made = ring->seq;
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	KUNIT_EXPECT_TRUE(test, put(set, 0, 3));
	KUNIT_EXPECT_EQ(test, take(set).seq, 1ULL);
}

static void an_image_is_told_before_the_record_that_needs_it(struct kunit *test)
{
	struct st_ring_set *set = new_set_with_companions(test, 64);
	struct socktrace_stats s = { 0 };
	struct socktrace_event ev;
	unsigned int part;

	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 10, 5, 2 * SOCKTRACE_IMAGE_TEXT_LEN + 1));
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 30, 5, 1));
	KUNIT_EXPECT_TRUE(test, put_of(set, 1, 20, 5, 0));
	st_ring_set_stats(set, &s);
	KUNIT_EXPECT_EQ(test, s.queued, 3ULL);
	for (part = 0; part < 3; part++) {
		ev = take(set);
		KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_PROCESS);
		KUNIT_EXPECT_EQ(test, ev.image_part, (u16)part);
		KUNIT_EXPECT_EQ(test, ev.image_parts, (u16)3);
		KUNIT_EXPECT_EQ(test, ev.seq, 0ULL);
		KUNIT_EXPECT_EQ(test, ev.time_ns, 10ULL);
	}
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 10ULL);
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_PROCESS);
	KUNIT_EXPECT_EQ(test, ev.cpu, 1U);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 20ULL);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 30ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	KUNIT_EXPECT_TRUE(test, st_ring_set_empty(set));
	expect_law(test, set);
}

/* One of the same slot takes its place: then it is told again. */
static void an_image_that_may_be_forgotten_is_told_again(struct kunit *test)
{
	struct st_ring_set *set = new_set_with_companions(test, 64);

	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 1, 5, 1));
	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 2, 6, 1));
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 3, 5, 1));
	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 4, 5 + SOCKTRACE_IMAGE_SLOTS, 1));
	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 5, 5, 1));
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 6, 0, 1));
}

/* Who is told of the next record still learns of what was told before. */
static noinline void expect_images_after_flush(struct kunit *test, struct st_ring_set *set)
{
	st_ring_set_flush(set);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 30, 3, 1));
	KUNIT_EXPECT_EQ(test, take(set).image, 3ULL);
	KUNIT_EXPECT_EQ(test, take(set).image, 2ULL);
	KUNIT_EXPECT_EQ(test, take(set).time_ns, 30ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
}

static void an_image_without_room_is_told_later_and_costs_no_record(struct kunit *test)
{
	struct st_ring_set *set = new_set_with_companions(test, 2);
	struct socktrace_stats s = { 0 };
	u64 i;

	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 0, 1, 1));
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 1, 2, SOCKTRACE_IMAGE_TEXT_LEN + 1));
	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 2, 3, 1));
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 3, 2, 1));
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_PROCESS);
	KUNIT_EXPECT_TRUE(test, put_of(set, 0, 4, 2, 1));
	/* What is dropped has its image told to nobody. */
	for (i = 5; i < RECORDS; i++)
		put(set, 0, i);
	KUNIT_EXPECT_FALSE(test, put_of(set, 0, 20, 9, 1));
	st_ring_set_stats(set, &s);
	KUNIT_EXPECT_EQ(test, s.queued, (u64)RECORDS);
	KUNIT_EXPECT_EQ(test, s.dropped, 1ULL);
	expect_images_after_flush(test, set);
	expect_law(test, set);
}

/* As session_put() does it, of a path of @len bytes, by the call @id. */
static bool put_path_of(struct st_ring_set *set, u32 cpu, u64 id, unsigned int len)
{
	static char text[4 * SOCKTRACE_PATH_TEXT_LEN];
	struct st_path path = { .text = text, .len = len, .flags = SOCKTRACE_PATH_DELETED };
	struct st_ring *ring = set->ring[cpu];
	struct socktrace_event ev;
	bool kept;

	st_record_init(&ev, SOCKTRACE_CONNECT, SOCKTRACE_EXIT);
	ev.cpu = cpu;
	ev.time_ns = ev.call_id = id;
	ring->counts.hits++;
	st_ring_put_path(ring, &ev, &path);
	kept = st_ring_put(ring, &ev);
	if (!kept)
		ring->counts.dropped++;
	return kept;
}

static void a_path_is_told_before_its_call_whole_or_not_at_all(struct kunit *test)
{
	struct st_ring_set *set = new_set_with_companions(test, 4);
	struct socktrace_event ev;
	unsigned int part;

	put_path_of(set, 0, 1, 2 * SOCKTRACE_PATH_TEXT_LEN + 1);
	put_path_of(set, 0, 2, SOCKTRACE_PATH_TEXT_LEN + 1); /* no room for both parts */
	put_path_of(set, 0, 3, 1);
	for (part = 0; part < 3; part++) {
		ev = take(set);
		KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_PATH);
		KUNIT_EXPECT_EQ(test, ev.path_part, (u16)part);
		KUNIT_EXPECT_EQ(test, ev.path_parts, (u16)3);
		KUNIT_EXPECT_EQ(test, ev.path_len, (u16)(2 * SOCKTRACE_PATH_TEXT_LEN + 1));
		KUNIT_EXPECT_EQ(test, ev.path_flags, (u8)SOCKTRACE_PATH_DELETED);
		KUNIT_EXPECT_EQ(test, ev.call_id, 1ULL);
	}
	KUNIT_EXPECT_EQ(test, take(set).call_id, 1ULL);
	ev = take(set);
	KUNIT_EXPECT_EQ(test, ev.type, (u8)SOCKTRACE_CONNECT);
	KUNIT_EXPECT_EQ(test, ev.call_id, 2ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_PATH);
	KUNIT_EXPECT_EQ(test, take(set).call_id, 3ULL);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)0);
	expect_law(test, set);
}

static void the_path_of_a_dropped_record_is_told_to_nobody(struct kunit *test)
{
	struct st_ring_set *set = new_set_with_companions(test, 4);
	u64 i;

	for (i = 0; i < RECORDS; i++)
		put(set, 0, i);
	KUNIT_EXPECT_FALSE(test, put_path_of(set, 0, 20, 1));
	for (i = 0; i < RECORDS; i++)
		KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_SOCKET);
	KUNIT_EXPECT_EQ(test, take(set).type, (u8)SOCKTRACE_LOST);
	expect_law(test, set);
}

static unsigned int allocations_left;
static void *failing_alloc(size_t bytes, int cpu)
{
	return allocations_left-- ? kvzalloc(bytes, GFP_KERNEL) : NULL;
}

/* Every allocation in turn: a leak would show on the kernel with KMEMLEAK. */
static void a_set_is_made_whole_or_not_at_all(struct kunit *test)
{
	unsigned int needed = 4 * num_possible_cpus(), i;
	struct st_ring_set *set;

	for (i = 0; i < needed; i++) {
		allocations_left = i;
		KUNIT_EXPECT_PTR_EQ(test, (void *)st_ring_set_create(RECORDS, true, failing_alloc),
				    NULL);
	}
	allocations_left = needed;
	set = st_ring_set_create(RECORDS, true, failing_alloc);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_EQ(test, allocations_left, 0U);
	KUNIT_EXPECT_EQ(test, set->nr, (unsigned int)nr_cpu_ids);
	KUNIT_EXPECT_EQ(test, kfifo_size(&set->ring[cpumask_first(cpu_possible_mask)]->fifo),
			(unsigned int)RECORDS);
	st_ring_set_free(set);
	allocations_left = needed / 2;
	set = st_ring_set_create(RECORDS, false, failing_alloc);
	KUNIT_ASSERT_NOT_NULL(test, set);
	KUNIT_EXPECT_EQ(test, allocations_left, 0U);
	KUNIT_EXPECT_NULL(test, set->ring[cpumask_first(cpu_possible_mask)]->companions);
	st_ring_set_free(set);
	st_ring_set_free(NULL);
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(empty_set_gives_nothing),
	KUNIT_CASE(records_come_in_order_over_many_wraps),
	KUNIT_CASE(peeking_takes_nothing),
	KUNIT_CASE(a_record_keeps_its_place_while_it_is_read),
	KUNIT_CASE(a_full_ring_drops_the_newest),
	KUNIT_CASE(a_gap_is_told_before_the_record_behind_it),
	KUNIT_CASE(a_loss_that_was_not_read_is_told_again),
	KUNIT_CASE(cpus_are_merged_by_completion),
	KUNIT_CASE(a_long_call_comes_when_it_ended),
	KUNIT_CASE(flushing_forgets_records_and_losses),
	KUNIT_CASE(numbers_tile_whatever_happens),
	KUNIT_CASE(numbers_go_past_32_bits),
	KUNIT_CASE(a_record_read_before_it_is_counted_is_no_loss),
	KUNIT_CASE(an_image_is_told_before_the_record_that_needs_it),
	KUNIT_CASE(an_image_that_may_be_forgotten_is_told_again),
	KUNIT_CASE(an_image_without_room_is_told_later_and_costs_no_record),
	KUNIT_CASE(a_path_is_told_before_its_call_whole_or_not_at_all),
	KUNIT_CASE(the_path_of_a_dropped_record_is_told_to_nobody),
	KUNIT_CASE(a_set_is_made_whole_or_not_at_all),
	{}
};

struct kunit_suite ring_suite = {
	.name = "socktrace_ring",
	.test_cases = ring_cases,
};
