// SPDX-License-Identifier: GPL-2.0
#include "record/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fmt.h"

#define CGROUP2_MAGIC 0x63677270
#define CGROUP_MAGIC 0x27e0eb
#define FILEID_KERNFS 0xfe /* a handle that is the id, from 5.5 on */
#define FILEID_INO32_GEN 1 /* before: inode and generation, which make the id */
#define ID_SIZE sizeof(uint64_t)
#define DEPTH_MAX 32 /* of a walk; more than anybody nests */
#define BELIEVED_NS 1000000000 /* that a cgroup is not there */

/* Where this type is mounted, with this option if it is not NULL. */
static const char *mount_of(const char *type, const char *option, char *buffer, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	const char *found = NULL;
	struct mntent mount;
	char line[4096];

	if (!mounts)
		return NULL;
	while (!found && getmntent_r(mounts, &mount, line, sizeof(line))) {
		if (strcmp(mount.mnt_type, type) || strlen(mount.mnt_dir) >= size ||
		    (option && !hasmntopt(&mount, option)))
			continue;
		found = strcpy(buffer, mount.mnt_dir);
	}
	endmntent(mounts);
	return found;
}

const char *cgroups_mount(char *buffer, size_t size)
{
	return mount_of("cgroup2", NULL, buffer, size);
}

/* Is this controller in a hierarchy of version 1? */
static bool controller_is_v1(const char *controller)
{
	FILE *lines = fopen("/proc/cgroups", "re");
	unsigned int hierarchy = 0;
	char line[128], name[32];

	while (lines && !hierarchy && fgets(line, sizeof(line), lines)) {
		if (sscanf(line, "%31s %u", name, &hierarchy) != 2 || strcmp(name, controller))
			hierarchy = 0;
	}
	if (lines)
		fclose(lines);
	return hierarchy;
}

const char *cgroups_v1_controller(void)
{
	static const char *const controllers[] = { "pids", "memory", "cpu" }; /* the module's */
	size_t i;

	for (i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		if (controller_is_v1(controllers[i]))
			return controllers[i];
	}
	return NULL;
}

