/* SPDX-License-Identifier: GPL-2.0 */
/* A record against what it has to say. */
#ifndef SOCKTRACE_SELFTEST_CHECK_H
#define SOCKTRACE_SELFTEST_CHECK_H

#include "base/escape.h"
#include "selftest/path.h"

/* An address of which each byte is escaped, and what stands around it. */
#define SELFTEST_VALUE_MAX 1024
_Static_assert(SELFTEST_VALUE_MAX >= SOCKTRACE_ADDRS_LEN * ESCAPE_MAX + 64, "room for it");

/* As text; addresses and names are safe to print. */
struct selftest_difference {
	const char *field; /* as the JSON of a record names it */
	char got[SELFTEST_VALUE_MAX];
	char expected[SELFTEST_VALUE_MAX];
};

const char *selftest_field_name(enum selftest_field field);

/*
 * True: all fields that are known are as they have to be; else the first one
 * that is not. `previous`: the record before of the same path; NULL: none.
 */
bool selftest_check(const struct selftest_expect *expect, const struct socktrace_event *ev,
		    const struct socktrace_event *previous,
		    struct selftest_difference *difference);

#endif
