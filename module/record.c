// SPDX-License-Identifier: GPL-2.0-only
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/socket.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/un.h>

#include "record.h"

/* Zeroes all of it: no byte of another record may reach a reader. */
void st_record_init(struct socktrace_event *ev, enum socktrace_type type,
		 enum socktrace_phase phase)
{
	memset(ev, 0, sizeof(*ev));
	ev->size = sizeof(*ev);
	ev->version = SOCKTRACE_RECORD_VERSION;
	ev->type = type;
	ev->phase = phase;
	ev->via = SOCKTRACE_VIA_SYSCALL;
}

/* The family of an address of @len bytes, or -1 where there is none. */
int st_record_addr_family(const void *addr, unsigned int len)
{
	__kernel_sa_family_t family;

	if (len < sizeof(family))
		return -1;
	memcpy(&family, addr, sizeof(family));
	return family;
}

/*
 * How many of the @len bytes passed are the address: callers pass whole
 * buffers. 0 where there is not even a family.
 */
unsigned int st_record_addr_len(const void *addr, unsigned int len)
{
	const unsigned int path_at = offsetof(struct sockaddr_un, sun_path);
	const char *path = (const char *)addr + path_at;

	len = min_t(unsigned int, len, ST_RECORD_ADDR_MAX);
	switch (st_record_addr_family(addr, len)) {
	case -1:
		return 0;
	case AF_INET:
		return min_t(unsigned int, len, sizeof(struct sockaddr_in));
	case AF_INET6:
		return min_t(unsigned int, len, sizeof(struct sockaddr_in6));
	case AF_UNIX:
		len = min_t(unsigned int, len, sizeof(struct sockaddr_un));
		/* Abstract: every byte counts. A path ends with its NUL. */
		if (len <= path_at || path[0] == '\0')
			return len;
		return path_at + min_t(unsigned int, len - path_at,
				       strnlen(path, len - path_at) + 1);
	default:
		return len;
	}
}

void st_ends_set_addr(struct st_ends *ends, const void *addr, unsigned int len)
{
	ends->addr_len = st_record_addr_len(addr, len);
	memcpy(ends->addrs, addr, ends->addr_len);
}

/* Where the local end goes, behind addr, which is known, and how much fits there. */
u8 *st_ends_local_at(struct st_ends *ends, unsigned int *room)
{
	unsigned int at = SOCKTRACE_LOCAL_OFFSET(ends->addr_len);

	if (at != ends->addr_len)
		memset(ends->addrs + ends->addr_len, 0, at - ends->addr_len);
	*room = SOCKTRACE_ADDRS_LEN - at;
	return ends->addrs + at;
}

/* It has @len bytes, of which as many as there is @room for were written there. */
void st_ends_set_local_len(struct st_ends *ends, unsigned int len, unsigned int room)
{
	if (len > room) {
		len = room;
		ends->flags |= SOCKTRACE_F_LOCAL_TRUNCATED;
	}
	ends->local_len = len;
}

void st_record_set_ends(struct socktrace_event *ev, const struct st_ends *ends)
{
	unsigned int used = ends->addr_len;

	if (ends->local_len)
		used = SOCKTRACE_LOCAL_OFFSET(used) + ends->local_len;
	ev->flags |= ends->flags;
	ev->addr_len = ends->addr_len;
	ev->local_len = ends->local_len;
	ev->addr_source = ends->addr_source;
	if (ends->flags & SOCKTRACE_F_QUEUE) {
		ev->queue_len = ends->queue_len;
		ev->queue_limit = ends->queue_limit;
	}
	if (ends->flags & SOCKTRACE_F_PEERCRED) {
		ev->peer_pid = ends->peer_pid;
		ev->peer_uid = ends->peer_uid;
	}
	memcpy(ev->addrs, ends->addrs, used);
}

void st_record_set_lost(struct socktrace_event *ev, u32 cpu, u64 seq, u64 count,
		     u64 time_ns)
{
	st_record_init(ev, SOCKTRACE_LOST, SOCKTRACE_POINT);
	ev->via = SOCKTRACE_VIA_UNKNOWN; /* it is of no call */
	ev->cpu = cpu;
	ev->seq = seq;
	ev->time_ns = time_ns;
	ev->lost_count = count;
	ev->lost_reason = SOCKTRACE_LOST_RING_FULL;
}

/* How many records it takes to tell of @len bytes, @each in one; at least one. */
static unsigned int parts_of(unsigned int len, unsigned int each)
{
	return len ? (len - 1) / each + 1 : 1;
}

unsigned int st_record_image_parts(const struct st_image *image)
{
	return parts_of(image->exe_len + image->cmdline_len, SOCKTRACE_IMAGE_TEXT_LEN);
}

unsigned int st_record_path_parts(const struct st_path *path)
{
	return parts_of(path->len, SOCKTRACE_PATH_TEXT_LEN);
}

/* One that tells more of those which come, and is of no call by itself. */
static void init_companion(struct socktrace_event *ev, enum socktrace_type type,
			   const struct socktrace_event *of)
{
	st_record_init(ev, type, SOCKTRACE_POINT);
	ev->via = SOCKTRACE_VIA_UNKNOWN;
	ev->cpu = of->cpu;
	ev->time_ns = st_record_completion(of);
}

void st_record_set_image(struct socktrace_event *ev, const struct socktrace_event *of,
			 const struct st_image *image, unsigned int part)
{
	unsigned int at = part * SOCKTRACE_IMAGE_TEXT_LEN;
	unsigned int left = image->exe_len + image->cmdline_len - at;
	const size_t who = offsetof(struct socktrace_event, cgroup_id);

	init_companion(ev, SOCKTRACE_PROCESS, of);
	/* Who it is: all that stands from there to the name. */
	memcpy((u8 *)ev + who, (const u8 *)of + who,
	       offsetof(struct socktrace_event, comm) + SOCKTRACE_COMM_LEN - who);
	ev->image_part = part;
	ev->image_parts = st_record_image_parts(image);
	ev->image_exe_len = image->exe_len;
	ev->image_cmdline_len = image->cmdline_len;
	ev->image_cmdline_size = image->cmdline_size;
	ev->image_exe_source = image->exe_source;
	ev->image_flags = image->flags;
	memcpy(ev->image_text, image->text + at,
	       min_t(unsigned int, left, SOCKTRACE_IMAGE_TEXT_LEN));
}

void st_record_set_path(struct socktrace_event *ev, const struct socktrace_event *of,
			const struct st_path *path, unsigned int part)
{
	unsigned int at = part * SOCKTRACE_PATH_TEXT_LEN;

	init_companion(ev, SOCKTRACE_PATH, of);
	ev->call_id = of->call_id;
	ev->path_part = part;
	ev->path_parts = st_record_path_parts(path);
	ev->path_len = path->len;
	ev->path_flags = path->flags;
	memcpy(ev->path_text, path->text + at,
	       min_t(unsigned int, path->len - at, SOCKTRACE_PATH_TEXT_LEN));
}
