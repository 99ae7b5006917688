// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/sock.h>

#include "arch.h"
#include "collect.h"
#include "compat/compat.h"
#include "entry_points.h"

/* --- system calls ---------------------------------------------------------- */

/* __sys_socket(domain, type, protocol), and __sys_socket_file() */
static void enter_socket(struct st_inflight *call, struct pt_regs *regs)
{
	call->args[0] = st_arch_arg(regs, 0);
	call->args[1] = st_arch_arg(regs, 1);
	call->args[2] = st_arch_arg(regs, 2);
}

/* The caller's address as it is now; the kernel reads it again for itself. */
static void read_user_addr(struct st_inflight *call, const void __user *addr, s32 len)
{
	if (len <= 0 || len > ST_RECORD_ADDR_MAX) /* the kernel won't read it */
		return;
	call->toctou = SOCKTRACE_TOCTOU_UNCHECKED;
	call->addr_source = SOCKTRACE_ADDR_FAULT;
	if (st_collect_user_memory(call->addr, addr, len))
		return;
	call->addr_len = st_record_addr_len(call->addr, len);
	call->addr_source = call->addr_len ? SOCKTRACE_ADDR_USER : SOCKTRACE_ADDR_NONE;
	if (!call->addr_len)
		call->toctou = SOCKTRACE_TOCTOU_NONE;
}

/* __sys_connect(fd, uservaddr, addrlen) */
static void enter_connect(struct st_inflight *call, struct pt_regs *regs)
{
	call->args[0] = st_arch_arg(regs, 0);
	call->args[1] = st_arch_arg(regs, 2);
	read_user_addr(call, (const void __user *)st_arch_arg(regs, 1), call->args[1]);
}

/* __sys_accept4(fd, upeer_sockaddr, upeer_addrlen, flags) */
static void enter_accept4(struct st_inflight *call, struct pt_regs *regs)
{
	call->args[0] = st_arch_arg(regs, 0);
	call->args[1] = st_arch_arg(regs, 3);
}

/* __sys_socketpair(family, type, protocol, usockvec) */
static void enter_socketpair(struct st_inflight *call, struct pt_regs *regs)
{
	enter_socket(call, regs);
	call->sv = (const s32 __user *)st_arch_arg(regs, 3);
}

const struct st_entry_point st_entry_socket = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_socket, .creates = true,
};
const struct st_entry_point st_entry_connect = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_connect,
};
const struct st_entry_point st_entry_accept4 = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_accept4,
};
const struct st_entry_point st_entry_socketpair = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_socketpair, .creates = true,
};

/* --- io_uring --------------------------------------------------------------- */

/*
 * The functions that system calls go through, too, and that io_uring calls from
 * its own threads, from io_uring_enter(), and at the end of any system call.
 *
 * It tries each call without waiting first, whatever the descriptor's flags
 * are, and comes again when poll() says that it would not wait any more, or with
 * a thread that may wait. A try that got EAGAIN is none to tell of, and no
 * second connect is one that looks what became of the first.
 */

/*
 * Is this hit part of a system call that makes a call of @type? Registers alone
 * don't say: a debugger may change them as the call begins. To take a part of a
 * followed call for a call of its own would be to take its slot, and what its
 * return would then make of the slot is a wild pointer.
 */
static bool within_call(enum socktrace_type type)
{
	return st_arch_in_call(type) || st_inflight_of_current();
}

static bool is_socket_file_call(struct pt_regs *regs)
{
	return !within_call(SOCKTRACE_SOCKET);
}

static void at_file(struct st_inflight *call, struct file *file)
{
	struct socket *sock = st_compat_sock_from_file(file);

	call->args[0] = -1;
	if (!sock)
		return;
	call->socket = sock;
	st_collect_socket(&call->sock, sock);
}

static void take_addr(struct st_inflight *call, const void *addr, s32 len)
{
	call->addr_len = st_record_addr_len(addr, max(len, 0));
	memcpy(call->addr, addr, call->addr_len);
	if (call->addr_len)
		call->addr_source = SOCKTRACE_ADDR_KERNEL;
}

bool st_entry_is_another_look(const struct socket *sock)
{
	return READ_ONCE(sock->state) == SS_CONNECTING && !st_arch_in_call(SOCKTRACE_CONNECT);
}

/* __sys_connect_file(file, address, addrlen, file_flags) */
static bool is_connect_file_call(struct pt_regs *regs)
{
	const void *addr = (const void *)st_arch_arg(regs, 1);
	s32 len = st_arch_arg(regs, 2);
	struct socket *sock;

	if (within_call(SOCKTRACE_CONNECT))
		return false;
	sock = st_compat_sock_from_file((struct file *)st_arch_arg(regs, 0));
	/* To connect to AF_UNSPEC ends the attempt. */
	return !sock || !st_entry_is_another_look(sock) ||
	       st_record_addr_family(addr, max(len, 0)) == AF_UNSPEC;
}

