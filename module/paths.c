// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat/compat.h"
#include "machine.h"
#include "paths.h"

/* --- mounts ------------------------------------------------------------------- */

/*
 * struct mount is private to the kernel's fs/. Its struct vfsmount is what others
 * have; these are bytes from there, below it. 0: not known.
 */
static int parent_at; /* struct mount *, of the mount around it, or of itself */
static int mountpoint_at; /* struct dentry *, there */
static unsigned int vfsmount_at; /* bytes from a struct mount to its struct vfsmount */

/* The machine's outermost mount: only to be compared. */
static const struct vfsmount *top_mount;

#define MOUNT_SEARCHED 128 /* bytes */

static const struct vfsmount *parent_of(const struct vfsmount *mnt)
{
	return (const void *)(READ_ONCE(*(const char **)((const char *)mnt + parent_at)) +
			      vfsmount_at);
}

static const struct dentry *mountpoint_of(const struct vfsmount *mnt)
{
	return READ_ONCE(*(const struct dentry **)((const char *)mnt + mountpoint_at));
}

/* Where in @mnt's struct mount a word from @low to @high stands, the nearest one; or 0. */
static int find_word(const struct vfsmount *mnt, unsigned long low, unsigned long high)
{
	unsigned long word;
	int at;

	for (at = -(int)sizeof(word); at >= -MOUNT_SEARCHED; at -= sizeof(word)) {
		if (copy_from_kernel_nofault(&word, (const char *)mnt + at, sizeof(word)))
			break;
		if (word >= low && word <= high)
			return at;
	}
	return 0;
}

/* @mnt is mounted on @on: where does it say so? */
static bool learn_from(const struct vfsmount *mnt, const struct path *on)
{
	unsigned long parent = (unsigned long)on->mnt;

	mountpoint_at = find_word(mnt, (unsigned long)on->dentry, (unsigned long)on->dentry);
	parent_at = find_word(mnt, parent - MOUNT_SEARCHED, parent - 1);
	if (!mountpoint_at || !parent_at)
		return false;
	vfsmount_at = parent - *(const unsigned long *)((const char *)mnt + parent_at);
	return true;
}

static bool agrees_with(const struct vfsmount *mnt, const struct path *on)
{
	return parent_of(mnt) == on->mnt && mountpoint_of(mnt) == on->dentry;
}

/*
 * Looks how the mounts at hand say where they are; all must say it in the same way.
 * It is learned by the first.
 */
static bool learn_mounts(void)
{
	static const char *const places[] = { "/proc", "/sys", "/dev", "/run", "/tmp", "/" };
	const struct vfsmount *mnt;
	bool known = false;
	struct path path;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		if (kern_path(places[i], LOOKUP_FOLLOW, &path))
			continue;
		/* Further out, as long as there is something. */
		for (;;) {
			mnt = path.mnt;
			if (!follow_up(&path))
				break;
			known = known ? agrees_with(mnt, &path) : learn_from(mnt, &path);
			if (!known)
				break;
		}
		path_put(&path);
		if (!known && parent_at)
			break; /* they differ */
	}
	return known;
}

#define MAX_MOUNTS 256 /* one in the other */

/*
 * The mounts around @mnt, up to @top: as a number, since no lock of the kernel's keeps
 * them where they are: they stayed there if it is the same afterwards.
 */
static unsigned long mounts_around(const struct vfsmount *mnt, const struct vfsmount **top)
{
	unsigned long seen = 0;
	unsigned int depth;

	for (depth = 0; depth < MAX_MOUNTS; depth++) {
		const struct vfsmount *parent = parent_of(mnt);

		if (parent == mnt)
			break;
		seen = seen * 31 + (unsigned long)parent;
		seen = seen * 31 + (unsigned long)mountpoint_of(mnt);
		mnt = parent;
	}
	*top = mnt;
	return seen;
}

/* --- names -------------------------------------------------------------------- */

/*
 * Before @at, not below @begin; NULL: no room. A name that is being replaced may be
 * shorter than its length says: it ends with a NUL in any case.
 */
