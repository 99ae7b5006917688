// SPDX-License-Identifier: GPL-2.0
/*
 * The ABIs by which a program can make the calls: the one that it was compiled
 * for, and on x86-64 the other two, which the kernel may have or not.
 * The 32-bit one needs no 32-bit program: `int $0x80` takes it from any, if only
 * all addresses are below 4 GiB.
 */
#include "selftest/path.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ABI (sizeof(long) == 8 ? SOCKTRACE_ABI_X86_64 : SOCKTRACE_ABI_X32)
#elif defined(__i386__)
#define NATIVE_ABI SOCKTRACE_ABI_I386
#elif defined(__aarch64__)
#define NATIVE_ABI SOCKTRACE_ABI_ARM64
#elif defined(__arm__)
#define NATIVE_ABI SOCKTRACE_ABI_ARM
#elif defined(__riscv)
#define NATIVE_ABI (sizeof(long) == 8 ? SOCKTRACE_ABI_RISCV64 : SOCKTRACE_ABI_RISCV32)
#elif defined(__powerpc__)
#define NATIVE_ABI (sizeof(long) == 8 ? SOCKTRACE_ABI_PPC64 : SOCKTRACE_ABI_PPC)
#elif defined(__s390__)
#define NATIVE_ABI (sizeof(long) == 8 ? SOCKTRACE_ABI_S390X : SOCKTRACE_ABI_S390)
#elif defined(__mips__) && _MIPS_SIM == _ABIN32
#define NATIVE_ABI SOCKTRACE_ABI_MIPS_N32
#elif defined(__mips__)
#define NATIVE_ABI (sizeof(long) == 8 ? SOCKTRACE_ABI_MIPS64 : SOCKTRACE_ABI_MIPS)
#else
#define NATIVE_ABI SOCKTRACE_ABI_UNKNOWN
#endif

static long result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long native_socket(int domain, int type, int protocol)
{
	return result(socket(domain, type, protocol));
}

static long native_socketpair(int domain, int type, int protocol, int *sv)
{
	return result(socketpair(domain, type, protocol, sv));
}

static long native_connect(int fd, const void *addr, socklen_t length)
{
	return result(connect(fd, addr, length));
}

static long native_bind(int fd, const void *addr, socklen_t length)
{
	return result(bind(fd, addr, length));
}

static long native_listen(int fd, int backlog)
{
	return result(listen(fd, backlog));
}

static long native_accept(int fd, void *addr, socklen_t *length)
{
	return result(accept(fd, addr, length));
}

static long native_accept4(int fd, void *addr, socklen_t *length, int flags)
{
	return result(accept4(fd, addr, length, flags));
}

const struct selftest_abi selftest_native = {
	.number = NATIVE_ABI,
	.socket = native_socket,
	.socketpair = native_socketpair,
	.connect = native_connect,
	.bind = native_bind,
	.listen = native_listen,
	.accept = native_accept,
	.accept4 = native_accept4,
};

#ifdef SELFTEST_I386
/* Numbers of the 32-bit ABI, which headers give to 32-bit programs only. */
enum {
	I386_GETPID = 20, I386_SOCKETCALL = 102,
	I386_SOCKET = 359, I386_SOCKETPAIR = 360, I386_BIND = 361, I386_CONNECT = 362,
	I386_LISTEN = 363, I386_ACCEPT4 = 364,
	CALL_SOCKET = 1, CALL_BIND = 2, CALL_CONNECT = 3, CALL_LISTEN = 4, CALL_ACCEPT = 5, CALL_SOCKETPAIR = 8,
	CALL_ACCEPT4 = 18,
};

static long int80(long number, long a, long b, long c, long d)
{
	int ret;

	/* Kernels before 4.17 lose the registers that 32-bit programs don't have. */
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory", "cc"
#ifdef __x86_64__
			   , "r8", "r9", "r10", "r11"
#endif
	);
	return ret;
}

/* What the calls point to: where a 32-bit pointer reaches it. */
static struct low {
	uint32_t args[4]; /* socketcall()'s */
	uint32_t length;
	int sv[2];
	uint8_t addr[sizeof(struct sockaddr_storage)];
} *low;

static struct selftest_path *asking;

static void no_int80(int number)
{
	path_absent(asking, "no 32-bit system calls: they end in signal %d", number);
}

void selftest_needs_i386(struct selftest_path *path)
{
	struct sigaction action = { .sa_handler = no_int80 };
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	asking = path;
	sigaction(SIGSEGV, &action, NULL);
	if (int80(I386_GETPID, 0, 0, 0, 0) != getpid())
		path_absent(path, "no 32-bit system calls");
	action.sa_handler = SIG_DFL;
	sigaction(SIGSEGV, &action, NULL);
#ifdef MAP_32BIT
	flags |= MAP_32BIT;
#endif
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, flags, -1, 0);
	path_must(path, "mmap", low == MAP_FAILED ? -1 : 0);
}

static long i386_socket(int domain, int type, int protocol)
{
	return int80(I386_SOCKET, domain, type, protocol, 0);
}

