// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/caller.c"

#include "suites.h"

static void callers_are_told_apart_by_their_symbols(struct kunit *test)
{
	static const struct {
		const char *symbol;
		enum st_caller caller;
	} symbols[] = {
		{ "__sys_connect", ST_CALLER_SYSCALL },
		{ "__sys_accept4", ST_CALLER_SYSCALL },
		{ "__sys_accept4_file", ST_CALLER_SYSCALL },
		{ "__sys_accept4.isra.0", ST_CALLER_SYSCALL },
		{ "io_connect", ST_CALLER_OTHER },
		{ "io_accept", ST_CALLER_OTHER },
		{ "__io_accept", ST_CALLER_OTHER },
		{ "io_issue_sqe.constprop.0", ST_CALLER_OTHER },
		{ "xs_tcp_setup_socket", ST_CALLER_OTHER },
		{ "smc_connect", ST_CALLER_SMC },
		{ "smc_connect_work", ST_CALLER_SMC },
		{ "rfcomm_dlc_open", ST_CALLER_UNSURE },
		{ "arch_rethook_trampoline", ST_CALLER_UNSURE },
		{ "__kretprobe_trampoline", ST_CALLER_UNSURE },
		{ "kretprobe_trampoline", ST_CALLER_UNSURE },
		{ "return_to_handler", ST_CALLER_UNSURE },
		{ "bpf_trampoline_6442549234_1", ST_CALLER_UNSURE },
		{ "ftrace_regs_caller", ST_CALLER_UNSURE },
		{ "0xffffffffc0201000", ST_CALLER_UNSURE },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		KUNIT_EXPECT_EQ_MSG(test, st_caller_classify(symbols[i].symbol),
				    symbols[i].caller, "%s", symbols[i].symbol);
}

static void an_address_has_the_symbol_that_it_lies_in(struct kunit *test)
{
	/* Whatever runs this test is no system call's own function. */
	unsigned long here = (unsigned long)callers_are_told_apart_by_their_symbols;

	KUNIT_EXPECT_EQ(test, caller_look_up(here + 1), ST_CALLER_OTHER);
	KUNIT_EXPECT_EQ(test, caller_look_up(16), ST_CALLER_UNSURE);
}

static noinline __noclone __used long is_called(long n)
{
	barrier();
	return n + 1;
}

static noinline __noclone __used long is_not_called(long n)
{
	barrier();
	return n + 2;
}

static noinline __noclone __used long calls_one(long n)
{
	long ret = is_called(n);

	barrier();
	return 2 * ret;
}

static void a_call_is_found_in_the_code_of_who_makes_it(struct kunit *test)
{
	unsigned long caller = (unsigned long)calls_one;

	if (IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARM64)) {
		KUNIT_EXPECT_TRUE(test, st_caller_calls(caller, (unsigned long)is_called));
		/* Wherever in them a probe stands. */
		KUNIT_EXPECT_TRUE(test, st_caller_calls(caller + 4, (unsigned long)is_called + 4));
	}
	KUNIT_EXPECT_FALSE(test, st_caller_calls(caller, (unsigned long)is_not_called));
	KUNIT_EXPECT_FALSE(test, st_caller_calls((unsigned long)is_called, caller));
	KUNIT_EXPECT_FALSE(test, st_caller_calls(16, (unsigned long)is_called));
	KUNIT_EXPECT_FALSE(test, st_caller_calls(caller, 16));
}

static struct kunit_case caller_cases[] = {
	KUNIT_CASE(callers_are_told_apart_by_their_symbols),
	KUNIT_CASE(an_address_has_the_symbol_that_it_lies_in),
	KUNIT_CASE(a_call_is_found_in_the_code_of_who_makes_it),
	{}
};

struct kunit_suite caller_suite = {
	.name = "socktrace_caller",
	.test_cases = caller_cases,
};
