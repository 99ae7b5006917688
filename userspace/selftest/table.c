// SPDX-License-Identifier: GPL-2.0
/*
 * The paths that are known, one row each. What no probe is meant to see has none:
 * see docs/coverage.md. The kernel's own connects can't be had from here.
 */
#include "selftest/path.h"

#define SOCKET SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKET)
#define PAIR SOCKTRACE_EVENT_BIT(SOCKTRACE_SOCKETPAIR)
#define CONNECT SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECT)
#define OUTCOME SOCKTRACE_EVENT_BIT(SOCKTRACE_CONNECTED)
#define ACCEPT SOCKTRACE_EVENT_BIT(SOCKTRACE_ACCEPT4)
#define BIND SOCKTRACE_EVENT_BIT(SOCKTRACE_BIND)
#define LISTEN SOCKTRACE_EVENT_BIT(SOCKTRACE_LISTEN)
#define HOOK SOCKTRACE_EVENT_BIT(SOCKTRACE_SECURITY_SOCKET_CONNECT)

/* By a system call of the program's own ABI, or of another one. */
#define NATIVE(name, events, drive, how, needs)                                    \
	{ name, events, SOCKTRACE_VIA_SYSCALL, needs, drive, how, &selftest_native }
#define OTHER(name, events, drive, how, needs, abi)                                \
	{ name, events, SOCKTRACE_VIA_SYSCALL, selftest_needs_##needs, drive, how, \
	  &selftest_##abi }
#define SEND(name, drive)                                                          \
	{ name, CONNECT, SOCKTRACE_VIA_SENDMSG, NULL, drive, 0, &selftest_native }
#define URING(name, events, drive, how)                                            \
	{ name, events, SOCKTRACE_VIA_IO_URING, selftest_needs_uring, drive, how,  \
	  &selftest_native }

const struct selftest_row selftest_rows[] = {
	NATIVE("socket", SOCKET, selftest_socket, 0, NULL),
	NATIVE("socket that fails", SOCKET, selftest_socket_fails, 0, NULL),
	NATIVE("socketpair", PAIR, selftest_socketpair, 0, NULL),
	NATIVE("socketpair, bad pointer", PAIR, selftest_socketpair_bad_pointer, 0, NULL),

	NATIVE("connect INET", CONNECT, selftest_connect, AF_INET, NULL),
	NATIVE("connect INET6", CONNECT, selftest_connect, AF_INET6, selftest_needs_inet6),
	NATIVE("connect UNIX path", CONNECT, selftest_connect, AF_UNIX, NULL),
	NATIVE("connect UNIX abstract", CONNECT, selftest_connect_abstract, 0, NULL),
	NATIVE("connect UNIX autobind", CONNECT, selftest_connect_autobind, 0, NULL),
	NATIVE("connect UNIX unnamed", CONNECT, selftest_connect_unnamed, 0, NULL),
	NATIVE("connect UDP", CONNECT, selftest_connect_udp, 0, NULL),
	NATIVE("connect AF_UNSPEC", CONNECT, selftest_disconnect, 0, NULL),
	NATIVE("connect in progress", CONNECT, selftest_connect_in_progress, 0, NULL),
	NATIVE("connected", OUTCOME | CONNECT, selftest_connected, AF_INET,
	       selftest_needs_outcome),
	NATIVE("connected, refused", OUTCOME | CONNECT, selftest_connected_refused, 0,
	       selftest_needs_outcome),
	NATIVE("connect refused", CONNECT, selftest_connect_refused, 0, NULL),
	NATIVE("connect, page not there", CONNECT, selftest_connect_not_resident, 0, NULL),
	NATIVE("connect, bad pointer", CONNECT, selftest_connect_bad_pointer, 0, NULL),
	NATIVE("connect, bad descriptor", CONNECT, selftest_connect_bad_fd, 0, NULL),
	NATIVE("connect put off", CONNECT, selftest_connect_put_off, 0, NULL),
	NATIVE("security_socket_connect", HOOK | CONNECT, selftest_hook, 0,
	       selftest_needs_hook),

	NATIVE("bind INET", BIND, selftest_bind, AF_INET, NULL),
	NATIVE("bind UNIX path", BIND, selftest_bind, AF_UNIX, NULL),
	NATIVE("bind, in use", BIND, selftest_bind_in_use, 0, NULL),
	NATIVE("bind, bad descriptor", BIND, selftest_bind_bad_fd, 0, NULL),
	NATIVE("listen", LISTEN, selftest_listen, 0, NULL),

	NATIVE("accept", ACCEPT, selftest_accept, AF_INET, NULL),
	NATIVE("accept INET6", ACCEPT, selftest_accept, AF_INET6, selftest_needs_inet6),
	NATIVE("accept UNIX", ACCEPT, selftest_accept, AF_UNIX, NULL),
	NATIVE("accept, NULL", ACCEPT, selftest_accept, AF_INET | HOW_NO_ADDRESS, NULL),
	NATIVE("accept, bad pointer", ACCEPT, selftest_accept, AF_INET | HOW_BAD_POINTER, NULL),
	NATIVE("accept4", ACCEPT, selftest_accept, AF_INET | HOW_ACCEPT4, NULL),
	NATIVE("accept4, NULL", ACCEPT, selftest_accept,
	       AF_INET | HOW_ACCEPT4 | HOW_NO_ADDRESS, NULL),
	NATIVE("accept4, bad pointer", ACCEPT, selftest_accept,
	       AF_INET | HOW_ACCEPT4 | HOW_BAD_POINTER, NULL),

#ifdef SELFTEST_I386
	OTHER("i386 socket", SOCKET, selftest_socket, 0, i386, i386),
	OTHER("i386 socketpair", PAIR, selftest_socketpair, 0, i386, i386),
	OTHER("i386 connect", CONNECT, selftest_connect, AF_INET, i386, i386),
	OTHER("i386 bind", BIND, selftest_bind, AF_INET, i386, i386),
	OTHER("i386 listen", LISTEN, selftest_listen, 0, i386, i386),
	OTHER("i386 accept4", ACCEPT, selftest_accept, AF_INET | HOW_ACCEPT4, i386, i386),
	OTHER("i386 socketcall socket", SOCKET, selftest_socket, 0, i386, socketcall),
	OTHER("i386 socketcall socketpair", PAIR, selftest_socketpair, 0, i386, socketcall),
	OTHER("i386 socketcall connect", CONNECT, selftest_connect, AF_INET, i386, socketcall),
	OTHER("i386 socketcall bind", BIND, selftest_bind, AF_INET, i386, socketcall),
	OTHER("i386 socketcall listen", LISTEN, selftest_listen, 0, i386, socketcall),
	OTHER("i386 socketcall accept", ACCEPT, selftest_accept, AF_INET, i386, socketcall),
	OTHER("i386 socketcall accept4", ACCEPT, selftest_accept, AF_INET | HOW_ACCEPT4, i386,
	      socketcall),
#endif
#ifdef SELFTEST_X86_64
	OTHER("x32 socket", SOCKET, selftest_socket, 0, x32, x32),
	OTHER("x32 socketpair", PAIR, selftest_socketpair, 0, x32, x32),
	OTHER("x32 connect", CONNECT, selftest_connect, AF_INET, x32, x32),
	OTHER("x32 bind", BIND, selftest_bind, AF_INET, x32, x32),
	OTHER("x32 listen", LISTEN, selftest_listen, 0, x32, x32),
	OTHER("x32 accept", ACCEPT, selftest_accept, AF_INET, x32, x32),
	OTHER("x32 accept4", ACCEPT, selftest_accept, AF_INET | HOW_ACCEPT4, x32, x32),
#endif

	SEND("sendto MSG_FASTOPEN", selftest_sendto_fastopen),
	SEND("sendmsg MSG_FASTOPEN", selftest_sendmsg_fastopen),

	/* By the thread that submits, by a worker, by the kernel's polling thread. */
	URING("io_uring socket", SOCKET, selftest_uring_socket, URING_INLINE),
	URING("io_uring socket, worker", SOCKET, selftest_uring_socket, URING_WORKER),
	URING("io_uring socket, SQPOLL", SOCKET, selftest_uring_socket, URING_POLLED),
	URING("io_uring connect", CONNECT, selftest_uring_connect, URING_INLINE),
	URING("io_uring connect, worker", CONNECT, selftest_uring_connect, URING_WORKER),
	URING("io_uring connect, SQPOLL", CONNECT, selftest_uring_connect, URING_POLLED),
	URING("io_uring bind", BIND, selftest_uring_bind, URING_INLINE),
	URING("io_uring bind, worker", BIND, selftest_uring_bind, URING_WORKER),
	URING("io_uring listen", LISTEN, selftest_uring_listen, URING_INLINE),
	URING("io_uring listen, worker", LISTEN, selftest_uring_listen, URING_WORKER),
	URING("io_uring accept", ACCEPT, selftest_uring_accept, URING_INLINE),
	URING("io_uring accept, worker", ACCEPT, selftest_uring_accept, URING_WORKER),
	URING("io_uring accept, SQPOLL", ACCEPT, selftest_uring_accept, URING_POLLED),
	URING("io_uring accept, multishot", ACCEPT, selftest_uring_multishot, URING_INLINE),
};
const unsigned int selftest_nr_rows = sizeof(selftest_rows) / sizeof(selftest_rows[0]);
