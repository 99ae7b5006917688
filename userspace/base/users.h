/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users and their groups, as files in the form of /etc/passwd and /etc/group tell. By
 * hand: libc's functions load plug-ins, which a static program has not got.
 */
#ifndef SOCKTRACE_USERS_H
#define SOCKTRACE_USERS_H

#include <stddef.h>
#include <sys/types.h>

#define USERS_PASSWD "/etc/passwd"
#define USERS_GROUP "/etc/group"
#define USERS_GROUPS_MAX 1024

struct user {
	uid_t uid;
	gid_t gid;
	size_t nr_groups;
	gid_t groups[USERS_GROUPS_MAX]; /* `gid` first */
};

/* The user of that name (`length` bytes), but for its groups. 0, or -1: it is not there. */
int users_find(struct user *user, const char *passwd, const char *name, size_t length);

/* Its groups, once it was found. 0, or -1: there are too many. */
int users_groups(struct user *user, const char *group, const char *name);

/* From here on this process is that user's. 0, or -1 and errno. */
int users_become(const struct user *user);

#endif
