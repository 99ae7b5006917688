/* SPDX-License-Identifier: GPL-2.0 */
/* Names of the numbers in a record, from the tables in tables/. */
#ifndef SOCKTRACE_DECODE_H
#define SOCKTRACE_DECODE_H

#include <stdint.h>

#include "base/fmt.h"

/* Of fixed size, so that a name is copied without a loop. */
struct name {
	uint8_t length;
	char s[31]; /* ends with NUL */
};

/* Bytes that fmt_name() may touch after the name: room that it needs. */
#define FMT_NAME_ROOM (sizeof(struct name))

/* Each gives NULL where the number has no name. Names live for ever. */
const struct name *decode_event(unsigned int type); /* enum socktrace_type */
const struct name *decode_phase(unsigned int phase);
const struct name *decode_abi(unsigned int abi);
const struct name *decode_via(unsigned int via);
const struct name *decode_addr_source(unsigned int source);
const struct name *decode_exe_source(unsigned int source);
const struct name *decode_toctou(unsigned int verdict);
const struct name *decode_lost_reason(unsigned int reason);
const struct name *decode_family(unsigned int family); /* AF_* */
const struct name *decode_type(unsigned int type); /* SOCK_*, without flags */
const struct name *decode_errno(unsigned int number); /* positive */

/*
 * socket()'s third argument, or sk_protocol, which counts by family. AF_PACKET
 * has it in network byte order; the name is then to be read as htons(NAME).
 */
const struct name *decode_protocol(unsigned int family, int protocol);

/* SOCK_CLOEXEC and SOCK_NONBLOCK: the rows of the table, or NULL at its end. */
struct type_flag {
	uint32_t bit;
	struct name name;
};
const struct type_flag *decode_type_flag(unsigned int row);

/* The part of socket()'s type argument that is no flag, as in the kernel. */
#define DECODE_TYPE_MASK 0xfU

/* The family of a name: "inet", "AF_INET", "local"; any case. -1: none. */
int decode_family_by_name(const char *name, unsigned int length);

/* The type of a name: "stream", "SOCK_STREAM"; any case. -1: none. */
int decode_type_by_name(const char *name, unsigned int length);

/*
 * The protocol of a name among those of AF_INET ("tcp", "IPPROTO_TCP") or AF_NETLINK
 * ("netlink_route"); any case. -1: none.
 */
int decode_protocol_by_name(unsigned int family, const char *name, unsigned int length);

/* The positive errno of a name, in any case. 0: none. */
unsigned int decode_errno_by_name(const char *name, unsigned int length);

/* The event of a name: enum socktrace_type, or 0. */
unsigned int decode_event_by_name(const char *name, unsigned int length);

static inline char *fmt_name(char *p, const struct name *name)
{
	memcpy(p, name->s, sizeof(name->s));
	return p + name->length;
}

#endif
