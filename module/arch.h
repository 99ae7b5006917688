/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between architectures: where a function finds its arguments and
 * its way back, how a probe goes on, and by which ABI a system call came. A block for
 * each; where one of the functions is missing, the module does not build.
 */
#ifndef SOCKTRACE_ARCH_H
#define SOCKTRACE_ARCH_H

#include <linux/bitops.h>
#include <linux/compat.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#include <asm/syscall.h>

#include "compat/compat.h"
#include "../uapi/socktrace.h"

/*
 * Of each architecture:
 *
 *   st_arch_arg(regs, n)             argument n of a function at its entry, from 0 to 4;
 *                                    of an int the lower half alone may mean something
 *   st_arch_ret(regs)                what a function returned, as it returned
 *   st_arch_return_address(regs)     where it will return to; at its entry
 *   st_arch_in_syscall(regs)         whether @regs, a task's own, are of a system call
 *
 * where a function that is asmlinkage has its arguments elsewhere, ST_ARCH_ASMLINKAGE with
 *
 *   st_arch_call_regs(room, regs, is_asmlinkage)   at such a one's entry: the registers with
 *                                    which st_arch_arg() finds them; else @regs itself
 *
 * where it is known, ST_ARCH_KNOWS_CALLS with
 *
 *   st_arch_calls(code, size, target)   whether that code surely has a call of @target
 *
 * and, where it must be, ST_ARCH_STEPS_ITSELF with
 *
 *   st_arch_can_step(kp)             whether the next one can do a probe's instruction
 *   st_arch_step(kp, regs)           does it; what the probe's handler is to return
 *
 * From the registers themselves: regs_get_kernel_argument() is missing on arm, mips and
 * powerpc, and on s390 it needs what modules can't call. regs_return_value() takes
 * powerpc's registers for those of a system call, whose error would be in CR0.SO: that
 * is copied from XER.SO, which any program can set.
 */
#if defined(CONFIG_X86)

#ifdef CONFIG_X86_64
static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	switch (n) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->cx;
	default: return regs->r8;
	}
}
#else /* regparm(3); then on the stack, above the return address */
static inline unsigned long st_arch_arg(struct pt_regs *regs, unsigned int n)
{
	switch (n) {
	case 0: return regs->ax;
	case 1: return regs->dx;
	case 2: return regs->cx;
	default: return ((const unsigned long *)kernel_stack_pointer(regs))[n - 2];
	}
}

/* All on the stack, as those of system calls' own functions, which are probed before 4.17. */
#define ST_ARCH_ASMLINKAGE 1
struct st_arch_room {
	struct pt_regs regs;
};

static inline struct pt_regs *st_arch_call_regs(struct st_arch_room *room,
						struct pt_regs *regs, bool is_asmlinkage)
{
	const unsigned long *stack;

	if (likely(!is_asmlinkage))
		return regs;
	stack = (const unsigned long *)kernel_stack_pointer(regs);
	room->regs = *regs;
	room->regs.ax = stack[1];
	room->regs.dx = stack[2];
	room->regs.cx = stack[3];
	/*
	 * They have four at most. That one is where the stack is said to be: since 5.3 where
	 * `sp` points to; before it begins with `sp`, and of the next word `ss` may be a half.
	 */
	if (kernel_stack_pointer(&room->regs) == (unsigned long)stack)
		room->regs.sp = (unsigned long)(stack + 3);
	else
		*(unsigned long *)((char *)room + offsetof(struct st_arch_room, regs.ss)) = stack[4];
	return &room->regs;
}
#endif

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->ax;
}

/* By any five bytes that read as one: that others are by chance is most unlikely. */
#define ST_ARCH_KNOWS_CALLS 1
static inline bool st_arch_calls(const u8 *code, size_t size, unsigned long target)
{
	const size_t call = 1 + sizeof(s32);
	s32 distance;
	size_t at;

	for (at = 0; at + call <= size; at++) {
		memcpy(&distance, code + at + 1, sizeof(distance));
		if (code[at] == 0xe8 && (unsigned long)code + at + call + distance == target)
			return true;
	}
	return false;
}

static inline unsigned long st_arch_return_address(struct pt_regs *regs)
{
	/* Not regs->sp: older kernels for i386 don't store it. */
	return *(const unsigned long *)kernel_stack_pointer(regs);
}

