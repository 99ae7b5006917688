// SPDX-License-Identifier: GPL-2.0-only
/* How much of what a caller passes is the address. */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>
#include <linux/un.h>

#include "../../module/record.h"
#include "suites.h"

struct address_case {
	const char *name;
	int family; /* -1: bytes of 0xff */
	const char *path; /* AF_UNIX: sun_path, of path_len bytes */
	unsigned int path_len;
	unsigned int passed, expected;
};

#define PATH(s) .path = s, .path_len = sizeof(s) - 1

static const struct address_case address_cases[] = {
	{ "nothing passed", AF_INET, .passed = 0, .expected = 0 },
	{ "half a family", AF_INET, .passed = 1, .expected = 0 },
	{ "a family alone", AF_INET, .passed = 2, .expected = 2 },
	{ "AF_UNSPEC, whole buffer", AF_UNSPEC, .passed = 16, .expected = 16 },
	{ "IPv4 cut short", AF_INET, .passed = 15, .expected = 15 },
	{ "IPv4 exact", AF_INET, .passed = 16, .expected = 16 },
	{ "IPv4 in a sockaddr_storage", AF_INET, .passed = 128, .expected = 16 },
	{ "IPv6 of RFC 2133", AF_INET6, .passed = 24, .expected = 24 },
	{ "IPv6 exact", AF_INET6, .passed = 28, .expected = 28 },
	{ "IPv6 in a sockaddr_storage", AF_INET6, .passed = 128, .expected = 28 },
	{ "UNIX unnamed", AF_UNIX, .passed = 2, .expected = 2 },
	{ "UNIX path exact", AF_UNIX, PATH("/run/x"), .passed = 9, .expected = 9 },
	{ "UNIX path without its NUL", AF_UNIX, PATH("/run/x"), .passed = 8, .expected = 8 },
	{ "UNIX path in a sockaddr_un", AF_UNIX, PATH("/run/x"), .passed = 110, .expected = 9 },
	{ "UNIX path of one byte", AF_UNIX, PATH("a"), .passed = 110, .expected = 4 },
	{ "UNIX abstract", AF_UNIX, PATH("\0name"), .passed = 7, .expected = 7 },
	{ "UNIX abstract of only NULs", AF_UNIX, PATH("\0\0\0\0"), .passed = 6, .expected = 6 },
	{ "UNIX abstract, embedded NUL", AF_UNIX, PATH("\0a\0b"), .passed = 6, .expected = 6 },
	{ "UNIX abstract of one NUL", AF_UNIX, PATH("\0"), .passed = 3, .expected = 3 },
	{ "UNIX in a sockaddr_storage", AF_UNIX, PATH("\0name"), .passed = 128, .expected = 110 },
	{ "AF_NETLINK", AF_NETLINK, .passed = 12, .expected = 12 },
	{ "a family that nobody has", AF_MAX, .passed = 128, .expected = 128 },
	{ "more than the kernel takes", AF_PACKET, .passed = 4096, .expected = 128 },
	{ "garbage", -1, .passed = 128, .expected = 128 },
};

static void describe(const struct address_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}
KUNIT_ARRAY_PARAM(address, address_cases, describe);

static void address_is_cut_to_its_length(struct kunit *test)
{
	const struct address_case *c = test->param_value;
	u8 *buffer = kunit_kzalloc(test, 256, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	if (c->family < 0)
		memset(buffer, 0xff, 256);
	else
		((struct sockaddr *)buffer)->sa_family = c->family;
	if (c->path)
		memcpy(((struct sockaddr_un *)buffer)->sun_path, c->path, c->path_len);
	KUNIT_EXPECT_EQ(test, st_record_addr_len(buffer, c->passed), c->expected);
}

static void unterminated_path_of_108_bytes_is_whole(struct kunit *test)
{
	u8 buffer[ST_RECORD_ADDR_MAX];

	memset(buffer, 'p', sizeof(buffer));
	((struct sockaddr *)buffer)->sa_family = AF_UNIX;
	KUNIT_EXPECT_EQ(test, st_record_addr_len(buffer, 110), 110U);
	KUNIT_EXPECT_EQ(test, st_record_addr_len(buffer, 128), 110U);
}

static void family_needs_two_bytes(struct kunit *test)
{
	struct sockaddr sa = { .sa_family = AF_INET6 };

	KUNIT_EXPECT_EQ(test, st_record_addr_family(&sa, 0), -1);
	KUNIT_EXPECT_EQ(test, st_record_addr_family(&sa, 1), -1);
	KUNIT_EXPECT_EQ(test, st_record_addr_family(&sa, 2), AF_INET6);
}

static struct kunit_case address_kunit_cases[] = {
	KUNIT_CASE_PARAM(address_is_cut_to_its_length, address_gen_params),
	KUNIT_CASE(unterminated_path_of_108_bytes_is_whole),
	KUNIT_CASE(family_needs_two_bytes),
	{}
};

struct kunit_suite address_suite = {
	.name = "socktrace_address",
	.test_cases = address_kunit_cases,
};
