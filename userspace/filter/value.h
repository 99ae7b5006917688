/* SPDX-License-Identifier: GPL-2.0 */
/* Values as people write them in conditions. */
#ifndef SOCKTRACE_FILTER_VALUE_H
#define SOCKTRACE_FILTER_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include <socktrace.h>

/* What is wrong, without a newline; and where in an expression. */
struct filter_error {
	char text[512];
	size_t at;
};

/* Sets the text and gives -1, for the caller to return. */
__attribute__((format(printf, 2, 3)))
int filter_wrong(struct filter_error *error, const char *format, ...);

/* A decimal number from min to max, and nothing else. 0, or -1 without a text. */
int value_number(const char *s, size_t length, uint64_t min, uint64_t max,
		 uint64_t *value);

/* Each makes its condition of `length` bytes, which are not 0-terminated. */
typedef int value_parser(struct socktrace_rule *rule, const char *s, size_t length,
			 struct filter_error *error);

value_parser value_event, value_phase, value_pid, value_tid, value_descendant,
	value_user, value_euid, value_loginuid, value_comm, value_family, value_type,
	value_protocol, value_remote_net,
	value_local_net, value_remote_port, value_local_port, value_path, value_ok,
	value_failed, value_errno, value_duration, value_netns, value_mntns,
	value_pidns, value_cgroup;

/* Of what only the reader judges: they make no condition, but look at the value. */
value_parser value_exe, value_container;

/* The directory of a cgroup that was named by path, to be freed; NULL: by its number. */
char *value_cgroup_directory(const char *s, size_t length);

/* A time such as 1.5ms, in nanoseconds. */
int value_time(const char *s, size_t length, uint64_t *ns, struct filter_error *error);

#endif
