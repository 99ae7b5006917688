// SPDX-License-Identifier: GPL-2.0
#include "summary/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "record/decode.h"
#include "record/record.h"
#include "record/sockaddr.h"

#define INDEX (4 * SUMMARY_ROWS) /* a power of two */
#define FINEST 6 /* bits of a duration that make no difference */
#define NAME_MAX_LENGTH (SOCKTRACE_ADDRS_LEN + 64) /* of any address, as it is written here */

int summary_init(struct summary *summary)
{
	*summary = (struct summary){
		.rows = malloc(SUMMARY_ROWS * sizeof(*summary->rows)),
		.index = calloc(INDEX, sizeof(*summary->index)),
	};
	return summary->rows && summary->index ? 0 : -1;
}

void summary_free(struct summary *summary)
{
	free(summary->rows);
	free(summary->index);
	summary->rows = NULL;
	summary->index = NULL;
}

void summary_clear(struct summary *summary)
{
	struct summary_row *rows = summary->rows;
	uint16_t *index = summary->index;

	memset(index, 0, INDEX * sizeof(*index));
	*summary = (struct summary){ .rows = rows, .index = index };
}

/* --- durations -------------------------------------------------------------------------- */

/* Below eight each number, then eight of each power of two. */
static unsigned int bucket_of(uint64_t ns)
{
	uint64_t v = ns >> FINEST;
	unsigned int log, at;

	if (v < 8)
		return (unsigned int)v;
	log = 63 - (unsigned int)__builtin_clzll(v);
	at = 8 * (log - 2) + (unsigned int)(v >> (log - 3) & 7);
	return at < SUMMARY_BUCKETS ? at : SUMMARY_BUCKETS - 1;
}

/* The middle of it. */
static uint64_t bucket_ns(unsigned int at)
{
	unsigned int log = at / 8 + 2;
	uint64_t width = at < 8 ? 1 : 1ULL << (log - 3);
	uint64_t from = at < 8 ? at : (8 + at % 8) * width;

	return (2 * from + width) << FINEST >> 1;
}

static void add_time(struct summary_times *times, uint64_t ns)
{
	uint32_t *bucket = &times->buckets[bucket_of(ns)];

	if (!times->count++ || ns < times->min)
		times->min = ns;
	if (ns > times->max)
		times->max = ns;
	*bucket += *bucket < UINT32_MAX;
}

uint64_t summary_quantile(const struct summary_times *times, unsigned int per_mille)
{
	uint64_t want = (times->count * per_mille + 999) / 1000, ns;
	unsigned int at = 0;
	uint64_t seen = times->buckets[0];

	while (seen < want && at + 1 < SUMMARY_BUCKETS)
		seen += times->buckets[++at];
	ns = at + 1 < SUMMARY_BUCKETS ? bucket_ns(at) : times->max;
	if (ns < times->min)
		return times->min;
	return ns > times->max ? times->max : ns;
}

/* --- what makes a row --------------------------------------------------------------------- */

static char *ip_and_port(char *p, const struct sockaddr_info *sa, bool port)
{
	bool brackets = sa->kind == SOCKADDR_INET6 && port;

	if (brackets)
		*p++ = '[';
	p = sockaddr_fmt_ip(p, sa);
	if (sa->kind == SOCKADDR_INET6 && sa->inet6.scope_id)
		p = fmt_u32(fmt_lit(p, "%"), sa->inet6.scope_id);
	if (brackets)
		*p++ = ']';
	return port ? fmt_u32(fmt_lit(p, ":"), sa->port) : p;
}

static char *family_name(char *p, int family)
{
	const struct name *name = decode_family((unsigned int)family);

	return name ? fmt_name(p, name) : fmt_i32(p, family);
}

static char *address(char *p, const uint8_t *addr, unsigned int length, bool port)
{
	struct sockaddr_info sa;

	sockaddr_decode(&sa, addr, length, -1);
	switch (sa.kind) {
	case SOCKADDR_INET:
	case SOCKADDR_INET6:
		return ip_and_port(p, &sa, port);
	case SOCKADDR_UNIX_ABSTRACT:
		return fmt_mem(fmt_lit(p, "@"), sa.bytes, sa.length);
	case SOCKADDR_UNIX_PATH:
		return fmt_mem(p, sa.bytes, sa.length);
	case SOCKADDR_VSOCK:
		p = fmt_u32(fmt_lit(p, "vsock "), sa.vsock.cid);
		return port ? fmt_u32(fmt_lit(p, ":"), sa.port) : p;
	default:
		return family_name(p, sa.family);
	}
}

/*
 * To whom, from whom, where: of an accept its peer, whose port is another each time, and
 * which has no name in AF_UNIX; of what creates a socket its family.
 */
static char *destination(char *p, const struct socktrace_event *ev)
{
	unsigned int length = record_addr_length(ev), local = record_local_length(ev);
	bool accepts = ev->type == SOCKTRACE_ACCEPT4;

	if (record_creates(ev))
		return family_name(p, ev->args[0]);
	if (length && !(accepts && length <= 2))
		return address(p, socktrace_addr(ev), length, !accepts);
	if (local)
		return address(p, socktrace_local(ev), local, true);
	return ev->flags & SOCKTRACE_F_SOCK ? family_name(p, ev->sock_family) : fmt_lit(p, "-");
}

