// SPDX-License-Identifier: GPL-2.0
/* Choices, memory to pass, and the telling of what was found. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

#define TOLD 20 /* failures of each kind that are told in full */

struct shared *shared;
uint64_t seed;
unsigned int possible_cpus;

/* --- choices: splitmix64 ----------------------------------------------------- */

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

void rng_init(struct rng *rng, uint64_t from, uint64_t stream)
{
	rng->state = from;
	rng->state = rng_next(rng) ^ stream << 32;
}

uint64_t below(struct rng *rng, uint64_t limit)
{
	return limit ? rng_next(rng) % limit : 0;
}

void rng_fill(struct rng *rng, void *to, size_t len)
{
	uint8_t *bytes = to;

	while (len--)
		*bytes++ = rng_next(rng);
}

/* --- telling ----------------------------------------------------------------- */

/* By one write(), since the children of a threaded process tell, too. */
void fail(enum verdict verdict, const char *format, ...)
{
	char line[1024] = "# ";
	va_list args;
	int len;

	if (atomic_fetch_add(&shared->failures[verdict], 1) >= TOLD)
		return;
	va_start(args, format);
	len = vsnprintf(line + 2, sizeof(line) - 3, format, args);
	va_end(args);
	len = len < 0 ? 2 : len + 2 < (int)sizeof(line) - 1 ? len + 2 : (int)sizeof(line) - 2;
	line[len++] = '\n';
	if (write(STDOUT_FILENO, line, len) < 0)
		_exit(1);
}

bool is_one_of(int error, const int *list, size_t count)
{
	while (count--)
		if (error == list[count])
			return true;
	return false;
}

/* --- memory ------------------------------------------------------------------ */

void arena_init(struct arena *arena)
{
	size_t page = sysconf(_SC_PAGESIZE);

	arena->start = mmap(NULL, ARENA_SIZE + page, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	arena->end = arena->start + ARENA_SIZE;
	arena->readonly = mmap(NULL, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena->start == MAP_FAILED || arena->readonly == MAP_FAILED ||
	    mprotect(arena->end, page, PROT_NONE)) {
		perror("arena");
		exit(2);
	}
}

struct place place(struct rng *rng, const struct arena *arena, size_t size, unsigned int bad)
{
	struct place p = { .size = size, .valid = size };

	p.kind = bad && one_in(rng, bad) ? between(rng, HALF, KERNELS) : below(rng, HALF);
	if (size > ARENA_SIZE / 2) /* it won't fit, wherever it begins */
		p.kind = HALF;
	switch (p.kind) {
	case GOOD:
		p.at = arena->start;
		break;
	case UNALIGNED:
		p.at = arena->start + between(rng, 1, 63);
		break;
	case AT_END:
		p.at = arena->end - size;
		break;
	case HALF:
		/* Any number of its bytes, but most often only some. */
		p.valid = below(rng, size < ARENA_SIZE ? size : ARENA_SIZE);
		if (one_in(rng, 2))
			p.valid = below(rng, p.valid < 2 * RECORD ? p.valid : 2 * RECORD);
		p.at = arena->end - p.valid;
		break;
	case READONLY:
		p.at = arena->readonly;
		p.valid = 0;
		break;
	case UNMAPPED:
		p.at = arena->end;
		p.valid = 0;
		break;
	case NOTHING:
		p.at = NULL;
		p.valid = 0;
		break;
	case KERNELS:
		p.at = (uint8_t *)(uintptr_t)(-(uintptr_t)4096 << below(rng, 12));
		p.valid = 0;
		break;
	}
	return p;
}

void place_fill(const struct place *place, const void *data, size_t len)
{
	memcpy(place->at, data, len < place->valid ? len : place->valid);
}

bool is_zero(const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	return !len || (!b[0] && !memcmp(b, b + 1, len - 1));
}

bool is_poison(const uint8_t *bytes, size_t len)
{
	return !len || (bytes[0] == POISON && !memcmp(bytes, bytes + 1, len - 1));
}