static inline bool st_arch_in_syscall(struct pt_regs *regs)
{
	return syscall_get_nr(current, regs) != -1;
}

#elif defined(CONFIG_ARM64)

static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	return regs->regs[n];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->regs[0];
}

#define ST_ARCH_KNOWS_CALLS 1
static inline bool st_arch_calls(const u8 *code, size_t size, unsigned long target)
{
	const __le32 *insn = (const __le32 *)code;
	size_t at;

	for (at = 0; at < size / sizeof(*insn); at++) {
		u32 bl = le32_to_cpu(insn[at]);
		long distance = sign_extend32(bl << 2, 27);

		if (bl >> 26 == 0x25 && (unsigned long)(insn + at) + distance == target)
			return true;
	}
	return false;
}

/* Not signed yet: a function signs it by its first instruction, or after that. */
static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->regs[30];
}

static inline bool st_arch_in_syscall(struct pt_regs *regs)
{
	return syscall_get_nr(current, regs) != -1;
}

#elif defined(CONFIG_ARM)

static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	return n < 4 ? regs->uregs[n] : ((const unsigned long *)regs->ARM_sp)[n - 4];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->ARM_r0;
}

/* Its lowest bit says that the caller's code is Thumb. */
static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->ARM_lr & ~1UL;
}

/*
 * Before 5.15 the number of a call is noted of traced tasks alone. Any other way into
 * the kernel leaves -1 where the call's first argument is kept; which may be -1, too,
 * and then still stands in r0.
 */
static inline bool st_arch_in_syscall(const struct pt_regs *regs)
{
	return regs->ARM_ORIG_r0 != -1UL || regs->ARM_r0 == -1UL;
}

#elif defined(CONFIG_RISCV)

static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	return (&regs->a0)[n];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->a0;
}

static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->ra;
}

/* An interrupt leaves the program's a7, where a call's number is. */
static inline bool st_arch_in_syscall(const struct pt_regs *regs)
{
	return regs->cause == EXC_SYSCALL;
}

/* Where functions begin with what ftrace patches, a kprobe there would have to be its. */
#if defined(CONFIG_DYNAMIC_FTRACE) && !defined(CONFIG_KPROBES_ON_FTRACE)
#define ST_ARCH_WHY_NO_PROBES \
	": its dynamic ftrace has the beginning of each, without kprobes (CONFIG_DYNAMIC_FTRACE=y, CONFIG_KPROBES_ON_FTRACE=n)"
#endif

#elif defined(CONFIG_S390)

static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	return regs->gprs[2 + n];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->gprs[2];
}

static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->gprs[14];
}

static inline bool st_arch_in_syscall(struct pt_regs *regs)
{
	return syscall_get_nr(current, regs) != -1;
}

#elif defined(CONFIG_PPC)

static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	return regs->gpr[3 + n];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->gpr[3];
}

/* At a function's call of ftrace, where a probe is, it is what the function saved. */
static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->link;
}

/* Threads of the kernel have none; those of io_uring go by the program that they are of. */
static inline bool st_arch_in_syscall(struct pt_regs *regs)
{
	if (!regs)
		return current->flags & PF_IO_WORKER;
	return syscall_get_nr(current, regs) != -1;
}

#elif defined(CONFIG_MIPS)

/* o32 leaves room on the stack for the first four, too. */
static inline unsigned long st_arch_arg(const struct pt_regs *regs, unsigned int n)
{
	if (IS_ENABLED(CONFIG_64BIT) || n < 4)
		return regs->regs[4 + n];
	return ((const unsigned long *)regs->regs[29])[n];
}

static inline unsigned long st_arch_ret(const struct pt_regs *regs)
{
	return regs->regs[2];
}

static inline unsigned long st_arch_return_address(const struct pt_regs *regs)
{
	return regs->regs[31];
}

/* syscall_get_nr() is what the task's last call was. */
static inline bool st_arch_in_syscall(const struct pt_regs *regs)
{
	return (regs->cp0_cause & CAUSEF_EXCCODE) >> CAUSEB_EXCCODE == EXCCODE_SYS;
}

