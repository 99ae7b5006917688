/* SPDX-License-Identifier: GPL-2.0 */
/* Records of a batch, and what they hold: never beyond, whatever lengths say. */
#ifndef SOCKTRACE_RECORD_H
#define SOCKTRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <socktrace.h>

/* The record that begins at `at`, of `left` bytes; NULL: it is none. */
static inline const struct socktrace_event *record_at(const void *at, size_t left)
{
	const struct socktrace_event *ev = at;

	if (left < sizeof(*ev) || ev->size < sizeof(*ev) || ev->size > left || ev->size % 8)
		return NULL;
	return ev;
}

static inline unsigned int record_addr_length(const struct socktrace_event *ev)
{
	return ev->addr_len < SOCKTRACE_ADDRS_LEN ? ev->addr_len : SOCKTRACE_ADDRS_LEN;
}

static inline unsigned int record_local_length(const struct socktrace_event *ev)
{
	unsigned int offset = SOCKTRACE_LOCAL_OFFSET(record_addr_length(ev));
	unsigned int room = SOCKTRACE_ADDRS_LEN - offset;

	return ev->local_len < room ? ev->local_len : room;
}

/* The protocol of the socket, if it is of that address's family; -1: not known. */
static inline int record_protocol(const struct socktrace_event *ev, const uint8_t *addr,
				  unsigned int length)
{
	uint16_t family;

	if (!(ev->flags & SOCKTRACE_F_SOCK) || length < sizeof(family))
		return -1;
	memcpy(&family, addr, sizeof(family));
	return family == ev->sock_family ? ev->sock_protocol : -1;
}

/* Of comm, without its NUL; one that lacks it ends with the field. */
static inline unsigned int record_comm_length(const struct socktrace_event *ev)
{
	unsigned int n = 0;

	while (n < SOCKTRACE_COMM_LEN && ev->comm[n])
		n++;
	return n;
}

/* An accept that entered before the session began: its arguments are not known. */
static inline bool record_entered_before(const struct socktrace_event *ev)
{
	return ev->type == SOCKTRACE_ACCEPT4 && ev->flags & SOCKTRACE_F_ENTERED_BEFORE;
}

/*
 * Was the kernel passed a descriptor? Not by io_uring, nor at the LSM hook
 * outside any call; -1 that a program passed is one.
 */
static inline bool record_has_sockfd(const struct socktrace_event *ev)
{
	if (record_entered_before(ev))
		return false;
	return ev->args[0] != -1 || (ev->via <= SOCKTRACE_VIA_SYSCALL &&
				     ev->type != SOCKTRACE_SECURITY_SOCKET_CONNECT &&
				     ev->type != SOCKTRACE_ADDR_MISMATCH);
}

/* socket() and socketpair(): family and type are arguments of theirs. */
static inline bool record_creates(const struct socktrace_event *ev)
{
	return ev->type == SOCKTRACE_SOCKET || ev->type == SOCKTRACE_SOCKETPAIR;
}

/* The call returned, or it is known how a connect ended. */
static inline bool record_has_result(const struct socktrace_event *ev)
{
	return ev->phase == SOCKTRACE_EXIT || ev->type == SOCKTRACE_CONNECTED;
}

#endif
