/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroups: the kernel's ids of their directories, as records have them, the
 * directories of ids, and the containers that are known by them.
 */
#ifndef SOCKTRACE_CGROUPS_H
#define SOCKTRACE_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <socktrace.h>

#include "record/told.h"

#define CGROUPS_SLOTS 128 /* a power of two */
#define CGROUPS_PATH_MAX 384 /* longer paths are looked up each time */

/* Where cgroup v2 is mounted, ends with NUL; NULL: nowhere, or no room. */
const char *cgroups_mount(char *buffer, size_t size);

/*
 * Of version 1, the controller whose hierarchy records tell of (SOCKTRACE_CGROUP_V1);
 * NULL: none. And where that one is mounted; NULL: nowhere, or no room.
 */
const char *cgroups_v1_controller(void);
const char *cgroups_v1_mount(char *buffer, size_t size);

/*
 * The kernel's id of the cgroup of this directory, as records have it: only where
 * inode numbers have 64 bits, it is the directory's. 0, or -1 and errno: 0 there if
 * it is no cgroup's directory, EXDEV if it is in a hierarchy that is not told of.
 */
int cgroups_id(const char *directory, uint64_t *id);

/* Where one of the hierarchies is mounted. */
struct cgroups_root {
	char path[256];
	bool opened; /* else nothing can be looked up */
	int fd; /* of path */
	int handle_type; /* of directories; 0: they have none, as elsewhere */
	bool by_walk; /* ids can't be opened: the tree is searched */
	uint64_t walked_ns; /* when it was last */
};

struct cgroups {
	const struct told *told; /* instead of all else: paths by id; or NULL */
	struct cgroups_root v1, v2; /* of version 1: that which records tell of */
	struct cgroups_slot {
		uint64_t id; /* 0: nothing cached */
		uint64_t until_ns; /* of one that was not found: ask again then */
		uint32_t length; /* of path; 0: it was not found */
		char path[CGROUPS_PATH_MAX];
	} slots[CGROUPS_SLOTS];
	char path[4096]; /* the answer, where it is not cached */
};

/* `directory`: where cgroup v2 is mounted; NULL: that, and v1, are looked for. */
void cgroups_init(struct cgroups *cgroups, const char *directory);
void cgroups_close(struct cgroups *cgroups);

/* The number itself, "v1:" before one of version 1: what --cgroup takes. */
char *cgroups_number(char *p, uint64_t id);

/*
 * The path of the cgroup below the root, "/" for that itself. Gives its bytes,
 * without a NUL, until the next call; NULL if it is not known, which holds until
 * *until_ns (from now_ns on) at most; a path holds for ever, as no number is given
 * out twice, and no directory moves: *until_ns is then left as it was.
 */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id, uint64_t now_ns,
			 size_t *length, uint64_t *until_ns);

/*
 * The container that this path is of, the innermost: its id of 64 hexadecimal digits
 * (docker, containerd, cri-o, podman), or its name (lxc). NULL: none that is known.
 */
const char *cgroups_container(const char *path, size_t length, size_t *id_length);

#endif
