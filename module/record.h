/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records, as pure data: nothing here looks at a task, a socket or a register.
 */
#ifndef SOCKTRACE_RECORD_H
#define SOCKTRACE_RECORD_H

#include <linux/types.h>

#include "../uapi/socktrace.h"

/* The longest address that the kernel takes: sizeof(struct sockaddr_storage). */
#define ST_RECORD_ADDR_MAX 128

/*
 * What a record tells of a socket's two ends, gathered on the way to it. The bytes
 * behind what is used of addrs may be anything.
 */
struct st_ends {
	u32 flags; /* SOCKTRACE_F_* of what is told here */
	u8 addr_len, local_len;
	u8 addr_source; /* enum socktrace_addr_source */
	u32 queue_len, queue_limit; /* if F_QUEUE */
	u32 peer_pid, peer_uid; /* if F_PEERCRED */
	u8 addrs[SOCKTRACE_ADDRS_LEN] __aligned(8); /* as in a record */
};

/* What there is to tell of a process image. */
struct st_image {
	const char *text; /* its executable's path, and behind it the command line */
	u16 exe_len, cmdline_len; /* bytes of these */
	u32 cmdline_size; /* bytes of the whole command line */
	u8 exe_source; /* enum socktrace_exe_source */
	u8 flags; /* SOCKTRACE_IMAGE_* */
};

/* What there is to tell of the path of a socket's peer. */
struct st_path {
	const char *text; /* without a NUL at its end */
	u16 len; /* bytes of it */
	u8 flags; /* SOCKTRACE_PATH_* */
};

void st_record_init(struct socktrace_event *ev, enum socktrace_type type,
		    enum socktrace_phase phase);
/* @ev has none yet. */
void st_record_set_ends(struct socktrace_event *ev, const struct st_ends *ends);
unsigned int st_record_addr_len(const void *addr, unsigned int len);
void st_ends_set_addr(struct st_ends *ends, const void *addr, unsigned int len);
u8 *st_ends_local_at(struct st_ends *ends, unsigned int *room);
void st_ends_set_local_len(struct st_ends *ends, unsigned int len, unsigned int room);
void st_record_set_lost(struct socktrace_event *ev, u32 cpu, u64 seq, u64 count,
			u64 time_ns);
unsigned int st_record_image_parts(const struct st_image *image);
/* Part @part of @image, which the record @of is to be of. */
void st_record_set_image(struct socktrace_event *ev, const struct socktrace_event *of,
			 const struct st_image *image, unsigned int part);
/* Likewise of @path, of a call that the record @of is of. */
unsigned int st_record_path_parts(const struct st_path *path);
void st_record_set_path(struct socktrace_event *ev, const struct socktrace_event *of,
			const struct st_path *path, unsigned int part);
int st_record_addr_family(const void *addr, unsigned int len);

/* None are known. */
static inline void st_ends_clear(struct st_ends *ends)
{
	ends->flags = 0;
	ends->addr_len = ends->local_len = 0;
	ends->addr_source = SOCKTRACE_ADDR_NONE;
}

/*
 * Does the call begin with no socket? Then family and type are its caller's
 * arguments, and there is no address.
 */
static inline bool st_record_creates(u8 type)
{
	return type == SOCKTRACE_SOCKET || type == SOCKTRACE_SOCKETPAIR;
}

/* Does it only tell more of those that come? */
static inline bool st_record_is_companion(const struct socktrace_event *ev)
{
	return ev->type == SOCKTRACE_PROCESS || ev->type == SOCKTRACE_PATH;
}

/* When the record was made, CLOCK_BOOTTIME: what reading is merged by. */
static inline u64 st_record_completion(const struct socktrace_event *ev)
{
	return ev->time_ns + ev->duration_ns;
}

#endif /* SOCKTRACE_RECORD_H */
