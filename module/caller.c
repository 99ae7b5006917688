// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/string.h>

#include "arch.h"
#include "caller.h"

/* More than the functions that we probe have callers. */
#define REMEMBERED 8

/* Written by handlers on its CPU alone, which don't nest. */
struct remembered {
	unsigned long address[REMEMBERED];
	u8 caller[REMEMBERED];
	u8 next; /* to be replaced */
};
static DEFINE_PER_CPU(struct remembered, remembered);

static bool begins(const char *symbol, const char *with)
{
	return !strncmp(symbol, with, strlen(with));
}

enum st_caller st_caller_classify(const char *symbol)
{
	if (begins(symbol, "__sys_"))
		return ST_CALLER_SYSCALL;
	if (begins(symbol, "smc_"))
		return ST_CALLER_SMC;
	if (begins(symbol, "tcp_sendmsg"))
		return ST_CALLER_TCP_SEND;
	/* Its L2CAP connection, for a connect() or for who opens its terminal. */
	if (begins(symbol, "rfcomm_"))
		return ST_CALLER_UNSURE;
	/*
	 * Of kretprobes, fprobes, BPF and the function graph tracer. Some are
	 * in memory that has no symbol: then the address is all there is.
	 */
	if (strstr(symbol, "trampoline") || begins(symbol, "return_to_handler") ||
	    begins(symbol, "ftrace_") || begins(symbol, "0x"))
		return ST_CALLER_UNSURE;
	return ST_CALLER_OTHER;
}

/* Kept out of the way: a symbol takes some 600 bytes of the stack. */
static noinline enum st_caller caller_look_up(unsigned long address)
{
	char symbol[KSYM_SYMBOL_LEN];

	/* The call, not what follows it: that may be the next function. */
	sprint_symbol_no_offset(symbol, address - 1);
	return st_caller_classify(symbol);
}

enum st_caller st_caller_any(struct pt_regs *regs)
{
	return caller_look_up(st_arch_return_address(regs));
}

enum st_caller st_caller_builtin(struct pt_regs *regs)
{
	unsigned long address = st_arch_return_address(regs);
	struct remembered *r = this_cpu_ptr(&remembered);
	enum st_caller caller;
	unsigned int i;

	for (i = 0; i < REMEMBERED; i++)
		if (r->address[i] == address)
			return r->caller[i];
	caller = caller_look_up(address);
	/* A trampoline's memory may be another's tomorrow. */
	if (caller == ST_CALLER_UNSURE)
		return caller;
	r->address[r->next] = address;
	r->caller[r->next] = caller;
	r->next = (r->next + 1) % REMEMBERED;
	return caller;
}

/* Where the function begins that @address lies in, and how long it is; 0: not known. */
static noinline unsigned long function_at(unsigned long address, unsigned long *size)
{
	char symbol[KSYM_SYMBOL_LEN];
	unsigned long offset;
	const char *at;

	/* name+0xOFFSET/0xSIZE */
	sprint_symbol(symbol, address);
	at = strrchr(symbol, '+');
	if (!at || sscanf(at, "+%lx/%lx", &offset, size) != 2)
		return 0;
	return address - offset;
}

bool st_caller_calls(unsigned long address, unsigned long callee)
{
	unsigned long size, unused;
	unsigned long caller = function_at(address, &size);

	callee = function_at(callee, &unused);
	return caller && callee && st_arch_calls((const u8 *)caller, size, callee);
}
