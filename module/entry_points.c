// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kernel.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "arch.h"
#include "caller.h"
#include "calls.h"
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
	struct st_ends *ends = &call->ends;

	if (len <= 0 || len > ST_RECORD_ADDR_MAX) /* the kernel won't read it */
		return;
	call->toctou = SOCKTRACE_TOCTOU_UNCHECKED;
	ends->addr_source = SOCKTRACE_ADDR_FAULT;
	if (st_collect_user_memory(ends->addrs, addr, len))
		return;
	ends->addr_len = st_record_addr_len(ends->addrs, len);
	ends->addr_source = ends->addr_len ? SOCKTRACE_ADDR_USER : SOCKTRACE_ADDR_NONE;
	if (!ends->addr_len)
		call->toctou = SOCKTRACE_TOCTOU_NONE;
}

/* __sys_connect(fd, uservaddr, addrlen) */
static void enter_connect(struct st_inflight *call, struct pt_regs *regs)
{
	call->args[0] = st_arch_arg(regs, 0);
	call->args[1] = st_arch_arg(regs, 2);
	read_user_addr(call, (const void __user *)st_arch_arg(regs, 1), call->args[1]);
}

/* __sys_bind(fd, umyaddr, addrlen) */
static void enter_bind(struct st_inflight *call, struct pt_regs *regs)
{
	enter_connect(call, regs);
	call->toctou = SOCKTRACE_TOCTOU_NONE;
}

