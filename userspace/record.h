/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses of a record, never beyond it whatever its lengths say. */
#ifndef SOCKTRACE_RECORD_H
#define SOCKTRACE_RECORD_H

#include <socktrace.h>

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

/* Of comm, without its NUL; one that lacks it ends with the field. */
static inline unsigned int record_comm_length(const struct socktrace_event *ev)
{
	unsigned int n = 0;

	while (n < SOCKTRACE_COMM_LEN && ev->comm[n])
		n++;
	return n;
}

#endif
