// SPDX-License-Identifier: GPL-2.0-only
/* What arch.h finds in registers, of a function that is probed as the module does it. */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/string.h>

#include "../../module/arch.h"

#include "suites.h"

static struct {
	unsigned long args[5], return_address, ret;
	unsigned int entered, returned;
} seen;

/*
 * Where a kprobe can't be ftrace's, one on what ftrace patches is refused; and mips' are
 * for what begins with the making of its stack.
 */
#ifdef CONFIG_KPROBES_ON_FTRACE
#define probed
#else
#define probed notrace __attribute__((optimize("O0")))
#endif

static noinline __noclone __used probed long
a_probed_function(long a, int b, const void *c, long d, int e)
{
	long ret = a + b + (long)c + d + e;

#ifdef CONFIG_PPC
	/* As a program can have it: then a comparison tells of an overflow. */
	asm volatile("mtxer %0; cmpwi 0, %0, 0" : : "r" (0x80000000UL) : "cr0", "xer");
#endif
	barrier();
	return ret;
}

static noinline __noclone __used long a_caller(long a)
{
	long ret = a_probed_function(a, -2, (const void *)3, 4, -5);

	barrier();
	return ret + 1;
}

static int at_entry(struct kprobe *kp, struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(seen.args); i++)
		seen.args[i] = st_arch_arg(regs, i);
	seen.return_address = st_arch_return_address(regs);
	seen.entered++;
	return st_arch_step(kp, regs);
}

static kprobe_pre_handler_t take_instance;

static int at_entry_to_return(struct kprobe *kp, struct pt_regs *regs)
{
	take_instance(kp, regs);
	return st_arch_step(kp, regs);
}

static int at_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	seen.ret = st_arch_ret(regs);
	seen.returned++;
	return 0;
}

static void a_function_is_seen_with_its_arguments_and_result(struct kunit *test)
{
	static struct kprobe entry = { .pre_handler = at_entry };
	static struct kretprobe rp = { .handler = at_return };
	char symbol[KSYM_SYMBOL_LEN];
	int err;

	memset(&seen, 0, sizeof(seen));
	entry.symbol_name = "a_probed_function";
	rp.kp.symbol_name = "a_probed_function";
	err = register_kprobe(&entry);
	if (err == -EINVAL && IS_ENABLED(CONFIG_RISCV)) {
		kunit_skip(test, "no function's entry can be probed on this kernel");
		return;
	}
	KUNIT_ASSERT_EQ(test, err, 0);
	if (!st_arch_can_step(&entry)) {
		unregister_kprobe(&entry);
		kunit_skip(test, "the compiler lets the function begin with what the kernel must step");
		return;
	}
	KUNIT_EXPECT_EQ(test, a_caller(1), 2L);
	unregister_kprobe(&entry);
	KUNIT_ASSERT_EQ(test, register_kretprobe(&rp), 0);
	take_instance = rp.kp.pre_handler;
	smp_store_release(&rp.kp.pre_handler, at_entry_to_return);
	KUNIT_EXPECT_EQ(test, a_caller(-1), 0L);
	unregister_kretprobe(&rp);

	KUNIT_EXPECT_EQ(test, seen.entered, 1U);
	KUNIT_EXPECT_EQ(test, (long)seen.args[0], 1L);
	KUNIT_EXPECT_EQ(test, (int)seen.args[1], -2);
	KUNIT_EXPECT_EQ(test, seen.args[2], 3UL);
	KUNIT_EXPECT_EQ(test, (long)seen.args[3], 4L);
	KUNIT_EXPECT_EQ(test, (int)seen.args[4], -5);
	KUNIT_EXPECT_EQ(test, seen.returned, 1U);
	KUNIT_EXPECT_EQ(test, (long)seen.ret, -1L);
	sprint_symbol_no_offset(symbol, seen.return_address - 1);
	kunit_info(test, "called by %s\n", symbol);
	KUNIT_EXPECT_EQ_MSG(test, strncmp(symbol, "a_caller", strlen("a_caller")), 0, "%s",
			    symbol);
}

#ifdef CONFIG_MIPS
/* addiu $sp, $sp, -64; daddiu likewise; lw $v0, 0($a0) */
enum { ADDIU = 0x27bdffc0, DADDIU = 0x67bdffc0, LW = 0x8c820000 };

static void what_functions_begin_with_is_done_in_place_of_the_kernel(struct kunit *test)
{
	struct kprobe kp = { .opcode.word = ADDIU }, other;
	struct pt_regs regs = { .cp0_epc = 0x1000, .regs[29] = 0x2000 };

	INIT_LIST_HEAD(&kp.list);
	KUNIT_EXPECT_EQ(test, st_arch_step(&kp, &regs), 1);
	KUNIT_EXPECT_EQ(test, regs.regs[29], 0x1fc0UL);
	KUNIT_EXPECT_EQ(test, regs.cp0_epc, 0x1004UL);

	kp.opcode.word = DADDIU;
	KUNIT_EXPECT_EQ(test, st_arch_can_step(&kp), IS_ENABLED(CONFIG_64BIT));
	KUNIT_EXPECT_EQ(test, st_arch_step(&kp, &regs), IS_ENABLED(CONFIG_64BIT));
	KUNIT_EXPECT_EQ(test, regs.cp0_epc, IS_ENABLED(CONFIG_64BIT) ? 0x1008UL : 0x1004UL);

	kp.opcode.word = LW;
	regs.cp0_epc = 0x3000;
	KUNIT_EXPECT_FALSE(test, st_arch_can_step(&kp));
	KUNIT_EXPECT_EQ(test, st_arch_step(&kp, &regs), 0);

	/* Somebody else's, at the same place, is to be asked as well. */
	kp.opcode.word = ADDIU;
	list_add(&other.list, &kp.list);
	KUNIT_EXPECT_EQ(test, st_arch_step(&kp, &regs), 0);
	KUNIT_EXPECT_EQ(test, regs.cp0_epc, 0x3000UL);
}
#endif

static struct kunit_case arch_cases[] = {
#ifdef CONFIG_MIPS
	KUNIT_CASE(what_functions_begin_with_is_done_in_place_of_the_kernel),
#endif
	KUNIT_CASE(a_function_is_seen_with_its_arguments_and_result),
	{}
};

struct kunit_suite arch_suite = {
	.name = "socktrace_arch",
	.test_cases = arch_cases,
};
