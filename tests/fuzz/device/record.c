// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that each byte of a record is what uapi/socktrace.h says, above all that
 * what a record does not have is zero, and that no number is missing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz.h"

#define ADDR_MAX 128
#define FLAGS_KNOWN                                                            \
	(SOCKTRACE_F_SOCK | SOCKTRACE_F_QUEUE | SOCKTRACE_F_PEERCRED |         \
	 SOCKTRACE_F_LOCAL_TRUNCATED | SOCKTRACE_F_RETURN_MISSED | SOCKTRACE_F_SV |  \
	 SOCKTRACE_F_BY_DESCRIPTOR | SOCKTRACE_F_ENTERED_BEFORE |              \
	 SOCKTRACE_F_LATE | SOCKTRACE_F_PEER_PATH | SOCKTRACE_F_OUTCOME_MISSED)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* Each check tells what it wants by its own text. */
#define WANT(condition)                                                        \
	do {                                                                   \
		if (!(condition))                                              \
			return #condition;                                     \
	} while (0)
#define IF(condition, then) WANT(!(condition) || (then))

static const char *bad_loss(const struct socktrace_event *ev)
{
	struct socktrace_event want = {
		.size = RECORD,
		.type = SOCKTRACE_LOST,
		.phase = SOCKTRACE_POINT,
		.version = SOCKTRACE_RECORD_VERSION,
		.cpu = ev->cpu,
		.time_ns = ev->time_ns,
		.seq = ev->seq,
		.lost_count = ev->lost_count,
		.lost_reason = SOCKTRACE_LOST_RING_FULL,
	};

	WANT(ev->lost_count);
	WANT(!ev->via);
	WANT(!memcmp(ev, &want, sizeof(want)));
	return NULL;
}

static const char *bad_addresses(const struct socktrace_event *ev)
{
	unsigned int local = SOCKTRACE_LOCAL_OFFSET(ev->addr_len);
	unsigned int end = ev->addr_len;

	WANT(ev->addr_len <= ADDR_MAX);
	WANT(local + ev->local_len <= SOCKTRACE_ADDRS_LEN);
	IF(ev->addr_len, ev->addr_len >= sizeof(uint16_t));
	IF(ev->local_len, ev->local_len >= sizeof(uint16_t));
	if (ev->local_len) {
		WANT(is_zero(ev->addrs + end, local - end));
		end = local + ev->local_len;
	}
	if (ev->flags & SOCKTRACE_F_SV) {
		WANT(!end);
		end = sizeof(ev->sv);
		WANT(ev->sv[0] >= 0 && ev->sv[1] >= 0 && ev->sv[0] != ev->sv[1]);
	}
	WANT(is_zero(ev->addrs + end, SOCKTRACE_ADDRS_LEN - end));
	WANT(ev->addr_source <= SOCKTRACE_ADDR_DESCRIPTOR);
	WANT(!!ev->addr_len == (ev->addr_source == SOCKTRACE_ADDR_KERNEL ||
				ev->addr_source == SOCKTRACE_ADDR_USER ||
				ev->addr_source == SOCKTRACE_ADDR_DESCRIPTOR));
	IF(ev->addr_source == SOCKTRACE_ADDR_DESCRIPTOR, ev->type == SOCKTRACE_ACCEPT4);
	IF(ev->flags & SOCKTRACE_F_LOCAL_TRUNCATED,
	   local + ev->local_len == SOCKTRACE_ADDRS_LEN);
	return NULL;
}