/*
 * A kprobe here is a breakpoint, then a copy of its instruction and a second breakpoint,
 * and in both interrupts are on. From a release between 5.4 and 6.1 on, where one of
 * them ends with a dead task's being freed, kprobe_busy_end() forgets which probe is
 * stepped: the second breakpoint is then nobody's, and the kernel panics. So what
 * functions begin with, their stack's making, is done here, and there is no second one.
 */
#define ST_ARCH_STEPS_ITSELF 1

static inline bool st_arch_can_step(const struct kprobe *kp)
{
	switch (kp->opcode.i_format.opcode) {
	case addiu_op: return true;
	case daddiu_op: return IS_ENABLED(CONFIG_64BIT);
	default: return false;
	}
}

/*
 * 1 if it is done, which tells the kernel not to step it. Not where others have a probe
 * at the same place: after a 1 theirs would not be hit.
 */
static inline int st_arch_step(const struct kprobe *kp, struct pt_regs *regs)
{
	struct i_format insn = kp->opcode.i_format;
	unsigned long sum = regs->regs[insn.rs] + insn.simmediate;

	if (!list_empty(&kp->list) || !st_arch_can_step(kp))
		return 0;
	regs->regs[insn.rt] = insn.opcode == addiu_op ? (long)(int)sum : sum;
	regs->cp0_epc += sizeof(kp->opcode);
	return 1;
}

#else
#error "socktrace does not know yet where this architecture passes arguments"
#endif

/* Why none of the functions can be probed, if that is the architecture's doing. */
#ifndef ST_ARCH_WHY_NO_PROBES
#define ST_ARCH_WHY_NO_PROBES ""
#endif

/* Elsewhere these have theirs where all others have them. */
#ifndef ST_ARCH_ASMLINKAGE
#define ST_ARCH_ASMLINKAGE 0
struct st_arch_room {
};

static inline struct pt_regs *st_arch_call_regs(struct st_arch_room *room,
						struct pt_regs *regs, bool is_asmlinkage)
{
	return regs;
}
#endif

/* Elsewhere no code is read, and nothing is sure. */
#ifndef ST_ARCH_KNOWS_CALLS
static inline bool st_arch_calls(const u8 *code, size_t size, unsigned long target)
{
	return false;
}
#endif

/* Elsewhere the kernel's own stepping is safe. */
#ifndef ST_ARCH_STEPS_ITSELF
static inline bool st_arch_can_step(const struct kprobe *kp)
{
	return true;
}

static inline int st_arch_step(const struct kprobe *kp, struct pt_regs *regs)
{
	return 0;
}
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

#if defined(CONFIG_MIPS) && defined(CONFIG_64BIT)
/*
 * Of a call by its number @nr, each ABI having its thousand; once what it returns has
 * taken that place, by its task's.
 */
static inline enum socktrace_abi st_arch_mips_abi(unsigned long nr)
{
	switch (nr / 1000) {
	case 4: return SOCKTRACE_ABI_MIPS;
	case 5: return SOCKTRACE_ABI_MIPS64;
	case 6: return SOCKTRACE_ABI_MIPS_N32;
	}
	if (test_thread_flag(TIF_32BIT_REGS))
		return SOCKTRACE_ABI_MIPS;
	return test_thread_flag(TIF_32BIT_ADDR) ? SOCKTRACE_ABI_MIPS_N32 : SOCKTRACE_ABI_MIPS64;
}
#endif

/*
 * The ABI of the system call that current is in; of work for io_uring, of the one
 * that this is done in, or at the end of.
 */
static inline enum socktrace_abi st_arch_abi(void)
{
	/* It is in none: such work is done as an interrupt ends, too. */
	if (!st_arch_in_syscall(task_pt_regs(current)))
		return SOCKTRACE_ABI_UNKNOWN;
#ifdef CONFIG_X86_X32_ABI
	if (in_x32_syscall())
		return SOCKTRACE_ABI_X32;
#endif
#if defined(CONFIG_MIPS) && defined(CONFIG_64BIT)
	return st_arch_mips_abi(task_pt_regs(current)->regs[2]);
#endif
#ifdef CONFIG_COMPAT
	if (in_compat_syscall())
		return ST_ARCH_ABI_COMPAT;
#endif
	return ST_ARCH_ABI_NATIVE;
}

#endif /* SOCKTRACE_ARCH_H */
