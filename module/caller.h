/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who called a probed function: a system call, or something else in the kernel.
 *
 * By the return address at the function's entry and its symbol, which no program
 * can change. Numbers and registers of the task's system call can't tell: a
 * seccomp filter, a debugger and numbers of no call set them as one likes, and
 * io_uring's work is done at the end of all of these.
 */
#ifndef SOCKTRACE_CALLER_H
#define SOCKTRACE_CALLER_H

#include <linux/ptrace.h>

enum st_caller {
	ST_CALLER_SYSCALL = 1, /* __sys_connect() and its like */
	ST_CALLER_SMC, /* AF_SMC's own code, for its inner TCP socket */
	ST_CALLER_TCP_SEND, /* tcp_sendmsg() and what is part of it */
	ST_CALLER_OTHER, /* any other function */
	/*
	 * Either: another tracer's trampoline stands in its place, or it is a
	 * function that serves a system call, and others too.
	 */
	ST_CALLER_UNSURE,
};

/* @symbol: name of the function that the probed one returns to. */
enum st_caller st_caller_classify(const char *symbol);

/*
 * @regs: of a hit at a function's entry. For a function whose callers are all
 * built into the kernel, which the answers are remembered of.
 */
enum st_caller st_caller_builtin(struct pt_regs *regs);

/* Likewise, where callers may be modules, which come and go. Takes longer. */
enum st_caller st_caller_any(struct pt_regs *regs);

/*
 * Does the function that @address lies in surely call the one that @callee lies in: was
 * that not made a part of it? False where neither is known. May be asked by tasks only.
 */
bool st_caller_calls(unsigned long address, unsigned long callee);

#endif /* SOCKTRACE_CALLER_H */