/* __sys_listen(fd, backlog) */
static void enter_listen(struct st_inflight *call, struct pt_regs *regs)
{
	call->args[0] = st_arch_arg(regs, 0);
	call->args[1] = st_arch_arg(regs, 1);
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
const struct st_entry_point st_entry_bind = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_bind,
};
const struct st_entry_point st_entry_listen = {
	.via = SOCKTRACE_VIA_SYSCALL, .enter = enter_listen,
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
 * Is this hit part of a system call, of a function that nothing but that and
 * io_uring calls? Where the caller doesn't tell, it is if one is followed.
 */
static bool within_syscall(struct pt_regs *regs)
{
	enum st_caller caller = st_caller_builtin(regs);

	if (caller == ST_CALLER_UNSURE)
		return st_inflight_of_current();
	return caller == ST_CALLER_SYSCALL;
}

static bool is_io_uring_call(struct pt_regs *regs)
{
	return !within_syscall(regs);
}

static void at_file(struct st_inflight *call, struct file *file)
{
	struct socket *sock = st_compat_sock_from_file(file);

	call->args[0] = -1;
	if (!sock)
		return;
	call->socket = sock;
	call->listener = sock;
	call->was_connecting = READ_ONCE(sock->state) == SS_CONNECTING;
	st_collect_socket(&call->sock, sock);
}

static void take_addr(struct st_inflight *call, const void *addr, s32 len)
{
	st_ends_set_addr(&call->ends, addr, max(len, 0));
	if (call->ends.addr_len)
		call->ends.addr_source = SOCKTRACE_ADDR_KERNEL;
}

/* Is @addr where @sk, of TCP, is being connected to? Others: perhaps. */
static bool is_destination(const struct sock *sk, const void *addr, s32 len)
{
	/* To connect to any address is to connect to the machine itself. */
	const struct sockaddr_in *in = addr;
	const struct inet_sock *inet = inet_sk(sk);
#if IS_ENABLED(CONFIG_IPV6)
	const struct sockaddr_in6 *in6 = addr;
#endif

	if (sk->sk_protocol != IPPROTO_TCP)
		return true;
	switch (sk->sk_family) {
	case AF_INET:
		return len >= (s32)sizeof(*in) && in->sin_port == inet->inet_dport &&
		       (in->sin_addr.s_addr ? in->sin_addr.s_addr == inet->inet_daddr :
					      inet->inet_daddr == inet->inet_rcv_saddr);
#if IS_ENABLED(CONFIG_IPV6)
	case AF_INET6:
		return len >= SIN6_LEN_RFC2133 && in6->sin6_port == inet->inet_dport &&
		       ipv6_addr_equal(ipv6_addr_any(&in6->sin6_addr) ?
						st_compat_v6_local(sk) : &in6->sin6_addr,
				       st_compat_v6_peer(sk));
#endif
	default:
		return true;
	}
}

/*
 * Does io_uring, if it is io_uring, look what became of a connect that was told
 * before? A connect to elsewhere is none: another thread may end the first one just
 * in time for it. Nor is one to AF_UNSPEC, which ends it.
 */
bool st_entry_is_another_look(const struct socket *sock, const void *addr, s32 len)
{
	const struct sock *sk = READ_ONCE(sock->sk);

	return READ_ONCE(sock->state) == SS_CONNECTING && sk &&
	       st_record_addr_family(addr, max(len, 0)) != AF_UNSPEC &&
	       is_destination(sk, addr, len);
}

/* __sys_connect_file(file, address, addrlen, file_flags) */
static bool is_connect_file_call(struct pt_regs *regs)
{
	struct socket *sock;

	if (within_syscall(regs))
		return false;
	sock = st_compat_sock_from_file((struct file *)st_arch_arg(regs, 0));
	return !sock || !st_entry_is_another_look(sock, (const void *)st_arch_arg(regs, 1),
						  st_arch_arg(regs, 2));
}

static void pass_connect_file(struct st_inflight *call, struct pt_regs *regs)
{
	struct socket *sock = st_compat_sock_from_file((struct file *)st_arch_arg(regs, 0));

	if (sock && call->type == SOCKTRACE_CONNECT)
		st_call_connects(call, sock, (const void *)st_arch_arg(regs, 1),
				 st_arch_arg(regs, 2));
}

static void enter_connect_file(struct st_inflight *call, struct pt_regs *regs)
{
	at_file(call, (struct file *)st_arch_arg(regs, 0));
	call->args[1] = st_arch_arg(regs, 2);
	call->is_a_try = st_arch_arg(regs, 3) & O_NONBLOCK;
	take_addr(call, (const void *)st_arch_arg(regs, 1), call->args[1]);
}

/* do_accept(file, file_flags or arg, upeer_sockaddr, upeer_addrlen, flags) */
static void enter_do_accept(struct st_inflight *call, struct pt_regs *regs)
{
	at_file(call, (struct file *)st_arch_arg(regs, 0));
	call->args[1] = st_arch_arg(regs, 4);
	call->is_a_try = st_compat_accept_file_flags(st_arch_arg(regs, 1)) & O_NONBLOCK;
}

/* On the way of an accept that is followed: now the kernel has the listener in hand. */
static void pass_listener(struct st_inflight *call, struct socket *sock)
{
	if (!sock || call->type != SOCKTRACE_ACCEPT4)
		return;
	call->listener = sock;
	st_collect_socket(&call->sock, sock);
}

static void pass_do_accept(struct st_inflight *call, struct pt_regs *regs)
{
	pass_listener(call, st_compat_sock_from_file((struct file *)st_arch_arg(regs, 0)));
}

/* security_socket_accept(sock, newsock) */
static void pass_security_socket_accept(struct st_inflight *call, struct pt_regs *regs)
{
	pass_listener(call, (struct socket *)st_arch_arg(regs, 0));
}

static bool is_no_call(struct pt_regs *regs)
{
	return false;
}

const struct st_entry_point st_entry_socket_file = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_io_uring_call, .enter = enter_socket, .returns_file = true,
	.creates = true, .nests = true,
};
const struct st_entry_point st_entry_connect_file = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_connect_file_call, .pass = pass_connect_file,
	.enter = enter_connect_file, .nests = true,
};
const struct st_entry_point st_entry_do_accept = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_io_uring_call, .pass = pass_do_accept,
	.enter = enter_do_accept, .returns_file = true, .nests = true,
};
/* __sys_accept4_file(), of Linux 5.5 to 5.14: the same, and a descriptor comes back. */
const struct st_entry_point st_entry_accept4_file = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_io_uring_call, .pass = pass_do_accept,
	.enter = enter_do_accept, .nests = true,
};
/* Before that there is no io_uring that accepts, and its hook shows the listener alone. */
const struct st_entry_point st_entry_security_socket_accept = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_no_call, .pass = pass_security_socket_accept,
};

