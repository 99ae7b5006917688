/* SPDX-License-Identifier: GPL-2.0 */
/* Cases, one after the other, told as TAP. */
#ifndef SOCKTRACE_APPLIANCE_TAP_H
#define SOCKTRACE_APPLIANCE_TAP_H

#include <stdbool.h>

struct tap_case {
	const char *name;
	void (*run)(void);
	bool (*applies)(void); /* is it a case of this machine? NULL: of each */
};

/* Runs all that apply; a case that does not end in time ends the program. */
int tap_run(const struct tap_case *cases, unsigned int count);

/* A line of diagnostics, below the case's verdict. */
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the case as failed, and says where and why. */
void tap_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

/* Ends the case, which can't be run here, and says why. */
void tap_skip(const char *why) __attribute__((noreturn));

#define CHECK(condition, ...)                                                  \
	do {                                                                   \
		if (!(condition))                                              \
			tap_fail(__FILE__, __LINE__, __VA_ARGS__);             \
	} while (0)

#define EQUAL(got, expected, what)                                             \
	do {                                                                   \
		long long got_ = (long long)(got);                             \
		long long expected_ = (long long)(expected);                   \
                                                                               \
		CHECK(got_ == expected_, "%s: got %lld, expected %lld", what,  \
		      got_, expected_);                                        \
	} while (0)

#endif