static const char *bad_socket(const struct socktrace_event *ev)
{
	bool whole = ev->phase == SOCKTRACE_EXIT;

	if (ev->flags & SOCKTRACE_F_SOCK)
		WANT(ev->inode && ev->sock_type);
	else
		WANT(!ev->inode && !ev->sock_family && !ev->sock_type && !ev->sock_protocol);
	IF(!(ev->flags & SOCKTRACE_F_SOCK), !ev->local_len);
	if (ev->flags & SOCKTRACE_F_QUEUE)
		WANT((ev->type == SOCKTRACE_ACCEPT4 || ev->type == SOCKTRACE_LISTEN) && whole);
	else
		WANT(!ev->queue_len && !ev->queue_limit);
	IF(!(ev->flags & SOCKTRACE_F_PEERCRED), !ev->peer_pid && !ev->peer_uid);
	IF(ev->flags & SOCKTRACE_F_PEERCRED, ev->flags & SOCKTRACE_F_SOCK);
	IF(ev->flags & SOCKTRACE_F_SV,
	   ev->type == SOCKTRACE_SOCKETPAIR && whole && !ev->ret &&
		   ev->flags & SOCKTRACE_F_SOCK);
	IF(ev->flags & SOCKTRACE_F_RETURN_MISSED, ev->phase == SOCKTRACE_ENTER);
	return NULL;
}

static bool is_companion(const struct socktrace_event *ev)
{
	return ev->type == SOCKTRACE_PROCESS || ev->type == SOCKTRACE_PATH;
}

static const char *bad_process(const struct socktrace_event *ev)
{
	uint32_t len = (uint32_t)ev->image_exe_len + ev->image_cmdline_len;
	uint32_t at = ev->image_part * SOCKTRACE_IMAGE_TEXT_LEN;

	WANT(ev->image && SOCKTRACE_IMAGE_CPU(ev->image) == ev->cpu);
	WANT(!ev->call_id && ev->tgid && ev->tid);
	WANT(ev->image_exe_len < 4096 && ev->image_cmdline_len <= SOCKTRACE_CMDLINE_LEN);
	WANT(ev->image_cmdline_len <= ev->image_cmdline_size);
	WANT(ev->image_part < ev->image_parts);
	WANT(ev->image_parts == (len ? (len - 1) / SOCKTRACE_IMAGE_TEXT_LEN + 1 : 1));
	WANT(!ev->image_exe_len == (ev->image_exe_source == SOCKTRACE_EXE_NONE));
	WANT(ev->image_exe_source <= SOCKTRACE_EXE_MM && !ev->reserved3);
	WANT(!(ev->image_flags & ~SOCKTRACE_IMAGE_OTHER_ROOT));
	IF(len - at < SOCKTRACE_IMAGE_TEXT_LEN,
	   is_zero(ev->image_text + (len - at), SOCKTRACE_IMAGE_TEXT_LEN - (len - at)));
	return NULL;
}

static const char *bad_path(const struct socktrace_event *ev)
{
	struct socktrace_event want = {
		.size = RECORD,
		.type = SOCKTRACE_PATH,
		.phase = SOCKTRACE_POINT,
		.version = SOCKTRACE_RECORD_VERSION,
		.cpu = ev->cpu,
		.time_ns = ev->time_ns,
		.seq = ev->seq,
		.call_id = ev->call_id,
	};
	uint32_t at = ev->path_part * SOCKTRACE_PATH_TEXT_LEN, left = ev->path_len - at;

	WANT(ev->call_id && ev->path_len && ev->path_len < 4096);
	WANT(ev->path_part < ev->path_parts);
	WANT(ev->path_parts == (ev->path_len - 1) / SOCKTRACE_PATH_TEXT_LEN + 1);
	WANT(!(ev->path_flags & ~(SOCKTRACE_PATH_DELETED | SOCKTRACE_PATH_OTHER_MOUNTS)));
	WANT(!ev->reserved4);
	IF(left < SOCKTRACE_PATH_TEXT_LEN,
	   is_zero(ev->path_text + left, SOCKTRACE_PATH_TEXT_LEN - left));
	IF(!ev->path_part, ev->path_text[0] == '/');
	memcpy(want.addrs, ev->addrs, sizeof(want.addrs));
	WANT(!memcmp(ev, &want, sizeof(want)));
	return NULL;
}

