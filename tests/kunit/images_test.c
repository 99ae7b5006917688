// SPDX-License-Identifier: GPL-2.0-only
#include "../../module/images.c"
#include "../../module/machine.c"

#include "suites.h"

static const char path[] = "/usr/bin/program";
#define PATH_LEN (sizeof(path) - 1)

static struct identity someone(u32 tgid, u64 exec_id)
{
	return (struct identity){ .tgid = tgid, .exec_id = exec_id, .start_ns = 1000 + tgid };
}

static int begin(struct kunit *test)
{
	return st_images_init();
}

static void end(struct kunit *test)
{
	st_images_exit();
}

/* The path of any file stands for its own: only the file's place counts here. */
static struct file *a_file(struct kunit *test)
{
	struct file *file = kunit_kzalloc(test, sizeof(*file), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, file);
	return file;
}

static void what_was_executed_is_of_that_program_alone(struct kunit *test)
{
	struct identity first = someone(7, 1), second = someone(7, 2), another = someone(7, 1);
	struct executed found;

	another.start_ns++;
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &first));
	executed_put(&first, a_file(test), path, PATH_LEN, 1);
	KUNIT_ASSERT_TRUE(test, executed_get(&found, &first));
	KUNIT_EXPECT_EQ(test, (size_t)found.path_len, PATH_LEN);
	KUNIT_EXPECT_EQ(test, memcmp(found.path, path, PATH_LEN), 0);
	KUNIT_EXPECT_EQ(test, found.flags, (u8)1);
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &second));
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &another));
	/* The next one takes its place, and no further one. */
	executed_put(&second, a_file(test), "/", 1, 0);
	KUNIT_EXPECT_TRUE(test, executed_get(&found, &second));
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &first));
}

static void a_slot_that_is_being_written_is_left_alone(struct kunit *test)
{
	struct identity of = someone(9, 1), next = someone(9, 2);
	struct executed found, *slot;

	executed_put(&of, a_file(test), path, PATH_LEN, 0);
	slot = executed_slot(9);
	slot->seq++;
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &of));
	executed_put(&next, a_file(test), path, PATH_LEN, 0);
	slot->seq++;
	KUNIT_EXPECT_TRUE(test, executed_get(&found, &of));
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &next));
}

static void a_path_without_room_is_not_cut(struct kunit *test)
{
	struct identity of = someone(11, 1);
	struct executed found;

	executed_put(&of, a_file(test), path, sizeof(found.path) + 1, 0);
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &of));
}

static void the_oldest_gives_way(struct kunit *test)
{
	struct identity of = someone(13, 1), other;
	u32 home = hash_32(13, executed_bits);
	unsigned int n = 0;
	struct executed found;
	u32 tgid;

	executed_put(&of, a_file(test), path, PATH_LEN, 0);
	executed_slot(13)->when--;
	for (tgid = 14; n < EXECUTED_WAYS; tgid++) {
		if (hash_32(tgid, executed_bits) != home)
			continue;
		KUNIT_EXPECT_TRUE(test, executed_get(&found, &of));
		other = someone(tgid, 1);
		executed_put(&other, a_file(test), path, PATH_LEN, 0);
		KUNIT_EXPECT_TRUE(test, executed_get(&found, &other));
		n++;
	}
	KUNIT_EXPECT_FALSE(test, executed_get(&found, &of));
}

static void numbers_are_never_given_twice(struct kunit *test)
{
	struct cpu_images *cpu = get_cpu_ptr(cpu_images);
	u64 before = next_number(cpu, 7), number = next_number(cpu, 7);

	KUNIT_EXPECT_NE(test, before, number);
	KUNIT_EXPECT_EQ(test, number % SOCKTRACE_IMAGE_SLOTS, 7ULL);
	KUNIT_EXPECT_EQ(test, SOCKTRACE_IMAGE_CPU(number), (u32)smp_processor_id());
	KUNIT_EXPECT_NE(test, next_number(cpu, 0), 0ULL);
	put_cpu_ptr(cpu_images);
}

/* As the tests' own thread is. */
static void a_kernel_thread_has_none(struct kunit *test)
{
	preempt_disable();
	KUNIT_EXPECT_EQ(test, st_images_of_current(), 0ULL);
	KUNIT_EXPECT_NULL(test, st_images_describe(1));
	preempt_enable();
}

static struct kunit_case images_cases[] = {
	KUNIT_CASE(what_was_executed_is_of_that_program_alone),
	KUNIT_CASE(a_slot_that_is_being_written_is_left_alone),
	KUNIT_CASE(a_path_without_room_is_not_cut),
	KUNIT_CASE(the_oldest_gives_way),
	KUNIT_CASE(numbers_are_never_given_twice),
	KUNIT_CASE(a_kernel_thread_has_none),
	{}
};

struct kunit_suite images_suite = {
	.name = "socktrace_images",
	.init = begin,
	.exit = end,
	.test_cases = images_cases,
};
