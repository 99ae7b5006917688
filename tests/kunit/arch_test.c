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

static noinline __noclone __used long a_probed_function(long a, int b, const void *c, long d, int e)
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
	return 0;
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
	KUNIT_EXPECT_EQ(test, a_caller(1), 2L);
	unregister_kprobe(&entry);
	KUNIT_ASSERT_EQ(test, register_kretprobe(&rp), 0);
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

static struct kunit_case arch_cases[] = {
	KUNIT_CASE(a_function_is_seen_with_its_arguments_and_result),
	{}
};

struct kunit_suite arch_suite = {
	.name = "socktrace_arch",
	.test_cases = arch_cases,
};
