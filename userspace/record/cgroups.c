// SPDX-License-Identifier: GPL-2.0
#include "record/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fmt.h"

#define CGROUP2_MAGIC 0x63677270
#define FILEID_KERNFS 0xfe /* a handle that is the id, from 5.5 on */
#define FILEID_INO32_GEN 1 /* before: inode and generation, which make the id */
#define ID_SIZE sizeof(uint64_t)
#define DEPTH_MAX 32 /* of a walk; more than anybody nests */
#define BELIEVED_NS 1000000000 /* that a cgroup is not there */

const char *cgroups_mount(char *buffer, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const char *found = NULL;
	struct mntent mount;
	char line[4096];

	if (!mounts)
		return NULL;
	while (!found && getmntent_r(mounts, &mount, line, sizeof(line))) {
		if (strcmp(mount.mnt_type, "cgroup2") || strlen(mount.mnt_dir) >= size)
			continue;
		found = strcpy(buffer, mount.mnt_dir);
	}
	endmntent(mounts);
	return found;
}

/* A handle as name_to_handle_at() and open_by_handle_at() have it, of an id. */
union handle {
	struct file_handle handle;
	char bytes[sizeof(struct file_handle) + ID_SIZE];
};

/*
 * By its handle, which on machines of 32 bits has what the inode number lacks. The
 * handle's type; 0: it has none that is an id.
 */
static int id_by_handle(int at, const char *directory, uint64_t *id)
{
	union handle is = { .handle.handle_bytes = ID_SIZE };
	int mount_id;

	if (name_to_handle_at(at, directory, &is.handle, &mount_id, 0) ||
	    is.handle.handle_bytes != ID_SIZE ||
	    (is.handle.handle_type != FILEID_KERNFS &&
	     is.handle.handle_type != FILEID_INO32_GEN))
		return 0;
	memcpy(id, is.bytes + sizeof(is.handle), ID_SIZE);
	return is.handle.handle_type;
}

int cgroups_id(const char *directory, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (stat(directory, &st) || statfs(directory, &fs))
		return -1;
	errno = 0;
	if ((unsigned long)fs.f_type != CGROUP2_MAGIC || !S_ISDIR(st.st_mode))
		return -1;
	if (!id_by_handle(AT_FDCWD, directory, id))
		*id = st.st_ino;
	errno = 0;
	return 0;
}

void cgroups_init(struct cgroups *cgroups, const char *root)
{
	struct statfs fs;
	uint64_t id;

	memset(cgroups, 0, sizeof(*cgroups));
	cgroups->root_fd = -1;
	if (!root)
		root = cgroups_mount(cgroups->root, sizeof(cgroups->root));
	else
		snprintf(cgroups->root, sizeof(cgroups->root), "%s", root);
	if (!root)
		return;
	cgroups->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Elsewhere, as in a test, a handle is something else. */
	if (!fstatfs(cgroups->root_fd, &fs) && (unsigned long)fs.f_type == CGROUP2_MAGIC)
		cgroups->handle_type = id_by_handle(cgroups->root_fd, ".", &id);
	cgroups->by_walk = !cgroups->handle_type;
}

void cgroups_close(struct cgroups *cgroups)
{
	if (cgroups->root_fd >= 0)
		close(cgroups->root_fd);
	cgroups->root_fd = -1;
}

/* Of an absolute path, what is below the root; its length, 0: it is not below. */
static size_t below_root(const struct cgroups *cgroups, char *path, size_t length)
{
	size_t root = strlen(cgroups->root);

	if (length < root || memcmp(path, cgroups->root, root))
		return 0;
	if (length == root) {
		path[0] = '/';
		return 1;
	}
	if (path[root] != '/')
		return 0;
	memmove(path, path + root, length - root);
	return length - root;
}

/* The kernel opens what has this id, and tells where it is. To `path`; its length. */
static size_t open_id(struct cgroups *cgroups, uint64_t id)
{
	union handle is = {
		.handle = { .handle_bytes = ID_SIZE, .handle_type = cgroups->handle_type },
	};
	char link[32], *p;
	ssize_t n;
	int fd;

	memcpy(is.bytes + sizeof(is.handle), &id, ID_SIZE);
	fd = open_by_handle_at(cgroups->root_fd, &is.handle, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		/* It takes a capability; ESTALE: what has this id is gone. */
		cgroups->by_walk = errno == EPERM;
		return 0;
	}
	p = fmt_u32(fmt_lit(link, "/proc/self/fd/"), (uint32_t)fd);
	*p = '\0';
	n = readlink(link, cgroups->path, sizeof(cgroups->path));
	close(fd);
	return n > 0 ? below_root(cgroups, cgroups->path, (size_t)n) : 0;
}

/* A directory's id, without asking what kind it is; 0: it is gone. */
static uint64_t id_at(int at, const char *name, int handles)
{
	struct stat st;
	uint64_t id;

	if (handles && id_by_handle(at, name, &id))
		return id;
	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) ? 0 : st.st_ino;
}

