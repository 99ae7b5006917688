// SPDX-License-Identifier: GPL-2.0
/* Values that say where: networks, namespaces, cgroups. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "filter/value.h"

#define PID_LIMIT 4194304 /* PID_MAX_LIMIT of the kernel */
#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP2_MAGIC 0x63677270
#define LENGTH(n) ((int)((n) < 64 ? (n) : 64)) /* of what a message quotes */

/* Up to four numbers with dots between; how many, or 0. */
static unsigned int ipv4(const char *s, size_t length, uint8_t *bytes)
{
	unsigned int n = 0;

	for (;;) {
		const char *dot = memchr(s, '.', length);
		size_t digits = dot ? (size_t)(dot - s) : length;
		uint64_t value;

		if (n == 4 || value_number(s, digits, 0, 255, &value))
			return 0;
		bytes[n++] = (uint8_t)value;
		if (!dot)
			return n;
		s = dot + 1;
		length -= digits + 1;
	}
}

static int net(struct socktrace_endpoint *end, const char *s, size_t length,
	       struct filter_error *error)
{
	const char *slash = memchr(s, '/', length);
	size_t ip_length = slash ? (size_t)(slash - s) : length;
	char text[INET6_ADDRSTRLEN];
	uint8_t v4[4] = { 0 };
	unsigned int octets = ipv4(s, ip_length, v4), shift = 0, i;
	uint64_t bits;

	if (octets && (octets == 4 || slash)) {
		memset(end->addr + 10, 0xff, 2);
		memcpy(end->addr + 12, v4, sizeof(v4));
		shift = 96;
	} else {
		if (ip_length >= sizeof(text))
			goto bad;
		memcpy(text, s, ip_length);
		text[ip_length] = '\0';
		if (strlen(text) != ip_length || inet_pton(AF_INET6, text, end->addr) != 1)
			goto bad;
	}
	bits = 128 - shift;
	if (slash && value_number(slash + 1, length - ip_length - 1, 0, 128 - shift, &bits))
		goto bad;
	end->prefix_len = (uint8_t)(bits + shift);
	/* The bits behind the prefix are a host's, and not asked for. */
	for (i = end->prefix_len; i < 128; i++)
		end->addr[i / 8] &= (uint8_t)~(0x80U >> i % 8);
	return 0;
bad:
	return filter_wrong(error, "'%.*s' is no network (10.0.0.0/8, 10/8, 192.0.2.1, "
				   "2001:db8::/32)",
			    LENGTH(length), s);
}

int value_remote_net(struct socktrace_rule *rule, const char *s, size_t length,
		     struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_REMOTE_NET;
	return net(&rule->remote, s, length, error);
}

int value_local_net(struct socktrace_rule *rule, const char *s, size_t length,
		    struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_LOCAL_NET;
	return net(&rule->local, s, length, error);
}

/*
 * A process, of which the namespace is meant, or the namespace's inode: these
 * begin far beyond the highest process.
 */
static int namespace(uint32_t *field, const char *kind, const char *s, size_t length,
		     struct filter_error *error)
{
	char path[64];
	struct stat st;
	uint64_t value;

	if (value_number(s, length, 1, UINT32_MAX, &value))
		return filter_wrong(error, "'%.*s' is neither a process nor the inode of a "
					   "namespace (see /proc/PID/ns/%s)",
				    LENGTH(length), s, kind);
	if (value <= PID_LIMIT) {
		snprintf(path, sizeof(path), "/proc/%u/ns/%s", (unsigned int)value, kind);
		if (stat(path, &st))
			return filter_wrong(error, "cannot ask for the namespace of process "
						   "%u: %s: %s",
					    (unsigned int)value, path, strerror(errno));
		value = st.st_ino;
	}
	*field = (uint32_t)value;
	return 0;
}

int value_netns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_NETNS;
	return namespace(&rule->netns, "net", s, length, error);
}

int value_mntns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_MNTNS;
	return namespace(&rule->mntns, "mnt", s, length, error);
}

int value_pidns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_PIDNS;
	return namespace(&rule->pidns, "pid", s, length, error);
}

/* 0 if it is a directory of cgroup v2, else -1 and errno; 0 there: of another. */
static int cgroup_at(const char *above, const char *s, size_t length, uint64_t *id)
{
	char path[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (snprintf(path, sizeof(path), "%s%.*s", above, (int)length, s) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (stat(path, &st) || statfs(path, &fs))
		return -1;
	errno = 0;
	if ((unsigned long)fs.f_type != CGROUP2_MAGIC || !S_ISDIR(st.st_mode))
		return -1;
	*id = st.st_ino;
	return 0;
}

int value_cgroup(struct socktrace_rule *rule, const char *s, size_t length,
		 struct filter_error *error)
{
	/* Where v1 and v2 are both in use, v2 is below the former. */
	static const char *const above[] = { "", CGROUP_ROOT "/", CGROUP_ROOT "/unified/" };
	int number = ENOENT;
	uint64_t id = 0;
	size_t i;

	/* What --explain prints is such a number. */
	if (!length || memchr(s, 0, length) || length >= PATH_MAX)
		return filter_wrong(error, "no path of a cgroup");
	if (value_number(s, length, 1, UINT64_MAX, &id)) {
		/* An absolute path may also count from the root of the cgroups. */
		for (i = *s == '/' ? 0 : 1; i < 3 && !id; i++) {
			if (cgroup_at(above[i], s, length, &id) && errno != ENOENT)
				number = errno;
		}
	}
	if (!id)
		return filter_wrong(error, "'%.*s': %s", LENGTH(length), s,
				    number ? strerror(number) :
					     "is no directory of cgroup v2 (see " CGROUP_ROOT ")");
	rule->match = SOCKTRACE_MATCH_CGROUP_TREE;
	rule->cgroup = id;
	return 0;
}
