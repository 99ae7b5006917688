// SPDX-License-Identifier: GPL-2.0
/* The oracles are libc's headers and strerrorname_np(). */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>

#include <socktrace.h>

#include "record/decode.h"

#define assert_name(found, expected)                                            \
	do {                                                                    \
		const struct name *got = (found);                               \
		assert_non_null(got);                                           \
		assert_string_equal(got->s, expected);                          \
		assert_int_equal(got->length, strlen(expected));                \
	} while (0)

static void errnos_as_libc(void **state)
{
	unsigned int n;

	(void)state;
	assert_null(decode_errno(0));
	for (n = 1; n < 512; n++) {
		const char *want = strerrorname_np((int)n);
		const struct name *got = decode_errno(n);

		/* One number, two names: the kernel's is the older. */
		if (n == EOPNOTSUPP)
			want = "EOPNOTSUPP";
		assert_int_equal(got != NULL, want != NULL);
		if (want)
			assert_string_equal(got->s, want);
	}
}

static void errnos_of_the_kernel(void **state)
{
	(void)state;
	assert_name(decode_errno(512), "ERESTARTSYS");
	assert_name(decode_errno(513), "ERESTARTNOINTR");
	assert_name(decode_errno(514), "ERESTARTNOHAND");
	assert_name(decode_errno(516), "ERESTART_RESTARTBLOCK");
	assert_name(decode_errno(531), "ENOGRACE");
	assert_null(decode_errno(520));
	assert_null(decode_errno(532));
	assert_null(decode_errno(UINT32_MAX));
}

static void families(void **state)
{
	(void)state;
	assert_name(decode_family(AF_UNSPEC), "AF_UNSPEC");
	assert_name(decode_family(AF_UNIX), "AF_UNIX");
	assert_name(decode_family(AF_INET), "AF_INET");
	assert_name(decode_family(AF_INET6), "AF_INET6");
	assert_name(decode_family(AF_NETLINK), "AF_NETLINK");
	assert_name(decode_family(AF_PACKET), "AF_PACKET");
	assert_name(decode_family(AF_VSOCK), "AF_VSOCK");
	assert_name(decode_family(AF_XDP), "AF_XDP");
	assert_name(decode_family(45), "AF_MCTP");
	assert_null(decode_family(46));
	assert_null(decode_family(UINT32_MAX));
	assert_int_equal(decode_family_by_name("inet", 4), AF_INET);
	assert_int_equal(decode_family_by_name("AF_INET6", 8), AF_INET6);
	assert_int_equal(decode_family_by_name("Local", 5), AF_UNIX);
	assert_int_equal(decode_family_by_name("decnet", 6), AF_DECnet);
	assert_int_equal(decode_family_by_name("ine", 3), -1);
	assert_int_equal(decode_family_by_name("inetx", 5), -1);
	assert_int_equal(decode_family_by_name("", 0), -1);
}

static void types(void **state)
{
	(void)state;
	assert_name(decode_type(SOCK_STREAM), "SOCK_STREAM");
	assert_name(decode_type(SOCK_DGRAM), "SOCK_DGRAM");
	assert_name(decode_type(SOCK_RAW), "SOCK_RAW");
	assert_name(decode_type(SOCK_SEQPACKET), "SOCK_SEQPACKET");
	assert_name(decode_type(SOCK_PACKET), "SOCK_PACKET");
	assert_null(decode_type(0));
	assert_null(decode_type(15));
}