static const char *bad_record(const struct socktrace_event *ev, uint32_t phases)
{
	size_t comm_len = strnlen(ev->comm, sizeof(ev->comm));
	const char *bad;
	bool whole;

	WANT(ev->size == RECORD);
	WANT(ev->version == SOCKTRACE_RECORD_VERSION);
	WANT(ev->cpu < possible_cpus);
	WANT(ev->time_ns && ev->time_ns <= now_ns());
	WANT(!ev->reserved1);
	if (ev->type == SOCKTRACE_LOST)
		return bad_loss(ev);
	if (is_companion(ev)) {
		WANT(ev->phase == SOCKTRACE_POINT && !ev->via && !ev->abi && !ev->flags);
		return ev->type == SOCKTRACE_PATH ? bad_path(ev) : bad_process(ev);
	}

	WANT(ev->type < 32 && SOCKTRACE_EVENTS_ALL & SOCKTRACE_EVENT_BIT(ev->type));
	WANT(ev->phase >= SOCKTRACE_ENTER && ev->phase <= SOCKTRACE_POINT);
	WANT((ev->phase == SOCKTRACE_POINT) ==
	     (ev->type == SOCKTRACE_SECURITY_SOCKET_CONNECT ||
	      ev->type == SOCKTRACE_ADDR_MISMATCH || ev->type == SOCKTRACE_CONNECTED ||
	      ev->flags & SOCKTRACE_F_ENTERED_BEFORE));
	IF(ev->flags & SOCKTRACE_F_ENTERED_BEFORE,
	   ev->type == SOCKTRACE_ACCEPT4 && ev->args[0] == -1 && !ev->args[1] && !ev->call_id);
	IF(phases && ev->phase != SOCKTRACE_POINT,
	   phases & 1U << ev->phase || ev->flags & SOCKTRACE_F_RETURN_MISSED);
	WANT(ev->abi <= SOCKTRACE_ABI_X32);
	WANT(ev->via <= SOCKTRACE_VIA_SENDMSG);
	IF(ev->via == SOCKTRACE_VIA_UNKNOWN, ev->type == SOCKTRACE_SECURITY_SOCKET_CONNECT ||
						     ev->flags & SOCKTRACE_F_ENTERED_BEFORE);
	WANT(!(ev->flags & ~FLAGS_KNOWN));

	whole = ev->phase == SOCKTRACE_EXIT;
	IF(!whole && ev->type != SOCKTRACE_CONNECTED, !ev->duration_ns && !ev->ret);
	IF(ev->flags & SOCKTRACE_F_LATE, ev->type == SOCKTRACE_CONNECTED);
	IF(ev->flags & SOCKTRACE_F_PEER_PATH, ev->type == SOCKTRACE_CONNECT && whole && !ev->ret);
	IF(ev->flags & SOCKTRACE_F_OUTCOME_MISSED, ev->type == SOCKTRACE_CONNECT && whole);
	IF(ev->type == SOCKTRACE_CONNECTED, ev->ret <= 0 && ev->call_id);
	IF(ev->phase != SOCKTRACE_POINT, ev->call_id);
	IF(ev->type != SOCKTRACE_SOCKET && ev->type != SOCKTRACE_SOCKETPAIR, !ev->args[2]);
	WANT(ev->tgid && ev->tid && ev->ns_tgid && ev->ns_tid);
	WANT(ev->netns && ev->pidns);
	WANT(comm_len < sizeof(ev->comm));
	WANT(is_zero(ev->comm + comm_len, sizeof(ev->comm) - comm_len));
	WANT(ev->toctou <= SOCKTRACE_TOCTOU_UNCHECKED);
	IF(ev->toctou,
	   (ev->type == SOCKTRACE_CONNECT && whole) || ev->type == SOCKTRACE_ADDR_MISMATCH);
	bad = bad_socket(ev);
	return bad ? bad : bad_addresses(ev);
}

/* All its bytes, 32 a line. */
static void dump(const struct socktrace_event *ev)
{
	const uint8_t *bytes = (const uint8_t *)ev;
	char hex[2 * 32 + 1];

	for (size_t at = 0; at < sizeof(*ev); at += 32) {
		for (size_t i = 0; i < 32; i++)
			sprintf(hex + 2 * i, "%02x", bytes[at + i]);
		printf("#   %3zu %s\n", at, hex);
	}
	fflush(stdout);
}

