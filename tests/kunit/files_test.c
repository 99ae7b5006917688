// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/files.c"

#include <linux/anon_inodes.h>
#include <linux/fdtable.h>

#include "suites.h"

static const struct file_operations nothing;

/* A file of current's, at a descriptor of its own. */
static struct file *open_one(struct kunit *test, int *fd)
{
	struct file *file = anon_inode_getfile("files_test", &nothing, NULL, 0);

	st_files_init();
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	*fd = get_unused_fd_flags(0);
	KUNIT_ASSERT_GE(test, *fd, 0);
	fd_install(*fd, file);
	return file;
}

static void got_in_nmi_is_put_by_an_interrupt(struct kunit *test)
{
	int fd;
	struct file *file = open_one(test, &fd);

	KUNIT_EXPECT_EQ(test, file_count(file), 1);
	local_irq_disable();
	KUNIT_EXPECT_PTR_EQ(test, st_file_get_in_nmi(fd), file);
	KUNIT_EXPECT_EQ(test, file_count(file), 2);
	st_file_put_later(file);
	KUNIT_EXPECT_EQ(test, file_count(file), 2);
	local_irq_enable();
	st_files_drain();
	KUNIT_EXPECT_EQ(test, file_count(file), 1);
	close_fd(fd);
}

static void what_is_not_open_is_none(struct kunit *test)
{
	int fd;

	open_one(test, &fd);
	close_fd(fd);
	KUNIT_EXPECT_NULL(test, st_file_get_in_nmi(fd));
	KUNIT_EXPECT_NULL(test, st_file_get_in_nmi(INT_MAX));
	KUNIT_EXPECT_NULL(test, st_file_get(-1));
}

static void what_is_peeked_at_is_not_held(struct kunit *test)
{
	int fd;
	struct file *file = open_one(test, &fd);

	KUNIT_EXPECT_PTR_EQ(test, st_file_peek(fd), file);
	KUNIT_EXPECT_EQ(test, file_count(file), 1);
	close_fd(fd);
	KUNIT_EXPECT_NULL(test, st_file_peek(fd));
	KUNIT_EXPECT_NULL(test, st_file_peek(INT_MAX));
	KUNIT_EXPECT_NULL(test, st_file_peek(-1));
}

/* Threads of the kernel share one; who makes a copy has that to himself. */
static void a_table_is_ours_that_nobody_shares(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, st_file_table_is_ours());
}

/* A handler holds two: both must find room when they are put. */
static void no_more_than_can_be_put_later(struct kunit *test)
{
	int fd, n = 0;
	struct file *file = open_one(test, &fd);

	local_irq_disable();
	while (st_file_get_in_nmi(fd)) {
		KUNIT_EXPECT_PTR_EQ(test, st_file_get_in_nmi(fd), file);
		st_file_put_later(file);
		st_file_put_later(file);
		n += 2;
		if (n > 2 * (int)ARRAY_SIZE(((struct put_later *)0)->files))
			break;
	}
	KUNIT_EXPECT_LE(test, n, (int)ARRAY_SIZE(((struct put_later *)0)->files));
	KUNIT_EXPECT_GE(test, n, AT_ONCE);
	local_irq_enable();
	st_files_drain();
	KUNIT_EXPECT_EQ(test, file_count(file), 1);
	KUNIT_EXPECT_PTR_EQ(test, st_file_get_in_nmi(fd), file);
	fput(file);
	close_fd(fd);
}

static struct kunit_case files_cases[] = {
	KUNIT_CASE(got_in_nmi_is_put_by_an_interrupt),
	KUNIT_CASE(what_is_not_open_is_none),
	KUNIT_CASE(what_is_peeked_at_is_not_held),
	KUNIT_CASE(a_table_is_ours_that_nobody_shares),
	KUNIT_CASE(no_more_than_can_be_put_later),
	{}
};

struct kunit_suite files_suite = {
	.name = "socktrace_files",
	.test_cases = files_cases,
};