/* Searches below directory `fd`, which it closes; `length` is that of `path` there. */
static size_t search(struct cgroups *cgroups, int fd, uint64_t id, size_t length,
		     unsigned int depth)
{
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	size_t found = 0, n;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (!found && (entry = readdir(directory))) {
		n = strlen(entry->d_name);
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    length + n + 1 > sizeof(cgroups->path))
			continue;
		cgroups->path[length] = '/';
		memcpy(cgroups->path + length + 1, entry->d_name, n);
		if (id_at(dirfd(directory), entry->d_name, cgroups->handle_type) == id)
			found = length + 1 + n;
		else if (depth < DEPTH_MAX)
			found = search(cgroups,
				       openat(dirfd(directory), entry->d_name,
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				       id, length + 1 + n, depth + 1);
	}
	closedir(directory);
	return found;
}

static size_t walk(struct cgroups *cgroups, uint64_t id)
{
	if (id_at(cgroups->root_fd, ".", cgroups->handle_type) == id) {
		cgroups->path[0] = '/';
		return 1;
	}
	return search(cgroups, openat(cgroups->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		      id, 0, 0);
}

static size_t look_up(struct cgroups *cgroups, uint64_t id, uint64_t now_ns)
{
	size_t length = 0;

	if (!cgroups->by_walk)
		length = open_id(cgroups, id);
	/* A large tree takes a while: no more than one walk in that time. */
	if (!cgroups->by_walk || now_ns < cgroups->walked_ns)
		return length;
	cgroups->walked_ns = now_ns + BELIEVED_NS;
	return walk(cgroups, id);
}

const char *cgroups_path(struct cgroups *cgroups, uint64_t id, uint64_t now_ns,
			 size_t *length, uint64_t *until_ns)
{
	struct cgroups_slot *slot = &cgroups->slots[id % CGROUPS_SLOTS];
	uint64_t until = now_ns + BELIEVED_NS;
	const char *path;

	if (cgroups->told) {
		path = told_find(cgroups->told, id, length);
		/* Later it may be told. */
		if (!path && now_ns < *until_ns)
			*until_ns = now_ns;
		return path;
	}
	if (!id || cgroups->root_fd < 0)
		return NULL;
	if (slot->id == id && (slot->length || now_ns < slot->until_ns)) {
		*length = slot->length;
		if (slot->length)
			return slot->path;
		until = slot->until_ns;
	} else {
		*length = look_up(cgroups, id, now_ns);
		if (*length > sizeof(slot->path))
			return cgroups->path;
		slot->id = id;
		slot->until_ns = until;
		slot->length = (uint32_t)*length;
		memcpy(slot->path, cgroups->path, *length);
		if (*length)
			return slot->path;
	}
	if (until < *until_ns)
		*until_ns = until;
	return NULL;
}

/* --- containers ------------------------------------------------------------------ */

#define HEX_ID 64

static bool is_hex_id(const char *s, size_t length)
{
	size_t i;

	for (i = 0; i < length && ((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f'));)
		i++;
	return length == HEX_ID && i == length;
}

/* Takes `s` from the beginning, if it is there. */
static bool skip(const char **at, size_t *length, const char *s)
{
	size_t n = strlen(s);

	if (*length < n || memcmp(*at, s, n))
		return false;
	*at += n;
	*length -= n;
	return true;
}

/*
 * The id in a directory's name: alone, or behind the runtime's, as a scope of systemd's
 * or not. A name in which something else follows the runtime's is that of a helper
 * (crio-conmon-...).
 */
static const char *id_in_name(const char *name, size_t length, size_t *id_length)
{
	static const char *const runtimes[] = { "docker-", "cri-containerd-", "crio-",
						"libpod-", "nerdctl-", "containerd-" };
	const char *colon;
	size_t i;

	*id_length = HEX_ID;
	/* Containerd told to use systemd's names without systemd: SLICE:PREFIX:ID */
	colon = memrchr(name, ':', length);
	if (colon && is_hex_id(colon + 1, length - (size_t)(colon + 1 - name)))
		return colon + 1;
	for (i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		if (skip(&name, &length, runtimes[i]))
			break;
	}
	if (length == HEX_ID + 6 && !memcmp(name + HEX_ID, ".scope", 6))
		length = HEX_ID;
	return is_hex_id(name, length) ? name : NULL;
}

const char *cgroups_container(const char *path, size_t length, size_t *id_length)
{
	const char *end = path + length, *found = NULL, *name, *at, *id;
	bool of_lxc = false; /* the directory above */
	size_t n, rest;

	for (name = path; name < end; name = at + 1) {
		at = memchr(name, '/', (size_t)(end - name));
		if (!at)
			at = end;
		n = (size_t)(at - name);
		id = id_in_name(name, n, &rest);
		if (!id) {
			id = name;
			rest = n;
			if (!(skip(&id, &rest, "lxc.payload.") || of_lxc) || !rest)
				id = NULL;
		}
		if (id) {
			found = id;
			*id_length = rest;
		}
		of_lxc = (n == 3 && !memcmp(name, "lxc", 3)) ||
			 (n == 11 && !memcmp(name, "lxc.payload", 11));
	}
	return found;
}
