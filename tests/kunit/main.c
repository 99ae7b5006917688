// SPDX-License-Identifier: GPL-2.0-only
/* Runs the suites when it is loaded: the library was built as a module, too. */
#include <linux/kernel.h>
#include <linux/module.h>

#include "suites.h"

static struct kunit_suite *suites[] = {
	&record_suite, &address_suite, &filter_suite, &validate_suite, &ring_suite,
	&inflight_suite, &early_suite, &share_suite, &caller_suite, &arch_suite, &files_suite,
	&collect_suite, &images_suite, &paths_suite, &lineage_suite, &uapi_suite,
};

static int __init socktrace_kunit_init(void)
{
	return __kunit_test_suites_init(suites, ARRAY_SIZE(suites));
}

static void __exit socktrace_kunit_exit(void)
{
	__kunit_test_suites_exit(suites, ARRAY_SIZE(suites));
}

module_init(socktrace_kunit_init);
module_exit(socktrace_kunit_exit);
MODULE_DESCRIPTION("KUnit suites of socktrace");
MODULE_LICENSE("GPL");