/* The end of its path, where it is told; else its name. */
static void set_program(struct summary_row *row, const struct images *images,
			const struct socktrace_event *ev)
{
	const struct image *image = images ? images_find(images, ev->image) : NULL;
	uint32_t length = image ? image->exe_length : 0, cut = 0;

	if (!length) {
		row->program_length = (uint8_t)record_comm_length(ev);
		memcpy(row->program, ev->comm, row->program_length);
		return;
	}
	if (length > SUMMARY_TEXT)
		cut = length - SUMMARY_TEXT;
	row->program_length = (uint8_t)(length - cut);
	memcpy(row->program, image->text + cut, row->program_length);
}

static uint64_t mix(uint64_t hash, const char *s, size_t length)
{
	uint64_t word;

	for (; length >= 8; s += 8, length -= 8) {
		memcpy(&word, s, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	word = length;
	for (; length; s++, length--)
		word = word << 8 | (unsigned char)*s;
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static void make_key(struct summary_row *key, const struct images *images,
		     const struct socktrace_event *ev)
{
	char to[NAME_MAX_LENGTH];
	size_t length = (size_t)(destination(to, ev) - to);

	key->type = ev->type;
	key->error = 0;
	if (record_has_result(ev) && ev->ret < 0)
		key->error = (uint16_t)(ev->ret < -4095 ? 0xffff : -ev->ret);
	set_program(key, images, ev);
	key->to_length = (uint8_t)(length < SUMMARY_TEXT ? length : SUMMARY_TEXT);
	memcpy(key->to, to, key->to_length);
	key->hash = mix((uint64_t)key->type << 16 | key->error, key->program,
			key->program_length);
	key->hash = mix(key->hash, key->to, key->to_length);
}

static bool same(const struct summary_row *a, const struct summary_row *b)
{
	return a->hash == b->hash && a->type == b->type && a->error == b->error &&
	       a->program_length == b->program_length && a->to_length == b->to_length &&
	       !memcmp(a->program, b->program, a->program_length) &&
	       !memcmp(a->to, b->to, a->to_length);
}

/* --- the table ------------------------------------------------------------------------------ */

static uint16_t *place_of(struct summary *summary, const struct summary_row *key)
{
	uint64_t at = key->hash;

	for (;; at++) {
		uint16_t *place = &summary->index[at & (INDEX - 1)];

		if (!*place || same(&summary->rows[*place - 1], key))
			return place;
	}
}

static int by_count(const void *a, const void *b)
{
	const struct summary_row *one = a, *other = b;

	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return (one->hash > other->hash) - (one->hash < other->hash);
}

static void find_places(struct summary *summary)
{
	unsigned int i;

	memset(summary->index, 0, INDEX * sizeof(*summary->index));
	for (i = 0; i < summary->nr_rows; i++)
		*place_of(summary, &summary->rows[i]) = (uint16_t)(i + 1);
}

/*
 * What is dropped may come again, and be counted from there on: each time a row may lose
 * as much as the largest of those that are dropped, and no more.
 */
static void fold(struct summary *summary)
{
	unsigned int keep = SUMMARY_ROWS / 2, i;

	qsort(summary->rows, summary->nr_rows, sizeof(*summary->rows), by_count);
	summary->folded_most += summary->rows[keep].count;
	for (i = keep; i < summary->nr_rows; i++) {
		summary->folded += summary->rows[i].count;
		summary->folded_rows++;
	}
	summary->nr_rows = keep;
	find_places(summary);
}

static struct summary_row *row_of(struct summary *summary, const struct summary_row *key)
{
	uint16_t *place = place_of(summary, key);
	struct summary_row *row;

	if (*place)
		return &summary->rows[*place - 1];
	if (summary->nr_rows == SUMMARY_ROWS) {
		fold(summary);
		place = place_of(summary, key);
	}
	row = &summary->rows[summary->nr_rows++];
	*place = (uint16_t)summary->nr_rows;
	*row = *key;
	row->count = 0;
	memset(&row->times, 0, sizeof(row->times));
	return row;
}

void summary_take(struct summary *summary, const struct images *images,
		  const struct socktrace_event *ev)
{
	static struct summary_row key; /* large, and most of it unused */
	struct summary_row *row;

	if (ev->type == SOCKTRACE_LOST)
		summary->lost += ev->lost_count;
	if (ev->type >= SOCKTRACE_PATH || ev->phase == SOCKTRACE_ENTER)
		return;
	make_key(&key, images, ev);
	row = row_of(summary, &key);
	row->count++;
	summary->count++;
	summary->events[ev->type].count++;
	summary->events[ev->type].errors += key.error && key.error != EINPROGRESS;
	if (record_has_result(ev)) {
		add_time(&row->times, ev->duration_ns);
		add_time(&summary->events[ev->type].times, ev->duration_ns);
	}
	if (!summary->first_ns || ev->time_ns < summary->first_ns)
		summary->first_ns = ev->time_ns;
	if (ev->time_ns > summary->last_ns)
		summary->last_ns = ev->time_ns;
}
