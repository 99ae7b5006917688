/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures: where a function finds its arguments and
 * leaves its result, and by which ABI a system call came.
 */
#ifndef SOCKTRACE_ARCH_H
#define SOCKTRACE_ARCH_H

#include <linux/compat.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "compat/compat.h"
#include "../uapi/socktrace.h"

#if defined(CONFIG_X86_64)
static inline unsigned long st_arch_arg(struct pt_regs *regs, unsigned int n)
{
	switch (n) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->cx;
	default: return regs->r8;
	}
}
#elif defined(CONFIG_X86_32) || defined(CONFIG_ARM64) || defined(CONFIG_RISCV) || \
	defined(CONFIG_S390)
#define st_arch_arg(regs, n) regs_get_kernel_argument(regs, n)
#else
#error "socktrace does not know yet where this architecture passes arguments"
#endif

#if defined(CONFIG_X86)
#define ST_ARCH_ABI_NATIVE (IS_ENABLED(CONFIG_X86_64) ? SOCKTRACE_ABI_X86_64 : SOCKTRACE_ABI_I386)
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_I386
#elif defined(CONFIG_ARM64)
#define ST_ARCH_ABI_NATIVE SOCKTRACE_ABI_ARM64
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_ARM
#elif defined(CONFIG_ARM)
#define ST_ARCH_ABI_NATIVE SOCKTRACE_ABI_ARM
#elif defined(CONFIG_RISCV)
#define ST_ARCH_ABI_NATIVE (IS_ENABLED(CONFIG_64BIT) ? SOCKTRACE_ABI_RISCV64 : SOCKTRACE_ABI_RISCV32)
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_RISCV32
#elif defined(CONFIG_PPC)
#define ST_ARCH_ABI_NATIVE (IS_ENABLED(CONFIG_PPC64) ? SOCKTRACE_ABI_PPC64 : SOCKTRACE_ABI_PPC)
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_PPC
#elif defined(CONFIG_S390)
#define ST_ARCH_ABI_NATIVE SOCKTRACE_ABI_S390X
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_S390
#elif defined(CONFIG_MIPS)
#define ST_ARCH_ABI_NATIVE (IS_ENABLED(CONFIG_64BIT) ? SOCKTRACE_ABI_MIPS64 : SOCKTRACE_ABI_MIPS)
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_MIPS
#else
#define ST_ARCH_ABI_NATIVE SOCKTRACE_ABI_UNKNOWN
#endif

#ifndef ST_ARCH_ABI_COMPAT
#define ST_ARCH_ABI_COMPAT SOCKTRACE_ABI_UNKNOWN
#endif

/* Of the system call that current is in. */
static inline enum socktrace_abi st_arch_abi(void)
{
#ifdef CONFIG_X86_X32_ABI
	if (in_x32_syscall())
		return SOCKTRACE_ABI_X32;
#endif
#ifdef CONFIG_COMPAT
	if (in_compat_syscall())
		return ST_ARCH_ABI_COMPAT;
#endif
	return ST_ARCH_ABI_NATIVE;
}

/*
 * System call numbers of i386 on a 64-bit kernel, which the kernel's headers
 * don't give. accept(2) is a socketcall(2) there.
 */
#ifdef CONFIG_X86_64
#define ST_ARCH_I386_NR_SOCKETCALL 102
#define ST_ARCH_I386_NR_SOCKET 359
#define ST_ARCH_I386_NR_CONNECT 362
#define ST_ARCH_I386_NR_ACCEPT4 364

static inline bool st_arch_i386_call(enum socktrace_type type, int nr)
{
	switch (type) {
	case SOCKTRACE_SOCKET:
		return nr == ST_ARCH_I386_NR_SOCKET || nr == ST_ARCH_I386_NR_SOCKETCALL;
	case SOCKTRACE_CONNECT:
		return nr == ST_ARCH_I386_NR_CONNECT || nr == ST_ARCH_I386_NR_SOCKETCALL;
	default:
		return nr == ST_ARCH_I386_NR_ACCEPT4 || nr == ST_ARCH_I386_NR_SOCKETCALL;
	}
}
#endif

/*
 * Is current in a system call that makes a call of @type: socket(2), connect(2),
 * or accept(2) and accept4(2)? Else it came here for io_uring, whose work is done
 * by threads of its own, in io_uring_enter(2), and at the end of any system call.
 */
static inline bool st_arch_in_call(enum socktrace_type type)
{
	struct pt_regs *regs = task_pt_regs(current);
	int nr;

	if (current->flags & PF_IO_WORKER)
		return false;
	nr = syscall_get_nr(current, regs);
#ifdef CONFIG_X86
	/* What it will return is there from its end on. */
	if (regs->ax != (unsigned long)-ENOSYS)
		return false;
#endif
#ifdef CONFIG_X86_64
	if (in_ia32_syscall())
		return st_arch_i386_call(type, nr);
	nr &= ~__X32_SYSCALL_BIT;
#elif defined(CONFIG_COMPAT)
	/* Other numbers; that of io_uring_enter() is everybody's. */
	if (in_compat_syscall())
		return nr != __NR_io_uring_enter;
#endif
#ifdef __NR_socketcall
	if (nr == __NR_socketcall)
		return true;
#endif
	switch (type) {
	case SOCKTRACE_SOCKET:
		return nr == __NR_socket;
	case SOCKTRACE_CONNECT:
		return nr == __NR_connect;
	default:
#ifdef __NR_accept
		if (nr == __NR_accept)
			return true;
#endif
		return nr == __NR_accept4;
	}
}

#endif /* SOCKTRACE_ARCH_H */