/* By socket, not by descriptor. */
static void at_socket(struct st_inflight *call, struct socket *sock)
{
	call->args[0] = -1;
	if (!sock)
		return;
	call->socket = sock;
	call->was_connecting = READ_ONCE(sock->state) == SS_CONNECTING;
	st_collect_socket(&call->sock, sock);
}

/* Its @addr is the kernel's. */
static void enter_with_socket(struct st_inflight *call, struct socket *sock,
			      const void *addr, s32 len)
{
	at_socket(call, sock);
	call->args[1] = len;
	take_addr(call, addr, len);
}

/* __sys_bind_socket(sock, address, addrlen) */
static void enter_bind_socket(struct st_inflight *call, struct pt_regs *regs)
{
	enter_with_socket(call, (struct socket *)st_arch_arg(regs, 0),
			  (const void *)st_arch_arg(regs, 1), st_arch_arg(regs, 2));
}

/* __sys_listen_socket(sock, backlog) */
static void enter_listen_socket(struct st_inflight *call, struct pt_regs *regs)
{
	at_socket(call, (struct socket *)st_arch_arg(regs, 0));
	call->args[1] = st_arch_arg(regs, 1);
}

const struct st_entry_point st_entry_bind_socket = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_io_uring_call, .enter = enter_bind_socket, .nests = true,
};
const struct st_entry_point st_entry_listen_socket = {
	.via = SOCKTRACE_VIA_IO_URING,
	.is_call = is_io_uring_call, .enter = enter_listen_socket, .nests = true,
};

/* --- others ------------------------------------------------------------------ */

/*
 * kernel_connect(sock, addr, addrlen, flags): NFS and whoever else in the kernel
 * has connections of his own, on the way of a program's connect, too. Not what
 * AF_SMC does for one of its own.
 */
static bool is_kernel_connect_call(struct pt_regs *regs)
{
	switch (st_caller_any(regs)) {
	case ST_CALLER_SMC:
		return false;
	case ST_CALLER_UNSURE:
		return !st_inflight_of_current();
	default:
		return true;
	}
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
static bool is_of_a_send(struct pt_regs *regs)
{
	enum st_caller caller;

	if (ST_COMPAT_STREAM_CONNECT_SAYS)
		return (int)st_arch_arg(regs, 4);
	caller = st_caller_builtin(regs);
	return caller == ST_CALLER_UNSURE ? !st_inflight_of_current() :
					    caller == ST_CALLER_TCP_SEND;
}

static bool is_stream_connect_call(struct pt_regs *regs)
{
	const struct socket *sock = (const struct socket *)st_arch_arg(regs, 0);

	return is_of_a_send(regs) && st_arch_arg(regs, 1) &&
	       READ_ONCE(sock->state) == SS_UNCONNECTED;
}

static void enter_stream_connect(struct st_inflight *call, struct pt_regs *regs)
{
	enter_with_socket(call, (struct socket *)st_arch_arg(regs, 0),
			  (const void *)st_arch_arg(regs, 1), st_arch_arg(regs, 2));
}

const struct st_entry_point st_entry_kernel_connect = {
	.via = SOCKTRACE_VIA_KERNEL,
	.is_call = is_kernel_connect_call, .enter = enter_kernel_connect, .nests = true,
};
const struct st_entry_point st_entry_sendmsg_fastopen = {
	.via = SOCKTRACE_VIA_SENDMSG,
	.is_call = is_sendmsg_fastopen_call, .enter = enter_sendmsg_fastopen, .nests = true,
};
const struct st_entry_point st_entry_stream_connect = {
	.via = SOCKTRACE_VIA_SENDMSG,
	.is_call = is_stream_connect_call, .enter = enter_stream_connect, .nests = true,
};
