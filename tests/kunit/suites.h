/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SOCKTRACE_KUNIT_SUITES_H
#define SOCKTRACE_KUNIT_SUITES_H

#include <kunit/test.h>

extern struct kunit_suite record_suite, address_suite, filter_suite, validate_suite,
	ring_suite, inflight_suite, early_suite, share_suite, caller_suite, arch_suite, files_suite,
	collect_suite, images_suite, paths_suite, lineage_suite, uapi_suite;

#endif /* SOCKTRACE_KUNIT_SUITES_H */
