/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures: where a function finds its arguments and
 * its way back, and by which ABI a system call came.
 */
#ifndef SOCKTRACE_ARCH_H
#define SOCKTRACE_ARCH_H

#include <linux/compat.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <asm/syscall.h>

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

/*
 * The ABI of the system call that current is in; of work for io_uring, of the one
 * that this is done in, or at the end of.
 */
static inline enum socktrace_abi st_arch_abi(void)
{
	/* It is in none: such work is done as an interrupt ends, too. */
	if (syscall_get_nr(current, task_pt_regs(current)) == -1)
		return SOCKTRACE_ABI_UNKNOWN;
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

/* Where a probed function will return to. Only at its entry. */
static inline unsigned long st_arch_return_address(struct pt_regs *regs)
{
#if defined(CONFIG_X86)
	/* Not regs->sp: older kernels for i386 don't store it. */
	return *(unsigned long *)kernel_stack_pointer(regs);
#elif defined(CONFIG_ARM64)
	return regs->regs[30];
#elif defined(CONFIG_RISCV)
	return regs->ra;
#elif defined(CONFIG_S390)
	return regs->gprs[14];
#endif
}

#endif /* SOCKTRACE_ARCH_H */