static void flags(void **state)
{
	uint32_t seen = 0;
	unsigned int row;

	(void)state;
	for (row = 0; decode_type_flag(row); row++) {
		const struct type_flag *flag = decode_type_flag(row);

		if (flag->bit == SOCK_CLOEXEC)
			assert_name(&flag->name, "SOCK_CLOEXEC");
		else
			assert_name(&flag->name, "SOCK_NONBLOCK");
		assert_int_equal(seen & flag->bit, 0);
		seen |= flag->bit;
	}
	assert_int_equal(seen, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_int_equal(seen & DECODE_TYPE_MASK, 0);
}

static void protocols(void **state)
{
	(void)state;
	assert_name(decode_protocol(AF_INET, 0), "IPPROTO_IP");
	assert_name(decode_protocol(AF_INET, IPPROTO_TCP), "IPPROTO_TCP");
	assert_name(decode_protocol(AF_INET6, IPPROTO_ICMPV6), "IPPROTO_ICMPV6");
	assert_name(decode_protocol(AF_INET, 262), "IPPROTO_MPTCP");
	assert_null(decode_protocol(AF_INET, 263));
	assert_null(decode_protocol(AF_INET, -1));
	assert_name(decode_protocol(AF_NETLINK, NETLINK_ROUTE), "NETLINK_ROUTE");
	assert_name(decode_protocol(AF_NETLINK, NETLINK_AUDIT), "NETLINK_AUDIT");
	assert_null(decode_protocol(AF_NETLINK, 17));
	assert_name(decode_protocol(AF_PACKET, htons(ETH_P_ALL)), "ETH_P_ALL");
	assert_name(decode_protocol(AF_PACKET, htons(ETH_P_IP)), "ETH_P_IP");
	assert_name(decode_protocol(AF_PACKET, htons(ETH_P_IPV6)), "ETH_P_IPV6");
	assert_null(decode_protocol(AF_PACKET, 0));
	assert_null(decode_protocol(AF_PACKET, htons(0x4242)));
	assert_null(decode_protocol(AF_PACKET, 0x10300));
	assert_name(decode_protocol(AF_BLUETOOTH, 3), "BTPROTO_RFCOMM");
	assert_name(decode_protocol(AF_CAN, 1), "CAN_RAW");
	assert_null(decode_protocol(AF_UNIX, 0));
	assert_null(decode_protocol(UINT32_MAX, 0));
}

/* Bisection finds every row: the table is sorted, without doubles. */
static void ethertypes_all_found(void **state)
{
#define ROW(value, id)                                                          \
	assert_int_equal(value, id);                                            \
	assert_name(decode_protocol(AF_PACKET, htons(value)), #id);
#ifndef ETH_P_MCTP
#define ETH_P_MCTP 0x00FA
#endif
	(void)state;
#include "record/tables/ethertypes.h"
#undef ROW
}

/* The tables' other numbers are those of this machine's headers. */
static void tables_as_headers(void **state)
{
#define ROW(value, id) assert_int_equal(value, id);
	(void)state;
#include "record/tables/errnos.h"
#include "record/tables/netlink.h"
#include "record/tables/type_flags.h"
#include "record/tables/types.h"
#undef ROW
}

static void own_numbers(void **state)
{
	(void)state;
	assert_name(decode_event(SOCKTRACE_ACCEPT4), "accept4");
	assert_name(decode_event(SOCKTRACE_LOST), "lost");
	assert_name(decode_event(SOCKTRACE_SOCKETPAIR), "socketpair");
	assert_name(decode_event(SOCKTRACE_CONNECTED), "connected");
	assert_null(decode_event(29));
	assert_null(decode_event(255));
	assert_name(decode_phase(SOCKTRACE_POINT), "point");
	assert_null(decode_phase(0));
	assert_name(decode_abi(SOCKTRACE_ABI_I386), "i386");
	assert_null(decode_abi(SOCKTRACE_ABI_UNKNOWN));
	assert_name(decode_abi(SOCKTRACE_ABI_MIPS_N32), "mips_n32");
	assert_null(decode_abi(SOCKTRACE_ABI_MIPS_N32 + 1));
	assert_name(decode_via(SOCKTRACE_VIA_IO_URING), "io_uring");
	assert_null(decode_via(SOCKTRACE_VIA_UNKNOWN));
	assert_name(decode_addr_source(SOCKTRACE_ADDR_FAULT), "fault");
	assert_name(decode_addr_source(SOCKTRACE_ADDR_DESCRIPTOR), "descriptor");
	assert_null(decode_addr_source(5));
	assert_name(decode_toctou(SOCKTRACE_TOCTOU_UNCHECKED), "unchecked");
	assert_name(decode_lost_reason(SOCKTRACE_LOST_RING_FULL), "ring_full");
	assert_int_equal(decode_event_by_name("accept", 6), SOCKTRACE_ACCEPT4);
	assert_int_equal(decode_event_by_name("connect", 7), SOCKTRACE_CONNECT);
	assert_int_equal(decode_event_by_name("socketpair", 10), SOCKTRACE_SOCKETPAIR);
	assert_int_equal(decode_event_by_name("socketpair", 6), SOCKTRACE_SOCKET);
	assert_int_equal(decode_event_by_name("lost", 4), 0);
	assert_int_equal(decode_event_by_name("", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errnos_as_libc),
		cmocka_unit_test(errnos_of_the_kernel),
		cmocka_unit_test(families),
		cmocka_unit_test(types),
		cmocka_unit_test(flags),
		cmocka_unit_test(protocols),
		cmocka_unit_test(ethertypes_all_found),
		cmocka_unit_test(tables_as_headers),
		cmocka_unit_test(own_numbers),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
