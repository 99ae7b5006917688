/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doors: the functions by which calls enter the kernel's sockets, and what each
 * of them is passed.
 *
 * A system call has its descriptor and its caller's memory; io_uring and the
 * kernel itself come later on the way, with a file or a socket and an address
 * that was copied already. From here on they are calls like any other.
 */
#ifndef SOCKTRACE_DOORS_H
#define SOCKTRACE_DOORS_H

#include <linux/ptrace.h>
#include <linux/types.h>

#include "inflight.h"

struct door {
	enum socktrace_via via;
	/* Is this hit a call of its own? NULL: every one is. */
	bool (*opens)(struct pt_regs *regs);
	/* Sets the call's arguments, and what else is known at entry. */
	void (*enter)(struct inflight *call, struct pt_regs *regs);
	/* It returns a struct file *, not a descriptor. */
	bool returns_file;
	bool creates; /* as record_creates() has it */
};

/* Does the kernel, for io_uring, look what became of a connect told before? */
bool door_is_another_look(const struct socket *sock);

extern const struct door door_socket, door_connect, door_accept4, door_socketpair;
extern const struct door door_socket_file, door_connect_file, door_do_accept;
extern const struct door door_kernel_connect, door_sendmsg_fastopen;
extern const struct door door_stream_connect;

#endif /* SOCKTRACE_DOORS_H */
