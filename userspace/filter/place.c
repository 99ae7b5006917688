// SPDX-License-Identifier: GPL-2.0
/* Values that say where: networks, namespaces, cgroups. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/value.h"
#include "record/cgroups.h"

#define PID_LIMIT 4194304 /* PID_MAX_LIMIT of the kernel */
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

/* The value as a string, for system calls; false: it has a NUL, or is too long. */
static bool as_text(char *text, size_t size, const char *s, size_t length)
{
	if (length >= size || memchr(s, 0, length))
		return false;
	memcpy(text, s, length);
	text[length] = '\0';
	return true;
}

/*
 * Namespaces as people have them at hand: of a process, by its number; the inode,
 * alone or as in net:[4026531840]; a file, such as /proc/PID/ns/net; of those for
 * the network, one of ip(8)'s names, which are files, too.
 */
struct namespace_kind {
	const char *name; /* of its file in /proc/PID/ns */
	const char *names; /* where files of such have names; or NULL */
	int type; /* CLONE_NEW*, as NS_GET_NSTYPE tells it */
};
static const struct namespace_kind net_kind = { "net", "/run/netns", CLONE_NEWNET };
static const struct namespace_kind mnt_kind = { "mnt", NULL, CLONE_NEWNS };
static const struct namespace_kind pid_kind = { "pid", NULL, CLONE_NEWPID };

/* Where the kernel can't say of which type the file is, it is believed. */
static bool is_of_type(const char *path, int type)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), is;

	if (fd < 0)
		return true;
	is = ioctl(fd, NS_GET_NSTYPE);
	close(fd);
	return is < 0 || is == type;
}

static int namespace_at(uint64_t *inode, const struct namespace_kind *kind, const char *path,
			struct filter_error *error)
{
	struct stat st, own;
	char ours[32];

	if (stat(path, &st))
		return filter_wrong(error, "cannot ask for a namespace: %.200s: %s", path,
				    strerror(errno));
	snprintf(ours, sizeof(ours), "/proc/self/ns/%s", kind->name);
	/* All of them are files of one file system. */
	if (!S_ISREG(st.st_mode) || (!stat(ours, &own) && st.st_dev != own.st_dev))
		return filter_wrong(error, "%.200s is no namespace", path);
	if (!is_of_type(path, kind->type))
		return filter_wrong(error, "%.200s is a namespace of another kind than '%s'", path,
				    kind->name);
	*inode = st.st_ino;
	return 0;
}

/* As readlink(1) shows them: net:[4026531840]. False: it is no such thing. */
static bool bracketed(const char *text, char *kind, uint64_t *inode)
{
	const char *bracket = strstr(text, ":[");
	size_t digits = bracket ? strcspn(bracket + 2, "]") : 0;

	if (!bracket || strcmp(bracket + 2 + digits, "]") || bracket - text > 15 ||
	    value_number(bracket + 2, digits, 1, UINT32_MAX, inode))
		return false;
	memcpy(kind, text, (size_t)(bracket - text));
	kind[bracket - text] = '\0';
	return true;
}

static int namespace(uint32_t *field, const struct namespace_kind *kind, const char *s,
		     size_t length, struct filter_error *error)
{
	char text[PATH_MAX], path[PATH_MAX + 64] = "", other[16];
	uint64_t value = 0;

	if (!as_text(text, sizeof(text), s, length))
		length = 0;
	if (length && !value_number(s, length, 1, UINT32_MAX, &value)) {
		/* Inodes begin far beyond the highest process. */
		if (value <= PID_LIMIT)
			snprintf(path, sizeof(path), "/proc/%u/ns/%s", (unsigned int)value,
				 kind->name);
	} else if (length && bracketed(text, other, &value)) {
		if (strcmp(other, kind->name))
			return filter_wrong(error, "'%s' is a namespace of another kind than '%s'",
					    text, kind->name);
	} else if (length && strchr(text, '/')) {
		snprintf(path, sizeof(path), "%s", text);
	} else if (length && kind->names && (*text < '0' || *text > '9')) {
		snprintf(path, sizeof(path), "%s/%s", kind->names, text);
	} else {
		return filter_wrong(error, "'%.*s' is no namespace (a process, an inode, %s:[INODE], "
					   "%s/proc/PID/ns/%s)",
				    LENGTH(length), s, kind->name,
				    kind->names ? "a name of 'ip netns', " : "", kind->name);
	}
	if (*path && namespace_at(&value, kind, path, error))
		return -1;
	*field = (uint32_t)value;
	return 0;
}

