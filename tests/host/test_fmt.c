// SPDX-License-Identifier: GPL-2.0
#include "unit.h"

#include <inttypes.h>
#include <limits.h>

#include "base/fmt.h"

static void check_u32(uint32_t v)
{
	char want[32];

	snprintf(want, sizeof(want), "%" PRIu32, v);
	assert_text(fmt_u32(unit_buffer, v), want);
}

static void check_u64(uint64_t v)
{
	char want[32];

	snprintf(want, sizeof(want), "%" PRIu64, v);
	assert_text(fmt_u64(unit_buffer, v), want);
}

/* Both sides of each change of length, and of each change of all digits. */
static void powers_of_ten(void **state)
{
	uint64_t power, k;

	(void)state;
	for (power = 1; power <= UINT64_MAX / 10; power *= 10) {
		for (k = 1; k <= 10; k++) {
			check_u64(power * k - 1);
			check_u64(power * k);
			if (power * k > UINT32_MAX)
				continue;
			check_u32((uint32_t)(power * k - 1));
			check_u32((uint32_t)(power * k));
		}
	}
	check_u32(UINT32_MAX);
	check_u64(UINT32_MAX);
	check_u64(UINT32_MAX + 1ULL);
	check_u64(UINT64_MAX);
}

static void all_small_and_strides(void **state)
{
	uint64_t v;

	(void)state;
	for (v = 0; v < 20000; v++)
		check_u32((uint32_t)v);
	/* A prime stride meets every length and every position. */
	for (v = 0; v <= UINT32_MAX; v += 42901)
		check_u32((uint32_t)v);
	for (v = 1; v < UINT64_MAX / 3; v = v * 3 + 7)
		check_u64(v);
}

static void signed_numbers(void **state)
{
	(void)state;
	assert_text(fmt_i32(unit_buffer, 0), "0");
	assert_text(fmt_i32(unit_buffer, -1), "-1");
	assert_text(fmt_i32(unit_buffer, INT_MAX), "2147483647");
	assert_text(fmt_i32(unit_buffer, INT_MIN), "-2147483648");
}

static void fixed_width(void **state)
{
	uint32_t v;
	char want[16];

	(void)state;
	for (v = 0; v < 1000000; v += 37) {
		snprintf(want, sizeof(want), "%06u", v);
		assert_text(fmt_6digits(unit_buffer, v), want);
	}
	assert_text(fmt_6digits(unit_buffer, 999999), "999999");
	for (v = 0; v < 1000000000; v += 99991) {
		snprintf(want, sizeof(want), "%09u", v);
		assert_text(fmt_9digits(unit_buffer, v), want);
	}
	assert_text(fmt_9digits(unit_buffer, 999999999), "999999999");
}

static void hexadecimal(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xa0, 0xff };

	(void)state;
	assert_text(fmt_hex(unit_buffer, 0), "0");
	assert_text(fmt_hex(unit_buffer, 0x10), "10");
	assert_text(fmt_hex(unit_buffer, 0xdeadbeef), "deadbeef");
	assert_text(fmt_hex_bytes(unit_buffer, bytes, sizeof(bytes)), "000fa0ff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(powers_of_ten),
		cmocka_unit_test(all_small_and_strides),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(fixed_width),
		cmocka_unit_test(hexadecimal),
	};

	return cmocka_run_group_tests_name("fmt", tests, NULL, NULL);
}