static void add_span(struct spans *spans, struct span span)
{
	if (spans->nr == spans->room) {
		spans->room = spans->room ? 2 * spans->room : 64;
		spans->span = realloc(spans->span, spans->room * sizeof(span));
		if (!spans->span)
			abort();
	}
	spans->span[spans->nr++] = span;
}

/* To the last span of the same read() and CPU, if it goes on from there. */
static void add_number(struct spans *spans, size_t since, const struct socktrace_event *ev)
{
	struct span span = {
		.cpu = ev->cpu,
		.lost = ev->type == SOCKTRACE_LOST,
		.first = ev->seq,
		.count = ev->type == SOCKTRACE_LOST ? ev->lost_count : 1,
	};

	for (size_t i = spans->nr; i-- > since;) {
		struct span *last = &spans->span[i];

		if (last->cpu != ev->cpu)
			continue;
		EXPECT(RECORDS, ev->seq >= last->first + last->count,
		       "record: number %llu of CPU %u after %llu in one read()",
		       (unsigned long long)ev->seq, ev->cpu,
		       (unsigned long long)(last->first + last->count - 1));
		if (last->lost == span.lost && ev->seq == last->first + last->count) {
			last->count += span.count;
			return;
		}
		break;
	}
	add_span(spans, span);
}

void check_records(const uint8_t *bytes, size_t len, uint32_t phases, struct spans *spans)
{
	size_t since = spans ? spans->nr : 0;
	struct socktrace_event ev;

	EXPECT(RECORDS, len % RECORD == 0, "read: %zu bytes are no whole records", len);
	for (size_t at = 0; at + RECORD <= len; at += RECORD) {
		const char *bad;

		memcpy(&ev, bytes + at, RECORD);
		did(ev.type == SOCKTRACE_LOST ? DID_LOSS : DID_RECORD);
		bad = bad_record(&ev, phases);
		if (bad) {
			fail(RECORDS, "record: not so: %s", bad);
			if (shared->failures[RECORDS] <= 3)
				dump(&ev);
		}
		if (spans && ev.cpu < possible_cpus && !is_companion(&ev))
			add_number(spans, since, &ev);
	}
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

void check_spans(struct spans *spans, const struct socktrace_stats *stats, bool flushed)
{
	uint64_t next = 0, came = 0, lost = 0, gaps = 0;
	uint64_t untold = stats->flushed + stats->dropped - stats->lost_told;
	uint32_t cpu = 0;

	qsort(spans->span, spans->nr, sizeof(spans->span[0]), compare_spans);
	for (size_t i = 0; i < spans->nr; i++) {
		const struct span *span = &spans->span[i];

		if (span->cpu != cpu) {
			cpu = span->cpu;
			next = 0;
		}
		EXPECT(RECORDS, span->first >= next,
		       "numbers: %llu of CPU %u came twice",
		       (unsigned long long)span->first, cpu);
		EXPECT(RECORDS, span->first <= next || flushed,
		       "numbers: %llu to %llu of CPU %u are neither there nor lost",
		       (unsigned long long)next, (unsigned long long)span->first - 1, cpu);
		if (span->first > next)
			gaps += span->first - next;
		next = span->first + span->count;
		*(span->lost ? &lost : &came) += span->count;
	}
	EXPECT(LAW, came == stats->delivered, "law: delivered %llu, but %llu records came",
	       (unsigned long long)stats->delivered, (unsigned long long)came);
	EXPECT(LAW, lost == stats->lost_told, "law: lost_told %llu, but LOST records told %llu",
	       (unsigned long long)stats->lost_told, (unsigned long long)lost);
	EXPECT(LAW, gaps <= untold, "law: %llu numbers are missing, %llu flushed or not told",
	       (unsigned long long)gaps, (unsigned long long)untold);
	EXPECT(LAW, flushed || !untold, "law: %llu records were neither read nor told lost",
	       (unsigned long long)untold);
}
