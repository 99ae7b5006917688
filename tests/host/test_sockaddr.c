// SPDX-License-Identifier: GPL-2.0
/* The oracle are libc's structures and inet_ntop(). */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>

#include "sockaddr.h"

static struct sockaddr_info decode(const void *addr, size_t length)
{
	struct sockaddr_info info;
	/* At the end of an allocation, so that ASan sees a byte too far. */
	uint8_t *exact = malloc(length);

	memcpy(exact, addr, length);
	sockaddr_decode(&info, exact, (unsigned int)length);
	/* The bytes outlive the copy: move the pointer to the original. */
	info.bytes = (const uint8_t *)addr + (info.bytes - exact);
	free(exact);
	return info;
}

static void inet4(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct sockaddr_info info;

	(void)state;
	inet_pton(AF_INET, "192.0.2.255", &in.sin_addr);
	info = decode(&in, sizeof(in));
	assert_int_equal(info.kind, SOCKADDR_INET);
	assert_int_equal(info.family, AF_INET);
	assert_int_equal(info.port, 443);
	assert_text(sockaddr_fmt_ip(unit_buffer, &info), "192.0.2.255");
	/* Port and address are there, the padding need not be. */
	assert_int_equal(decode(&in, 8).kind, SOCKADDR_INET);
	info = decode(&in, 7);
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.length, 5);
}

static void inet6(void **state)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(8080),
		.sin6_flowinfo = htonl(0x12345),
		.sin6_scope_id = 3,
	};
	struct sockaddr_info info;

	(void)state;
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	info = decode(&in6, sizeof(in6));
	assert_int_equal(info.kind, SOCKADDR_INET6);
	assert_int_equal(info.port, 8080);
	assert_int_equal(info.inet6.flowinfo, 0x12345);
	assert_int_equal(info.inet6.scope_id, 3);
	assert_text(sockaddr_fmt_ip(unit_buffer, &info), "fe80::1");
	/* RFC 2133's structure ends before the scope. */
	info = decode(&in6, 24);
	assert_int_equal(info.kind, SOCKADDR_INET6);
	assert_int_equal(info.inet6.scope_id, 0);
	assert_int_equal(decode(&in6, 23).kind, SOCKADDR_RAW);
}

/* All patterns of zero and other words, and random ones, as libc writes them. */
static void ipv6_as_inet_ntop(void **state)
{
	static const uint16_t values[] = { 0, 1, 0xffff, 0x0db8, 0x00a0 };
	struct sockaddr_info info = { .kind = SOCKADDR_INET6, .length = 16 };
	char want[INET6_ADDRSTRLEN];
	unsigned int pattern, round, i;
	uint16_t words[8];

	(void)state;
	srand(1);
	info.bytes = (const uint8_t *)words;
	for (pattern = 0; pattern < 256; pattern++) {
		for (round = 0; round < 40; round++) {
			for (i = 0; i < 8; i++)
				words[i] = pattern >> i & 1 ? 0 : htons(values[rand() % 5]);
			assert_non_null(inet_ntop(AF_INET6, words, want, sizeof(want)));
			assert_text(sockaddr_fmt_ip(unit_buffer, &info), want);
		}
	}
}

static void unix_names(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_info info;

	(void)state;
	info = decode(&un, 2);
	assert_int_equal(info.kind, SOCKADDR_UNIX_UNNAMED);

	strcpy(un.sun_path, "/run/x");
	info = decode(&un, sizeof(un)); /* as most programs pass it */
	assert_int_equal(info.kind, SOCKADDR_UNIX_PATH);
	assert_int_equal(info.length, 6);
	assert_memory_equal(info.bytes, "/run/x", 6);
	info = decode(&un, 2 + 4); /* without a NUL */
	assert_int_equal(info.length, 4);

	memset(un.sun_path, 'p', sizeof(un.sun_path)); /* 108 bytes, unterminated */
	info = decode(&un, sizeof(un));
	assert_int_equal(info.kind, SOCKADDR_UNIX_PATH);
	assert_int_equal(info.length, 108);

	memcpy(un.sun_path, "\0a\0b", 4);
	info = decode(&un, 2 + 4);
	assert_int_equal(info.kind, SOCKADDR_UNIX_ABSTRACT);
	assert_int_equal(info.length, 3);
	assert_memory_equal(info.bytes, "a\0b", 3);
	info = decode(&un, 3); /* the abstract name of no bytes */
	assert_int_equal(info.kind, SOCKADDR_UNIX_ABSTRACT);
	assert_int_equal(info.length, 0);
}

static void others(void **state)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = 77, .nl_groups = 0x11 };
	struct sockaddr_vm vm = { .svm_family = AF_VSOCK, .svm_port = 1024, .svm_cid = 3 };
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0800),
		.sll_ifindex = 2,
		.sll_hatype = 1,
		.sll_pkttype = 4,
		.sll_halen = 6,
		.sll_addr = { 1, 2, 3, 4, 5, 6 },
	};
	struct sockaddr_info info;

	(void)state;
	info = decode(&nl, sizeof(nl));
	assert_int_equal(info.kind, SOCKADDR_NETLINK);
	assert_int_equal(info.netlink.pid, 77);
	assert_int_equal(info.netlink.groups, 0x11);
	assert_int_equal(decode(&nl, sizeof(nl) - 1).kind, SOCKADDR_RAW);

	info = decode(&vm, sizeof(vm));
	assert_int_equal(info.kind, SOCKADDR_VSOCK);
	assert_int_equal(info.port, 1024);
	assert_int_equal(info.vsock.cid, 3);
	assert_int_equal(decode(&vm, 11).kind, SOCKADDR_RAW);

	info = decode(&ll, sizeof(ll));
	assert_int_equal(info.kind, SOCKADDR_PACKET);
	assert_int_equal(info.packet.protocol, 0x0800);
	assert_int_equal(info.packet.ifindex, 2);
	assert_int_equal(info.packet.hatype, 1);
	assert_int_equal(info.packet.pkttype, 4);
	assert_int_equal(info.length, 6);
	assert_memory_equal(info.bytes, "\1\2\3\4\5\6", 6);
	ll.sll_halen = 255; /* a lie: the structure has eight */
	assert_int_equal(decode(&ll, sizeof(ll)).length, 8);
	assert_int_equal(decode(&ll, 12).length, 0);
	assert_int_equal(decode(&ll, 11).kind, SOCKADDR_RAW);
}

static void unspec_and_one_byte(void **state)
{
	static const uint8_t unspec[16] = { 0 };
	struct sockaddr_info info;

	(void)state;
	info = decode(unspec, sizeof(unspec));
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.family, AF_UNSPEC);
	assert_int_equal(info.length, 14);
	info = decode(unspec, 1);
	assert_int_equal(info.kind, SOCKADDR_RAW);
	assert_int_equal(info.family, -1);
	assert_int_equal(info.length, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inet4),
		cmocka_unit_test(inet6),
		cmocka_unit_test(ipv6_as_inet_ntop),
		cmocka_unit_test(unix_names),
		cmocka_unit_test(others),
		cmocka_unit_test(unspec_and_one_byte),
	};

	return cmocka_run_group_tests_name("sockaddr", tests, NULL, NULL);
}
