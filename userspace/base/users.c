// SPDX-License-Identifier: GPL-2.0
#include "base/users.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A decimal number, and `after` behind it. */
static bool number(const char *s, char after, unsigned int *value)
{
	unsigned long v;
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	v = strtoul(s, &end, 10);
	*value = (unsigned int)v;
	return *end == after && !errno && v == *value;
}

/* The field so many colons further on; NULL: there are not so many. */
static const char *field(const char *s, unsigned int n)
{
	while (s && n--) {
		s = strchr(s, ':');
		s = s ? s + 1 : NULL;
	}
	return s;
}

int users_find(struct user *user, const char *passwd, const char *name, size_t length)
{
	FILE *file = fopen(passwd, "re");
	size_t size = 0;
	char *line = NULL;
	bool found = false;

	if (!file)
		return -1;
	while (!found && getline(&line, &size, file) > 0) {
		const char *uid, *gid;

		if (strncmp(line, name, length) || line[length] != ':')
			continue;
		uid = field(line, 2);
		gid = field(line, 3);
		found = uid && number(uid, ':', &user->uid) && gid && number(gid, ':', &user->gid);
	}
	free(line);
	fclose(file);
	user->nr_groups = 0;
	return found ? 0 : -1;
}

static bool is_member(const char *members, const char *name)
{
	size_t length = strlen(name), n;

	for (;; members += n + 1) {
		n = strcspn(members, ",\n");
		if (n == length && !memcmp(members, name, n))
			return true;
		if (members[n] != ',')
			return false;
	}
}

static bool has_group(const struct user *user, gid_t gid)
{
	size_t i;

	for (i = 0; i < user->nr_groups; i++)
		if (user->groups[i] == gid)
			return true;
	return false;
}

int users_groups(struct user *user, const char *group, const char *name)
{
	FILE *file = fopen(group, "re");
	size_t size = 0;
	char *line = NULL;
	bool fit = true;

	user->groups[0] = user->gid;
	user->nr_groups = 1;
	/* Where there is no such file, nobody is in more groups than one. */
	if (!file)
		return 0;
	while (fit && getline(&line, &size, file) > 0) {
		const char *id = field(line, 2), *members = field(line, 3);
		gid_t gid;

		if (!members || !number(id, ':', &gid) || !is_member(members, name) ||
		    has_group(user, gid))
			continue;
		fit = user->nr_groups < USERS_GROUPS_MAX;
		if (fit)
			user->groups[user->nr_groups++] = gid;
	}
	free(line);
	fclose(file);
	return fit ? 0 : -1;
}

int users_become(const struct user *user)
{
	if (setgroups(user->nr_groups, user->groups) ||
	    setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -1;
	return 0;
}
