// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/paths.c"

#include "suites.h"

/* As the kernel's struct mount is laid out, as far as it is looked at. */
struct mounted {
	void *hash[2];
	struct mounted *parent;
	struct dentry *mountpoint;
	struct vfsmount mnt;
};

/* "/" with a file system on /run, of which a directory is bound to /run/bound, too. */
static struct dentry root, run, run_root, dir, bound, sock;
static struct mounted outer, inner, again;

static void name(struct dentry *dentry, struct dentry *parent, const char *text)
{
	memset(dentry, 0, sizeof(*dentry));
	dentry->d_parent = parent;
	dentry->d_name.name = (const unsigned char *)text;
	dentry->d_name.len = strlen(text);
}

static void mounted_on(struct mounted *mount, struct dentry *of, struct mounted *parent,
		       struct dentry *on)
{
	mount->parent = parent;
	mount->mountpoint = on;
	mount->mnt.mnt_root = of;
}

static int begin(struct kunit *test)
{
	name(&root, &root, "/");
	name(&run, &root, "run");
	name(&run_root, &run_root, "/");
	name(&dir, &run_root, "dir");
	name(&bound, &run_root, "bound");
	name(&sock, &dir, "sock");
	mounted_on(&outer, &root, &outer, &root);
	mounted_on(&inner, &run_root, &outer, &run);
	mounted_on(&again, &dir, &inner, &bound);
	return 0;
}

static struct path on(struct mounted *mount, struct dentry *dentry)
{
	return (struct path){ .mnt = &mount->mnt, .dentry = dentry };
}

static void end(struct kunit *test)
{
	parent_at = mountpoint_at = 0;
}

static void learn(struct kunit *test)
{
	struct path where = on(&outer, &run);

	KUNIT_ASSERT_TRUE(test, learn_from(&inner.mnt, &where));
}

static void it_is_learned_how_a_mount_says_where_it_is(struct kunit *test)
{
	struct path right = on(&inner, &bound), wrong = on(&outer, &bound);

	learn(test);
	KUNIT_EXPECT_EQ(test, vfsmount_at, (unsigned int)offsetof(struct mounted, mnt));
	KUNIT_EXPECT_TRUE(test, agrees_with(&again.mnt, &right));
	KUNIT_EXPECT_FALSE(test, agrees_with(&again.mnt, &wrong));
	wrong.dentry = &sock;
	KUNIT_EXPECT_FALSE(test, learn_from(&again.mnt, &wrong));
}

static void expect_path(struct kunit *test, struct mounted *mount, struct dentry *dentry,
			const char *path)
{
	char text[64], *at = walk_out(&mount->mnt, dentry, text, text + sizeof(text) - 1);

	KUNIT_ASSERT_NOT_NULL(test, at);
	text[sizeof(text) - 1] = 0;
	KUNIT_EXPECT_STREQ(test, at, path);
}

static void a_path_leads_through_mounts(struct kunit *test)
{
	learn(test);
	expect_path(test, &inner, &sock, "/run/dir/sock");
	expect_path(test, &again, &sock, "/run/bound/sock");
	expect_path(test, &outer, &run, "/run");
	expect_path(test, &outer, &root, "");
}

static void what_has_no_way_out_or_no_room_has_no_path(struct kunit *test)
{
	char text[13];

	learn(test);
	/* Moved out of the directory that is mounted. */
	KUNIT_EXPECT_NULL(test, walk_out(&again.mnt, &bound, text, text + sizeof(text)));
	KUNIT_EXPECT_NOT_NULL(test, walk_out(&inner.mnt, &sock, text, text + sizeof(text)));
	KUNIT_EXPECT_NULL(test, walk_out(&inner.mnt, &sock, text, text + sizeof(text) - 1));
	/* Mounts that are found in a ring, as they move. */
	outer.parent = &inner;
	KUNIT_EXPECT_NULL(test, walk_out(&inner.mnt, &run_root, text, text + sizeof(text)));
}

static void a_name_that_changes_ends_with_its_nul(struct kunit *test)
{
	char text[32], *at;

	sock.d_name.len = 20;
	at = prepend_name(text + 31, text, &sock);
	KUNIT_ASSERT_NOT_NULL(test, at);
	KUNIT_EXPECT_EQ(test, memcmp(at, "/sock", 5), 0);
	KUNIT_EXPECT_PTR_EQ(test, at, text + 31 - 5);
}

static void a_mount_that_moves_is_noticed(struct kunit *test)
{
	const struct vfsmount *top;
	unsigned long before;

	learn(test);
	before = mounts_around(&again.mnt, &top);
	KUNIT_EXPECT_PTR_EQ(test, top, (const struct vfsmount *)&outer.mnt);
	KUNIT_EXPECT_EQ(test, mounts_around(&again.mnt, &top), before);
	inner.mountpoint = &root;
	KUNIT_EXPECT_NE(test, mounts_around(&again.mnt, &top), before);
}

static struct kunit_case paths_cases[] = {
	KUNIT_CASE(it_is_learned_how_a_mount_says_where_it_is),
	KUNIT_CASE(a_path_leads_through_mounts),
	KUNIT_CASE(what_has_no_way_out_or_no_room_has_no_path),
	KUNIT_CASE(a_name_that_changes_ends_with_its_nul),
	KUNIT_CASE(a_mount_that_moves_is_noticed),
	{}
};

struct kunit_suite paths_suite = {
	.name = "socktrace_paths",
	.init = begin,
	.exit = end,
	.test_cases = paths_cases,
};