int value_netns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_NETNS;
	return namespace(&rule->netns, &net_kind, s, length, error);
}

int value_mntns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_MNTNS;
	return namespace(&rule->mntns, &mnt_kind, s, length, error);
}

int value_pidns(struct socktrace_rule *rule, const char *s, size_t length,
		struct filter_error *error)
{
	rule->match = SOCKTRACE_MATCH_PIDNS;
	return namespace(&rule->pidns, &pid_kind, s, length, error);
}

/* A cgroup's path below the mount, of /proc/PID/cgroup; false: it tells none. */
static bool cgroup_of_process(const char *file, char *path, size_t size)
{
	FILE *lines = fopen(file, "re");
	char line[PATH_MAX + 16];
	bool found = false;

	while (lines && !found && fgets(line, sizeof(line), lines)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strncmp(line, "0::/", 4) && strlen(line + 3) < size;
		if (found)
			strcpy(path, line + 3);
	}
	if (lines)
		fclose(lines);
	else
		return false;
	errno = 0;
	return found;
}

/* The id of the first of two that is a cgroup; else -1 and errno of the worse. */
static int first_cgroup(const char *one, const char *other, uint64_t *id)
{
	int error = ENOENT;

	if (*one && !cgroups_id(one, id))
		return 0;
	if (*one && errno != ENOENT)
		error = errno;
	if (*other && !cgroups_id(other, id))
		return 0;
	if (*other && errno != ENOENT)
		error = errno;
	errno = error;
	return -1;
}

/*
 * By path: a directory, also as counted from where cgroup v2 is mounted; as in a line
 * of /proc/PID/cgroup, 0::/x; or that file, of a process that is in it.
 */
static int cgroup_by_path(uint64_t *id, const char *text, struct filter_error *error)
{
	char mount[PATH_MAX] = "", line[PATH_MAX], below[2 * PATH_MAX] = "";
	const char *path = text;
	bool file = !strncmp(text, "/proc/", 6) && strlen(text) > 13 &&
		    !strcmp(text + strlen(text) - 7, "/cgroup");

	if (file && !cgroup_of_process(text, line, sizeof(line)))
		return filter_wrong(error, "'%.64s': %s", text,
				    errno ? strerror(errno) : "tells no cgroup of v2");
	if (file)
		path = line;
	else if (!strncmp(text, "0::/", 4))
		path = text + 3;
	if (!strncmp(path, "/../", 4) || !strcmp(path, "/.."))
		return filter_wrong(error, "'%.64s': is outside of this cgroup namespace", text);
	if (cgroups_mount(mount, sizeof(mount)))
		snprintf(below, sizeof(below), "%s%s%s", mount, *path == '/' ? "" : "/", path);
	/* An absolute path may be meant as such. */
	if (!first_cgroup(path == text && *path == '/' ? path : "", below, id))
		return 0;
	if (errno)
		return filter_wrong(error, "'%.64s': %s", text, strerror(errno));
	return filter_wrong(error, "'%.64s': is no directory of cgroup v2 (%s%.64s)", text,
			    *mount ? "see " : "none is mounted", mount);
}

int value_cgroup(struct socktrace_rule *rule, const char *s, size_t length,
		 struct filter_error *error)
{
	char text[PATH_MAX];
	uint64_t id;

	if (!length || !as_text(text, sizeof(text), s, length))
		return filter_wrong(error, "no path of a cgroup");
	/* What --explain prints is such a number. */
	if (value_number(s, length, 1, UINT64_MAX, &id) && cgroup_by_path(&id, text, error))
		return -1;
	rule->match = SOCKTRACE_MATCH_CGROUP_TREE;
	rule->cgroup = id;
	return 0;
}
