// SPDX-License-Identifier: GPL-2.0
#include "capture/swap.h"

#include <string.h>
#include <sys/socket.h>

#include "record/record.h"
#include "record/sockaddr.h"

void swap_numbers(void *at, size_t size, size_t count)
{
	uint8_t *bytes = at, byte;
	size_t i;

	for (; count--; bytes += size) {
		for (i = 0; i < size / 2; i++) {
			byte = bytes[i];
			bytes[i] = bytes[size - 1 - i];
			bytes[size - 1 - i] = byte;
		}
	}
}

/* A row for numbers that stand side by side, of the same size. */
struct numbers {
	uint16_t offset;
	uint8_t size, count;
};
#define SIZE_OF(type, field) sizeof(((struct type *)0)->field)
#define ROW(type, field) { offsetof(struct type, field), SIZE_OF(type, field), 1 }
#define ROWS(type, field, count) { offsetof(struct type, field), SIZE_OF(type, field), count }
#define END { 0, 0, 0 }

static void swap_rows(const struct numbers *rows, void *at)
{
	for (; rows->count; rows++)
		swap_numbers((char *)at + rows->offset, rows->size, rows->count);
}

void swap_header(struct capture_header *header)
{
	static const struct numbers rows[] = {
		ROW(capture_header, order),
		ROW(capture_header, version),
		ROW(capture_header, size),
		ROWS(capture_header, abi_version, 4 + CAPTURE_NUMBERS),
		END,
	};

	swap_rows(rows, header);
}

/* --- records ------------------------------------------------------------------------ */

static const struct numbers all[] = {
	ROW(socktrace_event, size),
	ROW(socktrace_event, version),
	ROWS(socktrace_event, flags, 2), /* and cpu */
	ROWS(socktrace_event, time_ns, 8), /* to image */
	ROWS(socktrace_event, tgid, 13), /* to pidns */
	ROWS(socktrace_event, args[0], 3),
	ROW(socktrace_event, ret),
	ROWS(socktrace_event, sock_family, 3), /* to sock_protocol */
	ROWS(socktrace_event, queue_len, 4), /* to peer_uid */
	END,
};

static const struct numbers lost[] = {
	ROW(socktrace_event, lost_count),
	ROW(socktrace_event, lost_reason),
	END,
};

static const struct numbers process[] = {
	ROWS(socktrace_event, image_part, 4), /* to image_cmdline_len */
	ROW(socktrace_event, image_cmdline_size),
	END,
};

static const struct numbers path[] = {
	ROWS(socktrace_event, path_part, 3), /* to path_len */
	END,
};

static const struct numbers pair[] = {
	ROWS(socktrace_event, sv[0], 2),
	END,
};

static void swap_fields(const struct sockaddr_field *field, uint8_t *addr)
{
	for (; field->format != SOCKADDR_END; field++) {
		if (field->format == SOCKADDR_UNSIGNED || field->format == SOCKADDR_SIGNED ||
		    field->format == SOCKADDR_HEX)
			swap_numbers(addr + field->offset, field->size, 1);
	}
}

/* Ports, IP addresses and a packet's protocol are in network order everywhere. */
static void swap_address(const struct socktrace_event *ev, uint8_t *addr, unsigned int length)
{
	struct sockaddr_info sa;

	if (length < 2)
		return;
	swap_numbers(addr, 2, 1);
	sockaddr_decode(&sa, addr, length, record_protocol(ev, addr, length));
	switch (sa.kind) {
	case SOCKADDR_INET6:
		if (length >= 28)
			swap_numbers(addr + 24, 4, 1); /* sin6_scope_id */
		break;
	case SOCKADDR_NETLINK:
	case SOCKADDR_VSOCK:
		swap_numbers(addr + 4, 4, 2);
		break;
	case SOCKADDR_PACKET:
		swap_numbers(addr + 4, 4, 1); /* sll_ifindex */
		swap_numbers(addr + 8, 2, 1); /* sll_hatype */
		break;
	case SOCKADDR_FIELDS:
		swap_fields(sa.fields, addr);
		break;
	default:
		break;
	}
}

static void swap_record(struct socktrace_event *ev)
{
	swap_rows(all, ev);
	switch (ev->type) {
	case SOCKTRACE_LOST:
		swap_rows(lost, ev);
		return;
	case SOCKTRACE_PROCESS:
		swap_rows(process, ev);
		return;
	case SOCKTRACE_PATH:
		swap_rows(path, ev);
		return;
	default:
		break;
	}
	if (ev->flags & SOCKTRACE_F_SV) {
		swap_rows(pair, ev);
		return;
	}
	swap_address(ev, socktrace_addr(ev), record_addr_length(ev));
	if (record_local_length(ev))
		swap_address(ev, socktrace_local(ev), record_local_length(ev));
}

static void swap_records(char *at, size_t size)
{
	while (size >= sizeof(struct socktrace_event)) {
		struct socktrace_event *ev = (struct socktrace_event *)at;

		swap_record(ev);
		/* What is none is found when it is used. */
		if (!record_at(ev, size))
			return;
		at += ev->size;
		size -= ev->size;
	}
}

void swap_payload(uint32_t kind, void *payload, size_t size)
{
	static const struct numbers text[] = {
		ROW(capture_text, number),
		ROW(capture_text, length),
		END,
	};
	const size_t clock = sizeof(struct capture_clock);

	switch (kind) {
	case CAPTURE_RECORDS:
		swap_numbers(payload, 8, size < clock ? 0 : 2);
		if (size > clock)
			swap_records((char *)payload + clock, size - clock);
		break;
	case CAPTURE_KNOWN:
		swap_records(payload, size);
		break;
	case CAPTURE_CGROUP:
	case CAPTURE_EXE:
		if (size >= sizeof(struct capture_text))
			swap_rows(text, payload);
		break;
	case CAPTURE_END:
		if (size < sizeof(struct capture_end))
			break;
		swap_numbers(payload, 8, offsetof(struct capture_end, records_per_cpu) / 8);
		swap_numbers((char *)payload + offsetof(struct capture_end, records_per_cpu), 4, 2);
		break;
	default:
		break;
	}
}
