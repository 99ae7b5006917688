/* SPDX-License-Identifier: GPL-2.0 */
/* --selftest: drives each known path of the calls, and reports which are seen. */
#ifndef SOCKTRACE_SELFTEST_H
#define SOCKTRACE_SELFTEST_H

#include <stddef.h>

#include "selftest/report.h"
#include "session/device.h"

/*
 * On a session that is started and takes the records of our descendants, which
 * are read into `batch`. 0: every path that this kernel has was seen; 1: not so;
 * -1: it broke off, with the device's error or the output's, or because a signal
 * asked to end.
 */
int selftest_run(struct device *device, void *batch, size_t batch_size,
		 struct selftest_report *report);

#endif
