// SPDX-License-Identifier: GPL-2.0
/* Directories of cgroups by their ids, over a tree that is none, and containers. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record/cgroups.h"

#define A16 "0123456789abcdef"
#define A64 A16 A16 A16 A16
#define SECOND 1000000000ULL

static struct cgroups cgroups;
static char root[] = "/tmp/cgroups.XXXXXX";

static uint64_t id_of(const char *below)
{
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", root, below);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static void make(const char *below)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s%s", root, below);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void assert_path(uint64_t id, uint64_t now, const char *expected)
{
	uint64_t until = UINT64_MAX;
	size_t length = 0;
	const char *path = cgroups_path(&cgroups, id, now, &length, &until);

	assert_non_null(path);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(path, expected, length);
	assert_int_equal(until, UINT64_MAX);
}

static void assert_unknown(uint64_t id, uint64_t now, uint64_t expected)
{
	uint64_t until = UINT64_MAX;
	size_t length;

	assert_null(cgroups_path(&cgroups, id, now, &length, &until));
	assert_int_equal(until, expected);
}

static void paths_of_ids(void **state)
{
	char command[64], longest[600] = "", path[1024];
	uint64_t gone;
	int i;

	(void)state;
	assert_non_null(mkdtemp(root));
	make("/a");
	make("/a/b");
	make("/a/b/c");
	cgroups_init(&cgroups, root);
	assert_path(id_of(""), 1, "/");
	/* A walk searches the whole tree: one a second. */
	assert_unknown(id_of("/a/b"), 2, 2 + SECOND);
	assert_path(id_of("/a/b"), 2 + SECOND, "/a/b");
	assert_path(id_of("/a/b/c"), 2 + 2 * SECOND, "/a/b/c");
	/* What was found once is known for ever. */
	gone = id_of("/a/b/c");
	snprintf(path, sizeof(path), "%s/a/b/c", root);
	assert_int_equal(rmdir(path), 0);
	assert_path(gone, 100 * SECOND, "/a/b/c");
	assert_unknown(gone ^ 1ULL << 40, 200 * SECOND, 201 * SECOND);
	assert_unknown(gone ^ 1ULL << 40, 200 * SECOND + 1, 201 * SECOND);
	assert_unknown(0, 300 * SECOND, UINT64_MAX);
	/* What is too long to be kept is looked up again. */
	for (i = 0; i < 5; i++) {
		strcat(longest, "/");
		memset(longest + strlen(longest), 'x', 99);
		make(longest);
	}
	assert_path(id_of(longest), 400 * SECOND, longest);
	assert_path(id_of(longest), 500 * SECOND, longest);
	assert_unknown(id_of(longest), 500 * SECOND, 501 * SECOND);
	cgroups_close(&cgroups);
	assert_unknown(id_of("/a"), 600 * SECOND, UINT64_MAX);
	cgroups_init(&cgroups, "/no/such/directory");
	assert_unknown(id_of("/a"), 600 * SECOND, UINT64_MAX);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

/* Where there is a real one, its directories by their numbers and back. */
static void the_mounted_one(void **state)
{
	char mount[256];
	uint64_t id = 0, until = UINT64_MAX;
	size_t length;

	(void)state;
	assert_int_equal(cgroups_id("/proc/self", &id), -1);
	assert_int_equal(errno, 0);
	assert_int_equal(cgroups_id("/no/such/directory", &id), -1);
	assert_int_equal(errno, ENOENT);
	if (!cgroups_mount(mount, sizeof(mount)))
		return;
	assert_null(cgroups_mount(mount, 2));
	assert_non_null(cgroups_mount(mount, sizeof(mount)));
	assert_int_equal(cgroups_id(mount, &id), 0);
	cgroups_init(&cgroups, NULL);
	assert_path(id, 1, "/");
	assert_null(cgroups_path(&cgroups, id + (1ULL << 50), 1, &length, &until));
	cgroups_close(&cgroups);
}

static void containers(void **state)
{
	static const struct {
		const char *path, *id; /* NULL: none */
	} rows[] = {
		{ "/", NULL },
		{ "/user.slice/user-1000.slice/session-3.scope", NULL },
		{ "/system.slice/nginx.service", NULL },
		{ "/system.slice/docker-" A64 ".scope", A64 },
		{ "/docker/" A64, A64 },
		{ "/docker/" A64 "/init", A64 },
		{ "/docker/" A64 "0", NULL },
		{ "/system.slice/docker-" A16 ".scope", NULL },
		{ "/system.slice/docker-" A64 ".service", NULL },
		{ "/kubepods.slice/kubepods-pod12.slice/cri-containerd-" A64 ".scope", A64 },
		{ "/kubepods/burstable/pod0f0e/" A64, A64 },
		{ "/kubepods.slice/kubepods-pod12.slice", NULL },
		{ "/kubepods.slice/crio-" A64 ".scope", A64 },
		{ "/kubepods.slice/crio-conmon-" A64 ".scope", NULL },
		{ "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" A64, A64 },
		{ "/machine.slice/libpod-" A64 ".scope/container", A64 },
		{ "/machine.slice/libpod-conmon-" A64 ".scope", NULL },
		{ "/libpod_parent/libpod-" A64, A64 },
		{ "/lxc.payload.web", "web" },
		{ "/lxc.payload.web/system.slice/ssh.service", "web" },
		{ "/lxc.payload/web", "web" },
		{ "/lxc.monitor.web", NULL },
		{ "/lxc/web/user.slice", "web" },
		{ "/lxc/", NULL },
		{ "/lxc", NULL },
		{ "/lxc.payload.", NULL },
		/* The innermost. */
		{ "/lxc/web/docker/" A64, A64 },
		{ "/docker-0" A64 ".scope/lxc/deep", "deep" },
	};
	size_t i, length;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *id = cgroups_container(rows[i].path, strlen(rows[i].path), &length);

		if (!rows[i].id != !id || (id && (length != strlen(rows[i].id) ||
						 memcmp(id, rows[i].id, length))))
			fail_msg("%s: %.*s", rows[i].path, id ? (int)length : 4, id ? id : "none");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_ids),
		cmocka_unit_test(the_mounted_one),
		cmocka_unit_test(containers),
	};

	return cmocka_run_group_tests_name("cgroups", tests, NULL, NULL);
}
