/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entry points: the functions by which calls enter the kernel's sockets, and what each
 * of them is passed.
 *
 * A system call has its descriptor and its caller's memory; io_uring and the
 * kernel itself come later on the way, with a file or a socket and an address
 * that was copied already. From here on they are calls like any other.
 */
#ifndef SOCKTRACE_ENTRY_POINTS_H
#define SOCKTRACE_ENTRY_POINTS_H

#include <linux/net.h>
#include <linux/ptrace.h>
#include <linux/types.h>

#include "inflight.h"

struct st_entry_point {
	enum socktrace_via via;
	/* Is this hit a call of its own? NULL: every one is. */
	bool (*is_call)(struct pt_regs *regs);
	/* If it is none: what the call learns that it is part of. NULL: nothing. */
	void (*pass)(struct st_inflight *call, struct pt_regs *regs);
	/* Sets the call's arguments, and what else is known at entry. */
	void (*enter)(struct st_inflight *call, struct pt_regs *regs);
	/* It returns a struct file *, not a descriptor. */
	bool returns_file;
	bool creates; /* as st_record_creates() has it */
	bool nests; /* may be within another call of the task's */
};

/* Does the kernel, for io_uring, look what became of a connect that was told before? */
bool st_entry_is_another_look(const struct socket *sock, const void *addr, s32 len);

extern const struct st_entry_point st_entry_socket, st_entry_connect, st_entry_accept4;
extern const struct st_entry_point st_entry_socketpair, st_entry_bind, st_entry_listen;
extern const struct st_entry_point st_entry_socket_file, st_entry_connect_file;
extern const struct st_entry_point st_entry_do_accept, st_entry_accept4_file;
extern const struct st_entry_point st_entry_security_socket_accept;
extern const struct st_entry_point st_entry_bind_socket, st_entry_listen_socket;
extern const struct st_entry_point st_entry_kernel_connect, st_entry_sendmsg_fastopen;
extern const struct st_entry_point st_entry_stream_connect;

#endif /* SOCKTRACE_ENTRY_POINTS_H */
