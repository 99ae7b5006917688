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
#include <stdlib.h>
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

/* A cgroup by words: the directory that it may be, below where its kind is mounted. */
struct cgroup_words {
	const char *path;
	bool v1, v2; /* may be */
};

/* A line of /proc/PID/cgroup: N:CONTROLLERS:PATH; 0::PATH of version 2. */
static bool cgroup_of_line(struct cgroup_words *words, const char *line)
{
	const char *controller = cgroups_v1_controller(), *list, *end, *at;

	words->v2 = !strncmp(line, "0::/", 4);
	words->path = line + 3;
	if (words->v2)
		return true;
	list = line + strspn(line, "0123456789");
	end = list > line && *list == ':' ? strstr(list + 1, ":/") : NULL;
	if (!end || !controller)
		return false;
	words->path = end + 1;
	at = strstr(list, controller);
	words->v1 = at && at < end && (at[-1] == ':' || at[-1] == ',') &&
		    strchr(":,", at[strlen(controller)]);
	return words->v1;
}

/* As records tell it: of version 1 where it is in the root of version 2. */
static bool cgroup_of_process(struct cgroup_words *words, const char *file, char *line, int size)
{
	FILE *lines = fopen(file, "re");
	bool found = false;
	char *kept;

	if (!lines)
		return false;
	kept = malloc((size_t)size);
	while (kept && fgets(kept, size, lines)) {
		struct cgroup_words is = { 0 };

		kept[strcspn(kept, "\n")] = '\0';
		if (!cgroup_of_line(&is, kept) || (found && is.v2 && !is.path[1]))
			continue;
		strcpy(line, kept);
		*words = is;
		words->path = line + (is.path - kept);
		found = true;
		if (is.v2 && is.path[1])
			break;
	}
	free(kept);
	fclose(lines);
	errno = 0;
	return found;
}

/* The first of some directories that is a cgroup, and its id; else NULL, errno of the worst. */
static const char *first_cgroup(char directories[][2 * PATH_MAX], unsigned int nr, uint64_t *id)
{
	int error = ENOENT;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (*directories[i] && !cgroups_id(directories[i], id))
			return directories[i];
		if (*directories[i] && errno != ENOENT)
			error = errno;
	}
	errno = error;
	return NULL;
}

/*
 * By path: a directory, also as counted from where cgroups are mounted; as in a line
 * of /proc/PID/cgroup, 0::/x; or that file, of a process that is in it. *directory:
 * which it is, until the next call.
 */
static int cgroup_by_path(uint64_t *id, const char **directory, const char *text,
			  struct filter_error *error)
{
	static char directories[3][2 * PATH_MAX]; /* large for a stack */
	struct cgroup_words words = { .path = text, .v1 = true, .v2 = true };
	char mount[PATH_MAX], line[PATH_MAX + 16];
	bool file = !strncmp(text, "/proc/", 6) && strlen(text) > 13 &&
		    !strcmp(text + strlen(text) - 7, "/cgroup");
	struct cgroup_words is = { 0 };

	if (file && !cgroup_of_process(&words, text, line, sizeof(line)))
		return filter_wrong(error, "'%.64s': %s", text,
				    errno ? strerror(errno) : "tells no cgroup that records do");
	if (!file && *text != '/' && cgroup_of_line(&is, text))
		words = is;
	if (!strncmp(words.path, "/../", 4) || !strcmp(words.path, "/.."))
		return filter_wrong(error, "'%.64s': is outside of this cgroup namespace", text);
	memset(directories, 0, sizeof(directories));
	/* An absolute path may be meant as such. */
	if (words.path == text && *text == '/')
		snprintf(directories[0], sizeof(directories[0]), "%s", text);
	if (words.v2 && cgroups_mount(mount, sizeof(mount)))
		snprintf(directories[1], sizeof(directories[1]), "%s/%s", mount, words.path);
	if (words.v1 && cgroups_v1_mount(mount, sizeof(mount)))
		snprintf(directories[2], sizeof(directories[2]), "%s/%s", mount, words.path);
	*directory = first_cgroup(directories, 3, id);
	if (*directory)
		return 0;
	if (errno == EXDEV)
		return filter_wrong(error, "'%.64s': of cgroup v1, records tell that of %s", text,
				    cgroups_v1_controller() ?: "no controller");
	if (errno)
		return filter_wrong(error, "'%.64s': %s", text, strerror(errno));
	return filter_wrong(error, "'%.64s': is no directory of a cgroup (%s%.64s)", text,
			    *directories[1] ? "see " : "v2 is not mounted", directories[1]);
}

/* What --explain prints: a number, v1: before one of version 1. */
static int cgroup_by_number(uint64_t *id, const char *s, size_t length)
{
	bool v1 = length > 3 && !memcmp(s, "v1:", 3);

	if (value_number(v1 ? s + 3 : s, v1 ? length - 3 : length, 1, SOCKTRACE_CGROUP_V1 - 1, id))
		return -1;
	if (v1)
		*id |= SOCKTRACE_CGROUP_V1;
	return 0;
}

int value_cgroup(struct socktrace_rule *rule, const char *s, size_t length,
		 struct filter_error *error)
{
	char text[PATH_MAX];
	const char *directory = NULL;
	uint64_t id = 0;

	if (!length || !as_text(text, sizeof(text), s, length))
		return filter_wrong(error, "no path of a cgroup");
	if (cgroup_by_number(&id, s, length) && cgroup_by_path(&id, &directory, text, error))
		return -1;
	rule->match = SOCKTRACE_MATCH_CGROUP_TREE;
	rule->cgroup = id;
	return 0;
}

char *value_cgroup_directory(const char *s, size_t length)
{
	struct filter_error ignored;
	char text[PATH_MAX];
	const char *directory;
	uint64_t id;

	if (!as_text(text, sizeof(text), s, length) || !cgroup_by_number(&id, s, length) ||
	    cgroup_by_path(&id, &directory, text, &ignored))
		return NULL;
	return strdup(directory);
}