static char *prepend_name(char *at, const char *begin, const struct dentry *dentry)
{
	size_t len = READ_ONCE(dentry->d_name.len);
	const char *name = (const char *)smp_load_acquire(&dentry->d_name.name);

	len = strnlen(name, len);
	if ((size_t)(at - begin) < len + 1)
		return NULL;
	at = memcpy(at - len, name, len);
	*--at = '/';
	return at;
}

/*
 * From @dentry outwards; the path ends before @end. NULL: no room, or no way out. The
 * root of a mount is compared, and not looked into: unlike other dentries, on old
 * kernels it may be gone before a reader of RCU is.
 */
static char *walk_out(const struct vfsmount *mnt, const struct dentry *dentry,
		      const char *begin, char *end)
{
	const struct vfsmount *around;
	unsigned int depth = 0;
	char *at = end;

	while (at) {
		if (dentry == READ_ONCE(mnt->mnt_root)) {
			around = parent_of(mnt);
			if (around == mnt)
				return at;
			/* However they move meanwhile: it ends. */
			if (++depth > MAX_MOUNTS)
				return NULL;
			dentry = mountpoint_of(mnt);
			mnt = around;
			continue;
		}
		if (dentry == READ_ONCE(dentry->d_parent)) /* moved out of its mount */
			return NULL;
		at = prepend_name(at, begin, dentry);
		dentry = READ_ONCE(dentry->d_parent);
	}
	return NULL;
}

/* What write_seqlock() counts, read without waiting: under PREEMPT_RT that may sleep. */
static unsigned int renames(void)
{
	return READ_ONCE(*(const unsigned int *)&rename_lock.seqcount);
}

/* --- paths -------------------------------------------------------------------- */

/* Of a CPU; of its handlers alone, which don't nest. */
struct cpu_path {
	struct st_path path;
	char text[PATH_MAX];
};
static struct cpu_path __percpu *cpu_paths;

/* A rename takes the kernel about a microsecond; to walk out, less. */
#define TRIES 200

const struct st_path *st_path_of(const struct path *place)
{
	struct cpu_path *cpu = this_cpu_ptr(cpu_paths);
	char *end = cpu->text + PATH_MAX - 1;
	const struct vfsmount *top;
	unsigned int try, before;
	unsigned long mounts;
	bool deleted;
	char *at;

	if (!parent_at)
		return NULL;
	for (try = 0; try < TRIES; try++) {
		/* After a try that failed; on powerpc it is no expression. */
		if (try)
			cpu_relax();
		before = renames();
		if (before & 1)
			continue;
		smp_rmb(); /* the count before what it counts */
		mounts = mounts_around(place->mnt, &top);
		at = walk_out(place->mnt, place->dentry, cpu->text, end);
		deleted = d_unhashed((struct dentry *)place->dentry);
		if (mounts_around(place->mnt, &top) != mounts)
			continue;
		smp_rmb(); /* all of it before the second look */
		if (renames() != before)
			continue;
		if (!at)
			return NULL;
		cpu->path.text = at;
		cpu->path.len = end - at;
		cpu->path.flags = deleted ? SOCKTRACE_PATH_DELETED : 0;
		if (top != top_mount)
			cpu->path.flags |= SOCKTRACE_PATH_OTHER_MOUNTS;
		return &cpu->path;
	}
	return NULL;
}

/* --- tables ------------------------------------------------------------------- */

static void learn_top_mount(void)
{
	struct path root;

	top_mount = NULL;
	if (!parent_at || st_machine_root(&root))
		return;
	mounts_around(root.mnt, &top_mount);
	path_put(&root);
}

void st_paths_exit(void)
{
	free_percpu(cpu_paths);
	cpu_paths = NULL;
}

int st_paths_init(void)
{
	if (!parent_at && !(ST_COMPAT_MOUNTS_BY_RCU && learn_mounts())) {
		parent_at = mountpoint_at = 0;
		pr_warn_once("paths of sockets won't be told: how mounts are kept was not found\n");
	}
	learn_top_mount();
	cpu_paths = alloc_percpu(struct cpu_path);
	return cpu_paths ? 0 : -ENOMEM;
}