static void enter_connect_file(struct st_inflight *call, struct pt_regs *regs)
{
	at_file(call, (struct file *)st_arch_arg(regs, 0));
	call->args[1] = st_arch_arg(regs, 2);
	call->is_a_try = st_arch_arg(regs, 3) & O_NONBLOCK;
	take_addr(call, (const void *)st_arch_arg(regs, 1), call->args[1]);
}

/* do_accept(file, file_flags or arg, upeer_sockaddr, upeer_addrlen, flags) */
static bool is_do_accept_call(struct pt_regs *regs)
{
	return !within_call(SOCKTRACE_ACCEPT4);
}

static void enter_do_accept(struct st_inflight *call, struct pt_regs *regs)
{
	at_file(call, (struct file *)st_arch_arg(regs, 0));
	call->args[1] = st_arch_arg(regs, 4);
	call->is_a_try = st_compat_accept_file_flags(st_arch_arg(regs, 1)) & O_NONBLOCK;
}

const struct st_entry_point st_entry_socket_file = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_socket_file_call, .enter = enter_socket, .returns_file = true,
	.creates = true,
};
const struct st_entry_point st_entry_connect_file = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_connect_file_call, .enter = enter_connect_file,
};
const struct st_entry_point st_entry_do_accept = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_do_accept_call, .enter = enter_do_accept, .returns_file = true,
};

/* --- others ------------------------------------------------------------------ */

/* By any of them @sock is connected to @addr, which is the kernel's. */
static void enter_with_socket(struct st_inflight *call, struct socket *sock,
			      const void *addr, s32 len)
{
	call->args[0] = -1;
	call->args[1] = len;
	if (sock) {
		call->socket = sock;
		st_collect_socket(&call->sock, sock);
	}
	take_addr(call, addr, len);
}

/*
 * kernel_connect(sock, addr, addrlen, flags): NFS and whoever else in the kernel
 * has connections of his own. Not what a connect does on its way (SMC's).
 */
static bool is_kernel_connect_call(struct pt_regs *regs)
{
	return !within_call(SOCKTRACE_CONNECT);
}

static void enter_kernel_connect(struct st_inflight *call, struct pt_regs *regs)
{
	enter_with_socket(call, (struct socket *)st_arch_arg(regs, 0),
			  (const void *)st_arch_arg(regs, 1), st_arch_arg(regs, 2));
	call->abi = SOCKTRACE_ABI_UNKNOWN;
}

/*
 * tcp_sendmsg_fastopen(sk, msg, ...): a send with MSG_FASTOPEN connects first.
 * It is also called for the first data after a connect that was put off
 * (TCP_FASTOPEN_CONNECT), and that one was told.
 */
static bool is_sendmsg_fastopen_call(struct pt_regs *regs)
{
	const struct msghdr *msg = (const struct msghdr *)st_arch_arg(regs, 1);

	return msg->msg_flags & MSG_FASTOPEN && msg->msg_name;
}

static void enter_sendmsg_fastopen(struct st_inflight *call, struct pt_regs *regs)
{
	const struct sock *sk = (const struct sock *)st_arch_arg(regs, 0);
	const struct msghdr *msg = (const struct msghdr *)st_arch_arg(regs, 1);

	enter_with_socket(call, READ_ONCE(sk->sk_socket), msg->msg_name, msg->msg_namelen);
}

/*
 * __inet_stream_connect(sock, uaddr, addr_len, flags, is_sendmsg), which is
 * called by tcp_sendmsg_fastopen() where that is inlined, and by all other connects.
 * What was put off is connecting already; without an address none is made.
 */
static bool is_stream_connect_call(struct pt_regs *regs)
{
	const struct socket *sock = (const struct socket *)st_arch_arg(regs, 0);

	return (int)st_arch_arg(regs, 4) && st_arch_arg(regs, 1) &&
	       READ_ONCE(sock->state) == SS_UNCONNECTED;
}

static void enter_stream_connect(struct st_inflight *call, struct pt_regs *regs)
{
	enter_with_socket(call, (struct socket *)st_arch_arg(regs, 0),
			  (const void *)st_arch_arg(regs, 1), st_arch_arg(regs, 2));
}

const struct st_entry_point st_entry_kernel_connect = {
	.via = SOCKTRACE_VIA_KERNEL,
	.is_call = is_kernel_connect_call, .enter = enter_kernel_connect,
};
const struct st_entry_point st_entry_sendmsg_fastopen = {
	.via = SOCKTRACE_VIA_SENDMSG,
	.is_call = is_sendmsg_fastopen_call, .enter = enter_sendmsg_fastopen,
};
const struct st_entry_point st_entry_stream_connect = {
	.via = SOCKTRACE_VIA_SENDMSG,
	.is_call = is_stream_connect_call, .enter = enter_stream_connect,
};