const char *cgroups_v1_mount(char *buffer, size_t size)
{
	const char *controller = cgroups_v1_controller();

	return controller ? mount_of("cgroup", controller, buffer, size) : NULL;
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

/* Is this directory, of a cgroup of version 1, in the hierarchy that records tell of? */
static bool is_told_of(const struct stat *directory)
{
	char mount[PATH_MAX];
	struct stat st;

	return cgroups_v1_mount(mount, sizeof(mount)) && !stat(mount, &st) &&
	       st.st_dev == directory->st_dev;
}

int cgroups_id(const char *directory, uint64_t *id)
{
	uint64_t version = 0;
	struct statfs fs;
	struct stat st;

	if (stat(directory, &st) || statfs(directory, &fs))
		return -1;
	errno = 0;
	if (!S_ISDIR(st.st_mode))
		return -1;
	if ((unsigned long)fs.f_type == CGROUP_MAGIC)
		version = SOCKTRACE_CGROUP_V1;
	else if ((unsigned long)fs.f_type != CGROUP2_MAGIC)
		return -1;
	if (version && !is_told_of(&st)) {
		errno = EXDEV;
		return -1;
	}
	if (!id_by_handle(AT_FDCWD, directory, id))
		*id = st.st_ino;
	*id |= version;
	errno = 0;
	return 0;
}

static void open_root(struct cgroups_root *root, const char *directory)
{
	struct statfs fs;
	uint64_t id;

	if (!directory)
		return;
	root->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return;
	root->opened = true;
	/* Elsewhere, as in a test, a handle is something else. */
	if (!fstatfs(root->fd, &fs) && ((unsigned long)fs.f_type == CGROUP2_MAGIC ||
					(unsigned long)fs.f_type == CGROUP_MAGIC))
		root->handle_type = id_by_handle(root->fd, ".", &id);
	root->by_walk = !root->handle_type;
}

void cgroups_init(struct cgroups *cgroups, const char *directory)
{
	struct cgroups_root *v1 = &cgroups->v1, *v2 = &cgroups->v2;

	memset(cgroups, 0, sizeof(*cgroups));
	if (directory) {
		snprintf(v2->path, sizeof(v2->path), "%s", directory);
		open_root(v2, directory);
		return;
	}
	open_root(v2, cgroups_mount(v2->path, sizeof(v2->path)));
	open_root(v1, cgroups_v1_mount(v1->path, sizeof(v1->path)));
}

static void close_root(struct cgroups_root *root)
{
	if (root->opened)
		close(root->fd);
	root->opened = false;
}

void cgroups_close(struct cgroups *cgroups)
{
	close_root(&cgroups->v1);
	close_root(&cgroups->v2);
}

char *cgroups_number(char *p, uint64_t id)
{
	if (id & SOCKTRACE_CGROUP_V1)
		p = fmt_lit(p, "v1:");
	return fmt_u64(p, id & ~SOCKTRACE_CGROUP_V1);
}

/* Of an absolute path, what is below the root; its length, 0: it is not below. */
static size_t below_root(const struct cgroups_root *root, char *path, size_t length)
{
	size_t above = strlen(root->path);

	if (length < above || memcmp(path, root->path, above))
		return 0;
	if (length == above) {
		path[0] = '/';
		return 1;
	}
	if (path[above] != '/')
		return 0;
	memmove(path, path + above, length - above);
	return length - above;
}

/* The kernel opens what has this id, and tells where it is. To `path`; its length. */
static size_t open_id(struct cgroups *cgroups, struct cgroups_root *root, uint64_t id)
{
	union handle is = {
		.handle = { .handle_bytes = ID_SIZE, .handle_type = root->handle_type },
	};
	char link[32], *p;
	ssize_t n;
	int fd;

	memcpy(is.bytes + sizeof(is.handle), &id, ID_SIZE);
	fd = open_by_handle_at(root->fd, &is.handle, O_PATH | O_CLOEXEC);
	if (fd < 0) {
		/* It takes a capability; ESTALE: what has this id is gone. */
		root->by_walk = errno == EPERM;
		return 0;
	}
	p = fmt_u32(fmt_lit(link, "/proc/self/fd/"), (uint32_t)fd);
	*p = '\0';
	n = readlink(link, cgroups->path, sizeof(cgroups->path));
	close(fd);
	return n > 0 ? below_root(root, cgroups->path, (size_t)n) : 0;
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
static size_t search(struct cgroups *cgroups, int fd, int handles, uint64_t id,
		     size_t length, unsigned int depth)
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
		if (id_at(dirfd(directory), entry->d_name, handles) == id)
			found = length + 1 + n;
		else if (depth < DEPTH_MAX)
			found = search(cgroups,
				       openat(dirfd(directory), entry->d_name,
					      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				       handles, id, length + 1 + n, depth + 1);
	}
	closedir(directory);
	return found;
}

static size_t walk(struct cgroups *cgroups, const struct cgroups_root *root, uint64_t id)
{
	if (id_at(root->fd, ".", root->handle_type) == id) {
		cgroups->path[0] = '/';
		return 1;
	}
	return search(cgroups, openat(root->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		      root->handle_type, id, 0, 0);
}

static struct cgroups_root *root_of(struct cgroups *cgroups, uint64_t id)
{
	return id & SOCKTRACE_CGROUP_V1 ? &cgroups->v1 : &cgroups->v2;
}

static size_t look_up(struct cgroups *cgroups, uint64_t id, uint64_t now_ns)
{
	struct cgroups_root *root = root_of(cgroups, id);
	size_t length = 0;

	id &= ~SOCKTRACE_CGROUP_V1;
	if (!root->by_walk)
		length = open_id(cgroups, root, id);
	/* A large tree takes a while: no more than one walk in that time. */
	if (!root->by_walk || now_ns < root->walked_ns)
		return length;
	root->walked_ns = now_ns + BELIEVED_NS;
	return walk(cgroups, root, id);
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
	if (!id || !root_of(cgroups, id)->opened)
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