static long i386_socketpair(int domain, int type, int protocol, int *sv)
{
	long ret = int80(I386_SOCKETPAIR, domain, type, protocol, (long)low->sv);

	memcpy(sv, low->sv, sizeof(low->sv));
	return ret;
}

static long i386_connect(int fd, const void *addr, socklen_t length)
{
	memcpy(low->addr, addr, length);
	return int80(I386_CONNECT, fd, (long)low->addr, (long)length, 0);
}

static long i386_bind(int fd, const void *addr, socklen_t length)
{
	memcpy(low->addr, addr, length);
	return int80(I386_BIND, fd, (long)low->addr, (long)length, 0);
}

static long i386_listen(int fd, int backlog)
{
	return int80(I386_LISTEN, fd, backlog, 0, 0);
}

static long i386_accept4(int fd, void *addr, socklen_t *length, int flags)
{
	(void)addr;
	low->length = *length;
	return int80(I386_ACCEPT4, fd, (long)low->addr, (long)&low->length, flags);
}

const struct selftest_abi selftest_i386 = {
	.number = SOCKTRACE_ABI_I386,
	.socket = i386_socket,
	.socketpair = i386_socketpair,
	.connect = i386_connect,
	.bind = i386_bind,
	.listen = i386_listen,
	.accept4 = i386_accept4,
};

static long socketcall(int call, long a, long b, long c, long d)
{
	low->args[0] = (uint32_t)a;
	low->args[1] = (uint32_t)b;
	low->args[2] = (uint32_t)c;
	low->args[3] = (uint32_t)d;
	return int80(I386_SOCKETCALL, call, (long)low->args, 0, 0);
}

static long socketcall_socket(int domain, int type, int protocol)
{
	return socketcall(CALL_SOCKET, domain, type, protocol, 0);
}

static long socketcall_socketpair(int domain, int type, int protocol, int *sv)
{
	long ret = socketcall(CALL_SOCKETPAIR, domain, type, protocol, (long)low->sv);

	memcpy(sv, low->sv, sizeof(low->sv));
	return ret;
}

static long socketcall_connect(int fd, const void *addr, socklen_t length)
{
	memcpy(low->addr, addr, length);
	return socketcall(CALL_CONNECT, fd, (long)low->addr, (long)length, 0);
}

static long socketcall_bind(int fd, const void *addr, socklen_t length)
{
	memcpy(low->addr, addr, length);
	return socketcall(CALL_BIND, fd, (long)low->addr, (long)length, 0);
}

static long socketcall_listen(int fd, int backlog)
{
	return socketcall(CALL_LISTEN, fd, backlog, 0, 0);
}

static long socketcall_accept(int fd, void *addr, socklen_t *length)
{
	(void)addr;
	low->length = *length;
	return socketcall(CALL_ACCEPT, fd, (long)low->addr, (long)&low->length, 0);
}

static long socketcall_accept4(int fd, void *addr, socklen_t *length, int flags)
{
	(void)addr;
	low->length = *length;
	return socketcall(CALL_ACCEPT4, fd, (long)low->addr, (long)&low->length, flags);
}

const struct selftest_abi selftest_socketcall = {
	.number = SOCKTRACE_ABI_I386,
	.socket = socketcall_socket,
	.socketpair = socketcall_socketpair,
	.connect = socketcall_connect,
	.bind = socketcall_bind,
	.listen = socketcall_listen,
	.accept = socketcall_accept,
	.accept4 = socketcall_accept4,
};
#endif

#ifdef SELFTEST_X86_64
#define X32 0x40000000L /* in a system call's number: by this ABI */

void selftest_needs_x32(struct selftest_path *path)
{
	if (syscall(X32 | SYS_getpid) != getpid())
		path_absent(path, "no x32 system calls");
}

static long x32_socket(int domain, int type, int protocol)
{
	return result(syscall(X32 | SYS_socket, domain, type, protocol));
}

static long x32_socketpair(int domain, int type, int protocol, int *sv)
{
	return result(syscall(X32 | SYS_socketpair, domain, type, protocol, sv));
}

static long x32_connect(int fd, const void *addr, socklen_t length)
{
	return result(syscall(X32 | SYS_connect, fd, addr, length));
}

static long x32_bind(int fd, const void *addr, socklen_t length)
{
	return result(syscall(X32 | SYS_bind, fd, addr, length));
}

static long x32_listen(int fd, int backlog)
{
	return result(syscall(X32 | SYS_listen, fd, backlog));
}

static long x32_accept(int fd, void *addr, socklen_t *length)
{
	return result(syscall(X32 | SYS_accept, fd, addr, length));
}

static long x32_accept4(int fd, void *addr, socklen_t *length, int flags)
{
	return result(syscall(X32 | SYS_accept4, fd, addr, length, flags));
}

const struct selftest_abi selftest_x32 = {
	.number = SOCKTRACE_ABI_X32,
	.socket = x32_socket,
	.socketpair = x32_socketpair,
	.connect = x32_connect,
	.bind = x32_bind,
	.listen = x32_listen,
	.accept = x32_accept,
	.accept4 = x32_accept4,
};
#endif
