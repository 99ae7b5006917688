/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the device fuzzer share: see main.c. */
#ifndef FUZZ_H
#define FUZZ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <socktrace.h>

#define RECORD sizeof(struct socktrace_event)

/* --- choices: the same for the same seed ------------------------------------ */

struct rng {
	uint64_t state;
};

void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *rng);
/* 0 to limit - 1; 0 if there is none such. */
uint64_t below(struct rng *rng, uint64_t limit);
static inline uint64_t between(struct rng *rng, uint64_t low, uint64_t high)
{
	return low + below(rng, high - low + 1);
}
static inline bool one_in(struct rng *rng, uint64_t n)
{
	return below(rng, n) == 0;
}
void rng_fill(struct rng *rng, void *to, size_t len);

/* --- what was found, and what was done, by all processes -------------------- */

/* Each is a test of its own. */
enum verdict { RECORDS, LAW, RESULTS, NR_VERDICTS };

enum done {
	DID_CALL, /* what is counted against -n */
	DID_READ, DID_RECORD, DID_LOSS, DID_READ_FAULT, DID_READ_END, DID_READV,
	DID_IOCTL, DID_IOCTL_OK, DID_IOCTL_FAULT, DID_UNKNOWN_IOCTL, DID_FILTER,
	DID_INFLIGHT_CALL, DID_POLL, DID_EPOLL, DID_FCNTL, DID_REFUSED, DID_PROC, DID_SYSFS,
	DID_CHILD, DID_EXEC, DID_KILL, DID_NO_PRIVILEGE, DID_NO_MORE, DID_CLOSE_UNDER_READ,
	DID_SESSION, DID_LAW, DID_START, DID_STOP_ALL, DID_FLUSH, DID_TRAFFIC,
	NR_DONE
};

struct shared {
	atomic_uint failures[NR_VERDICTS];
	atomic_ulong done[NR_DONE];
	atomic_bool over; /* for whoever helps: traffic, churner, kicker */
};
extern struct shared *shared;
extern uint64_t seed;
extern unsigned int possible_cpus;

static inline void did(enum done what)
{
	atomic_fetch_add_explicit(&shared->done[what], 1, memory_order_relaxed);
}

void fail(enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
#define EXPECT(verdict, condition, ...) \
	((condition) ? (void)0 : fail(verdict, __VA_ARGS__))

/* Is @error one of those named? */
bool is_one_of(int error, const int *list, size_t count);
#define ONE_OF(error, ...) \
	is_one_of(error, (const int[]){ __VA_ARGS__ }, \
		  sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

/* --- memory to pass ---------------------------------------------------------- */

#define ARENA_SIZE (1U << 20)

/* Writable memory, with none behind it; and some that is read-only. */
struct arena {
	uint8_t *start, *end;
	uint8_t *readonly;
};

enum kind { GOOD, UNALIGNED, AT_END, HALF, READONLY, UNMAPPED, NOTHING, KERNELS };

/* Where @size bytes were put, and how many of them are there to be written. */
struct place {
	uint8_t *at;
	size_t size, valid;
	enum kind kind;
};

void arena_init(struct arena *arena);
/* @bad: one in so many is no good; 0: none. */
struct place place(struct rng *rng, const struct arena *arena, size_t size, unsigned int bad);
void place_fill(const struct place *place, const void *data, size_t len);
static inline bool is_good(const struct place *place)
{
	return place->kind <= AT_END;
}
/* What nobody wrote to. */
#define POISON 0xa5
bool is_poison(const uint8_t *bytes, size_t len);
bool is_zero(const void *bytes, size_t len);

/* --- records ----------------------------------------------------------------- */

/* Numbers of one CPU's records that came, or that were told to be lost. */
struct span {
	uint32_t cpu;
	bool lost;
	uint64_t first, count;
};

struct spans {
	struct span *span;
	size_t nr, room;
};

/*
 * Checks what one read() gave, @len bytes, and adds its numbers to @spans.
 * @phases: those that the session asked for, 0 if that isn't known.
 */
void check_records(const uint8_t *bytes, size_t len, uint32_t phases, struct spans *spans);
/* No number twice, and each of them once unless @gaps_allowed. */
void check_spans(struct spans *spans, const struct socktrace_stats *stats, bool flushed);

/* --- sessions ---------------------------------------------------------------- */

/* One that all threads share. They hold the lock for reading; who ends it, for writing. */
struct session {
	pthread_rwlock_t lock;
	pthread_mutex_t spans_lock;
	struct spans spans;
	int fd; /* -1: there was none to be had */
	bool leaky; /* other processes may read of it: not all its records are seen */
	bool flushes; /* else none of its records goes by FLUSH */
};

#define NR_SESSIONS 4
extern struct session sessions[NR_SESSIONS];

void sessions_init(struct rng *rng);
void session_open(struct rng *rng, struct session *s);
/* Stops it, reads what is left, checks the law, closes it. */
void session_end(struct rng *rng, struct session *s);
/* hits and the sum that they must be. */
void check_law(const struct socktrace_stats *stats, const char *when);
void random_config(struct rng *rng, struct socktrace_config *config);

/* --- what is done ------------------------------------------------------------ */

struct worker {
	pthread_t id;
	struct rng rng;
	struct arena arena, behind; /* for structures, and what they point to */
	unsigned long calls;
	int epoll;
	atomic_bool busy; /* in a call that may block: to be interrupted */
};

void do_something(struct worker *worker);
/* rules, to @room bytes apart; false: some of it was spoilt. */
bool random_rules(struct rng *rng, uint8_t *to, unsigned int nr, size_t rule_size);

void find_sysfs_files(void);

/* A child of its own, with what it inherits. */
void do_child(struct worker *worker, struct session *s);
int child_main(int fd, uint64_t stream);

/* Processes that run until shared->over. */
void churn(void);
void traffic_process(void);
void *traffic_thread(void *stream);
void make_traffic(struct rng *rng);

#endif /* FUZZ_H */
